/* Connecting Slack in the browser's steps: ticket, our page, Slack's page, back; every branch. And
 * what Slack tells us afterwards. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ALERT, temporaryDirectory, until } from './lib.mjs';
import { startWeb } from './web.mjs';

const require = createRequire(import.meta.url);
const { verifySlackRequest } = require('@slack/bolt/dist/receivers/verify-request.js');
const PUBLIC = 'https://bell.example.com';
const SIGNING = 'test-signing-secret';

const file = (name, text) => {
	const where = path.join(temporaryDirectory(), name);
	fs.writeFileSync(where, `${text}\n`, { mode: 0o600 });
	return where;
};

let bench, web;
const world = (change) => bench.sandbox.post('/sandbox/world', change);
before(async () => {
	({ bench, web } = await startWeb({
		sandboxArgs: ['--no-rate-limit'],
		settings: {
			slack_client_id: '1.sandbox',
			slack_client_secret_file: file('client-secret', 'test-client-secret'),
			public_url: PUBLIC,
			product_name: 'Casterly',
		},
		web: { slack_client_secret_file: '/dev/null', slack_signing_secret_file: file('signing-secret', SIGNING) },
	}));
	await world({ team: { id: 'T0OTHER', name: 'Other Inc.' }, channels: [{ id: 'C0OTHER', name: 'other' }] });
	await world({ app: { events_url: `${web.url}/slack/events`, retry_ms: [50, 50, 50] } });
});
after(async () => {
	await web?.stop();
	await bench?.stop();
});

let count = 0;
let ws;
beforeEach(async () => {
	ws = `ws${++count}`;
	await bench.cli('workspace', 'create', ws, '--name', `Acme <${count}>`);
	await until('the workspace', async () => (await web.ask('GET', `/api/v1/workspaces/${ws}`, { token: web.key })).status === 200);
});

const authorizations = () => `/workspaces/${ws}/slack/authorizations`;
const begin = (more = {}, token = web.key) => web.api(201, 'POST', authorizations(), { token, body: { intent: 'new', ...more } });
const look = (id) => web.api(200, 'GET', `${authorizations()}/${id}`, { token: web.key });
const ticketOf = (authorization) => new URL(authorization.url, web.url).searchParams.get('ticket');
const post = (body, headers = {}) => web.ask('POST', '/oauth/slack/start', { body, headers });

/** Our page's step: where Slack asks, and our cookie. */
async function toSlack(authorization, how) {
	const answer = await post({ ticket: ticketOf(authorization), ...(how ?? { proof: authorization.proof }) });
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
	return { location: new URL(answer.body.location), cookie: answer.headers.get('set-cookie') };
}

/** A person's step on Slack's page; where it leads. */
async function onSlack(location, { decision = 'allow', team = 'T0SANDBOX', channel = 'C0ALERTS' } = {}) {
	const asked = Object.fromEntries(location.searchParams);
	const answer = await fetch(`${bench.sandbox.url}/oauth/v2/authorize`, {
		method: 'POST', redirect: 'manual', body: new URLSearchParams({ ...asked, team, channel, decision }),
	});
	return new URL(answer.headers.get('location'));
}

const back = (url, cookie) => web.ask('GET', url.pathname + url.search, { headers: cookie ? { cookie: cookie.split(';')[0] } : {} });

async function connect(more = {}, person = {}) {
	const authorization = await begin(more);
	const { location, cookie } = await toSlack(authorization);
	const page = await back(await onSlack(location, person), cookie);
	return { authorization, page, found: await look(authorization.id) };
}

