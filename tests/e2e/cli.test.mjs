/* The command line against real parts: the path of the README, and everything that can be
 * wrong with what comes in. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, ROOT, TOKEN, allFinal, binary, encodeEvent, isAlive, launch, sleep, start, until } from './lib.mjs';

/** Ends with `code`, and the sentence says `words`. */
async function refused(bench, args, code, words, options = {}) {
	const got = await bench.tryCli(args, options);
	assert.equal(got.code, code, `${args.join(' ')}: ${got.err}${got.out}`);
	assert.match(got.err, words);
	assert.match(got.err, /^carillon: /);
	return got;
}

describe('the path', () => {
	let bench;
	let producer;
	before(async () => {
		bench = await start();
		await bench.provision();
		producer = await new Producer(bench).open();
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	test('an event becomes the Slack message and its history', async () => {
		await bench.rule('acme', 'alerts');
		const id = await bench.publish('acme');
		const [delivery] = await bench.deliveries('acme', id);
		assert.equal(delivery.state, 'delivered');
		assert.equal(delivery.rule, 'alerts');
		assert.equal(delivery.channel, 'C0ALERTS');
		assert.equal(delivery.attempts.length, 1);
		assert.equal(delivery.attempts[0].outcome, 'delivered');
		assert.equal(delivery.attempts[0].http_status, 200);
		assert.equal(delivery.attempts[0].possible_duplicate, false);

		const messages = await bench.sandbox.messages('C0ALERTS');
		assert.equal(messages.length, 1);
		assert.equal(messages[0].ts, delivery.message_id);
		const said = JSON.stringify(messages[0]);
		for (const part of ['HIGH', 'api_latency_p95', '1,840', '1,000', '+840', 'acc_casterly', '<!date^1776441720']) {
			assert.ok(said.includes(part), `the message says ${part}: ${said}`);
		}
		assert.ok(messages[0].text.length > 0, 'there is a fallback text');
		assert.match(await bench.cli('delivery', 'show', 'acme', id), /state +delivered/);

		const event = await bench.json('event', 'show', 'acme', id);
		assert.deepEqual(event.payload, ALERT.payload);
		assert.equal(event.resource_id, 'alrt_tyrion_42');
		assert.equal(event.status, 'received');
		assert.equal(event.matched, 1);
		assert.equal(event.deliveries[0].state, 'delivered');
	});

	test('an event that no rule wants is visible as received', async () => {
		const id = await bench.publish('acme', { type: 'nobody.cares', payload: { n: 1.10 } });
		const event = await until('the event', () => bench.json('event', 'show', 'acme', id));
		assert.equal(event.status, 'received');
		assert.equal(event.matched, 0);
		assert.equal(event.resource, 'global');
		assert.deepEqual(event.deliveries, []);
	});

	test('three rules make three deliveries, and a repeat makes none', async () => {
		for (const n of [1, 2, 3]) await bench.rule('acme', `trio-${n}`, { type: 'trio.*', channel: 'C0ALERTS' });
		const before = (await bench.sandbox.messages('C0ALERTS')).length;
		const event = { ...ALERT, type: 'trio.now', id: 'once' };
		await producer.publish('acme', event);
		const deliveries = await bench.deliveries('acme', 'once', (all) => all.length === 3 && all.every((d) => d.state === 'delivered'));
		assert.deepEqual(deliveries.map((d) => d.rule), ['trio-1', 'trio-2', 'trio-3']);
		// The same id again, past the stream's own duplicate window: without its header.
		const again = await producer.publishRaw('acme', 'trio.now', encodeEvent(event));
		assert.ok(again > deliveries[0].sequence);
		const later = await bench.publish('acme', { type: 'nobody.cares', payload: {} });
		await until('a later event', () => bench.json('event', 'show', 'acme', later));
		await sleep(200);
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, before + 3);
	});

	test('a payload alone is published with --type, from standard input', async () => {
		const id = await bench.cliWith({ input: '{"n": 1.10}' }, 'event', 'publish', 'acme',
			'--type', 'bare.payload', '--file', '-', '--id', 'bare', '--resource', 'thing');
		assert.match(id, /^bare \d+$/);
		const text = await until('the event', () => bench.cli('event', 'show', 'acme', 'bare', '--json'));
		assert.match(text, /"n": 1\.10\b/, 'numbers stay as they were written');
		assert.equal(JSON.parse(text).resource, 'thing');
	});

	test('lists have one shape and a cursor', async () => {
		for (const args of [['workspace', 'list'], ['connection', 'list', 'acme'], ['rule', 'list', 'acme'],
			['event', 'list', 'acme'], ['delivery', 'list', 'acme'], ['type', 'list']]) {
			const list = await bench.json(...args);
			assert.deepEqual(Object.keys(list).sort(), ['count', 'next', 'records'], args.join(' '));
			assert.equal(list.count, list.records.length);
		}
		const all = (await bench.json('event', 'list', 'acme')).records;
		const first = await bench.json('event', 'list', 'acme', '--limit', '2');
		assert.equal(first.count, 2);
		const rest = await bench.json('event', 'list', 'acme', '--before', first.next);
		assert.deepEqual([...first.records, ...rest.records], all);
		const sequences = all.map((e) => e.sequence);
		assert.deepEqual(sequences, [...sequences].sort((a, b) => b - a), 'newest first');
		// A page of deliveries ends where its limit says, also between those of one event.
		const { records } = await bench.json('delivery', 'list', 'acme');
		assert.ok(records.some((d, i) => i > 0 && d.sequence === records[i - 1].sequence), 'siblings');
		const one_by_one = [];
		for (let more = []; more; ) {
			const page = await bench.json('delivery', 'list', 'acme', '--limit', '1', ...more);
			assert.equal(page.count, 1);
			one_by_one.push(...page.records);
			more = page.next === null ? undefined : ['--before', page.next];
		}
		assert.deepEqual(one_by_one, records);
		const delivered = await bench.json('delivery', 'list', 'acme', '--status', 'delivered');
		assert.ok(delivered.count > 0 && delivered.records.every((d) => d.state === 'delivered'));
		assert.equal((await bench.json('delivery', 'list', 'acme', '--status', 'held')).count, 0);
	});

	test('a disabled connection holds deliveries, and enabling it releases them', async () => {
		await bench.rule('acme', 'held', { type: 'held.case', channel: 'C0GENERAL' });
		const off = await bench.json('connection', 'disable', 'acme', 'slack');
		assert.equal(off.status, 'disabled');
		const ids = [];
		for (const n of [1, 2, 3]) ids.push(await bench.publish('acme', { type: 'held.case', payload: { n } }));
		for (const id of ids) {
			const [held] = await bench.deliveries('acme', id, (all) => all.every((d) => d.state === 'held') && all.length === 1);
			assert.ok(held.reason.length > 0 && held.action.length > 0, JSON.stringify(held));
		}
		assert.equal((await bench.json('delivery', 'list', 'acme', '--status', 'held')).count, 3);
		assert.equal((await bench.sandbox.messages('C0GENERAL')).length, 0);
		assert.equal((await bench.json('connection', 'enable', 'acme', 'slack')).status, 'active');
		for (const id of ids) await bench.deliveries('acme', id, (all) => all.every((d) => d.state === 'delivered'));
		const posted = (await bench.sandbox.messages('C0GENERAL')).map((m) => m.metadata.event_payload.delivery);
		// Started in order; a lane has several requests under way, so they may arrive otherwise.
		assert.deepEqual(posted.sort(), ids.map((id) => `${id}:held`).sort());
	});

	test('what repairs a rule that is held is told as a code, wherever it is shown', async () => {
		await bench.rule('acme', 'uninvited', { type: 'uninvited.case', channel: 'C0GENERAL' });
		await bench.sandbox.faults({ match: { method: 'chat.postMessage', channel: 'C0GENERAL' }, action: { kind: 'error', error: 'not_in_channel' } });
		const tried = await bench.publish('acme', { type: 'uninvited.case', payload: { n: 1 } });
		const [first] = await bench.deliveries('acme', tried, ([d]) => d?.state === 'held');
		assert.deepEqual([first.repair, first.action], ['invite', 'invite the app to the channel']);
		assert.equal(first.attempts[0].repair, 'invite');
		assert.equal(first.attempts[0].pointer, '');
		const rule = await until('the rule is held', async () => {
			const r = await bench.json('rule', 'show', 'acme', 'uninvited');
			return r.hold_code === 'not_in_channel' && r;
		});
		assert.equal(rule.repair, 'invite');
		const untried = await bench.publish('acme', { type: 'uninvited.case', payload: { n: 1 } });
		const [second] = await bench.deliveries('acme', untried, ([d]) => d?.state === 'held');
		assert.deepEqual([second.repair, second.attempt_count], ['invite', 0]);
		assert.equal((await bench.json('rule', 'enable', 'acme', 'uninvited')).repair, '');
		for (const id of [tried, untried]) {
			const [d] = await bench.deliveries('acme', id, ([found]) => found?.state === 'delivered');
			assert.equal(d.repair, '');
		}
	});

	test('the master key is rotated while the service runs', async () => {
		assert.match(await bench.cli('vault', 'rotate'), /1 of 1 credentials sealed anew under key version 2/);
		assert.equal((await bench.json('connection', 'show', 'acme', 'slack')).key_version, 2);
		const id = await bench.publish('acme');
		const [delivery] = await bench.deliveries('acme', id);
		assert.equal(delivery.state, 'delivered');
		const keys = fs.readFileSync(bench.keyFile, 'utf8').trim().split('\n');
		assert.equal(keys.length, 1, 'the old key is gone');
	});

	test('check finds nothing wrong', async () => {
		const { ok, findings } = await bench.json('check');
		assert.equal(ok, true, JSON.stringify(findings.filter((f) => !f.ok)));
		// The server's clock is told by nats-server 2.10 and later only.
		assert.deepEqual([...new Set(findings.map((f) => f.what))].filter((what) => what !== 'clock').sort(),
			['broker', 'data_dir', 'disk', 'index', 'lag', 'producers', 'records', 'serve', 'settings', 'slack', 'sync', 'vault', 'web']);
	});

	test('the index is rebuilt from the streams with identical answers', async () => {
		const ask = async () => {
			const out = [];
			for (const args of [['workspace', 'list'], ['connection', 'list', 'acme'], ['rule', 'list', 'acme'],
				['event', 'list', 'acme'], ['delivery', 'list', 'acme']]) out.push(await bench.json(...args));
			return out;
		};
		const first = await ask();
		await bench.stopService();
		fs.rmSync(bench.dataDir, { recursive: true });
		await bench.serve();
		assert.deepEqual(await ask(), first);
	});

	test('a rule is tried on an event before it is used', async () => {
		const file = bench.file('alert.json', ALERT);
		await bench.rule('acme', 'critical', { args: ['--inactive', '--filter', '{"field":"severity","op":"eq","value":"critical"}'] });
		await bench.cli('rule', 'enable', 'acme', 'critical');
		const tried = await bench.json('rule', 'test', 'acme', 'critical', '--event', file);
		assert.equal(tried.matched, false);
		assert.equal(tried.conditions.length, 1);
		assert.match(tried.conditions[0].sentence, /high/);
		const preview = await bench.json('rule', 'preview', 'acme', 'alerts', '--event', file);
		assert.equal(preview.matched, true);
		assert.ok(Array.isArray(preview.blocks) && preview.blocks.length > 0);
		assert.match(preview.text, /api_latency_p95/);
		const blocks = JSON.parse(await bench.cli('rule', 'preview', 'acme', 'alerts', '--event', file, '--blocks'));
		assert.deepEqual(blocks.blocks, preview.blocks);
		const messages = await bench.sandbox.messages('C0ALERTS');
		const sent = [...messages[0].blocks, ...messages[0].attachments[0].blocks];
		assert.deepEqual(sent, preview.blocks, 'preview is what is sent');
		await bench.cli('rule', 'delete', 'acme', 'critical', '--yes');
	});

	test('a catalogue entry is put, shown, listed and deleted', async () => {
		const file = bench.file('type.json', {
			name: 'order.placed', description: 'somebody ordered', schema: { type: 'object' }, sample: { total: 9.5 },
			severity_order: ['calm', { name: 'loud', aliases: ['noisy'] }], default_template: { header: '{{ payload.total }}' },
			default_rules: [{ id: 'orders', name: 'Orders' }],
		});
		const put = await bench.json('type', 'put', '--file', file);
		assert.deepEqual(put.severity_order, [{ name: 'calm', aliases: [] }, { name: 'loud', aliases: ['noisy'] }]);
		assert.deepEqual(put.sample, { total: 9.5 });
		assert.equal((await bench.json('type', 'list')).count, 1);
		assert.equal((await bench.json('type', 'show', 'order.placed')).description, 'somebody ordered');
		await bench.cli('type', 'delete', 'order.placed', '--yes');
		await refused(bench, ['type', 'show', 'order.placed'], 3, /order\.placed/);
	});

	test('no output, log or file holds a credential', async () => {
		const shown = [];
		for (const args of [['connection', 'show', 'acme', 'slack'], ['connection', 'list', 'acme'], ['connection', 'test', 'acme', 'slack'],
			['check', '--print'], ['delivery', 'list', 'acme']]) shown.push(await bench.cli(...args));
		await bench.stopService();
		const clear = Buffer.from(TOKEN);
		const holders = [];
		const search = (dir) => {
			for (const entry of fs.readdirSync(dir, { withFileTypes: true })) {
				const where = path.join(dir, entry.name);
				if (entry.isDirectory()) search(where);
				else if (fs.readFileSync(where).includes(clear)) holders.push(where);
			}
		};
		search(bench.dir);
		assert.deepEqual(holders, []);
		assert.ok(fs.readdirSync(bench.dataDir).length > 0, 'there were files to search');
		assert.ok(!bench.said.includes(TOKEN), 'a command printed it');
		assert.ok(!bench.logs.includes(TOKEN), 'the log has it');
		assert.ok(!bench.nats.child.output.includes(TOKEN), "nats-server's log has it");
		await bench.serve();
	});

	test('a second signal ends it at once with 1, and the delivery is made by the next', async () => {
		await bench.sandbox.faults({ match: { method: 'chat.postMessage' }, action: { kind: 'hang' } });
		const id = await bench.publish('acme');
		await until('the request', async () => (await bench.sandbox.get('/sandbox/faults')).faults.every((f) => f.hits > 0));
		bench.service.kill('SIGTERM');
		await until('the drain', () => bench.service.output.includes('flow.draining'));
		assert.deepEqual(await bench.stopService(), { code: 1, signal: null });
		await bench.serve();
		const [delivery] = await bench.deliveries('acme', id, allFinal, 60000);
		assert.equal(delivery.state, 'delivered');
		assert.equal(delivery.attempts.at(-1).possible_duplicate, true, 'it may have been posted before');
	});

	test('an event twice, of nobody, and one that no rule wants are said as what they are', async () => {
		const file = bench.file('twice.json', { ...ALERT, type: 'nobody.cares' });
		await bench.cli('event', 'publish', 'acme', '--file', file, '--id', 'twice');
		await until('that no rule wanted it', async () => /^none: no rule wanted this event/.test(await bench.cli('delivery', 'show', 'acme', 'twice')));
		assert.match(await bench.cli('event', 'publish', 'acme', '--file', file, '--id', 'twice'), /^twice \d+: was published before, as \d+; it is the same event/);
		assert.ok((await bench.json('event', 'publish', 'acme', '--file', file, '--id', 'twice')).published_before > 0);
		assert.equal((await bench.json('delivery', 'show', 'acme', 'twice')).count, 0);
		await refused(bench, ['event', 'publish', 'nosuch', '--file', file], 3, /there is no workspace "nosuch"/);
		await refused(bench, ['replay', 'start', 'acme', '--event', file, '--yes'], 3, /that is a file, and what is sent again was published; give its id/);
		await refused(bench, ['replay', 'start', 'acme', '--event', 'ghost', '--yes'], 3, /has no event "ghost"$/m);
	});

	test('an event of the past is tried by its id', async () => {
		const id = await bench.publish('acme');
		await bench.deliveries('acme', id);
		assert.match(await bench.cli('rule', 'test', 'acme', 'alerts', '--event', id), /^matches/m);
		assert.match(await bench.cli('rule', 'preview', 'acme', 'alerts', '--event', id), /api_latency_p95/);
		await refused(bench, ['rule', 'test', 'acme', 'alerts', '--event', 'evt_nope'], 3, /no such file, and workspace "acme" has no such event/);
	});

	test('a second service on the same directory is refused', async () => {
		const other = bench.launchService();
		assert.equal((await other.ended).code, 4, other.output);
		assert.match(other.output, /another `carillon serve` \(pid \d+\) uses it/);
		await bench.cli('check');
	});

	test('SIGTERM drains and ends with 0', async () => {
		assert.deepEqual(await bench.stopService(), { code: 0, signal: null });
		assert.match(bench.logs, /verb=flow\.stopped finished=true/);
	});

	test('check says that nobody serves, and that events wait', async () => {
		const look = async () => JSON.parse((await bench.tryCli(['check', '--json'])).out).findings.find((f) => f.what === 'serve');
		assert.deepEqual([(await look()).ok, (await look()).sentence], [true, 'carillon serve does not run: nothing is sent until it does']);
		await bench.publish('acme');
		const { ok, code, sentence } = await look();
		assert.deepEqual([ok, code], [false, 'serve_not_running']);
		assert.match(sentence, /^carillon serve does not run, and \d+ events wait for it: start it$/);
		await bench.serve();
		await until('that all is well', async () => (await bench.tryCli(['check'])).code === 0);
	});
});

describe('bad events', () => {
	let bench;
	let producer;
	before(async () => {
		bench = await start();
		await bench.provision();
		await bench.rule('acme', 'all', { type: '>' });
		producer = await new Producer(bench).open();
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	/** Publishes raw bytes and returns the event's record. */
	async function recorded(workspace, type, bytes) {
		const sequence = await producer.publishRaw(workspace, type, bytes);
		return until(`event ${sequence}`, async () => {
			const { records } = await bench.json('event', 'list', workspace);
			return records.find((event) => event.sequence === sequence);
		});
	}

	const deep = (n) => '{"a":'.repeat(n) + '1' + '}'.repeat(n);
	const cases = [
		['undecodable protobuf', Buffer.from([0xff, 0xff, 0xff, 1]), /not a carillon\.v1\.Event/],
		['a payload that is no object', encodeEvent({ id: 'a', text: '[1]' }), /an array; it must be a JSON object/],
		['a payload that is no JSON', encodeEvent({ id: 'b', text: '{"a":}' }), /not JSON: line 1, column 6/],
		['no payload', encodeEvent({ id: 'c' }), /no payload/],
		['a payload too deep', encodeEvent({ id: 'd', text: deep(33) }), /32/],
		['an event too large', encodeEvent({ id: 'e', text: JSON.stringify({ x: 'y'.repeat(262144) }) }), /the limit is 262144/],
		['a type that disagrees with the subject', encodeEvent({ id: 'f', type: 'other.type', text: '{}' }), /says its type is "other\.type" but was published as "bad\.event"/],
		['an id that is no text', encodeEvent({ id: 'a\u0007b', text: '{}' }), /id is not 1 to 128 bytes/],
	];
	for (const [what, bytes, sentence] of cases) {
		test(`${what} is recorded as failed, with the reason`, async () => {
			const event = await recorded('acme', 'bad.event', bytes);
			assert.equal(event.status, 'failed');
			assert.match(event.reason, sentence);
			assert.equal(event.matched, 0);
		});
	}

	test('an unknown workspace is recorded under its name', async () => {
		const event = await recorded('ghost', 'alert.triggered', encodeEvent({ ...ALERT, id: 'boo' }));
		assert.match(event.reason, /workspace/);
		assert.equal(event.matched, 0);
		await refused(bench, ['event', 'list', 'never-heard-of'], 3, /there is no workspace "never-heard-of"/);
	});

	test('they block nobody: the next good event is delivered', async () => {
		const id = await bench.publish('acme');
		assert.equal((await bench.deliveries('acme', id))[0].state, 'delivered');
	});

	test('the command line refuses them before they are published', async () => {
		const publish = (content, ...args) => ['event', 'publish', 'acme', '--file', bench.file('bad.json', content), ...args];
		await refused(bench, publish('{"type": "a.b", "payload": [1]}'), 2, /"payload" is an array; it must be a JSON object/);
		await refused(bench, publish('{"type": "a.b"}'), 2, /there is no "payload"/);
		await refused(bench, publish('{"payload": {}}'), 2, /there is no "type"/);
		await refused(bench, publish('{"type": "a b", "payload": {}}'), 2, /event type "a b": use dot-separated words/);
		await refused(bench, publish('{"type": "a.b", "paylod": {}}'), 2, /did you mean "payload"/);
		await refused(bench, publish('{"type": "a.b",'), 2, /bad\.json: line 1, column 16/);
		await refused(bench, publish('[]'), 2, /an array; it must be a JSON object/);
		await refused(bench, publish(deep(34), '--type', 'a.b'), 2, /bad\.json/);
		await refused(bench, publish({ x: 'y'.repeat(262144) }, '--type', 'a.b'), 2, /the limit is 262144/);
		await refused(bench, ['event', 'publish', 'acme', '--file', '/nowhere/x.json'], 3, /\/nowhere\/x\.json: No such file/);
		await refused(bench, ['event', 'publish', 'Acme!', '--file', '-'], 2, /workspace id "Acme!"/);
	});
});

describe('bad configuration', () => {
	let bench;
	before(async () => {
		bench = await start({ serve: false });
		await bench.provision();
	});
	after(() => bench?.stop());

	/** The service does not come up, with an exit code and a sentence. */
	async function refusesToServe(sentence, settings = {}, wanted = 1) {
		const child = bench.launchService(settings);
		const { code } = await child.ended;
		assert.equal(code, wanted, child.output);
		assert.match(child.output, sentence);
		assert.ok(!child.output.includes('serve.ready'));
		return child.output;
	}

	test('too few file descriptors are said with the limit to raise', async () => {
		const child = launch('sh', ['-c', 'ulimit -n 200; exec "$0" serve', binary('carillon')], { env: bench.env() });
		assert.equal((await child.ended).code, 1, child.output);
		assert.match(child.output, /1024 requests at once need \d+ file descriptors and the limit is 200: raise LimitNOFILE=.*in_flight_max/);
		assert.ok(!child.output.includes('serve.ready'));
	});

	test('a missing or refused credential is not stored', async () => {
		const add = (...more) => ['connection', 'add', 'acme', '--slack', '--token-stdin', '--channel', 'C0ALERTS', ...more];
		await refused(bench, add(), 2, /no credential on standard input/);
		await refused(bench, add(), 1, /credential: .*token/i, { input: 'xoxb-test-wrong\n' });
		await refused(bench, add('--channel', 'C0NOWHERE'), 1, /channel C0NOWHERE: /, { input: TOKEN });
		await refused(bench, ['connection', 'add', 'acme', '--slack', '--token-stdin', '--channel', '#alerts'], 2, /give the channel's id/);
		await refused(bench, ['connection', 'add', 'acme', '--slack', '--channel', 'C0ALERTS'], 2, /needs --token-stdin/);
		await refused(bench, ['connection', 'add', 'ghost', ...add().slice(3)], 3, /there is no workspace "ghost"/, { input: TOKEN });
		assert.equal((await bench.json('connection', 'list', 'acme')).count, 1);
	});

	test('a rule\'s channel is as strict as a connection\'s, and asked for', async () => {
		const add = (channel, ...more) => ['rule', 'add', 'acme', '--id', 'aimed', '--type', 'a.b', '--connection', 'slack', '--channel', channel, ...more];
		for (const channel of ['#alerts', 'alerts', 'C0ALERTS,C0GENERAL', 'C0AL\u001b[31mERTS', 'https://evil.example/archives/C0ALERTS', '']) {
			const got = await refused(bench, add(channel), 2, /--channel .*: give the channel's id/);
			assert.ok(!got.err.includes('\u001b'), 'nothing of it reaches the terminal');
		}
		await refused(bench, add('C0NOSUCH'), 1, /channel C0NOSUCH: .*--no-test lets it be/);
		assert.equal((await bench.json(...add('C0NOSUCH', '--no-test'))).channel, 'C0NOSUCH');
		await refused(bench, ['rule', 'set', 'acme', 'aimed', '--channel', 'C0NOSUCH'], 1, /channel C0NOSUCH: /);
		for (const channel of ['C0ALERTS ', 'https://acme.slack.com/archives/C0ALERTS', 'https://app.slack.com/client/T0SANDBOX/C0ALERTS', '<#C0ALERTS|alerts>']) {
			assert.equal((await bench.json('rule', 'set', 'acme', 'aimed', '--channel', channel)).channel, 'C0ALERTS');
		}
		await bench.cli('rule', 'delete', 'acme', 'aimed', '--yes');
	});

	test('what is taken away of a rule is gone, and nothing to set is said', async () => {
		await bench.rule('acme', 'plain', { args: ['--filter', '{"field": "a", "op": "exists", "value": true}', '--template', '{"header": "x"}'] });
		const { revision } = await bench.json('rule', 'show', 'acme', 'plain');
		await refused(bench, ['rule', 'set', 'acme', 'plain'], 2, /nothing to set/);
		await refused(bench, ['rule', 'set', 'acme', 'plain', '--drop-older-than', '2h'], 2, /only another --channel or --connection/);
		for (const filter of ['[]', '"x"', ' [1]']) await refused(bench, ['rule', 'set', 'acme', 'plain', '--filter', filter], 2, /--filter: is .*; it must be a JSON object/);
		assert.equal((await bench.json('rule', 'show', 'acme', 'plain')).revision, revision, 'no revision was written');
		const without = await bench.json('rule', 'set', 'acme', 'plain', '--filter', '', '--template', '');
		assert.equal(without.filter, null);
		assert.equal(without.template, null);
		await bench.cli('rule', 'delete', 'acme', 'plain', '--yes');
	});

	test('a credential as an editor or a paste leaves it is the credential', async () => {
		for (const [n, text] of [`${TOKEN}\r\n`, ` \t${TOKEN} \n`, `\ufeff${TOKEN}\n`, TOKEN].entries()) {
			const id = `paste-${n}`;
			await bench.cliWith({ input: text }, 'connection', 'add', 'acme', '--slack', '--token-stdin', '--id', id, '--channel', 'C0ALERTS');
			await bench.cli('connection', 'delete', 'acme', id, '--yes');
		}
	});

	test('names of others cannot steer a terminal', async () => {
		const name = 'gpj.\u202eexe\u2028\u001b[2Jx';
		await bench.cli('connection', 'set', 'acme', 'slack', '--name', name);
		for (const args of [['connection', 'list', 'acme'], ['connection', 'show', 'acme', 'slack']]) {
			const out = await bench.cli(...args);
			assert.doesNotMatch(out, /[\u202e\u2028\u001b]/);
			assert.match(out, /gpj\.\ufffdexe/);
		}
		assert.equal((await bench.json('connection', 'show', 'acme', 'slack')).name, name);
		const got = await bench.tryCli(['workspace', 'show', `a\u202eb\u001b`]);
		assert.doesNotMatch(got.err, /[\u202e\u001b]/);
		await bench.cli('connection', 'set', 'acme', 'slack', '--name', '');
	});

	test('the settings in force are text or JSON', async () => {
		const { out } = await bench.tryCli(['check', '--print', '--json'], { settings: { nats_url: 'nats://me:fake-word@127.0.0.1:9' } });
		const settings = JSON.parse(out);
		assert.equal(settings.active_max, 2048);
		assert.equal(settings.repair, true);
		assert.equal(settings.nats_url, 'nats://***@127.0.0.1:9');
	});

	test('a token is not sent in clear to another machine', async () => {
		for (const url of ['http://192.0.2.2/api', 'http://127.0.0.1.evil.example']) {
			await refusesToServe(/slack_api_url: http:\/\/ to another machine would send credentials in clear/, { slack_api_url: url }, 2);
		}
	});

	test('a connection in use is not deleted by accident', async () => {
		await bench.rule('acme', 'user');
		await refused(bench, ['connection', 'delete', 'acme', 'slack'], 4, /used by 1 active rule \(user\)/);
		await bench.cli('rule', 'disable', 'acme', 'user');
		await refused(bench, ['connection', 'delete', 'acme', 'slack'], 2, /add --yes/);
		await bench.cli('rule', 'delete', 'acme', 'user', '--yes');
	});

	test('what is there already or is not there says so by its code', async () => {
		await refused(bench, ['workspace', 'create', 'acme'], 4, /"acme" exists already/);
		await refused(bench, ['workspace', 'create', 'A B'], 2, /workspace id "A B"/);
		await refused(bench, ['workspace', 'show', 'ghost'], 3, /there is no workspace "ghost"/);
		await refused(bench, ['rule', 'show', 'acme', 'ghost'], 3, /has no rule "ghost"/);
		await refused(bench, ['connection', 'show', 'acme', 'ghost'], 3, /has no connection "ghost"/);
		await refused(bench, ['event', 'show', 'acme', 'ghost'], 3, /has no event "ghost"/);
		await refused(bench, ['rule', 'add', 'acme', '--type', 'a.b', '--connection', 'ghost', '--channel', 'C1'], 3, /has no connection "ghost"/);
	});

	test('a rule that could never work is refused, with the place', async () => {
		const add = (...more) => ['rule', 'add', 'acme', '--type', 'a.b', '--connection', 'slack', '--channel', 'C0ALERTS', ...more];
		await refused(bench, add('--filter', '{"al": []}'), 2, /filter: .*did you mean "all"/);
		await refused(bench, add('--filter', '{"field": '), 2, /--filter: line 1/);
		await refused(bench, add('--template', '{"header": "{{ payload.x | upcse }}"}'), 2, /template: header.*upcase/);
		await refused(bench, add('--type', 'a..b'), 2, /event type "a\.\.b"/);
		assert.equal((await bench.json('rule', 'list', 'acme')).count, 0);
	});

	test('all that is wrong with a rule is told at once, and to programs as data', async () => {
		const add = ['rule', 'add', 'acme', '--type', 'a.b', '--connection', 'slack', '--channel', 'C0ALERTS',
			'--filter', '{"any": [{"field": "x", "op": "eqq", "value": 1}]}',
			'--template', '{"haeder": "x", "body": "{{ payload.x | upcse }}"}'];
		const sentences = [
			'filter: /any/0/op: there is no operator "eqq"; did you mean "eq"?',
			'template: haeder: there is no such slot; did you mean "header"?',
			'template: body, line 1, column 16: unknown filter "upcse"; did you mean "upcase"?',
		];
		const got = await refused(bench, add, 2, /^/);
		assert.equal(got.err, sentences.map((sentence) => `carillon: ${sentence}\n`).join(''));
		const json = await refused(bench, [...add, '--json'], 2, /eqq/);
		const { errors } = JSON.parse(json.out);
		assert.deepEqual(errors.map((error) => error.sentence), sentences);
		assert.deepEqual(errors[2], { code: 'template', pointer: '/template/body', slot: 'body', line: 1, column: 16,
			detail: 'unknown filter "upcse"', suggestion: 'upcase', sentence: sentences[2] });
		const type = bench.file('type.json', { name: 'a.b', schema: { propertys: {} }, default_rules: [{ filter: { al: [] } }] });
		const put = await refused(bench, ['type', 'put', '--file', type, '--json'], 2, /default rule 1: filter: .*"all"/);
		assert.deepEqual(JSON.parse(put.out).errors.map((error) => error.pointer), ['/schema/propertys', '/default_rules/0/filter/al']);
	});

	test('unknown words get the nearest known one', async () => {
		await refused(bench, ['connection', 'lst', 'acme'], 2, /did you mean "list"/);
		await refused(bench, ['rule', 'list', 'acme', '--jsn'], 2, /no option --jsn; did you mean --json/);
		await refused(bench, ['delivery', 'list', 'acme', '--status', 'hold'], 2, /did you mean "held"/);
		await refused(bench, ['--set', 'nats_ulr=x', 'workspace', 'list'], 2, /nats_url/);
		await refused(bench, ['workspace'], 2, /needs a verb: one of create, list/);
		await refused(bench, ['rule', 'show', 'acme'], 2, /needs ID/);
		await refused(bench, ['workspace', 'list', 'extra'], 2, /one word too many/);
		await refused(bench, ['event', 'list', 'acme', '--limit', '0'], 2, /whole number from 1 to 1000/);
	});

	test('a forgotten value, a half word and an impossible time are understood as what they are', async () => {
		await refused(bench, ['rule', 'list', '--connection', '--channel', 'C0ALERTS'], 2, /--connection needs ID/);
		await refused(bench, ['replay', 'stat', 'acme'], 2, /no verb "replay stat"; did you mean "start"/);
		await refused(bench, ['event', 'export', 'acme', '--from', '1h', '--to', '2h'], 2, /ends before it begins/);
		await refused(bench, ['event', 'list', 'acme', '--before', 'xyz'], 2, /--before xyz: is no cursor/);
		for (const cursor of ['xyz', '7/', '7/A B', '0', '/r'])
			await refused(bench, ['delivery', 'list', 'acme', '--before', cursor], 2, /--before .*: is no cursor/);
		await refused(bench, ['type', 'show', 'nope'], 3, /the catalogue has no type "nope"/);
		await refused(bench, ['rule', 'add', 'acme', '--type', 'a.b', '--connection', 'slack', '--channel', 'C0ALERTS',
			'--quiet-from', '22:00'], 2, /quiet hours: to: it is missing/);
	});

	test('help names every verb', async () => {
		const help = await bench.cli('help');
		for (const verb of ['serve', 'connection add', 'rule preview', 'vault rotate']) assert.ok(help.includes(verb));
		assert.match(await bench.cli('rule', 'add', '--help'), /--template FILE\|JSON/);
		assert.match(await bench.cli('help', 'serve'), /nats_url/);
		assert.match(await bench.cli('version'), /^carillon \d+\.\d+\.\d+$/);
	});

	test('the documentation is what the tables say', async () => {
		for (const name of ['settings', 'verbs']) {
			const file = path.join(ROOT, 'docs', `${name}.md`);
			assert.equal(await bench.cli('docs', name), fs.readFileSync(file, 'utf8').trim(), `carillon docs ${name} > docs/${name}.md`);
		}
	});

	test('a wrong setting is named', async () => {
		const file = bench.file('wrong.yaml', 'nats_ulr: nats://127.0.0.1:1\n');
		await refused(bench, ['--config', file, 'workspace', 'list'], 2, /wrong\.yaml.*nats_ulr.*nats_url/s);
		const got = await bench.tryCli(['check'], { settings: { ack_pending_max: 64 } });
		assert.equal(got.code, 1);
		assert.match(got.out, /FAIL +settings +ack_pending_max/);
	});

	test('a rotation that was interrupted goes on', async () => {
		fs.appendFileSync(bench.keyFile, `2 ${'5e'.repeat(32)}\n`);
		const { out, err } = await bench.tryCli(['vault', 'rotate']);
		assert.match(err, /going on with a rotation/);
		assert.match(out, /1 of 1 credentials sealed anew under key version 2/);
		assert.equal(fs.readFileSync(bench.keyFile, 'utf8'), `2 ${'5e'.repeat(32)}\n`);
		assert.equal((await bench.json('connection', 'test', 'acme', 'slack')).ok, true);
	});

	test('a wrong master key refuses to serve', async () => {
		const other = path.join(bench.dir, 'other-key');
		await bench.cliWith({ settings: { master_key_file: other } }, 'vault', 'init');
		await refusesToServe(/the master key is another one or an older copy/, { master_key_file: other });
		await refused(bench, ['vault', 'init'], 4, /exist/);
	});

	test('no master key, or one that others may read, refuses to serve', async () => {
		await refusesToServe(/vault init/, { master_key_file: '' });
		await refusesToServe(/nowhere/, { master_key_file: path.join(bench.dir, 'nowhere') });
		const open = path.join(bench.dir, 'open-key');
		fs.copyFileSync(bench.keyFile, open);
		fs.chmodSync(open, 0o644);
		await refusesToServe(/0600|chmod/, { master_key_file: open });
		const got = await bench.tryCli(['check'], { settings: { master_key_file: open } });
		assert.match(got.out, /FAIL +vault/);
	});

	test('no broker says where it looked', async () => {
		await refusesToServe(/127\.0\.0\.1:9/, { nats_url: 'nats://127.0.0.1:9' });
		await refused(bench, ['workspace', 'list'], 1, /127\.0\.0\.1:9/, { settings: { nats_url: 'nats://127.0.0.1:9' } });
		const got = await bench.tryCli(['check', '--json'], { settings: { nats_url: 'nats://127.0.0.1:9' } });
		assert.equal(got.code, 1);
		assert.ok(JSON.parse(got.out).findings.some((f) => f.what === 'broker' && !f.ok));
	});

	test('a stream with other settings is named and not changed', async () => {
		const producer = await new Producer(bench).open();
		const info = JSON.parse(await producer.request('$JS.API.STREAM.INFO.CARILLON_EVENTS'));
		const config = { ...info.config, allow_direct: false };
		const update = async (c) => {
			const answer = JSON.parse(await producer.request('$JS.API.STREAM.UPDATE.CARILLON_EVENTS', JSON.stringify(c)));
			assert.equal(answer.error, undefined, JSON.stringify(answer.error));
		};
		await update(config);
		await refusesToServe(/CARILLON_EVENTS.*allow_direct.*nats stream/s);
		const got = await bench.tryCli(['check']);
		assert.equal(got.code, 1);
		assert.match(got.out, /FAIL +broker .*CARILLON_EVENTS/);
		const after = JSON.parse(await producer.request('$JS.API.STREAM.INFO.CARILLON_EVENTS'));
		assert.notEqual(after.config.allow_direct, true);
		await update(info.config);
		producer.close();
	});

	test('with repair off a corrupt index says to move it away, and then it is rebuilt', async () => {
		await bench.serve();
		const id = await bench.publish('acme', { type: 'nobody.cares', payload: {} });
		await until('the event', () => bench.json('event', 'show', 'acme', id));
		await bench.stopService();
		const files = fs.readdirSync(bench.dataDir).filter((name) => !name.endsWith('-lock') && !name.includes('lock'));
		assert.ok(files.length >= 2, files.join());
		for (const name of files) fs.writeFileSync(path.join(bench.dataDir, name), Buffer.alloc(65536, 0xa5));
		await refusesToServe(/move/, { repair: 'false' });
		const got = await bench.tryCli(['check']);
		assert.equal(got.code, 1);
		assert.match(got.out, /FAIL +index/);
		fs.renameSync(bench.dataDir, `${bench.dataDir}.away`);
		await bench.serve();
		assert.equal((await bench.json('event', 'show', 'acme', id)).status, 'received');
		await bench.stopService();
	});

	test('a data directory that cannot be made says why', async () => {
		const file = bench.file('a-file', 'x');
		await refusesToServe(/a-file/, { data_dir: path.join(file, 'data') });
	});
});

describe('no disk', () => {
	let bench;
	let small;
	let mounted = false;
	before(async () => {
		bench = await start({ serve: false, sandboxArgs: ['--no-rate-limit'], settings: { slack_channel_rate_milli: 1000000, slack_team_rate_milli: 1000000 } });
		await bench.provision();
		await bench.rule('acme', 'all', { type: 'alert.>' });
		small = path.join(bench.dir, 'small');
		fs.mkdirSync(small);
		const mount = launch('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
		mounted = (await mount.ended).code === 0;
	});
	after(async () => {
		await bench.stopService();
		if (mounted) await launch('umount', [small]).ended;
		await bench.stop();
	});

	test('a full disk is told, and once there is room everything is delivered', async (t) => {
		if (!mounted) return t.skip('LOUD: skipped, because no tmpfs may be mounted here');
		const settings = { data_dir: path.join(small, 'data') };
		const filler = path.join(small, 'filler');
		const producer = await new Producer(bench).open();
		const count = 100;
		await bench.serve(settings);
		try {
			fs.writeFileSync(filler, Buffer.alloc(8 << 20));
		} catch (error) {
			assert.equal(error.code, 'ENOSPC');
		}
		for (let n = 0; n < count; n++) await producer.publish('acme', { ...ALERT, id: `full-${n}` });
		producer.close();
		await until('a word about the disk', () => /No space left|disk|full/i.test(bench.service.output));
		assert.ok(isAlive(bench.service), bench.service.output);
		fs.rmSync(filler);
		await until('all deliveries', async () => {
			const list = await bench.cliWith({ settings }, 'delivery', 'list', 'acme', '--limit', '1000', '--json');
			return JSON.parse(list).records.filter((d) => d.state === 'delivered').length === count;
		}, 60000);
		const keys = (await bench.sandbox.messages('C0ALERTS')).map((m) => m.metadata.event_payload.delivery);
		assert.equal(new Set(keys).size, count);
	});
});

describe('SIGHUP', () => {
	let bench;
	const yaml = (settings) => Object.entries(settings).map(([name, value]) => `${name}: ${value}\n`).join('');
	const base = { retry_schedule_s: '"0,3600"', retry_jitter_percent: 0 };

	/** Writes the settings, sends SIGHUP and returns what the log says of it. */
	async function reload(settings) {
		bench.file('carillon.yaml', yaml(settings));
		const from = bench.service.output.length;
		bench.service.kill('SIGHUP');
		return until('the log', () => {
			const said = bench.service.output.slice(from);
			return said.includes('serve.settings') && said.endsWith('\n') && said;
		});
	}

	before(async () => {
		bench = await start({ serve: false });
		bench.options.settings = { config: bench.file('carillon.yaml', yaml(base)) };
		await bench.serve();
		await bench.provision();
		await bench.rule('acme', 'alerts');
	});
	after(() => bench?.stop());

	test('changes the retry schedule of a service that runs', async () => {
		await bench.sandbox.faults({ match: {}, action: { kind: 'status', status: 503 }, times: 0 });
		const parked = await bench.publish('acme');
		await bench.deliveries('acme', parked, ([d]) => d?.state === 'parked');
		const said = await reload({ ...base, retry_schedule_s: '"0"' });
		assert.match(said, /retry_schedule_s.*0,3600.*0/);
		await until('the new schedule', async () => {
			const id = await bench.publish('acme');
			const [d] = await bench.deliveries('acme', id, ([one]) => ['failed', 'parked'].includes(one?.state));
			return d.state === 'failed';
		});
	});

	test('a wrong file changes nothing and is named; check says so beforehand', async () => {
		bench.file('carillon.yaml', yaml({ ...base, retry_schedule_s: '"0,soon"' }));
		const checked = await bench.tryCli(['check']);
		assert.notEqual(checked.code, 0);
		assert.match(checked.out + checked.err, /retry_schedule_s/);
		const said = await reload({ ...base, retry_schedule_s: '"0,soon"' });
		assert.match(said, /error.*retry_schedule_s.*delay 2 is not a whole number/);
		bench.file('carillon.yaml', yaml(base)); // for the commands; the service is not told
		const id = await bench.publish('acme');
		const [d] = await bench.deliveries('acme', id, ([one]) => ['failed', 'parked'].includes(one?.state));
		assert.equal(d.state, 'failed', 'the schedule is as it was');
	});

	test('what needs a restart is named, and what fits only with it is refused', async () => {
		const waits = await reload({ ...base, ack_wait_s: 77, lane_window_max: 5 });
		assert.match(waits, /ack_wait_s.*77.*restart/);
		assert.match(waits, /lane_window_max/);
		const refused = await reload({ ...base, ack_pending_max: 200000, active_max: 50000 });
		assert.match(refused, /what needs a restart is still as it was.*ack_pending_max/);
		assert.equal(isAlive(bench.service), true);
	});
});
