/** One request: the token in front, refreshed when it must be; what the server refuses as a Problem. */
import { askForToken, token, workspace } from '../state/session';
import type { FieldError } from './types';

export class Problem extends Error {
	code = 'network';
	status = 0;
	title = '';
	detail = '';
	requestId = '';
	retryAfter = 0;
	errors: FieldError[] = [];
	current: unknown = null;
	constructor(from: Partial<Problem>) {
		super(from.title || from.detail || from.code || 'network');
		Object.assign(this, from);
	}
}

export interface Answer<T> { body: T; etag: string }
export interface Options {
	etag?: string;
	key?: string;
	signal?: AbortSignal;
	headers?: Record<string, string>;
}

const API = '/api/v1';
const TIMEOUT_MS = 20_000;
const SLEEP = [1000, 2000, 5000, 10_000];
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
export const newKey = (): string => crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
export const inWorkspace = (path: string): string => `/workspaces/${encodeURIComponent(workspace())}${path}`;
export const segment = encodeURIComponent;

async function problemOf(response: Response): Promise<Problem> {
	const seen = (await response.json().catch(() => ({}))) as Record<string, unknown>;
	const retryAfter = Number(response.headers.get('retry-after') ?? seen.retry_after ?? 0);
	return new Problem({
		status: response.status,
		code: String(seen.code ?? `http_${response.status}`),
		title: String(seen.title ?? ''),
		detail: String(seen.detail ?? ''),
		requestId: String(seen.request_id ?? response.headers.get('x-request-id') ?? ''),
		retryAfter: Number.isFinite(retryAfter) ? retryAfter : 0,
		errors: Array.isArray(seen.errors) ? (seen.errors as FieldError[]) : [],
		current: seen.current ?? null,
	});
}

function bound(signal?: AbortSignal): { signal: AbortSignal; done: () => void } {
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
	const abort = (): void => stop.abort();
	if (signal?.aborted) stop.abort();
	signal?.addEventListener('abort', abort);
	return { signal: stop.signal, done: () => { clearTimeout(timer); signal?.removeEventListener('abort', abort); } };
}

async function once(method: string, path: string, body: unknown, options: Options): Promise<Response> {
	const headers: Record<string, string> = { accept: 'application/json', authorization: `Bearer ${await token()}`, ...options.headers };
	if (body !== undefined) headers['content-type'] = 'application/json';
	if (options.etag) headers['if-match'] = options.etag;
	if (options.key) headers['idempotency-key'] = options.key;
	const limit = bound(options.signal);
	try {
		return await fetch(API + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'omit', signal: limit.signal });
	} catch {
		if (options.signal?.aborted) throw new Problem({ code: 'aborted' });
		throw new Problem({ code: 'network' });
	} finally {
		limit.done();
	}
}

/** A 401 is answered by asking the host for a token, once. */
async function ask<T>(method: string, path: string, body: unknown, options: Options): Promise<Answer<T>> {
	let response = await once(method, path, body, options);
	if (response.status === 401) {
		await askForToken('rejected');
		response = await once(method, path, body, options);
	}
	if (!response.ok) throw await problemOf(response);
	const text = response.status === 204 ? '' : await response.text();
	return { body: (text ? JSON.parse(text) : {}) as T, etag: response.headers.get('etag') ?? '' };
}

const isPassing = (error: unknown): boolean =>
	error instanceof Problem && (error.code === 'network' || error.status === 503 || error.status === 502 || error.status === 504);

/** Reads may be asked again: at 1, 2, 5 and 10 s. */
export async function get<T>(path: string, options: Options = {}): Promise<Answer<T>> {
	for (let i = 0; ; i++) {
		try {
			return await ask<T>('GET', path, undefined, options);
		} catch (error) {
			if (!isPassing(error) || i >= SLEEP.length || options.signal?.aborted) throw error;
			await sleep(SLEEP[i]!);
		}
	}
}

/** Writes are asked again once, under the same key: the server does them once. */
export async function send<T>(method: string, path: string, body?: unknown, options: Options = {}): Promise<Answer<T>> {
	const named = method === 'POST' ? { key: newKey(), ...options } : options;
	try {
		return await ask<T>(method, path, body, named);
	} catch (error) {
		if (!isPassing(error) || method !== 'POST' || options.signal?.aborted) throw error;
		await sleep(SLEEP[0]!);
		return ask<T>(method, path, body, named);
	}
}
