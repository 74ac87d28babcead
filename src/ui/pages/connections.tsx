import { inWorkspace, segment, send } from '../api/client';
import type { Connection, Page, Rule } from '../api/types';
import { Button, LinkButton } from '../parts/button';
import { Connect } from '../parts/connect';
import { brokenRule, RepairButton, RepairSentence, repairOf, type Broken } from '../parts/repair';
import { Avatar, ChannelName, Copy, Name, Pill, Time } from '../parts/small';
import { Empty, Gone, Loaded, Strip, Title } from '../parts/states';
import { Dialog, Menu, type Item } from '../parts/layers';
import { CONNECTIONS } from '../state/names';
import { resource, useResource } from '../state/resource';
import { at, go } from '../state/route';
import { appName, can } from '../state/session';
import { toast } from '../state/toasts';
import { day, t, tx } from '../words/words';
import { useState } from 'preact/hooks';

export const brokenConnection = (c: Connection): Broken => ({
	code: repairOf(c.repair).code ?? (c.status === 'needs_reconnect' ? 'reconnect' : ''), slack: c.status_code, connection: c.id, team: c.team_name || c.name, reason: c.status_reason, waiting: c.held?.count,
});

export function ConnectionPill({ connection: c }: { connection: Connection }) {
	if (c.status === 'needs_reconnect') return <Pill tone="hold" icon="pause">{t('connection.needs_reconnect')}</Pill>;
	if (c.status === 'disabled') return <Pill tone="soft" icon="pause">{t('connection.paused')}</Pill>;
	if (repairOf(c.repair).code) return <Pill tone="warn" icon="alert">{t('connection.limited')}</Pill>;
	return <Pill tone="good" icon="check">{t('connection.working')}</Pill>;
}

const rulesOf = (rules: Rule[] | undefined, id: string): Rule[] => (rules ?? []).filter((rule) => rule.connection === id);

function Card({ connection: c, rules }: { connection: Connection; rules: Rule[] }) {
	const isBroken = c.status === 'needs_reconnect';
	return (
		<li class="card connection">
			<Avatar name={c.team_name || c.name} />
			<div class="grow stack-lines">
				<div class="row"><a class="card-name" href={at('connections', c.id)}><Name>{c.team_name || c.name}</Name></a><ConnectionPill connection={c} /></div>
				{isBroken ? <p class="soft"><RepairSentence broken={brokenConnection(c)} /></p> : <p class="soft small">{t('connection.used_by', { n: rules.length })}{c.last_message_at && <> · {t('connection.last_message')} <Time at={c.last_message_at} /></>}</p>}
				{(c.held?.count ?? 0) > 0 && <p class="small">{t('overview.waiting_plain', { n: c.held!.count })}</p>}
			</div>
			{isBroken ? <RepairButton broken={brokenConnection(c)} /> : <LinkButton href={at('connections', c.id)}>{t('connection.open')}</LinkButton>}
		</li>
	);
}

export function Connections() {
	const connections = useResource<Page<Connection>>(CONNECTIONS, ['connection', 'authorization']);
	const rules = useResource<Page<Rule>>('/rules?limit=200', ['rule']);
	const isEmpty = connections.data.value?.records.length === 0;
	return (
		<>
			<div class="head"><Title>{t('tab.connections')}</Title>{can('connect') && !isEmpty && <div class="row"><Connect intent="new" label={t('connections.connect')} kind="plain" /></div>}</div>
			<Loaded from={connections} tall>{(page) => (page.records.length === 0
				? <Empty text={t('connections.empty')}>{can('connect') ? <Connect intent="new" label={t('connections.connect')} /> : <p class="soft">{t('right.connect')}</p>}</Empty>
				: <ul class="stack">{page.records.map((c) => <Card key={c.id} connection={c} rules={rulesOf(rules.data.value?.records, c.id)} />)}</ul>)}
			</Loaded>
		</>
	);
}

function Channels({ connection: c, rules }: { connection: Connection; rules: Rule[] }) {
	const ids = [...new Set([...rules.map((rule) => rule.channel), ...c.channels.map((one) => one.id)])].filter(Boolean);
	if (ids.length === 0) return <p class="soft">{t('connection.no_channels')}</p>;
	return (
		<ul class="latest">{ids.map((id) => {
			const known = c.channels.find((one) => one.id === id);
			const mine = rules.filter((rule) => rule.channel === id);
			const held = mine.find((rule) => repairOf(rule.repair).code);
			return (
				<li key={id} class="channel-row">
					<ChannelName id={id} name={known?.name || mine[0]?.channel_name} isPrivate={known?.private} />
					<span class="soft small">{t('connection.rules', { n: mine.length })}</span>
					{held ? <span class="grow small warn-text"><RepairSentence broken={brokenRule(held)} /></span>
						: <span class="soft small grow">{known?.archived ? t('picker.archived') : known?.member === false ? t('connection.not_member') : known?.member ? t('picker.member') : ''}</span>}
					{held ? <RepairButton broken={brokenRule(held)} /> : known?.member === false && known.private && <Copy text={`/invite @${appName()}`}>{t('picker.copy_invite', { app: appName() })}</Copy>}
				</li>
			);
		})}</ul>
	);
}

