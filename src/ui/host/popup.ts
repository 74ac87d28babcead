/**
 * Slack's window. It must open in the click itself, its handle may be null although it opened, and
 * "closed" may be true although it is open: so the server alone is asked what became of it.
 */
import { signal } from '@preact/signals';
import { get, inWorkspace, segment, send, sleep } from '../api/client';
import { listen } from '../api/stream';
import type { Authorization } from '../api/types';

const RENEW_MS = 8 * 60_000;
const QUICK_MS = 2000;
const SLOW_MS = 10_000;

export interface Connecting {
	ticket: ReturnType<typeof signal<Authorization | null>>;
	state: ReturnType<typeof signal<'idle' | 'waiting' | 'done'>>;
	prepare: () => Promise<void>;
	open: () => void;
	cancel: () => void;
	dispose: () => void;
}

const page = (ticket: Authorization): string => new URL(ticket.url ?? '', location.origin).href;

export function connecting(intent: 'new' | 'reconnect' | 'grow', connection: string | undefined, finished: (a: Authorization) => void): Connecting {
	const ticket = signal<Authorization | null>(null);
	const state = signal<'idle' | 'waiting' | 'done'>('idle');
	let turn = 0;
	let renew = 0;
	let child: Window | null = null;

	const answer = (event: MessageEvent<unknown>): void => {
		const asked = event.data as { type?: string; ticket?: string } | null;
		const one = ticket.value;
		if (event.origin !== location.origin || !asked) return;
		if (asked.type === 'carillon:done') void look(turn);
		if (!one?.proof || asked.type !== 'carillon:proof' || (asked.ticket && !one.url?.includes(encodeURIComponent(asked.ticket)))) return;
		if (event.source !== child && child !== null) return;
		(event.source as Window | null)?.postMessage({ type: 'carillon:proof', v: 1, proof: one.proof }, location.origin);
	};
	const unlisten = listen(({ kind }) => { if (kind === 'authorization') void look(turn); });

	async function look(mine: number): Promise<boolean> {
		if (state.value !== 'waiting' || !ticket.value) return false;
		try {
			const { body } = await get<Authorization>(inWorkspace(`/slack/authorizations/${segment(ticket.value.id)}`));
			if (mine !== turn || body.status === 'waiting' || state.value !== 'waiting') return false;
			state.value = 'done';
			ticket.value = { ...ticket.value, ...body };
			finished(ticket.value);
			return true;
		} catch {
			return false;
		}
	}

	async function poll(mine: number): Promise<void> {
		const began = Date.now();
		while (mine === turn && state.value === 'waiting') {
			await sleep(Date.now() - began < 5 * 60_000 ? QUICK_MS : SLOW_MS);
			if (mine !== turn || (await look(mine))) return;
		}
	}

	const made: Connecting = {
		ticket,
		state,
		async prepare() {
			clearTimeout(renew);
			const { body } = await send<Authorization>('POST', inWorkspace('/slack/authorizations'), { intent, ...(connection ? { connection } : {}) });
			if (state.value === 'waiting') return;
			ticket.value = body;
			renew = window.setTimeout(() => { if (state.value === 'idle') void made.prepare().catch(() => {}); }, RENEW_MS);
		},
		open() {
			if (!ticket.value) return;
			child = window.open(page(ticket.value), 'carillon_slack', 'popup,width=640,height=780');
			if (state.value === 'waiting') return;
			state.value = 'waiting';
			turn++;
			void poll(turn);
		},
		cancel() {
			turn++;
			state.value = 'idle';
			ticket.value = null;
			void made.prepare().catch(() => {});
		},
		dispose() {
			turn++;
			clearTimeout(renew);
			unlisten();
			window.removeEventListener('message', answer);
		},
	};
	window.addEventListener('message', answer);
	return made;
}
export const ticketPage = page;
