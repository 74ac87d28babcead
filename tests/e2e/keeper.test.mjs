/* The keeper, asked over NATS by somebody else's client: it answers, refuses, and shows no secret. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { KeeperClient } from './keeper_client.mjs';
import { start, TOKEN, until } from './lib.mjs';

describe('the keeper', () => {
	let bench, keeper;
	before(async () => {
		bench = await start();
		await bench.provision();
		keeper = await new KeeperClient().open(bench);
	});
	after(async () => {
		await keeper?.close();
		await bench?.stop();
	});

	const put = async (id, secret, more = {}, connection = {}) =>
		keeper.ask('connection.put', {
			workspace: 'acme',
			by: 'session:s_1',
			put: { id, dest: 'slack', name: id, status: 1, sealed: await keeper.box('acme', id, secret), ...connection },
			...more,
		});

	test('a pasted token is stored from a box that only the vault opens', async () => {
		const answer = await put('pasted', TOKEN, {}, { channels: [{ id: 'C0ALERTS' }] });
		assert.equal(answer.problem, null);
		assert.equal(answer.connection, 'pasted');
		const record = await keeper.connection('acme', 'pasted');
		assert.equal(record.revision, answer.revision);
		assert.equal(record.team_id, 'T0SANDBOX');
		assert.equal(record.channels[0].name, 'alerts');
		assert.ok(!Buffer.from(record.sealed).includes(TOKEN));
		const test = await bench.json('connection', 'test', 'acme', 'pasted');
		assert.equal(test.ok, true);
	});

	test('a box for one connection does not open for another, nor one that was altered', async () => {
		const box = await keeper.box('acme', 'mine', TOKEN);
		const put_ = (id, sealed) => keeper.ask('connection.put', { workspace: 'acme', put: { id, dest: 'slack', status: 1, sealed } });
		const other = await put_('yours', box);
		assert.equal(other.problem.code, 'invalid_value');
		assert.match(other.problem.detail, /another connection/);
		box[box.length - 1] ^= 1;
		assert.equal((await put_('mine', box)).problem.code, 'invalid_value');
		assert.equal((await put_('mine', Buffer.from(TOKEN))).problem.code, 'invalid_value');
		assert.equal((await put_('mine', Buffer.alloc(0))).problem.code, 'invalid_value');
	});

	test('what Slack refuses is not stored, and says why', async () => {
		const answer = await put('bad', 'xoxb-test-nobody-knows');
		assert.equal(answer.problem.code, 'slack_refused');
		assert.match(answer.problem.detail, /does not accept the token/);
		assert.equal(await keeper.connection('acme', 'bad'), null);
	});

	test('who was faster wins', async () => {
		const { revision } = await put('raced', TOKEN);
		assert.equal((await put('raced', TOKEN)).problem.code, 'changed_meanwhile');
		assert.equal((await put('raced', TOKEN, { revision: revision - 1 })).problem.code, 'changed_meanwhile');
		assert.equal((await put('raced', TOKEN, { revision })).problem, null);
	});

	test('a connection is checked: whose it is, and each channel', async () => {
		const { findings, problem } = await keeper.ask('slack.check', { workspace: 'acme', connection: 'slack' });
		assert.equal(problem, null);
		assert.deepEqual(findings.map((f) => f.ok), [true, true, true]);
		assert.match(findings[0].sentence, /Sandbox/);
	});

	test('a channel is found by its id or a link; a private one is explained', async () => {
		const ask = (channel) => keeper.ask('slack.channel', { workspace: 'acme', connection: 'slack', channel });
		assert.equal((await ask('C0ALERTS')).channels[0].name, 'alerts');
		assert.equal((await ask('https://acme.slack.com/archives/C0GENERAL/p1700000000000001')).channels[0].name, 'general');
		const secret = await ask('G0SECRET');
		assert.equal(secret.problem.code, 'slack_refused');
		assert.equal(secret.problem.error_code, 'channel_not_found');
		assert.equal(secret.problem.repair, 4);
		assert.equal((await ask('general')).problem.code, 'invalid_value');
	});

	test('channels are read once, searched, and paged', async () => {
		const ask = (more = {}) => keeper.ask('slack.channels', { workspace: 'acme', connection: 'slack', ...more });
		await ask();
		const all = await until('the list', async () => {
			const answer = await ask();
			return answer.index.state === 'complete' && answer;
		});
		assert.deepEqual(all.channels.map((c) => c.name), ['alerts', 'general']);
		assert.deepEqual((await ask({ query: 'ALE' })).channels.map((c) => c.id), ['C0ALERTS']);
		assert.deepEqual((await ask({ query: 'er' })).channels.map((c) => c.id), ['C0ALERTS', 'C0GENERAL']);
		assert.deepEqual((await ask({ limit: 1 })).channels.map((c) => c.id), ['C0ALERTS']);
		assert.deepEqual((await ask({ limit: 1, after: 'C0ALERTS' })).channels.map((c) => c.id), ['C0GENERAL']);
		assert.deepEqual((await ask({ query: 'none' })).channels, []);
	});

	test('questions that are none are answered, and nothing ends', async () => {
		for (const bytes of [Buffer.alloc(0), Buffer.from('\xff\xff\xff', 'latin1'), Buffer.alloc(70000, 8)]) {
			assert.equal((await keeper.askRaw('slack.check', bytes)).problem.code, 'invalid_value');
		}
		assert.equal((await keeper.ask('no.such', { workspace: 'acme' })).problem.code, 'invalid_value');
		assert.equal((await keeper.ask('slack.check', { workspace: 'ACME' })).problem.code, 'invalid_value');
		assert.equal((await keeper.ask('slack.check', { workspace: 'acme', connection: 'slack', by: 'a\r\nb' })).problem.code, 'invalid_value');
		assert.equal((await keeper.ask('slack.check', { workspace: 'other', connection: 'slack' })).problem.code, 'not_found');
		assert.equal((await keeper.ask('slack.check', { workspace: 'acme', connection: 'none' })).problem.code, 'not_found');
	});

	test('while it has too much to do it says so, and serves again after', async () => {
		await bench.sandbox.faults({ match: { method: 'auth.test' }, action: { kind: 'latency', ms: 2500 }, times: 0 });
		const asked = Array.from({ length: 100 }, () =>
			keeper.ask('slack.check', { workspace: 'acme', connection: 'slack' }).catch((error) => ({ gone: error })));
		const answers = await Promise.race([Promise.any(asked.map(async (a) => {
			const answer = await a;
			if (answer.problem?.code !== 'busy') throw new Error('not yet');
			return answer;
		})), new Promise((_, fail) => setTimeout(() => fail(new Error('nobody was told busy')), 10000))]);
		assert.ok(answers.problem.retry_after_ms > 0);
		await bench.sandbox.clearFaults();
		await Promise.all(asked);
		const { problem } = await keeper.ask('slack.check', { workspace: 'acme', connection: 'slack' });
		assert.equal(problem, null);
	});

	test('the key of the vault follows a rotation', async () => {
		const before_ = await keeper.box('acme', 'rotated', TOKEN);
		await bench.cli('vault', 'rotate');
		await until('the new key', async () => (await keeper.vaultKey()).version === 2, 40000);
		const store = (sealed) => keeper.ask('connection.put', { workspace: 'acme', put: { id: 'rotated', dest: 'slack', status: 1, sealed } });
		const answer = await store(before_);
		assert.equal(answer.problem, null, 'one that was under way opens still');
		assert.equal((await put('rotated_2', TOKEN)).problem, null);
	});

	test('it goes on when NATS comes again, and with who restarts', async () => {
		await bench.nats.stop('SIGKILL');
		await bench.nats.start();
		await until('an answer', async () => (await keeper.ask('slack.check', { workspace: 'acme', connection: 'slack' })).problem === null);
		await bench.stopService();
		await assert.rejects(keeper.askRaw('slack.check', Buffer.alloc(0), 2000));
		await bench.serve();
		assert.equal((await keeper.ask('slack.check', { workspace: 'acme', connection: 'slack' })).problem, null);
	});

	test('neither log nor index shows a token', async () => {
		await bench.stopService();
		assert.match(bench.logs, /keeper\.answered/);
		assert.ok(!bench.logs.includes('xoxb-'));
		for (const file of fs.readdirSync(bench.dataDir, { recursive: true })) {
			const where = `${bench.dataDir}/${file}`;
			if (fs.statSync(where).isFile()) assert.ok(!fs.readFileSync(where).includes('xoxb-'), where);
		}
	});
});
