/* Replays, cancellations, export and erasing, against real parts. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, sleep, start, until } from './lib.mjs';

/* The sandbox's channels as fast as they go, so that only the replay's own rate counts. */
const FAST = {
	slack_channel_rate_milli: 1000000,
	slack_channel_burst: 1000,
	slack_team_rate_milli: 1000000,
	slack_team_burst: 1000,
	request_timeout_ms: 2000,
};

const alert = (id) => ({ ...ALERT, id, payload: { ...ALERT.payload, alert_id: `mark-${id}` } });

/** Posts of chat.postMessage by event: how often each was really posted. */
async function posts(bench) {
	const counts = new Map();
	for (const entry of await bench.sandbox.journal()) {
		const id = /evt-[a-z]+-\d+/.exec(JSON.stringify(entry.metadata ?? ''))?.[0];
		if (entry.posted && id) counts.set(id, (counts.get(id) ?? 0) + 1);
	}
	return counts;
}

async function publishMany(bench, producer, workspace, prefix, n) {
	for (let i = 0; i < n; i++) await producer.publish(workspace, alert(`evt-${prefix}-${i}`));
}

async function all(bench, workspace, status) {
	const records = [];
	let before = [];
	do {
		const page = await bench.json('delivery', 'list', workspace, '--status', status, '--limit', '1000', ...before);
		records.push(...page.records);
		before = page.next === null ? undefined : ['--before', page.next];
	} while (before);
	return records;
}

const whenAre = (bench, workspace, status, n) =>
	until(`${n} deliveries ${status}`, async () => {
		const got = await all(bench, workspace, status);
		if (got.length !== n) throw new Error(`${got.length} are`);
		return true;
	});

