import { useState } from 'preact/hooks';
import { inWorkspace, segment, send } from '../api/client';
import type { Connection, EventType, Page, Rule } from '../api/types';
import { Button, LinkButton } from '../parts/button';
import { Icon } from '../parts/icon';
import { brokenRule, RepairButton, RepairSentence, teamOf } from '../parts/repair';
import { Switch } from '../parts/small';
import { Empty, Loaded, Title } from '../parts/states';
import { filterText, Sentence, typeText } from '../rule/sentence';
import { findDraft } from '../state/drafts';
import { CONNECTIONS } from '../state/names';
import { resource, useResource } from '../state/resource';
import { at, filtered, go, route } from '../state/route';
import { can } from '../state/session';
import { toast } from '../state/toasts';
import { number, t } from '../words/words';

const RULES_MAX = 256;
export const RULES = '/rules?limit=200';

/** Switched at once, put back if the server does not agree. */
async function setActive(rule: Rule, active: boolean): Promise<void> {
	const list = resource<Page<Rule>>(RULES);
	const show = (on: boolean): void => {
		const now = list.data.value;
		if (now) list.data.value = { ...now, records: now.records.map((one) => (one.id === rule.id ? { ...one, active: on } : one)) };
	};
	show(active);
	try {
		await send('POST', inWorkspace(`/rules/${segment(rule.id)}/${active ? 'enable' : 'disable'}`), {});
	} catch (error) {
		show(!active);
		throw error;
	}
	void list.load();
}

export const ruleName = (rule: Rule): string => rule.name || typeText(rule.event_type);

function Row({ rule, connections }: { rule: Rule; connections: Connection[] | undefined }) {
	const [problem, setProblem] = useState('');
	const broken = { ...brokenRule(rule), team: teamOf(connections, rule.connection) };
	const isUnfinished = !rule.channel || !rule.connection;
	const hasDraft = findDraft(rule.id) !== null;
	const change = (on: boolean): void => {
		setProblem('');
		setActive(rule, on).then(() => { if (!on) toast(t('rules.switched_off', { rule: ruleName(rule) }), () => void setActive(rule, true)); }, () => setProblem(t('error.unknown')));
	};
	return (
		<li class="card rule">
			{can('edit') && !isUnfinished ? <Switch on={rule.active} label={t('rules.switch', { rule: ruleName(rule) })} onChange={change} /> : <span class="soft small rule-off">{t(rule.active ? 'switch.on' : 'switch.off')}</span>}
			<div class="grow">
				<a class="row-link" href={at('rules', rule.id)}><Sentence rule={rule} /></a>
				{rule.name && <p class="soft small cut"><bdi>{rule.name}</bdi></p>}
				{broken.code && <p class="small warn-text"><RepairSentence broken={broken} /> {(rule.held?.count ?? 0) > 0 && t('overview.waiting_plain', { n: rule.held!.count })}</p>}
				{hasDraft && <p class="small soft">{t('rules.unsaved')}</p>}
				{problem && <p class="small bad" role="alert">{problem}</p>}
			</div>
			{broken.code ? <RepairButton broken={broken} onDone={() => void resource(RULES).load()} />
				: isUnfinished && can('edit') ? <LinkButton href={at('rules', rule.id)}>{t('rules.finish')}</LinkButton>
					: rule.last_24h && <a class="rule-counts small soft" href={`#/activity?rule=${segment(rule.id)}`} title={t('rules.counts', { delivered: rule.last_24h.delivered, failed: rule.last_24h.failed })}>
						<Icon name="check" /> {number(rule.last_24h.delivered)}{rule.last_24h.failed > 0 && <span class="bad"> · <Icon name="alert" /> {number(rule.last_24h.failed)}</span>}
						<span class="unseen">{t('rules.counts', { delivered: rule.last_24h.delivered, failed: rule.last_24h.failed })}</span>
					</a>}
		</li>
	);
}

function Suggestions({ connections }: { connections: Connection[] | undefined }) {
	const types = useResource<Page<EventType>>('/event-types?limit=200', []);
	const found = (types.data.value?.records ?? []).flatMap((type) => (type.default_rules ?? []).map((rule) => ({ type, rule }))).slice(0, 6);
	if (found.length === 0) return null;
	return (
		<section class="stack tight" aria-label={t('rules.suggestions')}>
			<h2>{t('rules.suggestions')}</h2>
			<ul class="stack tight">{found.map(({ type, rule }, i) => (
				<li key={i} class="card rule"><div class="grow"><p><bdi>{rule.name || type.name}</bdi></p><p class="soft small"><bdi>{[type.description || type.name, filterText(rule.filter ?? null)].filter(Boolean).join(': ')}</bdi></p></div>
					<Button onClick={async () => {
						const { body } = await send<Rule>('POST', inWorkspace('/rules'), { ...rule, event_type: rule.event_type ?? type.name, connection: connections?.[0]?.id ?? '', channel: '', active: false });
						go(`/rules/${segment(body.id)}`);
					}}>{t('rules.use_this')}</Button></li>
			))}</ul>
		</section>
	);
}

export function Rules() {
	const rules = useResource<Page<Rule>>(RULES, ['rule', 'connection']);
	const connections = useResource<Page<Connection>>(CONNECTIONS, ['connection']);
	const wanted = (route.value.query.get('q') ?? '').toLowerCase();
	const all = rules.data.value?.records ?? [];
	const isFull = all.length >= RULES_MAX;
	const shown = all.filter((rule) => !wanted || `${rule.name} ${rule.event_type} ${filterText(rule.filter)} ${rule.channel_name ?? rule.channel}`.toLowerCase().includes(wanted));
	return (
		<>
			<div class="head">
				<Title>{t('tab.rules')}</Title>
				<div class="row">
					{all.length > 8 && <input type="search" class="search" aria-label={t('rules.search')} placeholder={t('rules.search')} value={wanted} onInput={(e) => go(filtered({ q: e.currentTarget.value }).slice(1), { replace: true })} />}
					{can('edit') && all.length > 0 && (isFull ? <Button why={t('rules.full', { n: RULES_MAX })}>{t('rules.new')}</Button> : <LinkButton href="#/rules/new" kind="primary" icon="plus">{t('rules.new')}</LinkButton>)}
				</div>
			</div>
			<Loaded from={rules} tall>{() => (all.length === 0
				? <div class="stack"><Empty text={t('rules.empty')}>{can('edit') ? <LinkButton href="#/rules/new" kind="primary" icon="plus">{t('rules.new')}</LinkButton> : <p class="soft">{t('right.edit')}</p>}</Empty>{can('edit') && <Suggestions connections={connections.data.value?.records} />}</div>
				: shown.length === 0 ? <Empty text={t('rules.none_found')}><a href="#/rules">{t('activity.clear')}</a></Empty>
					: <ul class="stack tight">{shown.map((rule) => <Row key={rule.id} rule={rule} connections={connections.data.value?.records} />)}</ul>)}</Loaded>
			{!can('edit') && all.length > 0 && <p class="soft small note-below">{t('right.edit')}</p>}
		</>
	);
}
