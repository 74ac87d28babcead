/**
 * The one thing that repairs: for each class of failure a sentence and one button. Nothing else in
 * the UI knows which.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { inWorkspace, segment, send } from '../api/client';
import type { Connection, Delivery, Repair, RepairCode, Rule } from '../api/types';
import { appName, can, me } from '../state/session';
import { channelName } from '../state/names';
import { resource } from '../state/resource';
import { at, go } from '../state/route';
import { toast } from '../state/toasts';
import { clock, t, tx } from '../words/words';
import { ChannelPicker } from '../rule/channel_picker';
import { Button, LinkButton } from './button';
import { Connect } from './connect';
import { Copy, Name } from './small';

export interface Broken {
	code: RepairCode | '';
	/** Slack's own word, for what must be told more exactly. */
	slack?: string;
	connection?: string;
	team?: string;
	rule?: string;
	channel?: string;
	channelName?: string;
	slot?: string;
	line?: number;
	dueAt?: string | null;
	reason?: string;
	waiting?: number;
	delivery?: Delivery;
}

export function repairOf(value: RepairCode | Repair | null | '' | undefined): Partial<Repair> {
	if (!value) return {};
	return typeof value === 'string' ? { code: value } : value;
}

export function brokenDelivery(d: Delivery, team?: string): Broken {
	const repair = repairOf(d.repair);
	const last = d.attempts?.at(-1);
	const isOver = ['failed', 'skipped', 'canceled'].includes(d.state);
	const code = repair.code === 'wait' && isOver ? 'send_again' : (repair.code ?? (isOver ? 'send_again' : ''));
	return {
		code, slack: last?.error_code, connection: repair.connection || d.connection, team, rule: repair.rule || d.rule, channel: d.channel,
		channelName: d.channel_name, slot: repair.slot || last?.slot, line: repair.line, dueAt: d.due_at, reason: d.reason || last?.reason, delivery: d,
	};
}

export function brokenRule(rule: Rule): Broken {
	const repair = repairOf(rule.repair);
	return { code: repair.code ?? '', slack: rule.hold_code, connection: rule.connection, rule: rule.id, channel: rule.channel, channelName: rule.channel_name, slot: repair.slot, reason: rule.hold_reason, waiting: rule.held?.count };
}

const channelOf = (b: Broken): ComponentChildren => <Name>{`#${channelName(b.channel ?? '', b.channelName)}`}</Name>;

export function RepairSentence({ broken: b }: { broken: Broken }) {
	const team = <Name>{b.team || t('connect.a_team')}</Name>;
	switch (b.code) {
		case 'reconnect': return <>{b.slack === 'account_inactive' ? tx('repair.removed', { team }) : tx('repair.reconnect', { team })}</>;
		case 'regrant': return <>{t('repair.regrant')}</>;
		case 'ask_admin': return <>{t('repair.ask_admin')}</>;
		case 'invite': return <>{tx('repair.invite', { channel: channelOf(b) })}</>;
		case 'pick_channel': return <>{b.slack === 'is_archived' ? tx('repair.archived', { channel: channelOf(b) }) : b.slack?.includes('read_only') ? tx('repair.read_only', { channel: channelOf(b) }) : tx('repair.pick', { channel: channelOf(b) })}</>;
		case 'unthread': return <>{t('repair.unthread')}</>;
		case 'edit_message': return <>{b.slot ? t('repair.edit_slot', { slot: t(`slot.${b.slot as 'header'}`) }) : t('repair.edit')}</>;
		case 'wait': return <>{b.slack === 'message_limit_exceeded' ? t('repair.limit') : b.dueAt ? t('repair.wait_until', { time: clock(b.dueAt) }) : t('repair.wait')}</>;
		case 'support': return <>{b.slack === 'mapping_error' && b.reason ? t('repair.mapping', { reason: b.reason }) : t('repair.support')}</>;
		case 'resume': return <>{t('repair.paused')}</>;
		default: return <>{b.reason ? t('repair.because', { reason: b.reason }) : ''}</>;
	}
}

const support = (b: Broken): string => [
	`${me.value?.product_name ?? ''} · ${me.value?.workspace ?? ''}`, `event ${b.delivery?.event_id ?? ''}`, `rule ${b.rule ?? ''}`,
	`at ${b.delivery?.updated_at ?? new Date().toISOString()} UTC`, `outcome ${b.delivery?.state ?? ''} ${b.slack ?? ''}`, `request ${b.delivery?.attempts?.at(-1)?.request_id ?? ''}`,
].join('\n');
export const supportText = support;