describe('replay', () => {
	const N = 200;
	let bench;
	let producer;
	before(async () => {
		bench = await start({ settings: FAST, sandboxArgs: ['--no-rate-limit'] });
		await bench.provision();
		await bench.rule('acme', 'alerts');
		producer = await new Producer(bench).open();
		await bench.sandbox.faults({
			match: { method: 'chat.postMessage' }, times: 0, action: { kind: 'error', error: 'no_text' },
		});
		await publishMany(bench, producer, 'acme', 'lost', N);
		await whenAre(bench, 'acme', 'failed', N);
		await fetch(`${bench.sandbox.url}/sandbox/faults`, { method: 'DELETE' });
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	test('a dry run counts and sends nothing', async () => {
		const count = await bench.json('replay', 'start', 'acme', '--dry-run');
		assert.equal(count.selected, N);
		assert.equal(count.skipped, 0);
		assert.deepEqual(count.groups, [{ state: 'failed', rule: 'alerts', count: N }]);
		assert.equal((await bench.json('replay', '--workspace', 'acme', '--from', '1h', '--dry-run')).selected, N);
		assert.equal((await bench.json('replay', '--workspace', 'acme', '--from', '1h', '--to', '30m', '--dry-run')).selected, 0);
		for (const [option, what] of [['--rule', 'rule'], ['--connection', 'connection']]) {
			const misspelt = await bench.tryCli(['replay', 'start', 'acme', option, 'ohter', '--dry-run']);
			assert.equal(misspelt.code, 3);
			assert.match(misspelt.err, new RegExp(`workspace "acme" has no ${what} "ohter"`));
		}
		assert.equal((await bench.json('replay', 'list', 'acme')).count, 0);
		assert.equal((await posts(bench)).size, 0);
	});

	test('asked wrongly it says what to do', async () => {
		for (const [args, words] of [
			[['--status', 'delivered'], /twice.*--again/],
			[['--status', 'sending'], /on their way/],
			[['--status', 'gone'], /no delivery state/],
			[['--from', 'yesterday'], /7d/],
			[['--rate', '0'], /1 to 1000/],
		]) {
			const got = await bench.tryCli(['replay', 'start', 'acme', '--yes', ...args]);
			assert.equal(got.code, 2, `${args}: ${got.err}`);
			assert.match(got.err, words);
		}
		assert.equal((await bench.tryCli(['replay', 'start', 'nobody', '--yes'])).code, 3);
		assert.match((await bench.tryCli(['replay', 'start', 'acme'])).err, /sends 200 deliveries.*--yes/s);
	});

	test('killed in the middle it goes on, and nothing is sent twice but what was in flight, flagged', async () => {
		const id = await bench.cli('replay', 'start', 'acme', '--rate', '100', '--yes');
		await until('a third', async () => (await posts(bench)).size > N / 3);
		await bench.stopService('SIGKILL');
		assert.ok((await posts(bench)).size < N, 'it was in the middle');
		await bench.serve();
		const done = await until('the end', async () => {
			const replay = await bench.json('replay', 'show', 'acme', id);
			return replay.status === 'done' && replay;
		});
		assert.equal(done.selected, N);
		assert.equal(done.sent, N);
		await whenAre(bench, 'acme', 'delivered', N);
		const counts = await posts(bench);
		assert.equal(counts.size, N);
		const flagged = new Set();
		for (const { event_id } of (await all(bench, 'acme', 'delivered')).filter((d) => counts.get(d.event_id) > 1)) {
			const [delivery] = (await bench.json('delivery', 'show', 'acme', event_id)).records;
			if (delivery.attempts.some((a) => a.possible_duplicate)) flagged.add(event_id);
		}
		const twice = [...counts].filter(([, n]) => n > 1).map(([event]) => event);
		assert.deepEqual(twice.filter((event) => !flagged.has(event)), [], 'repeats are flagged');
		assert.ok(twice.length <= 64, `${twice.length} were in flight`);
		assert.deepEqual((await bench.json('replay', 'show', 'acme', id)).outcome, { delivered: N });
		const [delivery] = (await bench.json('delivery', 'show', 'acme', 'evt-lost-7')).records;
		assert.equal(delivery.replay, id);
		assert.ok(delivery.attempts.length >= 2, 'earlier attempts stay in history');
	});

	test('what was delivered is sent again only when asked to', async () => {
		const before = (await posts(bench)).get('evt-lost-3');
		assert.equal((await bench.json('replay', 'start', 'acme', '--dry-run')).selected, 0);
		const retry = await bench.tryCli(['delivery', 'retry', 'acme', 'evt-lost-3', 'alerts']);
		assert.equal(retry.code, 4);
		assert.match(retry.err, /event "evt-lost-3" by rule "alerts" is delivered; --again sends it a second time/);
		const nothing = await bench.tryCli(['replay', 'start', 'acme', '--rule', 'alerts', '--status', 'failed,held', '--yes']);
		assert.match(nothing.err, /workspace "acme" has no delivery that is failed or held, by rule alerts/);
		const done = await bench.json('delivery', 'retry', 'acme', 'evt-lost-3', 'alerts', '--again', '--wait');
		assert.equal(done.by, `cli:${os.userInfo().username}`);
		assert.equal(done.status, 'done');
		assert.equal((await posts(bench)).get('evt-lost-3'), before + 1);
	});

	test("today's rules send what no rule wanted then", async () => {
		await bench.rule('acme', 'later', { channel: 'C0GENERAL' });
		const asked = ['--todays-rules', '--rule', 'later', '--event', 'evt-lost-5'];
		const count = await bench.json('replay', 'start', 'acme', '--dry-run', ...asked);
		assert.deepEqual(count.groups, [{ state: 'new', rule: 'later', count: 1 }]);
		await bench.json('replay', 'start', 'acme', '--yes', '--wait', ...asked);
		assert.equal((await bench.sandbox.messages('C0GENERAL')).length, 1);
		assert.equal((await bench.json('replay', 'start', 'acme', '--dry-run', ...asked)).selected, 0);
		await bench.cli('rule', 'delete', 'acme', 'later', '--yes');
	});

	test('it can be paused, resumed and canceled', async () => {
		const id = await bench.cli('replay', 'start', 'acme', '--again', '--status', 'delivered', '--rate', '20', '--yes');
		await until('some', async () => (await bench.json('replay', 'show', 'acme', id)).outcome.delivered > 5);
		assert.equal((await bench.json('replay', 'pause', 'acme', id)).status, 'paused');
		await sleep(700);
		const paused = (await bench.json('replay', 'show', 'acme', id)).outcome.delivered;
		await sleep(1000);
		assert.equal((await bench.json('replay', 'show', 'acme', id)).outcome.delivered, paused);
		await bench.json('replay', 'resume', 'acme', id);
		await until('more', async () => (await bench.json('replay', 'show', 'acme', id)).outcome.delivered > paused);
		assert.equal((await bench.json('replay', 'cancel', 'acme', id)).status, 'canceled');
		await sleep(700);
		const end = (await bench.json('replay', 'show', 'acme', id)).outcome.delivered;
		assert.ok(end < N, `${end} of ${N}`);
		await sleep(700);
		assert.equal((await bench.json('replay', 'show', 'acme', id)).outcome.delivered, end);
		assert.equal((await bench.tryCli(['replay', 'resume', 'acme', id])).code, 4);
	});

	test('what is held can be canceled, all of it or what is old', async () => {
		await bench.cli('connection', 'disable', 'acme', 'slack');
		await publishMany(bench, producer, 'acme', 'held', 20);
		await whenAre(bench, 'acme', 'held', 20);
		const posted = (await posts(bench)).size;
		const none = await bench.json('delivery', 'cancel', 'acme', '--all-held', 'slack', '--older-than', '1h', '--dry-run');
		assert.equal(none.selected, 0);
		await bench.json('delivery', 'cancel', 'acme', 'evt-held-0', '--wait');
		await whenAre(bench, 'acme', 'held', 19);
		const done = await bench.json('delivery', 'cancel', 'acme', '--all-held', 'slack', '--yes', '--wait');
		assert.deepEqual(done.outcome, { canceled: 19 });
		await bench.cli('connection', 'enable', 'acme', 'slack');
		await publishMany(bench, producer, 'acme', 'live', 1);
		await until('the next', async () => (await posts(bench)).has('evt-live-0'));
		assert.equal((await posts(bench)).size, posted + 1);
	});

	test('a repair says how many it releases, and first drops what is too old', async () => {
		for (const [off, on, show] of [
			[['connection', 'disable', 'acme', 'slack'], ['connection', 'enable', 'acme', 'slack'], ['connection', 'show', 'acme', 'slack']],
			[['workspace', 'pause', 'acme'], ['workspace', 'resume', 'acme'], ['workspace', 'show', 'acme']],
		]) {
			const name = off[0].slice(0, 4);
			await bench.json(...off);
			await publishMany(bench, producer, 'acme', `${name}a`, 3);
			await whenAre(bench, 'acme', 'held', 3);
			await sleep(3100);
			await publishMany(bench, producer, 'acme', `${name}b`, 2);
			await whenAre(bench, 'acme', 'held', 5);
			const { held } = await bench.json(...show);
			assert.equal(held.count, 5);
			assert.ok(Date.now() - Date.parse(held.oldest_at) > 3000);
			const { released } = await bench.json(...on, '--drop-older-than', '3s');
			assert.deepEqual([released.count, released.dropped], [2, 3]);
			await until('the young', async () => (await posts(bench)).has(`evt-${name}b-1`));
			await whenAre(bench, 'acme', 'held', 0);
			assert.ok(!(await posts(bench)).has(`evt-${name}a-0`));
		}
	});

	test('another channel repairs a rule that is held, and the rest of it stays', async () => {
		await bench.rule('acme', 'lame', { type: 'lame.x', channel: 'C0NOWHERE', args: ['--no-test', '--retry', '0,7', '--on-burst', 'digest', '--name', 'Lame'] });
		await producer.publish('acme', { ...alert('evt-lame-0'), type: 'lame.x' });
		await whenAre(bench, 'acme', 'held', 1);
		await until('the hold', async () => (await bench.json('rule', 'show', 'acme', 'lame')).hold_code);
		const rule = await bench.json('rule', 'set', 'acme', 'lame', '--channel', 'C0GENERAL', '--thread-key', '{{ payload.alert_id }}');
		assert.equal(rule.released.count, 1);
		assert.deepEqual([rule.channel, rule.name, rule.on_burst, rule.thread_hours, rule.event_type],
			['C0GENERAL', 'Lame', 'digest', 24, 'lame.x']);
		assert.deepEqual(rule.retry, [0, 7]);
		await until('it', async () => (await posts(bench)).has('evt-lame-0'));
		const bare = await bench.json('rule', 'set', 'acme', 'lame', '--thread-key', '', '--on-burst', 'queue');
		assert.deepEqual([bare.thread_key, bare.thread_hours, bare.on_burst], ['', 0, 'queue']);
		await bench.cli('rule', 'delete', 'acme', 'lame', '--yes');
	});

	test('an export is a line an event, oldest first', async () => {
		const lines = (await bench.cli('event', 'export', 'acme')).split('\n').map((line) => JSON.parse(line));
		assert.equal(lines.length, N + 32);
		assert.ok(lines.every((line, i) => i === 0 || line.sequence > lines[i - 1].sequence));
		const one = lines.find((line) => line.id === 'evt-lost-7');
		assert.equal(one.workspace, 'acme');
		assert.equal(one.payload.alert_id, 'mark-evt-lost-7');
		assert.equal(one.deliveries[0].rule, 'alerts');
		assert.ok(one.deliveries[0].attempts.length >= 2);
		assert.equal(await bench.cli('event', 'export', 'acme', '--to', '1h'), '');
		assert.equal((await bench.tryCli(['event', 'export', 'nobody'])).code, 3);
	});
});

/** The files under `dir` that contain one of `words`. */
function search(dir, words) {
	const found = [];
	for (const entry of fs.readdirSync(dir, { recursive: false, withFileTypes: true })) {
		const where = path.join(dir, entry.name);
		if (entry.isDirectory()) {
			found.push(...search(where, words));
			continue;
		}
		const bytes = fs.readFileSync(where);
		for (const word of words) if (bytes.includes(word)) found.push(`${where}: ${word}`);
	}
	return found;
}

describe('erase', () => {
	let bench;
	let producer;
	before(async () => {
		bench = await start({ settings: FAST, sandboxArgs: ['--no-rate-limit'] });
		for (const workspace of ['secretive', 'other']) {
			await bench.provision(workspace);
			await bench.rule(workspace, `${workspace}-rule`);
		}
		producer = await new Producer(bench).open();
		for (let i = 0; i < 60; i++) {
			await Promise.all([
				producer.publish('secretive', alert(`evt-hidden-${i}`)),
				producer.publish('other', alert(`evt-kept-${i}`)),
			]);
		}
		await whenAre(bench, 'secretive', 'delivered', 60);
		await whenAre(bench, 'other', 'delivered', 60);
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	const WORDS = ['evt-hidden', 'secretive'];

	test('what will be searched for is there before', () => {
		const before = search(bench.nats.dir, ['evt-hidden']).concat(search(bench.dataDir, ['evt-hidden']));
		assert.ok(before.length >= 2, before.join());
	});

	test('while the service runs it removes one workspace and leaves the other as it was', async () => {
		const kept = await all(bench, 'other', 'delivered');
		let busy = true;
		let live = 0;
		const traffic = (async () => {
			for (; busy; await sleep(3)) await producer.publish('other', alert(`evt-live-${live++}`));
		})();
		const said = await bench.json('workspace', 'erase', 'secretive', '--yes').finally(() => {
			busy = false;
		});
		await traffic;
		assert.ok(said.stream_messages >= 60);
		assert.equal(said.restart_needed, true);
		assert.equal((await bench.tryCli(['event', 'list', 'secretive'])).code, 3);
		assert.equal((await bench.tryCli(['workspace', 'show', 'secretive'])).code, 3);
		assert.ok(live > 100, `${live} others meanwhile`);
		await whenAre(bench, 'other', 'delivered', 60 + live);
		const others = new Map((await all(bench, 'other', 'delivered')).map((d) => [d.event_id, d]));
		for (const delivery of kept) assert.deepEqual(others.get(delivery.event_id), delivery);
	});

	test('run again it finds nothing to do', async () => {
		const said = await bench.json('workspace', 'erase', 'secretive', '--yes');
		assert.equal(said.stream_messages + said.history_batches + said.index_records, 0);
	});

	test('a search of streams and index finds nothing of it', async () => {
		await bench.stopService();
		await bench.serve();
		assert.deepEqual(search(bench.dataDir, WORDS), []);
		await bench.stopService();
		await bench.nats.stop();
		/* For a day the bucket of what is short tells every other index whose traces must go. */
		const found = search(bench.nats.dir, WORDS).filter((hit) => !/KV_carillon_short.*: secretive$/.test(hit));
		await bench.nats.start();
		assert.deepEqual(found, []);
	});

	test('an index made anew from the streams is what it was', async () => {
		const before = await (async () => {
			const got = await all(bench, 'other', 'delivered');
			return got.map((d) => [d.event_id, d.rule, d.state, d.message_id]);
		})();
		fs.rmSync(bench.dataDir, { recursive: true, force: true });
		await bench.serve();
		const again = (await all(bench, 'other', 'delivered')).map((d) => [d.event_id, d.rule, d.state, d.message_id]);
		assert.deepEqual(again, before);
		assert.equal((await bench.tryCli(['event', 'list', 'secretive'])).code, 3);
	});
});
