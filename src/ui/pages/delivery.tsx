import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { get, inWorkspace, segment, send } from '../api/client';
import type { Attempt, Connection, Delivery, EventRow, Page, Preview, Rule } from '../api/types';
import { Button, LinkButton, OutLink } from '../parts/button';
import { Icon, type IconName } from '../parts/icon';
import { Menu, type Item } from '../parts/layers';
import { brokenDelivery, RepairButton, RepairElse, RepairSentence, supportText, teamOf } from '../parts/repair';
import { ChannelName, copyText, Pill, StatePill, Time } from '../parts/small';
import { ErrorHere, Gone, Loaded, Skeleton, Title } from '../parts/states';
import { mode } from '../host/theme';
import { SlackMessage } from '../slack/message';
import { CONNECTIONS } from '../state/names';
import { useResource } from '../state/resource';
import { writable } from '../state/merge';
import { at } from '../state/route';
import { appName, can, me } from '../state/session';
import { toast } from '../state/toasts';
import { clock, clockSeconds, duration, has, t, tx } from '../words/words';
import { ruleName, RULES } from './rules';

interface EventWith extends EventRow { deliveries?: Delivery[]; time?: string }

function Step({ at: when, icon, tone, children, side }: { at?: string | null; icon: IconName; tone: string; children: ComponentChildren; side?: ComponentChildren }) {
	return (
		<li class="step"><span class="step-when soft">{when ? <Time at={when} exact /> : ''}</span><span class={`step-icon ${tone}`}><Icon name={icon} /></span>
			<div class="grow">{children}</div>{side && <span class="soft small step-side">{side}</span>}</li>
	);
}

function AttemptStep({ attempt: a }: { attempt: Attempt }) {
	const isGood = a.outcome === 'delivered';
	const key = `outcome.${a.outcome}`;
	const details = [a.error_code, a.http_status ? t('delivery.http', { status: a.http_status }) : '', a.request_id ? t('delivery.request', { id: a.request_id }) : ''].filter(Boolean);
	return (
		<Step at={a.started_at} icon={isGood ? 'check' : 'alert'} tone={isGood ? 'good' : 'warn'} side={duration(a.duration_ms)}>
			<p><b>{t('delivery.attempt', { n: a.number })}</b> <bdi>{isGood ? t('outcome.delivered') : a.reason || (has(key) ? t(key) : a.outcome)}</bdi></p>
			{a.possible_duplicate && <p class="small warn-text">{t('delivery.duplicate')}</p>}
			{details.length > 0 && <details class="small"><summary>{t('error.details')}</summary>
				<p class="mono">{details.join(' · ')}</p>
				{a.request && <pre class="mono box">{a.request.slice(0, 8000)}</pre>}
				{a.response && <pre class="mono box">{a.response.slice(0, 8000)}</pre>}
			</details>}
		</Step>
	);
}

function Ending({ d }: { d: Delivery }) {
	switch (d.state) {
		case 'held': return <Step at={d.updated_at} icon="pause" tone="hold"><p>{t('delivery.held')}</p></Step>;
		case 'retrying': case 'parked': return d.due_at ? <Step at={d.due_at} icon="retry" tone="warn"><p>{d.attempts_planned ? t('delivery.next_of', { n: d.failures_counted + 1, all: d.attempts_planned }) : t('delivery.next')}</p></Step> : null;
		case 'failed': return <Step at={d.updated_at} icon="alert" tone="bad"><p>{d.attempt_count > 1 ? t('delivery.given_up', { n: d.attempt_count }) : t('delivery.failed')}</p></Step>;
		case 'canceled': return <Step at={d.updated_at} icon="dash" tone="soft"><p>{t('delivery.canceled')} <bdi>{d.reason}</bdi></p></Step>;
		case 'skipped': return <Step at={d.updated_at} icon="dash" tone="soft"><p>{t('delivery.skipped')} <bdi>{d.reason}</bdi></p></Step>;
		case 'pending': case 'sending': return <Step icon="dot" tone="info"><p>{t('state.sending')}</p></Step>;
		default: return null;
	}
}

function Payload({ event }: { event: string }) {
	const [text, setText] = useState<string | null>(null);
	const [isGone, setGone] = useState(false);
	async function open(): Promise<void> {
		if (text !== null || isGone) return;
		try {
			const { body } = await get<Record<string, unknown>>(inWorkspace(`/events/${segment(event)}/payload`));
			if (body.payload === null) setGone(true);
			else setText(JSON.stringify(body.payload ?? body, null, 2));
		} catch {
			setGone(true);
		}
	}
	if (!can('payload')) return <p class="soft small">{t('delivery.no_payload')}</p>;
	return <details onToggle={() => void open()}><summary>{t('delivery.payload')}</summary>{isGone ? <p class="soft small">{t('delivery.payload_gone')}</p> : <pre class="mono box">{text ?? ''}</pre>}</details>;
}

