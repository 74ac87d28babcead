/** The live stream, read by fetch: EventSource can send no token. It says what changed, never what it is. */
import { signal } from '@preact/signals';
import { token, workspace } from '../state/session';
import { sleep } from './client';

export type Change = { kind: string; changes: string[][] };
type Listener = (change: Change) => void;

const SLEEP_S = [1, 2, 5, 10];
const HIDDEN_MS = 30_000;

/** When the stream was lost, 0 while it is there. */
export const lostSince = signal(0);
export const isLive = signal(false);
const listeners = new Set<Listener>();
let stop: AbortController | null = null;
let lastId = '';
let failures = 0;
let hiddenTimer = 0;

export function listen(listener: Listener): () => void {
	listeners.add(listener);
	return () => void listeners.delete(listener);
}

function tell(kind: string, data: string): void {
	let changes: string[][] = [];
	try {
		const seen = JSON.parse(data || '{}') as { changes?: unknown[] };
		changes = (seen.changes ?? []).map((c) => (Array.isArray(c) ? c.map(String) : [String(c)]));
	} catch {
		kind = 'resync';
	}
	for (const listener of [...listeners]) listener({ kind, changes });
}

function take(block: string): void {
	let kind = 'message';
	const data: string[] = [];
	for (const line of block.split(/\r?\n/)) {
		const [name, rest] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).replace(/^ /, '')];
		if (name === 'id') lastId = rest;
		else if (name === 'event') kind = rest;
		else if (name === 'data') data.push(rest);
	}
	if (data.length > 0 || kind === 'resync') tell(kind, data.join('\n'));
}

async function read(signalTo: AbortSignal): Promise<void> {
	const headers: Record<string, string> = { accept: 'text/event-stream', authorization: `Bearer ${await token()}` };
	if (lastId) headers['last-event-id'] = lastId;
	const response = await fetch(`/api/v1/workspaces/${encodeURIComponent(workspace())}/stream`, { headers, signal: signalTo, credentials: 'omit' });
	if (!response.ok || !response.body) throw new Error(String(response.status));
	failures = 0;
	if (lostSince.value > 0) tell('resync', '');
	lostSince.value = 0;
	isLive.value = true;
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = '';
	for (;;) {
		const { value, done } = await reader.read();
		if (done) return;
		const blocks = (rest + value).split(/\r?\n\r?\n/);
		rest = blocks.pop() ?? '';
		blocks.forEach(take);
	}
}

async function run(mine: AbortController): Promise<void> {
	while (!mine.signal.aborted) {
		try {
			await read(mine.signal);
		} catch {
			failures++;
		}
		isLive.value = false;
		if (mine.signal.aborted) return;
		if (failures > 0 && lostSince.value === 0) lostSince.value = Date.now();
		await sleep(1000 * SLEEP_S[Math.min(failures, SLEEP_S.length - 1)]!);
	}
}

export function startStream(): void {
	if (stop) return;
	stop = new AbortController();
	void run(stop);
}

export function stopStream(): void {
	stop?.abort();
	stop = null;
	isLive.value = false;
}

/** A hidden page lets its connection go: a browser has few for one origin. */
export function watchHidden(): void {
	document.addEventListener('visibilitychange', () => {
		clearTimeout(hiddenTimer);
		if (document.hidden) hiddenTimer = window.setTimeout(stopStream, HIDDEN_MS);
		else if (!stop) {
			startStream();
			tell('resync', '');
		}
	});
}
