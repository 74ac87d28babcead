/** Starts: words, colours, the host's hand; then the page that the address names. */
import { Component, render, type ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { inWorkspace, segment, send } from './api/client';
import { isLive, lostSince } from './api/stream';
import type { Overview as OverviewData } from './api/types';
import { refusal, shakeHands, start } from './host/handshake';
import { post } from './host/messages';
import { hideTabs, watchTheme } from './host/theme';
import { Activity } from './pages/activity';
import { Connections, OneConnection } from './pages/connections';
import { Overview } from './pages/overview';
import { OneReplay } from './pages/replay';
import { RuleEditor } from './pages/rule_editor';
import { Rules } from './pages/rules';
import { RuleVersions } from './pages/rule_versions';
import { Button } from './parts/button';
import { Toasts } from './parts/layers';
import { Name } from './parts/small';
import { Empty, ErrorHere, Skeleton, Strip, Title } from './parts/states';
import { can, ended, me } from './state/session';
import { CONNECTIONS } from './state/names';
import { resource, useResource } from './state/resource';
import { page, route } from './state/route';
import { clock, loadWords, number, t, zone } from './words/words';

const TABS = ['overview', 'connections', 'rules', 'activity'] as const;
const LOST_MS = 5000;
const POLL_MS = 10_000;

function Tabs() {
	const now = page.value;
	const isResource = me.value?.session_type === 'resource';
	const overview = isResource ? null : resource<OverviewData>('/overview').data.value;
	const needs = overview?.needs.length ?? 0;
	useEffect(() => post('activity', { needs_attention: needs }), [needs]);
	const shown = TABS.filter((tab) => !isResource || tab === 'rules' || tab === 'activity');
	const isHere = (tab: string): boolean => (tab === 'overview' ? now === '' : tab === now || (tab === 'activity' && now === 'replays'));
	return (
		<header class="tabs">
			<nav aria-label={t('tab.label')}>{shown.map((tab) => (
				<a key={tab} href={tab === 'overview' ? '#/' : `#/${tab}`} aria-current={isHere(tab) ? 'page' : undefined}>{t(`tab.${tab}`)}
					{tab === 'activity' && needs > 0 && <span class="count">{number(needs)}<span class="unseen"> {t('tab.needs')}</span></span>}</a>
			))}</nav>
			<span class="who"><Name>{me.value?.workspace_name || me.value?.workspace || ''}</Name> · {t(`role.${me.value?.role ?? 'member'}`)}</span>
		</header>
	);
}

/** After five seconds without the stream one is told; after twenty the page looks by itself. */
function Lost() {
	const [now, setNow] = useState(Date.now());
	const since = lostSince.value;
	useEffect(() => {
		if (since === 0) return;
		const timer = setInterval(() => setNow(Date.now()), 1000);
		return () => clearInterval(timer);
	}, [since]);
	useEffect(() => {
		if (since === 0) return;
		const timer = setInterval(() => { if (!isLive.value) void resource('/overview').load(); }, POLL_MS);
		return () => clearInterval(timer);
	}, [since]);
	if (since === 0 || now - since < LOST_MS) return null;
	return <Strip tone="warn" icon="info">{t('strip.lost', { time: clock(since) })}</Strip>;
}

function Strips() {
	return (
		<div class="strips">
			{ended.value && <Strip tone="bad" icon="alert" role="alert">{t('strip.ended')}</Strip>}
			{me.value?.paused && <Strip tone="hold" icon="pause" action={can('pause') ? <Button onClick={async () => { await send('POST', inWorkspace('/resume'), {}); if (me.value) me.value = { ...me.value, paused: false }; }}>{t('repair.resume_button')}</Button> : undefined}>{t('repair.paused')}</Strip>}
			<Lost />
		</div>
	);
}

function Here() {
	const [, id, more] = route.value.parts;
	switch (page.value) {
		case '': return me.value?.session_type === 'resource' ? <Activity /> : <Overview />;
		case 'connections': return id ? <OneConnection key={id} id={id} /> : <Connections />;
		case 'rules': return id && more === 'history' ? <RuleVersions id={id} /> : id ? <RuleEditor key={id} id={id} /> : <Rules />;
		case 'activity': return <Activity />;
		case 'replays': return <OneReplay key={id} id={id ?? ''} />;
		default: return <><Title>{t('page.gone')}</Title><p><a href="#/">{t('page.start')}</a></p></>;
	}
}

/** A page that fails leaves the tabs: another page works all the same. */
class Guard extends Component<{ children: ComponentChildren }, { isBroken: boolean }> {
	override state = { isBroken: false };
	override componentDidCatch(error: unknown): void {
		console.error(error);
		this.setState({ isBroken: true });
	}
	override render() {
		return this.state.isBroken ? <><Title>{t('error.server')}</Title><p><a href="#/">{t('page.start')}</a></p></> : this.props.children;
	}
}

function Shell() {
	if (me.value?.session_type !== 'resource') {
		useResource<OverviewData>('/overview', ['overview', 'connection', 'rule', 'delivery']);
		useResource(CONNECTIONS, ['connection', 'channels']);
	}
	return (
		<div class="shell">
			<a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.querySelector<HTMLElement>('h1')?.focus(); }}>{t('page.skip')}</a>
			{!hideTabs.value && <Tabs />}
			<Strips />
			<main id="main"><Guard key={`${page.value}/${page.value === 'activity' ? '' : route.value.parts.slice(1).map(segment).join('/')}`}><Here /></Guard></main>
			<footer class="foot">{t('page.zone', { zone: zone.value })}</footer>
			<Toasts />
		</div>
	);
}

function App() {
	switch (start.value) {
		case 'ready': return <Shell />;
		case 'opaque': return <Shut text={t('start.opaque')} />;
		case 'alone': return <Shut text={t('start.alone')} />;
		case 'document': return <Shut text={t('start.used')} />;
		case 'refused': return <main class="shell"><Title>{t('overview.title')}</Title>{refusal.value && (refusal.value.status === 401 ? <Strip tone="bad" icon="alert">{t('strip.ended')}</Strip> : <ErrorHere problem={refusal.value} />)}</main>;
		default: return <main class="shell"><h1 class="unseen">{t('overview.title')}</h1><Skeleton rows={5} /></main>;
	}
}

const Shut = ({ text }: { text: string }) => <main class="shell"><Title>{t('overview.title')}</Title><Empty text={text} /></main>;

void loadWords(navigator.language).catch(() => {}).then(() => {
	watchTheme();
	shakeHands();
	render(<App />, document.getElementById('app')!);
});
