/** The address after the hash: survives a reload, works with Back, and can be sent to somebody. */
import { computed, signal } from '@preact/signals';

export interface Route { path: string; parts: string[]; query: URLSearchParams }

function parse(hash: string): Route {
	const [path = '/', search = ''] = hash.replace(/^#/, '').split('?');
	const parts = path.split('/').filter(Boolean).map((part) => {
		try {
			return decodeURIComponent(part);
		} catch {
			return part;
		}
	});
	return { path: path || '/', parts, query: new URLSearchParams(search) };
}

export const route = signal<Route>(parse(location.hash));
export const page = computed(() => route.value.parts[0] ?? '');
/** Whether the address came from the host, which is not told of it again. */
let isFromHost = false;

export function watchRoute(changed: (path: string) => void): void {
	window.addEventListener('hashchange', () => {
		route.value = parse(location.hash);
		if (!isFromHost) changed(location.hash.slice(1));
		isFromHost = false;
	});
}

export function go(path: string, { fromHost = false, replace = false } = {}): void {
	if (`#${path}` === location.hash) return;
	isFromHost = fromHost;
	if (replace) location.replace(`#${path}`);
	else location.hash = path;
}

/** The page as it is, with some of its filters changed; '' takes one away. */
export function filtered(changes: Record<string, string>): string {
	const query = new URLSearchParams(route.value.query);
	for (const [name, value] of Object.entries(changes)) {
		if (value) query.set(name, value);
		else query.delete(name);
	}
	const text = query.toString();
	return `#${route.value.path}${text ? `?${text}` : ''}`;
}
export const at = (...parts: string[]): string => `#/${parts.map(encodeURIComponent).join('/')}`;
