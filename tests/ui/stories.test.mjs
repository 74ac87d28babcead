/** What a customer does, and what may go wrong meanwhile; against the stand-in, which can be told to fail. */
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { CHROMIUM, closeBrowser, host, open, openBrowser, sleep, until, Ui } from './browser.mjs';
import { standIn } from './stand_in.mjs';

const skip = CHROMIUM ? false : 'there is no chromium here';
after(closeBrowser);

/** A story with a server and a page of its own. */
function story(name, options, run) {
	test(name, { skip, timeout: 180_000 }, async () => {
		const server = await standIn(options.world);
		options.prepare?.(server);
		const ui = await open(server, options);
		try {
			await run(ui, server);
			if (!options.mayComplain) assert.deepEqual(ui.complaints, []);
		} finally {
			await ui.close();
			await server.stop();
		}
	});
}
const asked = (server, method, pattern) => server.hits.filter((hit) => hit.method === method && pattern.test(hit.path));
const setText = (ui, slot, text) => ui.frame.evaluate(([name, value]) => {
	const area = document.querySelector(`[data-slot="${name}"]`);
	area.value = value;
	area.setSelectionRange(value.length, value.length);
	area.dispatchEvent(new InputEvent('input', { bubbles: true }));
}, [slot, text]);

story('a rule is made, tried and saved', { page: '/rules/new' }, async (ui, server) => {
	await ui.has('This event matches');
	await ui.type('Name of the rule', 'Loud alerts');
	await ui.press('Add condition');
	await ui.frame.select('.cond-op', 'at_least');
	await ui.frame.select('.cond-value select', '4');
	await ui.has('This event does not match');
	await ui.frame.select('.cond-value select', '3');
	await ui.has('This event matches');
	await ui.press('Channel', 'combobox');
	await (await ui.control('combobox', 'Channel')).type('fin');
	await ui.press('finance', 'option');
	await ui.press('Try it on the last 100 events');
	await ui.has('7 would have been posted to #finance');
	await ui.press('Send test message');
	await ui.has('Posted to #finance');
	assert.deepEqual(asked(server, 'POST', /\/rules\/test$/)[0].body.rule.filter, { field: 'severity', op: 'at_least', value: 'high' });
	await ui.press('Save rule');
	await ui.has('Saved');
	const made = server.world.rules.at(-1);
	assert.deepEqual([made.name, made.channel, made.filter, made.active], ['Loud alerts', 'C0FIN', { field: 'severity', op: 'at_least', value: 'high' }, true]);
	await until('its address', () => ui.frame.evaluate(() => /^#\/rules\/r\d/.test(location.hash)));
});

story('a mistake in a template is told at its place, and one press corrects it', { page: '/rules/r1' }, async (ui, server) => {
	await setText(ui, 'header', '{{ event.severity | upcse }}');
	await ui.has('unknown filter "upcse"');
	assert.equal(await ui.frame.$eval('.piece-error', (e) => e.textContent), 'upcse');
	await ui.has('The last message without mistakes.');
	await ui.press('Save');
	await until('focus', () => ui.frame.evaluate(() => document.activeElement?.getAttribute('data-slot') === 'header'));
	assert.equal(server.world.rules[0].template.header.includes('upcse'), false);
	await ui.press('Use “upcase”');
	await ui.lacks('unknown filter');
	await ui.press('Save');
	await ui.has('Saved');
	assert.equal(server.world.rules[0].template.header, '{{ event.severity | upcase }}');
});

story('a field is inserted where the cursor is, and refined in words', { page: '/rules/r1' }, async (ui) => {
	await setText(ui, 'body', 'Now ');
	await ui.frame.focus('[data-slot="body"]');
	await ui.tab.keyboard.type('{{');
	await until('the list', () => ui.frame.evaluate(() => document.activeElement?.getAttribute('role') === 'combobox'));
	await ui.tab.keyboard.type('thresh');
	await ui.control('option', 'threshold');
	await ui.tab.keyboard.press('Enter');
	await ui.press('with commas');
	await until('the field in the text', () => ui.frame.$eval('[data-slot="body"]', (e) => e.value === 'Now {{ payload.threshold | number }}'));
});

story('edits live through a reload', { page: '/rules/r1' }, async (ui, server) => {
	await setText(ui, 'header', 'Changed');
	await until('the draft', () => ui.frame.evaluate(() => Object.values(sessionStorage).some((kept) => kept.includes('Changed'))));
	await ui.frame.evaluate(() => location.reload());
	await until('a new session', () => server.hits.filter((hit) => hit.path === '/me').length > 1);
	await ui.findFrame();
	await ui.has('You have unsaved edits from');
	await ui.press('Restore');
	await until('the edit', () => ui.frame.$eval('[data-slot="header"]', (e) => e.value === 'Changed'));
	await ui.go('/rules');
	await ui.has('unsaved edits');
});

story('two who change different things both keep theirs', { page: '/rules/r1' }, async (ui, server) => {
	Object.assign(server.world.rules[0], { name: 'Renamed by Cersei', revision: 999 });
	await setText(ui, 'header', 'Mine');
	await ui.press('Save');
	await ui.has('Saved, together with what somebody else changed.');
	assert.deepEqual([server.world.rules[0].name, server.world.rules[0].template.header], ['Renamed by Cersei', 'Mine']);
});

story('two who change the same are asked', { page: '/rules/r1' }, async (ui, server) => {
	Object.assign(server.world.rules[0], { template: { ...server.world.rules[0].template, header: 'Theirs' }, updated_by: { name: 'Cersei' }, revision: 999 });
	await setText(ui, 'header', 'Mine');
	await ui.press('Save');
	await ui.has('Cersei saved this rule');
	assert.equal(server.world.rules[0].template.header, 'Theirs');
	await ui.press('Keep mine');
	await until('saved', () => server.world.rules[0].template.header === 'Mine');
});

story('a token that ends during a save is made new, and saved once', { page: '/rules/r1' }, async (ui, server) => {
	await setText(ui, 'header', 'Once');
	server.world.token = 'carillon_st_test_2';
	await ui.press('Save');
	await ui.has('Saved');
	assert.equal(asked(server, 'PUT', /\/rules\/r1$/).filter((hit) => hit.auth.endsWith('_2')).length, 1);
	assert.equal(server.world.rules[0].revision, 201);
	assert.ok(server.hits.some((hit) => hit.auth.endsWith('_1')) && server.hits.at(-1).auth.endsWith('_2'));
});

story('where the host gives no new token, the page stays and says so', { page: '/rules' }, async (ui, server) => {
	await ui.tab.evaluate(() => { window.fetch = () => new Promise(() => {}); });
	server.world.token = 'carillon_st_test_2';
	await ui.go('/connections/c2');
	await ui.has('Your session has ended.', 30_000);
	await ui.go('/rules');
	await ui.has('High alerts');
});

story('an answer that is lost is asked for again under the same key', { page: '/rules/new' }, async (ui, server) => {
	await ui.press('Channel', 'combobox');
	await ui.press('ops', 'option');
	server.fault(/^POST .*\/rules$/, { drop: true });
	await ui.press('Save rule');
	await until('saved', () => server.world.rules.length === 5);
	const both = asked(server, 'POST', /\/rules$/);
	assert.equal(both.length, 2);
	assert.equal(both[0].key, both[1].key);
});

story('one part that fails leaves the others', { page: '/connections', prepare: (server) => server.fault(/GET .*\/deliveries/, { status: 500, times: 1 }) }, async (ui) => {
	await ui.go('/');
	await ui.has('Something went wrong on our side. Nothing was lost.');
	await ui.has('Last 24 hours');
	await ui.press('Try again');
	await ui.has('Release 4.12.0 is live');
});

story('too many requests: the button counts down', { page: '/rules/r1' }, async (ui) => {
	await ui.press('Channel', 'combobox');
	await ui.press('Refresh');
	await ui.has('Too many requests. Try again in');
});

story('one channel of ten thousand is found as one types', { page: '/rules/r1', world: { channels: 10_000 } }, async (ui, server) => {
	const began = Date.now();
	await ui.press('Channel', 'combobox');
	await (await ui.control('combobox', 'Channel')).type('team-9876');
	await ui.press('team-9876', 'option');
	await until('chosen', () => ui.frame.$eval('.channel-picker input', (e) => e.value === '#team-9876'));
	assert.ok(asked(server, 'GET', /\/channels$/).every((hit) => !/limit=\d{4}/.test(hit.query)), 'never the whole list');
	assert.ok(Date.now() - began < 60_000);
});

story('a channel is found by a link, an invisible one says how', { page: '/rules/r1' }, async (ui) => {
	await ui.press('Channel', 'combobox');
	const box = await ui.control('combobox', 'Channel');
	await box.evaluate((e) => { e.value = 'nothing-like-it'; e.dispatchEvent(new InputEvent('input', { bubbles: true })); });
	await ui.has('No channel called “nothing-like-it”.');
	await ui.has('Copy /invite @Pulse');
});

story('ten thousand deliveries: few rows are made, the last is reached', { page: '/activity', world: { deliveries: 10_000 } }, async (ui) => {
	let rows = 0;
	await ui.frame.evaluate(() => {
		window.longest = 0;
		new PerformanceObserver((list) => { for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration); }).observe({ type: 'longtask' });
	});
	await until('the end', async () => {
		await ui.frame.evaluate(() => window.scrollTo(0, document.documentElement.scrollHeight));
		rows = Math.max(rows, await ui.frame.$$eval('.delivery-row', (all) => all.length));
		return (await ui.frame.evaluate(() => Math.round(document.querySelector('.virtual').offsetHeight / 44))) >= 10_000;
	}, 170_000);
	assert.ok(rows < 120, `${rows} rows in the document`);
	console.log(`# the longest task while scrolling: ${await ui.frame.evaluate(() => Math.round(window.longest))} ms`);
});

story('new deliveries wait above, states change in place', { page: '/activity', height: 500 }, async (ui, server) => {
	await ui.frame.evaluate(() => window.scrollTo(0, 400));
	await until('scrolled', () => ui.frame.evaluate(() => window.scrollY > 0));
	await ui.settled();
	const before = await ui.frame.evaluate(() => document.querySelector('.virtual').offsetHeight);
	const d = server.world.addDelivery({ title: 'Brand new', rule: 'r1' });
	server.push('delivery', [[d.event_id, d.rule, 'delivered']]);
	await ui.has('1 new');
	assert.equal(await ui.frame.evaluate(() => document.querySelector('.virtual').offsetHeight), before);
	await ui.press('1 new');
	await ui.has('Brand new');
	const shown = server.world.deliveries[0];
	Object.assign(shown, { state: 'failed', reason: 'changed in place' });
	server.push('delivery', [[shown.event_id, shown.rule, 'failed']]);
	await ui.has('changed in place');
});

story('a stream that is cut: a strip after five seconds, caught up after it', { page: '/activity' }, async (ui, server) => {
	await until('the stream', () => server.streams === 1);
	server.fault(/stream/, { drop: true, times: 6 });
	server.cutStreams();
	const d = server.world.addDelivery({ title: 'While nobody looked', rule: 'r1' });
	await ui.has('Connection lost.', 30_000);
	await ui.has('Release 4.12.0 is live');
	server.clearFaults();
	await ui.has('While nobody looked', 60_000);
	await ui.lacks('Connection lost.');
	assert.equal((await ui.text()).split('While nobody looked').length, 2, 'nothing twice');
	assert.equal(d.title, 'While nobody looked');
});

story('a delivery that waits shows why, and one button', { page: '/activity', world: { kind: 'broken' } }, async (ui, server) => {
	const d = server.world.deliveries.find((one) => one.state === 'held');
	await ui.go(`/activity/${d.event_id}/${d.rule}`);
	await ui.has('The Slack team Acme Inc. has removed the app.');
	assert.equal(await ui.frame.$$eval('.panel .button.primary', (all) => all.length), 1);
	await ui.has('account_inactive').catch(() => {});
	await ui.press('Reconnect Slack');
	await ui.has('Finish in the Slack window.');
	await ui.has('Open Slack in a new tab');
	const [one] = server.world.authorizations.values();
	Object.assign(one, { status: 'connected', connection: 'c1', team: { name: 'Acme Inc.' } });
	Object.assign(server.world.connections[0], { status: 'active', repair: '', status_code: '' });
	server.push('authorization', [[one.id]]);
	await ui.has('14 messages are waiting.');
	await ui.press('Send them now');
	await until('released', () => asked(server, 'POST', /\/release$/).length === 1);
});

for (const [status, words, more] of [
	['denied', 'the request was canceled in Slack', {}], ['expired', 'open for too long', {}], ['failed', 'Slack did not answer.', { detail: 'Slack did not answer.' }],
	['failed', 'must approve the app first', { code: 'app_approval_required' }], ['needs_choice', 'This is Other Inc., before it was Acme Inc.', { team: { name: 'Other Inc.' }, previous_team: { name: 'Acme Inc.' } }],
]) {
	story(`connecting ends as "${status}": ${words}`, { page: '/connections', world: { kind: 'empty' } }, async (ui, server) => {
		await ui.press('Connect Slack');
		await ui.has('Finish in the Slack window.');
		Object.assign([...server.world.authorizations.values()].at(-1), { status, ...more });
		server.push('authorization', [['az1']]);
		await ui.has(words);
	});
}

story('an archived channel: another is picked, in two clicks', { page: '/rules', world: { kind: 'broken' } }, async (ui, server) => {
	await ui.has('The channel #releases is archived. 3 messages are waiting.');
	await ui.press('Pick another channel');
	await ui.press('Pick another channel', 'combobox');
	await ui.press('finance', 'option');
	await until('changed', () => server.world.rules[2].channel === 'C0FIN');
	await ui.lacks('is archived');
});

story('a message that Slack refused leads to its slot', { page: '/activity' }, async (ui, server) => {
	const d = server.world.deliveries.find((one) => one.state === 'failed');
	await ui.go(`/activity/${d.event_id}/${d.rule}`);
	await ui.has('Slack refused the layout of the message, in Text.');
	await ui.press('Fix the message', 'link');
	await until('the slot', () => ui.frame.evaluate(() => document.activeElement?.getAttribute('data-slot') === 'body'));
});

story('sending again counts first, then can be stopped', { page: '/activity' }, async (ui, server) => {
	await ui.press('Send again…');
	await ui.has('37 messages to #ops, #incidents, and 1 other channel.');
	await ui.has('3 were delivered already and are left out.');
	await ui.press('Send 37 messages');
	await ui.has('12 messages sent, 21 left.');
	await ui.press('Pause');
	await ui.has('Paused');
	await ui.press('Resume');
	await ui.press('Stop');
	await ui.has('Stopped');
	assert.deepEqual(asked(server, 'POST', /\/replays$/)[0].body.states, ['failed']);
});

story('an event that no rule wanted says why, and offers a rule', { page: '/activity?state=unmatched' }, async (ui) => {
	await ui.press('', 'link').catch(() => {});
	await ui.go('/activity/evt_unmatched');
	await ui.has('No rule wanted this event');
	await ui.press('Why?');
	await ui.has('the filter does not accept it');
	await ui.press('Make a rule for this', 'link');
	await ui.has('New rule');
});

story('what is switched off or deleted can be had back', { page: '/rules' }, async (ui, server) => {
	await ui.press('Rule High alerts', 'switch');
	await until('off', () => server.world.rules[0].active === false);
	await ui.press('Undo');
	await until('on', () => server.world.rules[0].active === true);
	await ui.go('/rules/r2');
	await ui.press('More for this rule');
	await ui.press('Delete rule', 'menuitem');
	await ui.has('“Money” was deleted.');
	assert.equal(server.world.rules.length, 3);
	await ui.press('Undo');
	await until('back', () => server.world.rules.some((rule) => rule.id === 'r2' && rule.event_type === 'billing.>'));
});

story('disconnecting names what it costs, and the safe button has the focus', { page: '/connections/c1', world: { kind: 'broken' } }, async (ui, server) => {
	await ui.press('More for this connection');
	await ui.press('Disconnect', 'menuitem');
	await ui.has('14 waiting messages will never be sent.');
	await until('focus on the safe button', () => ui.frame.evaluate(() => document.activeElement.textContent === 'Keep'));
	await ui.tab.keyboard.press('Escape');
	await until('closed', async () => (await ui.frame.$('dialog')) === null);
	assert.equal(server.world.connections.length, 2);
});

story('an earlier version is put back', { page: '/rules/r1/history' }, async (ui, server) => {
	await ui.has('severity is at least critical → severity is at least high');
	await ui.press('Restore this version');
	await until('restored', () => server.world.rules[0].name === 'High alerts (old)');
});

story('a session that only reads has no writing control', { page: '/', world: { kind: 'broken', sessionType: 'dashboard' } }, async (ui, server) => {
	for (const page of ['/', '/connections', '/connections/c1', '/rules', '/rules/r1', '/rules/r1/history', '/activity']) {
		await ui.go(page);
		await ui.settled();
		const words = await ui.frame.$$eval('button, [role=switch], a.button', (all) => all.filter((e) => e.getClientRects().length > 0).map((e) => e.innerText || e.getAttribute('aria-label')));
		for (const word of words) assert.doesNotMatch(word ?? '', /Connect|Reconnect|New rule|Save|Delete|Rule |Send|Pick|Restore this|Create|Use other/, `${page}: ${word}`);
	}
	assert.deepEqual(server.hits.filter((hit) => hit.method !== 'GET' && !/preview/.test(hit.path)).map((hit) => hit.path), []);
});

story('a session of one resource has Rules and Activity only', { page: '/', world: { sessionType: 'resource', role: 'member' } }, async (ui) => {
	assert.deepEqual(await ui.frame.$$eval('nav a', (all) => all.map((a) => a.textContent)), ['Rules', 'Activity']);
});

story('a member sends and reads, and is told who can change', { page: '/rules/r1', world: { role: 'member' } }, async (ui) => {
	await ui.has('Only admins can change rules.');
	await ui.press('Send test message');
	await ui.has('Posted to #ops');
	assert.equal(await ui.frame.$('textarea'), null);
});

const EVIL = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>';
const LONG = `${'a'.repeat(9000)} ${'\u202e'}gnp.exe \u0007`;
story('hostile data in every field is text', {
	page: '/', width: 400, world: { kind: 'broken' },
	prepare: ({ world }) => {
		for (const value of [EVIL]) {
			for (const c of world.connections) Object.assign(c, { name: value, team_name: value + LONG, connected_by: value, status_reason: value });
			for (const c of world.channels) c.name = value.toLowerCase();
			for (const r of world.rules) Object.assign(r, { name: value + LONG, channel_name: value, hold_reason: value });
			for (const t of world.types) Object.assign(t, { description: value, sample: { severity: value, [value.slice(0, 30)]: LONG } });
			for (const d of world.deliveries) Object.assign(d, { title: value + LONG, reason: value, channel_name: value, message_url: 'javascript:window.evil=1' });
			for (const d of world.deliveries) for (const a of d.attempts) Object.assign(a, { reason: value, error_code: value, request_id: value });
			for (const e of world.events) Object.assign(e, { title: value, id: e.id });
			Object.assign(world.me, { workspace_name: value, app_name: value, product_name: value });
		}
	},
}, async (ui, server) => {
	const d = server.world.deliveries[0];
	for (const page of ['/', '/connections', '/connections/c1', '/rules', '/rules/r1', '/rules/new', '/rules/r1/history', '/activity', `/activity/${d.event_id}/${d.rule}`, '/activity/evt_unmatched']) {
		await ui.go(page);
		await ui.settled();
		assert.equal(await ui.frame.evaluate(() => window.evil), undefined, page);
		assert.equal(await ui.frame.$('main img, main script'), null, page);
		assert.deepEqual(await ui.frame.$$eval('a[href]', (all) => all.map((a) => a.getAttribute('href')).filter((href) => !/^(#|https?:|mailto:)/.test(href))), [], page);
		assert.equal(await ui.overflow(), 0, `${page}: wider than the frame`);
	}
});

test('a wrong origin gets nothing, a second host cannot take over, a launch URL opens once', { skip, timeout: 120_000 }, async () => {
	const server = await standIn();
	const ui = await open(server);
	try {
		const launch = ui.frame.url();
		const before = server.hits.length;
		// Another window of the same page's is no parent: its words count for nothing.
		await ui.tab.evaluate(() => {
			const other = document.createElement('iframe');
			other.srcdoc = '<script>parent.frames[0].postMessage({ type: "carillon:auth", v: 1, token: "stolen" }, "*")<\/script>';
			document.body.append(other);
		});
		await sleep(500);
		await ui.go('/rules');
		await ui.has('High alerts');
		assert.ok(server.hits.slice(before).every((hit) => hit.auth === 'Bearer carillon_st_test_1'));
		assert.ok((await ui.tab.evaluate(() => window.heard)).every((one) => one.origin === server.url));

		const thief = await host(() => ({ launch_url: launch, access_token: server.world.token }), { carillon: server.url });
		const tab = await (await openBrowser()).newPage();
		await tab.goto(thief.url);
		await sleep(1500);
		assert.deepEqual(await tab.evaluate(() => window.heard.map((one) => one.data.type)), [], 'another origin hears nothing');
		await tab.close();
		await thief.stop();
	} finally {
		await ui.close();
		await server.stop();
	}
});

test('a frame that is reloaded gets a new session by itself', { skip, timeout: 120_000 }, async () => {
	const server = await standIn();
	const ui = await open(server, { page: '/rules' });
	try {
		await ui.frame.evaluate(() => location.reload());
		await until('signed in again', () => server.hits.filter((hit) => hit.path === '/me').length === 2);
		await ui.findFrame();
		await ui.has('High alerts');
		assert.deepEqual(await ui.tab.evaluate(() => window.errors), []);
	} finally {
		await ui.close();
		await server.stop();
	}
});

test('theme, locale and pages are the host\'s to change', { skip, timeout: 120_000 }, async () => {
	const server = await standIn();
	const ui = await open(server, { theme: { accent: '#ffe066', radius: 2, font: 'Georgia', hide_tabs: false } });
	try {
		const of = (name) => ui.frame.evaluate((n) => getComputedStyle(document.documentElement).getPropertyValue(n), name);
		assert.notEqual((await of('--accent')).trim(), '#ffe066', 'too light on white: moved');
		await ui.tab.evaluate(() => window.mounted.setTheme({ mode: 'dark', accent: 'red', hide_tabs: true }));
		await until('dark', () => ui.frame.evaluate(() => document.documentElement.dataset.mode === 'dark'));
		assert.equal((await of('--accent')).trim(), '#ffe066', 'good on dark: as it was wished');
		await until('no tabs', async () => (await ui.frame.$('nav')) === null);
		await until('told', async () => (await ui.tab.evaluate(() => window.errors)).some((error) => /accent/.test(error.message)));
		await ui.tab.evaluate(() => window.mounted.navigate('/connections'));
		await ui.has('Acme EU');
		await ui.go('/rules');
		await until('told where', () => ui.tab.evaluate(() => window.heard.some((one) => one.data.type === 'carillon:navigate' && one.data.path === '/rules')));
		assert.ok(!(await ui.tab.evaluate(() => window.heard.some((one) => one.data.type === 'carillon:navigate' && one.data.path === '/connections'))), 'what the host asked is not echoed');
	} finally {
		await ui.close();
		await server.stop();
	}
});

test('in content mode the frame is as high as its content, and a dialog stands in what is seen', { skip, timeout: 180_000 }, async () => {
	const server = await standIn({ deliveries: 100 });
	const ui = await open(server, { page: '/activity', fit: 'content', height: 800 });
	try {
		const height = () => ui.tab.$eval('iframe', (frame) => frame.offsetHeight);
		await until('grown', async () => (await height()) > 2000);
		for (let i = 0; i < 50; i++) await ui.tab.setViewport({ width: 1280 - i * 8, height: 800 });
		await sleep(500);
		const settled = await height();
		await sleep(500);
		assert.equal(await height(), settled, 'no growth without end');
		await ui.tab.evaluate(() => window.scrollTo(0, 1800));
		await sleep(500);
		await ui.frame.evaluate(() => [...document.querySelectorAll('button')].find((b) => b.textContent === 'Send again…').click());
		await ui.has('Which messages');
		await until('the dialog in what is seen', async () => {
			const box = await ui.frame.$eval('dialog', (d) => { const r = d.getBoundingClientRect(); return [r.top, r.bottom]; });
			const seen = await ui.tab.$eval('iframe', (frame) => [-frame.getBoundingClientRect().top, window.innerHeight - frame.getBoundingClientRect().top]);
			if (box[0] < seen[0] || box[1] > seen[1] + 1) throw new Error(`dialog ${box} in ${seen}`);
			return true;
		});
	} finally {
		await ui.close();
		await server.stop();
	}
});

test('a host with COOP: no handle, and the way on is there', { skip, timeout: 120_000 }, async () => {
	const server = await standIn({ kind: 'empty' });
	const ui = await open(server, { page: '/connections', headers: { 'cross-origin-opener-policy': 'same-origin' } });
	try {
		await ui.press('Connect Slack');
		await ui.has('Finish in the Slack window.');
		await ui.has('Open Slack in a new tab');
		Object.assign([...server.world.authorizations.values()].at(-1), { status: 'connected', connection: 'c1', team: { name: 'Acme Inc.' } });
		await ui.has('Slack team Acme Inc. is connected', 30_000);
	} finally {
		await ui.close();
		await server.stop();
	}
});

test('a host with COEP may frame it', { skip, timeout: 120_000 }, async () => {
	const server = await standIn();
	const ui = await open(server, { page: '/rules', headers: { 'cross-origin-embedder-policy': 'require-corp' } });
	await ui.has('High alerts');
	await ui.close();
	await server.stop();
});

test('without allow-same-origin it says whom to ask; without a host it says where it belongs', { skip, timeout: 120_000 }, async () => {
	const server = await standIn();
	const tab = await (await openBrowser()).newPage();
	try {
		await tab.goto(server.session(['http://localhost:1']).launch_url);
		const ui = new Ui(tab, null, null, []);
		ui.frame = tab.mainFrame();
		await ui.has('This page is made to be part of a product.');
	} finally {
		await tab.close();
		await server.stop();
	}
});

test('by keyboard alone: from the tabs to a saved rule', { skip, timeout: 180_000 }, async () => {
	const server = await standIn();
	const ui = await open(server, { page: '/rules' });
	const key = (...keys) => keys.reduce((last, k) => last.then(() => ui.tab.keyboard.press(k)), Promise.resolve());
	const focused = () => ui.frame.evaluate(() => { const e = document.activeElement; return e === document.body ? '' : `${e.getAttribute('aria-label') ?? ''} ${e.innerText ?? ''} ${e.labels?.[0]?.innerText ?? ''}`; });
	/** Tab until it is reached. */
	const reach = async (pattern) => {
		for (let i = 0; i < 90; i++) {
			if (pattern.test(await focused())) return;
			await ui.moves('Tab');
		}
		throw new Error(`${pattern} is not reached; last ${await focused()}`);
	};
	try {
		await ui.tab.focus('iframe');
		await reach(/New rule/);
		await key('Enter');
		await ui.has('This event matches');
		await reach(/Name of the rule/);
		await ui.tab.keyboard.type('By keys');
		await reach(/Add condition/);
		await key('Enter');
		await ui.control('combobox', 'Field');
		await reach(/^Channel/);
		await ui.tab.keyboard.type('ops');
		await ui.control('option', 'ops');
		await key('Enter');
		await until('chosen', () => ui.frame.$eval('.channel-picker input', (e) => e.value === '#ops'));
		await reach(/Save rule/);
		await key('Enter');
		await until('saved', () => server.world.rules.some((rule) => rule.name === 'By keys' && rule.channel === 'C0OPS'));
		await ui.go('/activity');
		await ui.settled();
		/* Not the filter, whose choices are the rules' names. */
		await reach(/^(?!Rule )[^]*(Release|Login|Invoice|checkout|disk_full|api_latency)/);
		const row = () => ui.frame.evaluate(() => [...document.querySelectorAll('[data-row]')].indexOf(document.activeElement));
		const first = await row();
		await ui.moves('ArrowDown');
		assert.equal(await row(), first + 1, 'arrows move between rows');
	} finally {
		await ui.close();
		await server.stop();
	}
});

story('an hour of live updates: the heap stays flat', { page: '/activity' }, async (ui, server) => {
	const heap = async () => {
		const session = await ui.tab.createCDPSession();
		await session.send('HeapProfiler.enable');
		await session.send('HeapProfiler.collectGarbage');
		await session.detach();
		return (await ui.tab.metrics()).JSHeapUsedSize;
	};
	const burst = async (n) => {
		for (let i = 0; i < n; i++) {
			const d = server.world.deliveries[i % 50];
			Object.assign(d, { updated_at: new Date().toISOString(), reason: `change ${i}` });
			server.push('delivery', [[d.event_id, d.rule, d.state]]);
			if (i % 20 === 0) await sleep(60);
		}
		await sleep(1000);
	};
	await burst(200);
	const before = await heap();
	await burst(1200);
	const grown = (await heap()) - before;
	console.log(`# the heap grew by ${Math.round(grown / 1024)} KB over 1,200 changes`);
	assert.ok(grown < 3_000_000, `grown by ${grown}`);
});
