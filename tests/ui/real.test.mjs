/** The embedded UI against `carillon web` and `serve`, with the Slack sandbox at the end of the line. */
import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT, Sandbox, TOKEN, end, launch } from '../e2e/lib.mjs';
import { CHROMIUM, Ui, closeBrowser, host, open, openBrowser, sleep } from './browser.mjs';
import { startReal, until } from './real.mjs';
import { load } from './units.mjs';

const skip = CHROMIUM ? false : 'there is no chromium here';

describe('for real', { skip, concurrency: 1 }, () => {
	let real;
	before(async () => { real = await startReal({ workspaces: ['acme', 'other'] }); });
	after(async () => {
		await closeBrowser();
		await real?.stop();
	});
	const story = (name, options, run) => test(name, { timeout: 180_000 }, async () => {
		const ui = await open({ url: real.url, session: (origins) => real.session(origins, options.session) }, options);
		try {
			await run(ui);
			assert.deepEqual(ui.complaints, []);
		} finally {
			await ui.close();
		}
	});

	story('a rule is made by its sentence, and an event goes that way', { page: '/rules/new' }, async (ui) => {
		await ui.has('HIGH: alert.triggered');
		await ui.has('This event matches');
		await ui.type('Name of the rule', 'High alerts');
		await ui.press('Add condition');
		await ui.control('combobox', 'Field');
		await ui.press('Field', 'combobox');
		await ui.press('severity', 'option');
		await ui.has('severity is high: is at least high');
		await ui.press('Channel', 'combobox');
		await ui.press('alerts', 'option');
		await ui.press('Save rule');
		await ui.has('Saved');
		const { records } = await real.api('GET', '/workspaces/acme/rules');
		assert.deepEqual([records[0].name, records[0].channel, records[0].active, records[0].filter], ['High alerts', 'C0ALERTS', true, { field: 'severity', op: 'at_least', value: 'high' }]);
		await ui.go('/activity');
		await ui.settled();
		const id = await real.bench.publish('acme');
		await until('the message in Slack', () => real.bench.sandbox.messages('C0ALERTS'));
		await ui.has('Delivered', 60_000);
		await ui.go(`/activity/${id}/${records[0].id}`);
		await ui.has('Event received');
		await ui.has('Attempt 1');
		await ui.has('Posted to');
	});

	story('a template with a mistake is not saved, and one press corrects it', { page: '/rules' }, async (ui) => {
		const { records: [rule] } = await real.api('GET', '/workspaces/acme/rules');
		await ui.go(`/rules/${rule.id}`);
		await ui.press('Write your own');
		await ui.frame.evaluate(() => {
			const area = document.querySelector('[data-slot="header"]');
			area.value = '{{ event.severity | upcse }}: {{ payload.resource }}';
			area.dispatchEvent(new InputEvent('input', { bubbles: true }));
		});
		await ui.has('unknown filter "upcse"');
		assert.equal(await ui.frame.$eval('.piece-error', (e) => e.textContent), 'upcse');
		await ui.press('Use “upcase”');
		await ui.lacks('unknown filter');
		await ui.has('HIGH: api_latency_p95');
		await ui.press('Save');
		await ui.has('Saved');
		assert.match((await real.api('GET', `/workspaces/acme/rules/${rule.id}`)).template.header, /upcase/);
		await ui.go(`/rules/${rule.id}/history`);
		await ui.has('First version');
		await ui.press('Restore this version');
		await until('restored', async () => (await real.api('GET', `/workspaces/acme/rules/${rule.id}`)).template === null);
	});

	story('a channel that was archived: another is picked, and what waited goes', { page: '/rules' }, async (ui) => {
		const { records: [rule] } = await real.api('GET', '/workspaces/acme/rules');
		await real.bench.sandbox.faults({ match: { channel: 'C0ALERTS' }, action: { kind: 'error', error: 'is_archived' } });
		const id = await real.bench.publish('acme');
		await ui.has('The channel #alerts is archived.', 60_000);
		await ui.press('Pick another channel');
		await ui.press('Pick another channel', 'combobox');
		await ui.press('general', 'option');
		await until('the message', () => real.bench.sandbox.messages('C0GENERAL'), 60_000);
		await ui.go(`/activity/${id}/${rule.id}`);
		await ui.has('Delivered', 60_000);
		await real.bench.sandbox.clearFaults();
	});

	test('two customers side by side never see each other\'s', { timeout: 180_000 }, async () => {
		const of = (workspace_id) => ({ url: real.url, session: (origins) => real.session(origins, { workspace_id }) });
		const [one, two] = [await open(of('acme'), { page: '/rules' }), await open(of('other'), { page: '/rules' })];
		try {
			await one.has('severity is at least high');
			await two.has('A rule says which events go to which channel.');
			const made = await real.session(['http://localhost'], { workspace_id: 'other' });
			const got = await real.web.ask('GET', '/api/v1/workspaces/acme/rules', { token: made.access_token });
			assert.equal(got.status, 404);
		} finally {
			await one.close();
			await two.close();
		}
	});

	story('a session that only looks may not write by the API either', { page: '/rules', session: { session_type: 'dashboard' } }, async (ui) => {
		await ui.has('severity is at least high');
		await ui.lacks('New rule');
		const made = await real.session(['http://localhost'], { session_type: 'dashboard' });
		const got = await real.web.ask('POST', '/api/v1/workspaces/acme/rules', { token: made.access_token, body: {} });
		assert.equal(got.status, 403);
	});

	test('a launch URL opens once, and no other origin may frame it', { timeout: 120_000 }, async () => {
		const ui = await open({ url: real.url, session: (origins) => real.session(origins) }, { page: '/rules' });
		const launch = ui.frame.url();
		const thief = await host(() => ({ launch_url: launch, access_token: 'x' }), { carillon: real.url });
		const tab = await (await openBrowser()).newPage();
		try {
			await tab.goto(thief.url);
			await sleep(1500);
			assert.deepEqual(await tab.evaluate(() => window.heard.map((one) => one.data.type)), []);
			assert.equal((await fetch(launch.split('#')[0])).status, 410);
			const answer = await fetch((await real.session(['https://app.example.com'])).launch_url);
			assert.equal(answer.headers.get('set-cookie'), null);
			const policy = answer.headers.get('content-security-policy');
			for (const part of ["default-src 'none'", "require-trusted-types-for 'script'", 'frame-ancestors https://app.example.com']) assert.ok(policy.includes(part), policy);
			assert.doesNotMatch(policy, /unsafe/);
		} finally {
			await tab.close();
			await thief.stop();
			await ui.close();
		}
	});

	test('page, language and theme are the session\'s, where the host says nothing', { timeout: 120_000 }, async () => {
		const around = await host((origin) => real.session([origin], { launch_page: 'rules', locale: 'de', theme: 'dark' }), { carillon: real.url });
		const tab = await (await openBrowser()).newPage();
		try {
			await tab.goto(around.url);
			const ui = new Ui(tab, around, null, []);
			await ui.findFrame();
			await ui.ready();
			await ui.has('Neue Regel');
			assert.deepEqual(await ui.frame.evaluate(() => [location.hash, document.documentElement.lang, document.documentElement.dataset.mode]), ['#/rules', 'de', 'dark']);
		} finally {
			await tab.close();
			await around.stop();
		}
	});

	test('what the preview shows and what the sandbox shows is the same text', { timeout: 120_000 }, async () => {
		const { mrkdwn, textOf } = await load('slack/mrkdwn.ts');
		const sandbox = new Sandbox(['--no-rate-limit']);
		await sandbox.start();
		const texts = [
			'*bold* and _italic_ and ~gone~ and `code`', 'a*b*c snake_case_name 2*3*4', '*a*_b_', '* no* *no *', '<https://example.com|Open>', 'a &amp; b &lt;c&gt;', '`*not bold*`', ':fire: :warning: 12:30:15', '*bold', '_a_ *b* ~c~', '*a b* c*d', '(*x*) "_y_"',
			'value *1,840* · threshold *1,000* · +840 (+84%)', '<!date^1776441720^{date_num}|x>', '<!date^1776441720^{date_short} at {time}|x>', '<!date^1776441720^{date_long} {time_secs}|x>', 'ünïcode *fett* ende',
		];
		try {
			for (const text of texts) {
				const posted = await fetch(`${sandbox.apiUrl}/chat.postMessage`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify({ channel: 'C0ALERTS', text: 'x', blocks: [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }] }) }).then((r) => r.json());
				assert.ok(posted.ok, JSON.stringify(posted));
				const { messages } = await sandbox.get('/sandbox/messages?channel=C0ALERTS&limit=100&zone=UTC');
				const words = messages.at(-1).shown.split('\n').at(-1);
				process.env.TZ = 'UTC';
				assert.equal(textOf(mrkdwn(text)), words, text);
			}
		} finally {
			await sandbox.stop();
		}
	});

	test('the demo host: an alert of the product arrives, Slack is connected in a window of its own', { timeout: 240_000 }, async () => {
		const ready = `${real.bench.dir}/demo.ready`;
		const demo = launch('node', [path.join(ROOT, 'tools/demo-host/server.mjs')], { env: { ...process.env, CARILLON_URL: real.url, CARILLON_SECRET_KEY: real.web.key, CUSTOMERS: 'acme:Acme,other:Other', READY_FILE: ready } });
		const tab = await (await openBrowser()).newPage();
		try {
			await until('the demo host', () => fs.existsSync(ready));
			await tab.goto(`${fs.readFileSync(ready, 'utf8').trim()}/sign-in?customer=other`);
			const ui = new Ui(tab, null, null, []);
			await ui.findFrame();
			await ui.ready();
			await ui.go('/connections');
			await ui.settled();
			const popped = new Promise((resolve) => tab.once('popup', resolve));
			await ui.press('Connect Slack');
			const consent = await popped;
			await until('Slack\'s page', () => consent.$('button[value=allow], input[value=allow]'), 30_000);
			await consent.click('button[value=allow], input[value=allow]');
			await ui.has('is connected', 60_000);
			await tab.click('#alert');
			await until('the alert', async () => (await real.api('GET', '/workspaces/other/events')).count > 0);
			await ui.go('/activity?state=unmatched');
			await ui.has('Not matched', 60_000);
		} finally {
			await tab.close();
			await end(demo);
		}
	});

	story('a test message is posted from the editor', { page: '/rules' }, async (ui) => {
		const { records: [rule] } = await real.api('GET', '/workspaces/acme/rules');
		await ui.go(`/rules/${rule.id}`);
		await ui.press('Send test message');
		await ui.has('Posted to #', 60_000);
	});
});
