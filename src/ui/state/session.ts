/** Who is looking: the host's token, and what the server says about it. */
import { signal } from '@preact/signals';
import type { Me } from '../api/types';

const WAIT_MS = 10_000;
const MARGIN = 0.8;

export const me = signal<Me | null>(null);
export const ended = signal(false);

let current = '';
let asking: Promise<void> | null = null;
let arrived: (() => void) | null = null;
let timer = 0;
let request: (reason: 'expiring' | 'rejected') => void = () => {};
let expired: () => void = () => {};

/** How the host is asked for a token, and told that none came. */
export function onTokenNeeded(ask: typeof request, gone: () => void): void {
	request = ask;
	expired = gone;
}

export function takeToken(value: string, expiresAt: string | number | undefined): void {
	current = value;
	ended.value = false;
	clearTimeout(timer);
	const at = typeof expiresAt === 'number' ? expiresAt : Date.parse(expiresAt ?? '');
	if (Number.isFinite(at)) {
		const left = Math.max(1000, (at - Date.now()) * MARGIN);
		timer = window.setTimeout(() => void askForToken('expiring').catch(() => {}), Math.min(left, 2 ** 31 - 1));
	}
	arrived?.();
}

/** One refresh at a time; whoever needs a token waits for it. */
export function askForToken(reason: 'expiring' | 'rejected'): Promise<void> {
	asking ??= new Promise<void>((resolve, reject) => {
		const late = window.setTimeout(() => {
			asking = null;
			arrived = null;
			if (reason === 'rejected') {
				ended.value = true;
				expired();
			}
			reject(new Error('session_expired'));
		}, WAIT_MS);
		arrived = () => {
			clearTimeout(late);
			asking = null;
			arrived = null;
			resolve();
		};
		request(reason);
	});
	return asking;
}

/** The old token stays good while a new one is on its way. */
export async function token(): Promise<string> {
	if (asking && ended.value) await asking;
	return current;
}

export const workspace = (): string => me.value?.workspace ?? '';

export type Right = 'connect' | 'edit' | 'replay' | 'send' | 'pause' | 'payload';

/** What the role may do; a control it lacks is not drawn. */
export function can(right: Right): boolean {
	const who = me.value;
	if (!who || who.session_type === 'dashboard') return false;
	const isAdmin = who.role === 'admin' || who.role === 'owner';
	switch (right) {
		case 'connect': return isAdmin && who.session_type === 'workspace';
		case 'replay': return isAdmin && who.session_type === 'workspace';
		case 'edit': return isAdmin;
		case 'pause': return who.role === 'owner' && who.session_type === 'workspace';
		case 'payload': return isAdmin && who.scopes.includes('events.payload:read');
		case 'send': return true;
	}
}
export const appName = (): string => me.value?.app_name || me.value?.product_name || 'Carillon';