describe('connecting Slack', () => {
	test('ticket, proof, consent and back: a connection, told to who asked', async () => {
		const authorization = await begin();
		assert.equal(authorization.status, 'waiting');
		assert.match(authorization.url, /^\/oauth\/slack\/start\?ticket=/);
		const { location, cookie } = await toSlack(authorization);
		assert.equal(location.origin + location.pathname, 'https://slack.com/oauth/v2/authorize');
		assert.equal(location.searchParams.get('scope'), 'incoming-webhook,chat:write');
		assert.equal(location.searchParams.get('redirect_uri'), `${PUBLIC}/oauth/slack/callback`);
		assert.match(cookie, /^__Host-carillon_oauth=[\w-]{43}; Secure; HttpOnly; SameSite=Lax; Path=\/; Max-Age=600$/);
		const page = await back(await onSlack(location), cookie);
		assert.equal(page.status, 200);
		assert.match(page.body, /Slack is connected/);
		assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
		const found = await look(authorization.id);
		assert.equal(found.status, 'connected');
		assert.deepEqual(found.team, { id: 'T0SANDBOX', name: 'Sandbox' });
		assert.equal(found.proof, undefined);
		await bench.cli('rule', 'add', ws, '--type', 'alert.triggered', '--connection', found.connection, '--channel', 'C0ALERTS', '--id', 'r1');
		const [delivery] = await bench.deliveries(ws, await bench.publish(ws, { ...ALERT, id: `e-${ws}` }));
		assert.equal(delivery.state, 'delivered');
	});

	test('without a proof a person is shown who asks for what, and says so', async () => {
		const authorization = await begin();
		const page = await web.ask('GET', authorization.url);
		assert.equal(page.status, 200);
		assert.match(page.body, /Connect a Slack team to <strong>Acme &lt;\d+&gt;<\/strong> in Casterly\?/);
		assert.match(page.body, /This was not me/);
		assert.match(page.headers.get('content-security-policy'), /script-src 'self'/);
		assert.equal((await web.ask('GET', '/oauth/slack/start.js')).status, 200);
		const { location, cookie } = await toSlack(authorization, { confirmed: true });
		assert.equal((await back(await onSlack(location), cookie)).status, 200);
		assert.equal((await look(authorization.id)).status, 'connected');
	});

	test('a link that was forwarded is declined, and counts no more', async () => {
		const authorization = await begin();
		const answer = await post({ ticket: ticketOf(authorization), declined: true });
		assert.equal(answer.status, 200);
		const found = await look(authorization.id);
		assert.equal(found.status, 'denied');
		assert.equal(found.code, 'declined');
		assert.equal((await post({ ticket: ticketOf(authorization), proof: authorization.proof })).status, 400);
		assert.equal((await web.ask('GET', authorization.url)).status, 400);
	});

	test('a ticket counts once, with its own proof, from our own page', async () => {
		const one = await begin(), other = await begin();
		assert.equal((await post({ ticket: ticketOf(one), proof: other.proof })).status, 403);
		assert.equal((await post({ ticket: ticketOf(one) })).status, 403);
		assert.equal((await post({ ticket: `${one.id}.x`, proof: one.proof })).status, 400);
		assert.equal((await post({ ticket: ticketOf(one), proof: one.proof }, { 'sec-fetch-site': 'cross-site' })).status, 403);
		const twice = await Promise.all([1, 2].map(() => post({ ticket: ticketOf(one), proof: one.proof })));
		assert.deepEqual(twice.map((a) => a.status).sort(), [200, 400]);
	});

	test('a state that is unknown, used or another\'s is too old', async () => {
		for (const query of ['', '?state=x&code=y', '?state=auth_1.x&code=y']) {
			const page = await web.ask('GET', `/oauth/slack/callback${query}`);
			assert.equal(page.status, 400);
			assert.match(page.body, /used already or is too old/);
		}
		const { location, cookie } = await toSlack(await begin());
		const url = await onSlack(location);
		assert.equal((await back(url, cookie)).status, 200);
		assert.equal((await back(url, cookie)).status, 400);
	});

	test('another browser is refused, and the state is spent', async () => {
		const authorization = await begin();
		const { location, cookie } = await toSlack(authorization);
		const url = await onSlack(location);
		const other = await back(url);
		assert.equal(other.status, 400);
		assert.match(other.body, /another browser/);
		assert.equal((await back(url, cookie)).status, 400);
		const found = await look(authorization.id);
		assert.equal(found.status, 'failed');
		assert.equal(found.code, 'other_browser');
		assert.equal(found.connection, null);
	});

	test('canceled in Slack, refused by Slack: nothing is connected', async () => {
		const denied = await connect({}, { decision: 'cancel' });
		assert.equal(denied.page.status, 200);
		assert.match(denied.page.body, /Nothing was connected/);
		assert.equal(denied.found.status, 'denied');
		const authorization = await begin();
		const { location, cookie } = await toSlack(authorization);
		const state = location.searchParams.get('state');
		await back(new URL(`${PUBLIC}/oauth/slack/callback?error=invalid_scope&state=${state}`), cookie);
		const found = await look(authorization.id);
		assert.equal(found.status, 'failed');
		assert.equal(found.code, 'invalid_scope');
	});

	test('a code that is no good, and an app that is not set up', async () => {
		const authorization = await begin();
		const { location, cookie } = await toSlack(authorization);
		const state = location.searchParams.get('state');
		await back(new URL(`${PUBLIC}/oauth/slack/callback?code=none&state=${state}`), cookie);
		assert.equal((await look(authorization.id)).code, 'invalid_code');
		await world({ app: { client_secret: 'another' } });
		const { found, page } = await connect();
		assert.equal(found.code, 'bad_client_secret');
		assert.match(page.body, /not set up correctly\. They have been told/);
		await world({ app: { client_secret: 'test-client-secret' } });
	});

	test('when Slack does not answer it is said, and connecting again is safe', async () => {
		await bench.sandbox.faults({ match: { method: 'oauth.v2.access' }, action: { kind: 'stall' } });
		const first = await connect();
		assert.equal(first.found.status, 'failed');
		assert.match(first.page.body, /Slack did not answer/);
		await bench.sandbox.clearFaults();
		assert.equal((await connect()).found.status, 'connected');
	});

	test('when the service is killed on the way, the customer is told, and connecting again is safe', async () => {
		await bench.sandbox.faults({ match: { method: 'oauth.v2.access' }, action: { kind: 'stall' } });
		const calls = async () => (await bench.sandbox.journal()).filter((e) => e.method === 'oauth.v2.access').length;
		const before_ = await calls();
		const under = connect();
		await until('Slack was asked', async () => (await calls()) > before_);
		await bench.stopService('SIGKILL');
		await bench.sandbox.clearFaults();
		const { found } = await under;
		assert.equal(found.status, 'failed');
		await bench.serve();
		assert.equal((await connect()).found.status, 'connected');
	});

	test('the same team again is the same connection; another one waits for a choice', async () => {
		const { found } = await connect();
		const again = await connect();
		assert.equal(again.found.connection, found.connection);
		const same = await connect({ intent: 'reconnect', connection: found.connection });
		assert.equal(same.found.connection, found.connection);
		const other = await connect({ intent: 'reconnect', connection: found.connection }, { team: 'T0OTHER', channel: 'C0OTHER' });
		assert.equal(other.found.status, 'needs_choice');
		assert.equal(other.found.team.name, 'Other Inc.');
		assert.equal(other.found.previous_team.name, 'Sandbox');
		const chosen = await web.api(200, 'POST', `${authorizations()}/${other.found.id}/choose`, { token: web.key, body: { choice: 'use' } });
		assert.equal(chosen.status, 'connected');
		await until('the other team', async () => (await bench.json('connection', 'show', ws, found.connection)).team_id === 'T0OTHER');
		await web.api(409, 'POST', `${authorizations()}/${other.found.id}/choose`, { token: web.key, body: { choice: 'use' } });
	});

	test('consent grows: what is asked for later is added to what is there', async () => {
		const { found } = await connect();
		await until('web has it', async () => (await web.ask('GET', `/api/v1/workspaces/${ws}/connections/${found.connection}`, { token: web.key })).status === 200);
		const grown = await begin({ intent: 'grow', connection: found.connection });
		const { location, cookie } = await toSlack(grown);
		assert.deepEqual(location.searchParams.get('scope').split(',').sort(), ['channels:read', 'chat:write', 'groups:read']);
		assert.equal(location.searchParams.get('team'), 'T0SANDBOX');
		await back(await onSlack(location), cookie);
		assert.equal((await look(grown.id)).connection, found.connection);
		const channels = () => web.api(200, 'GET', `/workspaces/${ws}/connections/${found.connection}/channels?q=gen`, { token: web.key });
		await until('the list', async () => (await channels()).index.state === 'complete');
		assert.deepEqual((await channels()).records.map((c) => c.name), ['general']);
		const check = await web.api(200, 'POST', `/workspaces/${ws}/connections/${found.connection}/check`, { token: web.key });
		assert.equal(check.findings[0].ok, true);
		const one = await web.api(200, 'GET', `/workspaces/${ws}/connections/${found.connection}/channels/C0GENERAL`, { token: web.key });
		assert.equal(one.name, 'general');
	});

	test('a session that ended in between connects nothing', async () => {
		const session = await web.api(201, 'POST', '/sessions', { token: web.key, body: {
			workspace_id: ws, role: 'admin', external_user_id: 'u_7', external_name: 'Tyrion', allowed_origins: ['https://app.example.com'] } })
			.catch(() => web.api(200, 'POST', '/sessions', { token: web.key, body: {
				workspace_id: ws, role: 'admin', external_user_id: 'u_7', external_name: 'Tyrion', allowed_origins: ['https://app.example.com'] } }));
		const authorization = await begin({}, session.access_token);
		assert.match((await web.ask('GET', authorization.url)).body, /asked by <strong>Tyrion/);
		const { location, cookie } = await toSlack(authorization);
		await web.ask('DELETE', `/api/v1/sessions/${session.session_id}`, { token: web.key });
		const page = await back(await onSlack(location), cookie);
		assert.equal(page.status, 400);
		assert.match(page.body, /session has ended/);
		assert.equal((await look(authorization.id)).code, 'session_expired');
	});

	test('disconnecting gives the token back when nobody else uses it', async () => {
		await world({ team: { id: `T0WS${count}`, name: 'Alone' }, channels: [{ id: `C0WS${count}`, name: 'alone' }] });
		const { found } = await connect({}, { team: `T0WS${count}`, channel: `C0WS${count}` });
		const gone = await web.api(200, 'POST', `/workspaces/${ws}/connections/${found.connection}/disconnect`, { token: web.key });
		assert.deepEqual(gone, { revoked: true, shared_with: 0 });
		const shared = await connect();
		const kept = await web.api(200, 'POST', `/workspaces/${ws}/connections/${shared.found.connection}/disconnect`, { token: web.key });
		assert.equal(kept.revoked, false);
		assert.ok(kept.shared_with > 0);
	});
});

