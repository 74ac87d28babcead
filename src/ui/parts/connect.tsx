/** Connecting a Slack team: the button, and what it says while Slack's window is open. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get, inWorkspace, Problem, segment, send } from '../api/client';
import type { Authorization, Connection } from '../api/types';
import { connecting, ticketPage, type Connecting } from '../host/popup';
import { resource } from '../state/resource';
import { appName, can, me } from '../state/session';
import { t, tx } from '../words/words';
import { Button, LinkButton, problemText } from './button';
import { Copy, Name } from './small';
import { Strip } from './states';

const teamName = (team: Authorization['team']): string => (typeof team === 'string' ? team : (team?.name ?? ''));

interface Props { intent: 'new' | 'reconnect' | 'grow'; connection?: string; label: ComponentChildren; kind?: 'primary' | 'plain'; onConnected?: (connection: string) => void }

function adminText(team: string): string {
	return t('connect.admin_text', { product: me.value?.product_name || appName(), app: appName(), team: team || 'Slack' });
}

function Outcome({ found, again, onConnected, intent }: { found: Authorization; again: () => void; onConnected?: (connection: string) => void; intent: string }) {
	const team = teamName(found.team);
	const choose = (choice: 'use' | 'undo') => async (): Promise<void> => {
		await send('POST', inWorkspace(`/slack/authorizations/${segment(found.id)}/choose`), { choice });
		again();
	};
	switch (found.status) {
		case 'connected':
			return <Strip tone="good" icon="check" action={intent === 'new' && can('edit') ? <LinkButton href={`#/rules/new?connection=${segment(found.connection ?? '')}`} kind="primary">{t('connect.next')}</LinkButton>
				: onConnected && <Button onClick={() => onConnected(found.connection ?? '')}>{t('connect.done')}</Button>}>{tx('connect.connected', { team: <Name>{team || t('connect.a_team')}</Name> })}</Strip>;
		case 'needs_choice':
			return <Strip tone="warn" icon="alert" action={<><Button onClick={choose('use')}>{t('connect.use_other')}</Button><Button kind="quiet" onClick={choose('undo')}>{t('connect.undo_other')}</Button></>}>
				{tx('connect.other_team', { team: <Name>{team}</Name>, before: <Name>{teamName(found.previous_team)}</Name> })}</Strip>;
		case 'denied':
			return <Strip tone="warn" icon="info" action={<Button onClick={again}>{t('error.again')}</Button>}>{t('connect.denied')}</Strip>;
		case 'expired':
			return <Strip tone="warn" icon="info" action={<Button onClick={again}>{t('error.again')}</Button>}>{t('connect.expired')}</Strip>;
		default:
			return /approv|restrict|admin/.test(found.code)
				? <Strip tone="warn" icon="alert" action={<Copy kind="primary" text={adminText(team)}>{t('repair.copy_admin')}</Copy>}>{t('connect.approval')}</Strip>
				: <Strip tone="bad" icon="alert" action={<Button onClick={again}>{t('error.again')}</Button>}>{found.detail || t('connect.failed')}</Strip>;
	}
}

/** After a reconnect: what waited goes out when the customer says so. */
export function Release({ connection, onDone }: { connection: string; onDone: () => void }) {
	const [held, setHeld] = useState(0);
	useEffect(() => { void get<Connection>(inWorkspace(`/connections/${segment(connection)}`)).then(({ body }) => setHeld(body.held?.count ?? 0)).catch(() => {}); }, [connection]);
	if (held === 0) return null;
	const release = (older?: string) => async (): Promise<void> => {
		await send('POST', inWorkspace(`/connections/${segment(connection)}/release`), older ? { drop_older_than: older } : {});
		setHeld(0);
		onDone();
	};
	return (
		<Strip tone="hold" icon="pause" action={<><Button kind="primary" onClick={release()}>{t('connect.send_now')}</Button><Button kind="quiet" onClick={release(new Date(Date.now() - 86_400_000).toISOString())}>{t('connect.drop_old')}</Button></>}>
			{t('connect.waiting', { n: held })}
		</Strip>
	);
}

export function Connect({ intent, connection, label, kind = 'primary', onConnected }: Props) {
	const [one, setOne] = useState<Connecting | null>(null);
	const [found, setFound] = useState<Authorization | null>(null);
	const [problem, setProblem] = useState<Problem | null>(null);
	useEffect(() => {
		const made = connecting(intent, connection, (authorization) => {
			setFound(authorization);
			void resource('/connections').load();
			void resource('/overview').load();
			if (connection) void resource(`/connections/${segment(connection)}`).load();
		});
		setOne(made);
		made.prepare().catch((error: unknown) => setProblem(error instanceof Problem ? error : null));
		return () => made.dispose();
	}, [intent, connection]);
	function again(): void {
		setFound(null);
		one?.cancel();
	}
	const ticket = one?.ticket.value;
	if (found) return <div class="connect-out"><Outcome found={found} again={again} intent={intent} onConnected={onConnected} />{found.status === 'connected' && found.connection && intent === 'reconnect' && <Release connection={found.connection} onDone={() => {}} />}</div>;
	if (one?.state.value === 'waiting') {
		return (
			<div class="waiting" role="status">
				<span>{t('connect.finish')}</span>{' '}
				<button type="button" class="link" onClick={() => one.open()}>{t('connect.open_again')}</button> · <button type="button" class="link" onClick={again}>{t('connect.cancel')}</button>
				{ticket && <p class="small soft">{t('connect.no_window')} <a href={ticketPage(ticket)} target="_blank" rel="noopener noreferrer">{t('connect.new_tab')}</a></p>}
			</div>
		);
	}
	return <span class="connect"><Button kind={kind} why={problem ? (problem.status === 404 || problem.code === 'not_configured' ? t('connect.unavailable') : problemText(problem)) : undefined} onClick={() => one?.open()}>{label}</Button></span>;
}
