/* Consent, from the code on: the keeper against the sandbox's OAuth, asked as `carillon web` asks. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { KeeperClient } from './keeper_client.mjs';
import { ALERT, Sandbox, isAlive, start, temporaryDirectory, until } from './lib.mjs';
import fs from 'node:fs';
import path from 'node:path';

const REDIRECT = 'https://bell.example.com/oauth/slack/callback';
const secretFile = () => {
	const file = path.join(temporaryDirectory(), 'client-secret');
	fs.writeFileSync(file, 'test-client-secret\n', { mode: 0o600 });
	return file;
};

/** What a person does on Slack's page; returns the code. */
async function consent(sandbox, { scope = 'incoming-webhook,chat:write', team = 'T0SANDBOX', channel = 'C0ALERTS' } = {}) {
	const answer = await fetch(`${sandbox.url}/oauth/v2/authorize`, {
		method: 'POST',
		redirect: 'manual',
		body: new URLSearchParams({ client_id: '1.sandbox', scope, redirect_uri: REDIRECT, state: 's', team, channel, decision: 'allow' }),
	});
	return new URL(answer.headers.get('location')).searchParams.get('code');
}

describe('consent, exchanged by the keeper', () => {
	let bench, keeper;
	const world = (change) => bench.sandbox.post('/sandbox/world', change);
	before(async () => {
		bench = await start({
			sandboxArgs: ['--no-rate-limit'],
			settings: { slack_client_id: '1.sandbox', slack_client_secret_file: secretFile() },
		});
		keeper = await new KeeperClient().open(bench);
		await world({ team: { id: 'T0OTHER', name: 'Other Inc.' }, channels: [{ id: 'C0OTHER', name: 'other' }] });
		await world({ channels: [{ id: 'G0PICKED', name: 'picked', private: true, member: false }] });
	});
	after(async () => {
		await keeper?.close();
		await bench?.stop();
	});
	let count = 0;
	let ws;
	beforeEach(async () => {
		ws = `ws${++count}`;
		await bench.cli('workspace', 'create', ws);
		await world({ app: { rotation_s: 0 } });
	});

	const exchange = (code, more = {}) =>
		keeper.ask('oauth.exchange', { workspace: ws, by: 'session:s_1', code, redirect_uri: REDIRECT, scopes: 'incoming-webhook,chat:write', ...more });
	const connect = async (what = {}, more = {}) => exchange(await consent(bench.sandbox, what), more);
	const rule = (connection, channel, id = 'r1') =>
		bench.cli('rule', 'add', ws, '--type', 'alert.triggered', '--connection', connection, '--channel', channel, '--id', id);

	test('a code becomes a connection that delivers, with the channel that was picked', async () => {
		const answer = await connect();
		assert.equal(answer.problem, null);
		assert.equal(answer.team.name, 'Sandbox');
		assert.deepEqual(answer.missing_scopes, []);
		assert.equal(answer.reconnected, false);
		const record = await keeper.connection(ws, answer.connection);
		assert.equal(record.app_id, 'A0SANDBOX');
		assert.equal(record.connected_by, 'U0PERSON');
		assert.equal(record.granted_channel.id, 'C0ALERTS');
		assert.equal(record.expires_ms, 0);
		await rule(answer.connection, 'C0ALERTS');
		const [delivery] = await bench.deliveries(ws, await bench.publish(ws));
		assert.equal(delivery.state, 'delivered');
		assert.ok(!Buffer.from(record.sealed).includes('xoxb'));
	});

	test('where the app is no member the channel\'s webhook carries; invited, the bot does', async () => {
		const { connection } = await connect({ channel: 'G0PICKED' });
		await rule(connection, 'G0PICKED');
		const first = await bench.publish(ws, { ...ALERT, id: `one-${ws}` });
		assert.equal((await bench.deliveries(ws, first))[0].state, 'delivered');
		const second = await bench.publish(ws, { ...ALERT, id: `two-${ws}` });
		assert.equal((await bench.deliveries(ws, second))[0].state, 'delivered');
		const methods = async () => (await bench.sandbox.journal()).filter((e) => e.channel === 'G0PICKED').map((e) => e.method);
		assert.deepEqual((await methods()).slice(-3), ['chat.postMessage', '(incoming webhook)', '(incoming webhook)']);
		await world({ invite: 'G0PICKED' });
		await bench.cli('connection', 'set', ws, connection, '--name', 'changed');
		const third = await bench.publish(ws, { ...ALERT, id: `three-${ws}` });
		const [delivery] = await bench.deliveries(ws, third);
		assert.equal(delivery.state, 'delivered');
		assert.equal((await methods()).at(-1), 'chat.postMessage');
		await world({ kick: 'G0PICKED' });
		const text = JSON.stringify(await bench.json('delivery', 'show', ws, first));
		assert.ok(!text.includes('/services/'), 'history shows no webhook address');
	});

	test('connecting the same account again replaces the token and keeps the connection', async () => {
		const first = await connect();
		const second = await connect({ scope: 'channels:read' }, { scopes: 'channels:read' });
		assert.equal(second.connection, first.connection);
		assert.equal(second.reconnected, true);
		const record = await keeper.connection(ws, first.connection);
		assert.match(record.scopes, /chat:write/);
		assert.match(record.scopes, /channels:read/);
		assert.equal(record.granted_channel.id, 'C0ALERTS', 'the channel\'s own way stays');
	});

	test('fewer scopes than were asked for are named', async () => {
		const answer = await connect({ scope: 'chat:write' }, { scopes: 'chat:write,channels:history' });
		assert.deepEqual(answer.missing_scopes, ['channels:history']);
	});

	test('another account waits for a choice: used, its rules choose channels anew; given back, it is revoked', async () => {
		const { connection } = await connect();
		await rule(connection, 'C0ALERTS');
		const other = await connect({ team: 'T0OTHER', channel: 'C0OTHER' }, { connection });
		assert.equal(other.needs_choice, true);
		assert.equal(other.team.name, 'Other Inc.');
		assert.equal(other.previous_team.name, 'Sandbox');
		assert.equal((await keeper.connection(ws, connection)).team_id, 'T0SANDBOX');
		const undone = await keeper.ask('oauth.choose', { workspace: ws, connection, use: false });
		assert.equal(undone.problem, null);
		assert.equal(undone.revoked, true);
		assert.equal((await keeper.connection(ws, connection)).other, null);

		await connect({ team: 'T0OTHER', channel: 'C0OTHER' }, { connection });
		const used = await keeper.ask('oauth.choose', { workspace: ws, connection, use: true });
		assert.equal(used.problem, null);
		const record = await keeper.connection(ws, connection);
		assert.equal(record.team_id, 'T0OTHER');
		assert.deepEqual(record.channels.map((c) => c.id), ['C0OTHER']);
		const held = await bench.json('rule', 'show', ws, 'r1');
		assert.equal(held.hold_code, 'account_changed');
		assert.equal((await keeper.ask('oauth.choose', { workspace: ws, connection, use: true })).problem.code, 'not_found');
	});

	test('asked twice with one ticket, the code is shown once', async () => {
		const code = await consent(bench.sandbox);
		const first = await exchange(code, { ticket: 'tick_1' });
		const again = await exchange(code, { ticket: 'tick_1' });
		assert.equal(again.problem, null);
		assert.equal(again.connection, first.connection);
		assert.equal((await exchange(code, { ticket: 'tick_2' })).problem.error_code, 'invalid_code');
	});

	test('what cannot be stored is refused before the code is shown', async () => {
		const code = await consent(bench.sandbox);
		assert.equal((await exchange(code, { connection: 'nobody' })).problem.code, 'not_found');
		assert.equal((await exchange(code, { workspace: 'nobody' })).problem.code, 'not_found');
		assert.equal((await exchange(code, { api_host: 'evil.example' })).problem.code, 'invalid_value');
		assert.equal((await exchange(code)).problem, null);
	});

	test('each way in which Slack says no has its own word', async () => {
		assert.equal((await exchange('code.none')).problem.error_code, 'invalid_code');
		const wrong = await exchange(await consent(bench.sandbox), { redirect_uri: 'https://else.example/' });
		assert.equal(wrong.problem.code, 'not_configured');
		assert.equal(wrong.problem.error_code, 'bad_redirect_uri');
		await world({ app: { offers_org: true } });
		const org = await exchange(await consent(bench.sandbox, { team: 'E0SANDBOX', scope: 'chat:write' }));
		assert.equal(org.problem.code, 'slack_refused');
		assert.match(org.problem.detail, /whole Slack organization/);
		await bench.sandbox.faults({ match: { method: 'oauth.v2.access' }, action: { kind: 'hang' } });
		assert.equal((await exchange(await consent(bench.sandbox))).problem.code, 'slack_unavailable');
		await bench.sandbox.clearFaults();
	});

	test('two workspaces share one account: a new token reaches both, revoking waits for the last', async () => {
		await world({ app: { rotation_s: 43200 } });
		const mine = await connect();
		const before_ = await keeper.connection(ws, mine.connection);
		const theirs = `${ws}b`;
		await bench.cli('workspace', 'create', theirs);
		const other = await connect({ channel: 'C0GENERAL' }, { workspace: theirs });
		assert.equal(other.problem, null);
		const after_ = await keeper.connection(ws, mine.connection);
		assert.notDeepEqual(Buffer.from(after_.sealed), Buffer.from(before_.sealed));
		assert.equal(after_.issued_ms, (await keeper.connection(theirs, other.connection)).issued_ms);
		assert.equal(after_.granted_channel.id, 'C0ALERTS');
		// The other tests' connections share it too.
		const kept = await keeper.ask('slack.revoke', { workspace: ws, connection: mine.connection });
		assert.equal(kept.revoked, false);
		assert.ok(kept.shared_with >= 1);
	});
});

