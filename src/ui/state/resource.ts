/** What was read from the server, kept while pages change, read again when the stream says so. */
import { signal, type Signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { get, inWorkspace, Problem } from '../api/client';
import { listen } from '../api/stream';

export interface Resource<T> {
	data: Signal<T | null>;
	error: Signal<Problem | null>;
	etag: string;
	at: number;
	load: () => Promise<void>;
	set: (value: T, etag?: string) => void;
}

const kept = new Map<string, Resource<unknown>>();
const KEPT_MAX = 200;
const QUIET_MS = 250;

function make<T>(path: string): Resource<T> {
	let running: Promise<void> | null = null;
	let again = false;
	const one: Resource<T> = {
		data: signal<T | null>(null),
		error: signal<Problem | null>(null),
		etag: '',
		at: 0,
		set(value, etag) {
			one.data.value = value;
			one.error.value = null;
			one.at = Date.now();
			if (etag !== undefined) one.etag = etag;
		},
		load() {
			if (running) {
				again = true;
				return running;
			}
			running = get<T>(inWorkspace(path))
				.then(({ body, etag }) => one.set(body, etag))
				.catch((error: unknown) => {
					one.error.value = error instanceof Problem ? error : new Problem({ code: 'network' });
				})
				.finally(() => {
					running = null;
					if (again) {
						again = false;
						setTimeout(() => void one.load(), QUIET_MS);
					}
				});
			return running;
		},
	};
	return one;
}

export function resource<T>(path: string): Resource<T> {
	let found = kept.get(path) as Resource<T> | undefined;
	if (!found) {
		if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value!);
		found = make<T>(path);
		kept.set(path, found as Resource<unknown>);
	}
	return found;
}

/** Reads at once, and again on the kinds of change named. */
export function useResource<T>(path: string, kinds: string[] = []): Resource<T> {
	const one = resource<T>(path);
	const [, shown] = useState(0);
	useEffect(() => {
		void one.load().then(() => shown((n) => n + 1));
		let timer = 0;
		return listen(({ kind }) => {
			if (kind !== 'resync' && !kinds.includes(kind)) return;
			clearTimeout(timer);
			timer = window.setTimeout(() => void one.load(), QUIET_MS);
		});
	}, [path]);
	return one;
}
