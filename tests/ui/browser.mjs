/** A real Chromium for a test, a host page around the UI, and the words to drive both. */
import fs from 'node:fs';
import http from 'node:http';
import puppeteer from 'puppeteer-core';

const PATHS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].filter(Boolean);
export const CHROMIUM = PATHS.find((p) => fs.existsSync(p));
/** Another engine: its path in the environment. What speaks Chromium's own protocol is not for it. */
const FIREFOX = process.env.FIREFOX;

let browser;
export async function openBrowser() {
	if (FIREFOX) return browser ??= await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX, headless: true, protocolTimeout: 120_000 });
	browser ??= await puppeteer.launch({ executablePath: CHROMIUM, headless: true, protocolTimeout: 120_000, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb', '--font-render-hinting=none'] });
	return browser;
}
export async function closeBrowser() {
	await browser?.close();
	browser = undefined;
}

/** A host: a page of another origin that mounts the UI; `session` is asked for each mount. */
export async function host(session, { options = {}, headers = {}, carillon, sandboxless, fit } = {}) {
	const server = http.createServer(async (request, response) => {
		const url = new URL(request.url, 'http://x');
		if (url.pathname === '/session') return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(await session(origin)));
		const box = fit === 'content' ? 'height:auto' : 'height:100vh';
		response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Host</title>
<style>html,body{margin:0;background:${options.theme?.mode === 'dark' ? '#101216' : '#fff'}} #slack{${box}} .before{height:${fit === 'content' ? 700 : 0}px}</style><div class="before"></div><div id="slack"></div>
<script src="${carillon}/embed.js"></script><script>
window.heard = []; addEventListener('message', (e) => window.heard.push({ origin: e.origin, data: e.data }));
window.errors = [];
window.mounted = Carillon.mount(document.getElementById('slack'), { getSession: () => fetch('/session').then((r) => r.json()), ...${JSON.stringify({ ...options, fit })}, onError: (e) => window.errors.push(e) });
</script>`);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	const origin = `http://localhost:${server.address().port}`;
	return { origin, url: `${origin}/`, stop: () => { server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); } };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export async function until(what, probe, waitMs = 20_000) {
	const end = Date.now() + waitMs;
	let last;
	for (;;) {
		try {
			last = await probe();
			if (last) return last;
		} catch (error) {
			last = error.message;
		}
		if (Date.now() > end) throw new Error(`waited for ${what}; last seen: ${JSON.stringify(last)?.slice(0, 400)}`);
		await sleep(40);
	}
}

/** Everything that a story needs: server, host, page and the UI's frame, ready. */
export async function open(server, { page: route = '/', width = 1280, height = 900, mode = 'light', locale = 'en', timeZone = 'Europe/Berlin', headers, fit, theme = {}, wait = true } = {}) {
	const around = await host((origin) => server.session([origin]), { carillon: server.url, headers, fit, options: { page: route, theme: { mode, ...theme }, locale, timeZone } });
	const context = await (await openBrowser()).createBrowserContext();
	const tab = await context.newPage();
	const complaints = [];
	tab.on('console', (message) => { if (['error', 'warn'].includes(message.type()) && !/favicon|Failed to load resource/.test(message.text())) complaints.push(message.text()); });
	tab.on('pageerror', (error) => complaints.push(String(error)));
	await tab.setViewport({ width, height });
	await tab.goto(around.url);
	const ui = new Ui(tab, around, context, complaints);
	await ui.findFrame();
	if (wait) await ui.ready();
	return ui;
}

export class Ui {
	constructor(tab, around, context, complaints) {
		Object.assign(this, { tab, around, context, complaints });
	}
	async findFrame() {
		this.frame = await until('the frame', () => this.tab.frames().find((frame) => frame.url().includes('/embed')));
	}
	async ready() {
		await until('the UI', () => this.frame.$('main h1'));
		await this.settled();
	}
	/** No skeleton, and nothing under way for a moment. */
	async settled() {
		await until('data', async () => (await this.frame.$('[aria-busy="true"]')) === null);
		await sleep(150);
	}
	text() {
		return this.frame.evaluate(() => document.body.innerText);
	}
	async has(words, waitMs) {
		return until(`"${words}"`, async () => (await this.text()).includes(words) || (this.last = await this.text(), false), waitMs).catch(async (error) => { throw new Error(`${error.message}\n--- on the page:\n${(await this.text()).slice(0, 1500)}`); });
	}
	async lacks(words) {
		return until(`no "${words}"`, async () => !(await this.text()).includes(words));
	}
	/** A control by its role and the beginning of its name. */
	async control(role, name) {
		return until(`${role} "${name}"`, async () => {
			const handle = await this.frame.evaluateHandle(([r, n]) => {
				const tags = { button: 'button,[role=button]', link: 'a[href]', menuitem: '[role=menuitem]', switch: '[role=switch]', combobox: '[role=combobox]', option: '[role=option]', textbox: 'input,textarea', checkbox: 'input[type=checkbox]', select: 'select' }[r];
				const nameOf = (e) => (e.getAttribute('aria-label') || (e.labels?.[0]?.innerText ?? '') || e.innerText || '').trim();
				return [...document.querySelectorAll(tags)].filter((e) => e.getClientRects().length > 0).find((e) => nameOf(e).startsWith(n)) ?? null;
			}, [role, name]);
			return handle.asElement();
		});
	}
	async press(name, role = 'button') {
		const element = await this.control(role, name);
		await element.evaluate((e) => e.scrollIntoView({ block: 'center' }));
		await element.click();
	}
	async type(name, text, role = 'textbox') {
		const element = await this.control(role, name);
		await element.click();
		await element.evaluate((e) => e.select?.());
		await element.type(text);
	}
	/** Goes to a page, and waits until that page has been drawn and has taken the focus: the hash's event comes later than its change. */
	go(hash) {
		return this.frame.evaluate((h) => new Promise((done) => {
			if (location.hash === `#${h}`) return done();
			addEventListener('hashchange', () => {
				setTimeout(done, 500);
				requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)));
			}, { once: true });
			location.hash = h;
		}), hash);
	}
	/** Presses a key that moves the focus, and waits until it has moved: the frame is a process of its own, which handles the key later. */
	async moves(key) {
		await this.frame.evaluate(() => { window.before = document.activeElement; });
		await this.tab.keyboard.press(key);
		await until(`${key} to move the focus`, () => this.frame.evaluate(() => document.activeElement !== window.before));
	}
	async overflow() {
		return this.frame.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
	}
	async close() {
		await this.context.close();
		await this.around.stop();
	}
}