/** Made anew from the event: what was posted may have been changed in Slack since. */
function AsSent({ d, rule }: { d: Delivery; rule: Rule }) {
	const [preview, setPreview] = useState<Preview | null>(null);
	const [isGone, setGone] = useState(false);
	async function open(): Promise<void> {
		if (preview || isGone) return;
		try {
			setPreview((await send<Preview>('POST', inWorkspace('/rules/preview'), { rule: writable(rule), event: { id: d.event_id } })).body);
		} catch {
			setGone(true);
		}
	}
	return <details onToggle={() => void open()}><summary>{t('delivery.message')}</summary>
		{preview ? <SlackMessage message={preview} app={appName()} at={Date.parse(d.created_at)} theme={mode.value} /> : isGone ? <p class="soft small">{t('delivery.message_gone')}</p> : null}</details>;
}

function Story({ d, event, rule, connections, reload, close, isPage }: { d: Delivery; event: EventWith | null; rule?: Rule; connections?: Connection[]; reload: () => void; close?: string; isPage?: boolean }) {
	const broken = brokenDelivery(d, teamOf(connections, d.connection));
	const isOpen = !['delivered', 'sending', 'pending'].includes(d.state);
	const isBroken = isOpen && broken.code !== '';
	const path = inWorkspace(`/events/${segment(d.event_id)}/rules/${segment(d.rule)}`);
	const items: Item[] = [
		...(can('send') && broken.code !== 'send_again' && !['sending', 'pending', 'retrying'].includes(d.state) ? [{ label: t('repair.again_button'), icon: 'retry' as const, onPick: async () => {
			await send('POST', `${path}/retry`, { again: true }).then(() => toast(t('repair.sent_again')), () => toast(t('error.under_way')));
			reload();
		} }] : []),
		...(can('replay') && ['retrying', 'parked', 'held'].includes(d.state) ? [{ label: t('delivery.cancel'), icon: 'close' as const, danger: true, onPick: async () => {
			await send('POST', `${path}/cancel`, {});
			toast(t('delivery.was_canceled'), () => void send('POST', `${path}/retry`, { again: true }).then(reload));
			reload();
		} }] : []),
		{ label: t('delivery.copy_support'), icon: 'copy', onPick: async () => { if (await copyText(supportText({ ...broken, delivery: d }))) toast(t('copy.done')); } },
		{ label: t('delivery.copy_link'), icon: 'copy', onPick: async () => { if (await copyText(location.href.replace(/\?launch=[^#]*/, ''))) toast(t('copy.done')); } },
	];
	const heading = <bdi class="cut-2">{d.title || d.rule_name || d.event_id}</bdi>;
	return (
		<article class="stack story">
			<div class="head">{isPage ? <Title back={{ href: '#/activity', label: t('tab.activity') }}>{heading}</Title> : <h2 class="grow">{heading}</h2>}
				<div class="row"><Menu label={t('delivery.menu')} items={items} />{close && <a class="button quiet square" href={close} aria-label={t('delivery.close')} title={t('delivery.close')}><Icon name="close" /></a>}</div></div>
			<div class="verdict stack tight">
				<div><StatePill delivery={d} />{d.test && <span class="tag">{t('delivery.test')}</span>}</div>
				{isBroken && <p><RepairSentence broken={broken} /></p>}
				{!isBroken && isOpen && d.reason && <p><bdi>{d.reason}</bdi></p>}
				{d.state === 'delivered' && <p>{tx('delivery.posted', { channel: <ChannelName id={d.channel} name={d.channel_name} />, time: clock(d.updated_at) })} {d.degraded && t('delivery.degraded')}</p>}
				{isBroken && <div class="row repair"><RepairButton broken={broken} onDone={reload} /><RepairElse broken={broken} /></div>}
				{d.message_url && <div><OutLink href={d.message_url} class="button">{t('delivery.open_slack')}</OutLink></div>}
			</div>
			<p class="soft small">→ <ChannelName id={d.channel} name={d.channel_name} /> · {t('delivery.rule')} {rule ? <a href={at('rules', d.rule)}><bdi>{ruleName(rule)}</bdi></a> : <bdi>{d.rule_name || d.rule}</bdi>}</p>
			<ol class="timeline" aria-label={t('delivery.story')}>
				<Step at={event?.received_at ?? d.created_at} icon="dot" tone="info"><p>{t('delivery.received')} <bdi class="mono soft">{d.event_id}</bdi></p></Step>
				<Step at={d.created_at} icon="check" tone="info"><p>{t('delivery.matched')}</p></Step>
				{(d.attempts ?? []).map((attempt) => <AttemptStep key={attempt.number} attempt={attempt} />)}
				<Ending d={d} />
			</ol>
			{rule && <AsSent d={d} rule={rule} />}
			<Payload event={d.event_id} />
			<p class="soft small">{t('delivery.at_full', { time: clockSeconds(d.created_at), name: me.value?.product_name || appName() })}</p>
		</article>
	);
}

/** An event that no rule wanted, or that several did. */
function OneEvent({ event, close, isPage }: { event: string; close?: string; isPage?: boolean }) {
	const one = useResource<EventWith>(`/events/${segment(event)}`, ['event', 'delivery']);
	const rules = useResource<Page<Rule>>(RULES, ['rule']);
	const [why, setWhy] = useState<{ rule: Rule; preview: Preview }[] | null>(null);
	async function ask(): Promise<void> {
		const all = (rules.data.value?.records ?? []).slice(0, 20);
		const found = await Promise.all(all.map((rule) => send<Preview>('POST', inWorkspace('/rules/preview'), { rule: writable(rule), event: { id: event } }).then(({ body }) => ({ rule, preview: body }), () => null)));
		setWhy(found.filter((item): item is { rule: Rule; preview: Preview } => item !== null));
	}
	return (
		<Loaded from={one} rows={6} gone={<Gone text={t('delivery.gone')} href="#/activity" link={t('delivery.all')} />}>{(data) => (
			<article class="stack story">
				<div class="head">{isPage ? <Title back={{ href: '#/activity', label: t('tab.activity') }}><bdi>{data.title || data.type}</bdi></Title> : <h2 class="grow"><bdi>{data.title || data.type}</bdi></h2>}
					{close && <a class="button quiet square" href={close} aria-label={t('delivery.close')}><Icon name="close" /></a>}</div>
				<p class="soft small"><Time at={data.received_at} exact /> · <bdi class="mono">{data.id}</bdi></p>
				{(data.deliveries ?? []).length > 0 ? (
					<ul class="latest">{data.deliveries!.map((d) => <li key={d.rule}><a class="row-link" href={at('activity', d.event_id, d.rule)}><StatePill delivery={d} /><span class="grow"><ChannelName id={d.channel} name={d.channel_name} /></span></a></li>)}</ul>
				) : (
					<>
						<div><Pill tone="soft" icon="ring">{t('state.unmatched')}</Pill></div>
						<p>{t('event.no_rule')}</p>
						<div class="row">{can('edit') && <LinkButton kind="primary" href={`#/rules/new?type=${segment(data.type)}&event=${segment(data.id)}`}>{t('event.make_rule')}</LinkButton>}<Button kind="quiet" onClick={ask}>{t('event.why')}</Button></div>
						{why && <ul class="stack tight">{why.map(({ rule, preview }) => <li key={rule.id} class="small"><a href={at('rules', rule.id)}><bdi>{ruleName(rule)}</bdi></a>: <bdi class="soft">{preview.reason || t('preview.matches')}</bdi></li>)}</ul>}
					</>
				)}
				<Payload event={data.id} />
			</article>
		)}</Loaded>
	);
}

export function OneDelivery({ event, rule, close, isPage }: { event: string; rule?: string; close?: string; isPage?: boolean }) {
	if (!rule) return <OneEvent event={event} close={close} isPage={isPage} />;
	return <WithRule event={event} rule={rule} close={close} isPage={isPage} />;
}

function WithRule({ event, rule, close, isPage }: { event: string; rule: string; close?: string; isPage?: boolean }) {
	const one = useResource<Delivery>(`/events/${segment(event)}/rules/${segment(rule)}`, ['delivery', 'connection', 'rule']);
	const whole = useResource<EventWith>(`/events/${segment(event)}`, []);
	const rules = useResource<Page<Rule>>(RULES, []);
	const connections = useResource<Page<Connection>>(CONNECTIONS, ['connection']);
	const problem = one.error.value;
	if (problem?.status === 404) return <Gone text={t('delivery.gone')} href="#/activity" link={t('delivery.all')} />;
	if (!one.data.value) return problem ? <ErrorHere problem={problem} again={() => one.load()} /> : <Skeleton rows={8} />;
	return <Story d={one.data.value} event={whole.data.value} rule={rules.data.value?.records.find((r) => r.id === rule)} connections={connections.data.value?.records} reload={() => void one.load()} close={close} isPage={isPage} />;
}
