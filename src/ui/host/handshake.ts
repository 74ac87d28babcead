/** From the first word to the host until somebody is known to look. */
import { signal } from '@preact/signals';
import { get, Problem } from '../api/client';
import { startStream, watchHidden } from '../api/stream';
import type { Me } from '../api/types';
import { me, onTokenNeeded, takeToken } from '../state/session';
import { go, route, watchRoute } from '../state/route';
import { loadWords, zone } from '../words/words';
import { hear, isFramed, isOpaque, launchError, meta, openEars, post } from './messages';
import { setFit } from './size';
import { setTheme } from './theme';

const VERSION = '1';
export type Start = 'waiting' | 'ready' | 'opaque' | 'alone' | 'document' | 'refused';
export const start = signal<Start>('waiting');
export const refusal = signal<Problem | null>(null);

function normal(seen: Record<string, unknown>): Me {
	const space = seen.workspace as string | { id?: string; name?: string } | undefined;
	const isObject = typeof space === 'object' && space !== null;
	return {
		...(seen as unknown as Me),
		workspace: isObject ? String(space.id ?? '') : String(space ?? seen.workspace_id ?? ''),
		workspace_name: String((isObject ? space.name : seen.workspace_name) ?? ''),
		session_type: (seen.session_type as Me['session_type']) ?? 'workspace',
		role: (seen.role as Me['role']) ?? 'member',
		scopes: Array.isArray(seen.scopes) ? (seen.scopes as string[]) : [],
	};
}

async function signIn(message: Record<string, unknown>): Promise<void> {
	takeToken(String(message.token), message.expires_at as string | number | undefined);
	if (me.value) return;
	try {
		const { body } = await get<Record<string, unknown>>('/me');
		me.value = normal(body);
		start.value = 'ready';
		post('auth-ok', { role: me.value.role, workspace: me.value.workspace, page: route.value.path });
		startStream();
	} catch (error) {
		refusal.value = error instanceof Problem ? error : new Problem({ code: 'network' });
		start.value = 'refused';
		post('auth-failed', { code: refusal.value.code });
	}
}

function setLocale(message: Record<string, unknown>): void {
	if (typeof message.time_zone === 'string') {
		try {
			new Intl.DateTimeFormat('en', { timeZone: message.time_zone });
			zone.value = message.time_zone;
		} catch {
			post('error', { code: 'locale', message: 'locale: time_zone is not known', request_id: '' });
		}
	}
	// The host's own word, else the session's, else the language that the host's page is in.
	const locale = message.locale ?? (meta('locale') || message.page_locale);
	if (typeof locale === 'string' && /^[A-Za-z0-9-]{2,35}$/.test(locale)) void loadWords(locale).catch(() => {});
}

export function shakeHands(): void {
	openEars();
	hear('auth', (message) => { if (typeof message.token === 'string') void signIn(message); });
	hear('theme', (message) => {
		setFit(message.fit);
		setTheme(message);
	});
	hear('locale', setLocale);
	hear('navigate', (message) => { if (typeof message.path === 'string') go(message.path.startsWith('/') ? message.path : `/${message.path}`, { fromHost: true }); });
	hear('ping', (message) => post('pong', { id: message.id }));
	onTokenNeeded((reason) => post('token-refresh', { reason }), () => post('token-expired'));
	// As the session wishes, unless the address or the host says otherwise.
	if (!location.hash && meta('page')) go(meta('page'), { replace: true });
	setLocale({});
	if (meta('theme')) setTheme({ mode: meta('theme') });
	watchRoute((path) => post('navigate', { path }));
	watchHidden();
	if (launchError) {
		start.value = 'document';
		post('error', { code: launchError, message: launchError, request_id: '' });
		return;
	}
	if (isOpaque) start.value = 'opaque';
	else if (!isFramed) start.value = 'alone';
	else post('ready', { ui_version: VERSION });
}
