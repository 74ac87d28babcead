/** What is said to the host and heard from it: only its exact origin, only version 1. */

type Message = { type: string; v: 1; id?: string; [member: string]: unknown };
type Handler = (message: Record<string, unknown>) => void;

/** What the server wrote into the document for this launch. */
export const meta = (name: string): string => document.querySelector<HTMLMetaElement>(`meta[name="carillon-${name}"]`)?.content ?? '';
export const launchError = meta('error');
/** Whoever else frames us is answered nothing. */
const allowed = meta('origins').split(' ').filter(Boolean);
const isMeshes = new URLSearchParams(location.search).get('compat') === 'meshes';
const ALIASES = ['ready', 'auth', 'token-refresh', 'token-expired', 'resize', 'navigate'];

let pinned = '';
const handlers = new Map<string, Handler>();
let count = 0;

export const isFramed = window.parent !== window;
export const isOpaque = window.origin === 'null';

function guessed(): string[] {
	const ancestors = (location as Location & { ancestorOrigins?: DOMStringList }).ancestorOrigins;
	let referrer = '';
	try {
		referrer = new URL(document.referrer).origin;
	} catch { /* no referrer */ }
	const likely = ancestors?.[0] ?? referrer;
	return likely && allowed.includes(likely) ? [likely] : allowed;
}

export function post(type: string, members: Record<string, unknown> = {}): void {
	if (!isFramed) return;
	const prefix = isMeshes && ALIASES.includes(type) ? 'meshes' : 'carillon';
	const message: Message = { type: `${prefix}:${type}`, v: 1, id: `u${++count}`, ...members };
	for (const origin of pinned ? [pinned] : guessed()) window.parent.postMessage(message, origin);
}

export function hear(type: string, handler: Handler): void {
	handlers.set(type, handler);
}

export function openEars(): void {
	window.addEventListener('message', (event: MessageEvent<unknown>) => {
		if (event.source !== window.parent || !isFramed) return;
		if (pinned ? event.origin !== pinned : !allowed.includes(event.origin)) return;
		const message = event.data as Record<string, unknown> | null;
		if (typeof message !== 'object' || message === null || typeof message.type !== 'string') return;
		const found = /^(carillon|meshes):([a-z-]+)$/.exec(message.type);
		if (!found || (found[1] === 'meshes' && !isMeshes) || (found[1] === 'carillon' && message.v !== 1)) return;
		// The first that brings a token is our host from then on.
		if (found[2] === 'auth' && typeof message.token === 'string' && message.token !== '') pinned = event.origin;
		handlers.get(found[2]!)?.(message);
	});
}