describe('what Slack tells', () => {
	const send = (body, headers) => fetch(`${web.url}/slack/events`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
	const sign = (body, secret = SIGNING, at = Math.floor(Date.now() / 1000)) => ({
		'x-slack-request-timestamp': String(at),
		'x-slack-signature': `v0=${crypto.createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`,
	});

	test('200 signatures: @slack/bolt and we agree on each', async () => {
		let accepted = 0;
		for (let i = 0; i < 200; i++) {
			let body = JSON.stringify({ type: 'url_verification', challenge: crypto.randomBytes(i % 40).toString('hex') + 'é' });
			let headers = sign(body);
			switch (i % 10) {
				case 1: body += ' '; break;
				case 2: headers = sign(body, 'another-secret'); break;
				case 3: headers['x-slack-signature'] = headers['x-slack-signature'].slice(0, -1); break;
				case 4: headers = sign(body, SIGNING, Math.floor(Date.now() / 1000) - 400); break;
				case 5: headers['x-slack-signature'] = headers['x-slack-signature'].replace('v0', 'v1'); break;
				case 6: delete headers['x-slack-signature']; break;
				case 7: headers['x-slack-request-timestamp'] = String(Number(headers['x-slack-request-timestamp']) + 1); break;
				default:
			}
			let bolt = true;
			try {
				verifySlackRequest({ signingSecret: SIGNING, body, headers });
			} catch {
				bolt = false;
			}
			const answer = await send(body, headers);
			assert.equal(answer.status === 200, bolt, `${i}: ${answer.status}`);
			if (bolt) accepted++;
			if (bolt) assert.equal(await answer.text(), JSON.parse(body).challenge);
		}
		assert.equal(accepted, 60);
	});

	test('one from the future, which bolt takes, is too far off for us', async () => {
		const body = '{"type":"url_verification","challenge":"x"}';
		assert.equal((await send(body, sign(body, SIGNING, Math.floor(Date.now() / 1000) + 400))).status, 401);
	});

	test('channels that are archived, renamed, left or joined change the rules at once', async () => {
		await world({ team: { id: `T0EV${count}`, name: 'Events' }, channels: [{ id: 'C0EVENTS', name: 'before' }, { id: 'G0EVENTS', name: 'shut', private: true }] });
		const at = (change) => world({ team: `T0EV${count}`, ...change });
		const { found } = await connect({}, { team: `T0EV${count}`, channel: 'C0EVENTS' });
		const rule = async (id) => bench.json('rule', 'show', ws, id);
		await bench.cli('rule', 'add', ws, '--type', 'alert.triggered', '--connection', found.connection, '--channel', 'C0EVENTS', '--id', 'r1');
		await bench.cli('rule', 'add', ws, '--type', 'alert.triggered', '--connection', found.connection, '--channel', 'G0EVENTS', '--id', 'r2', '--no-test');
		await until('web has them', async () => (await web.ask('GET', `/api/v1/workspaces/${ws}/rules/r2`, { token: web.key })).status === 200);
		await at({ archive: 'C0EVENTS' });
		await until('held', async () => (await rule('r1')).hold_code === 'is_archived');
		await at({ unarchive: 'C0EVENTS' });
		await until('let go', async () => (await rule('r1')).hold_code === '');
		await at({ channels: [{ id: 'C0EVENTS', name: 'after' }] });
		await until('renamed', async () => (await bench.json('connection', 'show', ws, found.connection)).channels.some((c) => c.name === 'after'));
		await at({ kick: 'G0EVENTS' });
		await until('held', async () => (await rule('r2')).hold_code === 'channel_not_found');
		await at({ invite: 'G0EVENTS' });
		await until('let go', async () => (await rule('r2')).hold_code === '');
		await at({ event: { type: 'channel_id_changed', old_channel_id: 'G0EVENTS', new_channel_id: 'C0MOVED' } });
		await until('moved', async () => (await rule('r2')).channel === 'C0MOVED');
		await at({ uninstall: `T0EV${count}` });
		const lost = await until('the connection', async () => {
			const record = await bench.json('connection', 'show', ws, found.connection);
			return record.status === 'needs_reconnect' && record;
		});
		assert.match(lost.status_code, /token_revoked|account_inactive/);
		const back_ = await connect({ intent: 'reconnect', connection: found.connection }, { team: `T0EV${count}`, channel: 'C0EVENTS' });
		assert.equal(back_.found.status, 'connected');
	});

	test('an event that comes twice is done once, and what is no event is answered', async () => {
		const body = JSON.stringify({ type: 'event_callback', team_id: 'T0NOBODY', api_app_id: 'A0SANDBOX', event_id: 'Ev1', event: { type: 'app_uninstalled' } });
		assert.equal((await send(body, sign(body))).status, 200);
		assert.equal((await send(body, sign(body))).status, 200);
		const click = 'payload=%7B%7D';
		assert.equal((await send(click, { ...sign(click), 'content-type': 'application/x-www-form-urlencoded' })).status, 200);
	});

	test('web holds no secret of Slack\'s but the signing secret', async () => {
		assert.ok(!web.child.output.includes(SIGNING));
		const maps = fs.readFileSync(`/proc/${web.child.pid}/environ`, 'utf8');
		assert.ok(!maps.includes('test-client-secret'));
		for (const secret of ['xoxb-', 'xoxe', 'test-client-secret', '/services/', 'code.']) assert.ok(!web.child.output.includes(secret), secret);
	});
});
