/**
 * The host's side: Carillon.mount(element, options) puts the UI into a page and keeps it signed in.
 * It talks to the origin of the launch URL and to nobody else.
 */
export interface Session { launch_url: string; access_token: string; expires_at?: string }
export interface Options {
	/** Asks your own backend for a session: POST /api/v1/sessions, with the secret key, there. */
	getSession: () => Promise<Session>;
	page?: string;
	theme?: Record<string, unknown>;
	locale?: string;
	timeZone?: string;
	fit?: 'fill' | 'content';
	title?: string;
	onNavigate?: (path: string) => void;
	onActivity?: (needsAttention: number) => void;
	onError?: (error: { code: string; message: string }) => void;
}
export interface Mounted { navigate: (path: string) => void; setTheme: (theme: Record<string, unknown>) => void; destroy: () => void }

const READY_MS = 8000;
const SANDBOX = 'allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox';

export function mount(element: HTMLElement, options: Options): Mounted {
	const frame = document.createElement('iframe');
	const isContent = options.fit === 'content';
	let theme = { ...options.theme };
	let origin = '', path = options.page ?? '', token = '', expires: string | undefined;
	let timer = 0, count = 0, failures = 0, isGone = false;

	const fail = (code: string, message: string): void => options.onError?.({ code, message });
	const post = (type: string, members: object): void => {
		if (origin) frame.contentWindow?.postMessage({ type: `carillon:${type}`, v: 1, id: `h${++count}`, ...members }, origin);
	};
	const colour = (): void => {
		frame.style.colorScheme = theme.mode === 'dark' ? 'dark' : theme.mode === 'light' ? 'light' : 'light dark';
	};
	const auth = (): void => post('auth', { token, expires_at: expires });

	async function session(): Promise<Session | undefined> {
		try {
			const one = await options.getSession();
			token = one.access_token;
			expires = one.expires_at;
			return one;
		} catch (error) {
			fail('session', String(error));
		}
	}

	async function load(): Promise<void> {
		const one = await session();
		if (isGone) return;
		if (!one) return lost('session');
		origin = new URL(one.launch_url, location.href).origin;
		clearTimeout(timer);
		// "load" comes for a refused frame too: only the UI's own word counts.
		timer = window.setTimeout(() => lost('timeout'), READY_MS);
		note.remove();
		frame.hidden = false;
		frame.src = one.launch_url + (path ? `#${path.startsWith('/') ? path : `/${path}`}` : '');
		if (!frame.isConnected) element.append(frame);
	}

	const note = document.createElement('p');
	function lost(code: string): void {
		if (isGone) return;
		frame.hidden = true;
		const again = document.createElement('button');
		again.type = 'button';
		again.textContent = 'Try again';
		again.onclick = () => void load();
		note.setAttribute('role', 'alert');
		note.replaceChildren('Slack settings could not be loaded. ', again);
		element.append(note);
		fail(code, 'Slack settings could not be loaded.');
	}

	function hear(event: MessageEvent): void {
		if (event.source !== frame.contentWindow || event.origin !== origin) return;
		const message = event.data as Record<string, unknown>;
		if (!message || message.v !== 1) return;
		switch (message.type) {
			case 'carillon:ready':
				clearTimeout(timer);
				post('theme', { ...theme, fit: options.fit ?? 'fill' });
				post('locale', { locale: options.locale, page_locale: document.documentElement.lang, time_zone: options.timeZone });
				auth();
				break;
			case 'carillon:auth-ok': failures = 0; break;
			case 'carillon:auth-failed': fail(String(message.code), 'The session was not accepted.'); break;
			case 'carillon:token-refresh': void session().then((one) => one && auth()); break;
			case 'carillon:token-expired': fail('session_expired', 'No new token came in time.'); break;
			case 'carillon:navigate':
				path = String(message.path);
				options.onNavigate?.(path);
				break;
			case 'carillon:resize': if (isContent) frame.style.height = `${Number(message.height)}px`; break;
			case 'carillon:scroll-to':
				scrollTo({ top: scrollY + frame.getBoundingClientRect().top + Number(message.top) - 24 });
				break;
			case 'carillon:activity': options.onActivity?.(Number(message.needs_attention)); break;
			case 'carillon:error': {
				const code = String(message.code);
				clearTimeout(timer);
				// A reloaded frame has used its launch URL: a new one, but not for ever.
				if (code.startsWith('launch_') && failures++ < 3) void load();
				else if (code.startsWith('launch_')) lost(code);
				else fail(code, String(message.message));
			}
		}
	}

	frame.title = options.title ?? 'Slack notifications';
	frame.allow = 'clipboard-write';
	frame.referrerPolicy = 'strict-origin';
	frame.setAttribute('sandbox', SANDBOX);
	frame.style.cssText = `border:0;display:block;width:100%;${isContent ? 'height:480px' : 'height:100%;min-height:480px'}`;
	colour();
	addEventListener('message', hear);
	void load();
	return {
		navigate: (to) => post('navigate', { path: to }),
		setTheme(change) {
			theme = { ...theme, ...change };
			colour();
			post('theme', theme);
		},
		destroy() {
			isGone = true;
			clearTimeout(timer);
			removeEventListener('message', hear);
			frame.remove();
			note.remove();
		},
	};
}