/** Sends what waits for a rule; its count is on the button. */
function PickChannel({ b, onDone }: { b: Broken; onDone?: () => void }) {
	const [isOpen, setOpen] = useState(false);
	async function pick(channel: string): Promise<void> {
		const path = inWorkspace(`/rules/${segment(b.rule ?? '')}`);
		const now = resource<Rule>(`/rules/${segment(b.rule ?? '')}`);
		await now.load();
		await send('PATCH', path, { channel }, { etag: now.etag });
		toast(t('repair.channel_changed'));
		void now.load();
		void resource('/rules').load();
		onDone?.();
	}
	if (!isOpen) return <Button kind="primary" onClick={() => setOpen(true)}>{t('repair.pick_button')}</Button>;
	return <ChannelPicker connection={b.connection ?? ''} channel="" label={t('repair.pick_button')} onPick={(id) => void pick(id)} />;
}

async function sendAgain(d: Delivery, again: boolean): Promise<void> {
	await send('POST', inWorkspace(`/events/${segment(d.event_id)}/rules/${segment(d.rule)}/retry`), again ? { again: true } : {});
	toast(t('repair.sent_again'));
}

function TryNow({ b }: { b: Broken }) {
	const [now, setNow] = useState(Date.now());
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), 1000);
		return () => clearInterval(timer);
	}, []);
	const left = b.dueAt ? Math.ceil((Date.parse(b.dueAt) - now) / 1000) : 0;
	if (b.delivery?.state === 'parked' && can('send')) return <Button kind="primary" onClick={() => sendAgain(b.delivery!, false)}>{t('repair.try_now')}</Button>;
	return left > 0 ? <span class="soft">{t('repair.countdown', { seconds: left })}</span> : null;
}

export function RepairButton({ broken: b, onDone }: { broken: Broken; onDone?: () => void }) {
	switch (b.code) {
		case 'reconnect': return can('connect') ? <Connect intent="reconnect" connection={b.connection} label={t('repair.reconnect_button')} onConnected={onDone} /> : null;
		case 'regrant': return can('connect') ? <Connect intent="reconnect" connection={b.connection} label={t('repair.regrant_button')} onConnected={onDone} /> : null;
		case 'ask_admin': return <Copy kind="primary" text={t('connect.admin_text', { product: me.value?.product_name || appName(), app: appName(), team: b.team || 'Slack' })}>{t('repair.copy_admin')}</Copy>;
		case 'invite': return <Copy kind="primary" text={`/invite @${appName()}`}>{t('picker.copy_invite', { app: appName() })}</Copy>;
		case 'pick_channel': return can('edit') && b.rule ? <PickChannel b={b} onDone={onDone} /> : null;
		case 'unthread': return can('edit') && b.rule ? <Button kind="primary" onClick={async () => {
			const one = resource<Rule>(`/rules/${segment(b.rule!)}`);
			await one.load();
			await send('PATCH', inWorkspace(`/rules/${segment(b.rule!)}`), { thread_key: '' }, { etag: one.etag });
			toast(t('repair.unthreaded'));
			onDone?.();
		}}>{t('repair.unthread_button')}</Button> : null;
		case 'edit_message': return can('edit') && b.rule ? <LinkButton kind="primary" href={`${at('rules', b.rule)}?slot=${b.slot ?? 'body'}${b.line ? `&line=${b.line}` : ''}${b.delivery ? `&event=${segment(b.delivery.event_id)}` : ''}`}>{t('repair.edit_button')}</LinkButton> : null;
		case 'send_again': return b.delivery && can('send') ? <Button kind="primary" onClick={() => sendAgain(b.delivery!, true)}>{t('repair.again_button')}</Button> : null;
		case 'wait': return <TryNow b={b} />;
		case 'support': return <Copy kind="primary" text={support(b)}>{t('repair.copy_support')}</Copy>;
		case 'resume': return can('pause') ? <Button kind="primary" onClick={async () => { await send('POST', inWorkspace('/resume'), {}); onDone?.(); }}>{t('repair.resume_button')}</Button> : null;
		default: return null;
	}
}

/** What else one may do, as text: never a second button of the same weight. */
export function RepairElse({ broken: b }: { broken: Broken }) {
	if (b.code === 'invite' && b.rule && can('edit')) return <button type="button" class="link" onClick={() => go(`/rules/${segment(b.rule!)}`)}>{t('repair.other_channel')}</button>;
	return null;
}

export const teamOf = (connections: Connection[] | undefined, id: string): string => {
	const one = connections?.find((c) => c.id === id);
	return one?.team_name || one?.name || '';
};