function Disconnect({ connection: c, rules, onClose }: { connection: Connection; rules: Rule[]; onClose: () => void }) {
	return (
		<Dialog title={t('connection.disconnect_title', { team: c.team_name || c.name })} onClose={onClose}>
			<p>{t('connection.disconnect_rules', { n: rules.length })} {(c.held?.count ?? 0) > 0 && t('connection.disconnect_held', { n: c.held!.count })} {t('connection.disconnect_keep')}</p>
			<div class="row dialog-actions">
				<span data-safe><Button onClick={onClose}>{t('connection.keep')}</Button></span>
				<Button kind="danger" onClick={async () => {
					await send('DELETE', inWorkspace(`/connections/${segment(c.id)}?force=true`), undefined, { etag: resource<Connection>(`/connections/${segment(c.id)}`).etag || `"${c.revision}"` });
					void resource(CONNECTIONS).load();
					go('/connections');
				}}>{t('connection.disconnect')}</Button>
			</div>
		</Dialog>
	);
}

function Rename({ connection: c, onClose, patch }: { connection: Connection; onClose: () => void; patch: (change: Partial<Connection>) => Promise<void> }) {
	const [name, setName] = useState(c.name);
	return (
		<Dialog title={t('connection.rename')} onClose={onClose}>
			<form class="stack" onSubmit={(e) => { e.preventDefault(); void patch({ name }).then(onClose); }}>
				<label class="field"><span class="label">{t('connection.name')}</span><input value={name} maxLength={200} onInput={(e) => setName(e.currentTarget.value)} /></label>
				<div class="row dialog-actions"><Button onClick={onClose}>{t('rule.cancel')}</Button><Button kind="primary" onClick={() => patch({ name }).then(onClose)}>{t('rule.save')}</Button></div>
			</form>
		</Dialog>
	);
}

export function OneConnection({ id }: { id: string }) {
	const one = useResource<Connection>(`/connections/${segment(id)}`, ['connection', 'authorization', 'channels']);
	const rules = useResource<Page<Rule>>('/rules?limit=200', ['rule']);
	const [open, setOpen] = useState<'' | 'rename' | 'disconnect'>('');
	const path = inWorkspace(`/connections/${segment(id)}`);
	async function patch(change: Record<string, unknown>): Promise<void> {
		const { body, etag } = await send<Connection>('PATCH', path, change, { etag: one.etag });
		one.set({ ...one.data.value!, ...body }, etag || `"${body.revision}"`);
	}
	async function turn(on: boolean): Promise<void> {
		await send('POST', `${path}/${on ? 'enable' : 'disable'}`, {});
		await one.load();
	}
	return (
		<Loaded from={one} tall gone={<Gone text={t('connection.gone')} href="#/connections" link={t('connection.all')} />}>{(c) => {
			const mine = rulesOf(rules.data.value?.records, id);
			const broken = brokenConnection(c);
			const first = mine.find((rule) => rule.active && rule.channel) ?? mine.find((rule) => rule.channel);
			const items: Item[] = can('connect') ? [
				{ label: t('connection.rename'), icon: 'edit', onPick: () => setOpen('rename') },
				{ label: t('connection.check'), icon: 'retry', onPick: async () => { await send('POST', `${path}/check`, {}).catch(() => {}); await one.load(); toast(t('connection.checked')); } },
				c.status === 'disabled' ? { label: t('connection.resume'), icon: 'right', onPick: () => turn(true) }
					: { label: t('connection.pause'), icon: 'pause', onPick: async () => { await turn(false); toast(t('connection.was_paused'), () => void turn(true)); } },
				{ label: t('connection.disconnect'), icon: 'close', danger: true, onPick: () => setOpen('disconnect') },
			] : [];
			return (
				<div class="stack">
					<div class="head">
						<Title back={{ href: '#/connections', label: t('tab.connections') }}><Name>{c.team_name || c.name}</Name></Title>
						<ConnectionPill connection={c} />
						<div class="row">{can('connect') && !broken.code && <Connect intent="reconnect" connection={id} label={t('connection.reconnect')} kind="plain" />}<Menu label={t('connection.menu')} items={items} /></div>
					</div>
					{broken.code && <Strip tone="hold" icon="pause" action={<span class="repair"><RepairButton broken={broken} onDone={() => void one.load()} /></span>}><p><RepairSentence broken={broken} /></p>{(c.held?.count ?? 0) > 0 && <p class="small">{t('overview.waiting_plain', { n: c.held!.count })}</p>}</Strip>}
					<p class="soft">{c.connected_by ? tx('connection.by', { name: <Name>{c.connected_by}</Name>, day: day(c.created_at) }) : t('connection.since', { day: day(c.created_at) })}{c.last_message_at && <> {t('connection.last_message')} <Time at={c.last_message_at} />.</>}</p>
					<section class="card stack" aria-labelledby="channels">
						<div class="row"><h2 id="channels" class="grow">{t('connection.channels')}</h2>{first && can('send') && <LinkButton href={at('rules', first.id)}>{t('rule.test')}</LinkButton>}</div>
						<Channels connection={c} rules={mine} />
					</section>
					{can('edit') && <div class="row"><LinkButton kind={mine.length === 0 ? 'primary' : 'plain'} href={`#/rules/new?connection=${segment(id)}`}>{t('connect.next')}</LinkButton>
						{can('connect') && <span class="grow"><Connect intent="grow" connection={id} kind="plain" label={t('connection.other_channels')} /><p class="soft small">{t('connection.other_channels_note')}</p></span>}</div>}
					{open === 'disconnect' && <Disconnect connection={c} rules={mine} onClose={() => setOpen('')} />}
					{open === 'rename' && <Rename connection={c} patch={patch} onClose={() => setOpen('')} />}
					{c.status === 'disabled' && can('connect') && <Button onClick={() => turn(true)}>{t('connection.resume')}</Button>}
				</div>
			);
		}}</Loaded>
	);
}