describe('credentials that end', () => {
	let bench, keeper, connection;
	const world = (change) => bench.sandbox.post('/sandbox/world', change);
	before(async () => {
		bench = await start({
			sandboxArgs: ['--no-rate-limit'],
			settings: { slack_client_id: '1.sandbox', slack_client_secret_file: secretFile() },
		});
		keeper = await new KeeperClient().open(bench);
		await bench.cli('workspace', 'create', 'acme');
	});
	after(async () => {
		await keeper?.close();
		await bench?.stop();
	});
	const connect = async () => {
		const answer = await keeper.ask('oauth.exchange', {
			workspace: 'acme', code: await consent(bench.sandbox), redirect_uri: REDIRECT, connection: connection ?? '' });
		assert.equal(answer.problem, null);
		connection = answer.connection;
		return keeper.connection('acme', connection);
	};
	const record = () => keeper.connection('acme', connection);
	const renewals = async () => (await bench.sandbox.journal()).filter((e) => e.method === 'oauth.v2.access' && e.args?.grant_type === 'refresh_token').length;

	test('one is renewed at half of its life, once', async () => {
		await world({ app: { rotation_s: 4 } });
		const first = await connect();
		assert.ok(first.expires_ms > first.issued_ms);
		await until('a renewal', async () => (await record()).issued_ms > first.issued_ms);
		const second = await record();
		assert.equal(second.renewing_ms, 0);
		await until('another', async () => (await record()).issued_ms > second.issued_ms);
		assert.equal((await keeper.ask('slack.check', { workspace: 'acme', connection })).findings[0].ok, true);
	});

	test('many who ask at once renew it once', async () => {
		await world({ app: { rotation_s: 3600 } });
		await connect();
		const before_ = await renewals();
		const answers = await Promise.all(Array.from({ length: 8 }, () => keeper.ask('oauth.refresh', { workspace: 'acme', connection })));
		const fine = answers.filter((a) => a.problem === null).length;
		assert.ok(fine >= 1);
		assert.ok((await renewals()) - before_ <= fine);
		assert.equal((await keeper.ask('slack.check', { workspace: 'acme', connection })).findings[0].ok, true);
	});

	test('a delivery that Slack refuses because the token ended waits for the renewal', async () => {
		await bench.cli('rule', 'add', 'acme', '--type', 'alert.triggered', '--connection', connection, '--channel', 'C0ALERTS', '--id', 'r1');
		await until('it is not new any more', async () => Date.now() - (await record()).issued_ms > 6000);
		await bench.sandbox.faults({ match: { method: 'chat.postMessage' }, action: { kind: 'error', error: 'token_expired' } });
		const event = await bench.publish('acme');
		const [delivery] = await bench.deliveries('acme', event);
		assert.equal(delivery.state, 'delivered');
		assert.equal((await record()).status, 1);
	});

	test('a refusal right after a renewal needs a person', async () => {
		await connect();
		await bench.sandbox.faults({ match: { method: 'chat.postMessage' }, action: { kind: 'error', error: 'token_revoked' } });
		await bench.publish('acme', { ...ALERT, id: 'refused' });
		await until('the connection', async () => (await record()).status === 2);
		await bench.sandbox.clearFaults();
		await connect();
		assert.equal((await record()).status, 1);
	});

	test('killed between Slack\'s answer and the put: the old one is tried, and if it is spent a person is told', async () => {
		await connect();
		await bench.sandbox.faults({ match: { method: 'oauth.v2.access' }, action: { kind: 'stall' } });
		const before_ = await renewals();
		keeper.ask('oauth.refresh', { workspace: 'acme', connection }).catch(() => {});
		await until('Slack renewed it', async () => (await renewals()) > before_);
		assert.ok((await record()).renewing_ms > 0, 'the mark came first');
		await bench.stopService('SIGKILL');
		await bench.sandbox.clearFaults();
		await bench.serve();
		await until('it needs a person', async () => (await record()).status === 2, 60000);
		const lost = await record();
		assert.match(lost.status_reason, /lost/);
		assert.equal(lost.repair, 1);
		await connect();
		assert.equal((await record()).status, 1);
	});

	test('killed the same way, where the old one counts still: nothing is lost', async () => {
		await world({ app: { spares_renewal: true } });
		const first = await connect();
		await bench.sandbox.faults({ match: { method: 'oauth.v2.access' }, action: { kind: 'stall' } });
		const before_ = await renewals();
		keeper.ask('oauth.refresh', { workspace: 'acme', connection }).catch(() => {});
		await until('Slack renewed it', async () => (await renewals()) > before_);
		await bench.stopService('SIGKILL');
		await bench.sandbox.clearFaults();
		await bench.serve();
		await until('it is renewed', async () => (await record()).issued_ms > first.issued_ms, 60000);
		assert.equal((await record()).status, 1);
		assert.equal((await record()).renewing_ms, 0);
	});

	test('no log shows a token, a code, a client secret or a webhook', async () => {
		await bench.stopService();
		for (const secret of ['xoxb', 'xoxe', 'code.', 'test-client-secret', '/services/']) {
			assert.ok(!bench.logs.includes(secret), secret);
		}
	});
});
