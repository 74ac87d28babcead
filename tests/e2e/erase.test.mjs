/* What erasing one workspace leaves to the others: every event, and a stream that is whole. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, binary, end, launch, start, until } from './lib.mjs';

const FAST = {
	slack_channel_rate_milli: 1000000,
	slack_channel_burst: 1000,
	slack_team_rate_milli: 1000000,
	slack_team_burst: 1000,
	request_timeout_ms: 1000, // an erase waits for it
};
const PENDING = 40;

const alert = (id) => ({ ...ALERT, id, payload: { ...ALERT.payload, alert_id: id } });

/** How often each event of "other" was posted. */
async function posts(bench) {
	const counts = {};
	for (const entry of await bench.sandbox.journal()) {
		const id = /evt-other-\d+/.exec(JSON.stringify(entry.metadata ?? ''))?.[0];
		if (entry.posted && id) counts[id] = (counts[id] ?? 0) + 1;
	}
	return counts;
}

const once = (n) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`evt-other-${i}`, 1]));

const whenPosted = (bench, n) =>
	until(`${n} events of other`, async () => {
		const got = Object.keys(await posts(bench)).length;
		if (got < n) throw new Error(`${got} are posted`);
		return true;
	});

describe('erasing a workspace while events of another are pending', () => {
	let bench;
	let producer;
	let published = 0;
	/** As many of each, in turns; the newest is of the workspace that will be erased. */
	const publish = async (n) => {
		for (let i = 0; i < n; i++, published++) {
			await producer.publish('other', alert(`evt-other-${published}`));
			await producer.publish('leaving', alert(`evt-leaving-${published}`));
		}
	};

	before(async () => {
		bench = await start({ settings: FAST, sandboxArgs: ['--no-rate-limit'] });
		for (const [workspace, channel] of [['leaving', 'C0ALERTS'], ['other', 'C0GENERAL']]) {
			await bench.provision(workspace);
			await bench.rule(workspace, 'alerts', { channel });
		}
		producer = await new Producer(bench.nats.port).open();
		await publish(5);
		await whenPosted(bench, 5);
		await until('all of leaving', async () =>
			(await bench.json('delivery', 'list', 'leaving', '--status', 'delivered')).records.length === 5);
		await bench.stopService();
		await publish(PENDING);
		const said = await bench.json('workspace', 'erase', 'leaving', '--yes');
		assert.equal(said.stream_messages >= 5 + PENDING, true, JSON.stringify(said));
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	/** Whether the stream still ends at `last`, before and after the broker ended in either way. */
	const assertWhole = async (last) => {
		for (const signal of ['SIGTERM', 'SIGKILL', undefined]) {
			const checked = await bench.tryCli(['check']);
			assert.match(checked.out, new RegExp(`^ok +index .* of ${last} of stream CARILLON_EVENTS$`, 'm'));
			assert.doesNotMatch(checked.out, /lost its tail|made anew/);
			if (signal === undefined) continue;
			await bench.nats.stop(signal);
			await bench.nats.start();
		}
		producer.close();
		producer = await new Producer(bench.nats.port).open();
	};

	test('what is erased is not taken for a tail that the stream lost', () => assertWhole(2 * (5 + PENDING)));

	test('all of these arrive, once', async () => {
		await bench.serve();
		await whenPosted(bench, 5 + PENDING);
		assert.deepEqual(await posts(bench), once(5 + PENDING));
		assert.doesNotMatch(bench.service.output, /repair\./);
	});

	test('an event published afterwards has a sequence of its own, and arrives', async () => {
		const seq = await producer.publish('other', alert(`evt-other-${5 + PENDING}`));
		assert.equal(seq, 2 * (5 + PENDING) + 1);
		await whenPosted(bench, 6 + PENDING);
		assert.deepEqual(await posts(bench), once(6 + PENDING));
	});

	test('a stream of which everything was erased counts on from its last event', async () => {
		await bench.stopService();
		await bench.cli('workspace', 'erase', 'other', '--yes');
		await assertWhole(2 * (5 + PENDING) + 1);
		await bench.provision('other');
		await bench.rule('other', 'alerts', { channel: 'C0GENERAL' });
		await bench.serve();
		const seq = await producer.publish('other', alert('evt-other-1000'));
		assert.equal(seq, 2 * (5 + PENDING) + 2);
		await whenPosted(bench, 7 + PENDING);
		assert.doesNotMatch(bench.service.output, /repair\./);
	});
});

describe('an erase that is killed', () => {
	const N = 3000;
	let bench;
	let producer;
	const left = async () =>
		JSON.parse(await producer.request('$JS.API.STREAM.INFO.CARILLON_EVENTS')).state.messages;

	before(async () => {
		bench = await start({ settings: FAST, serve: false, sandbox: false });
		producer = await new Producer(bench.nats.port).open();
		for (const workspace of ['leaving', 'other']) await bench.cli('workspace', 'create', workspace);
		for (let i = 0; i < N; i += 100) {
			await Promise.all(Array.from({ length: 100 }, (_, k) => producer.publish('leaving', alert(`evt-${i + k}`))));
			await producer.publish('other', alert(`evt-${i}`));
		}
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	test('is finished by the next one, which takes nothing of others', async () => {
		const all = await left();
		const child = launch(binary('carillon'), ['workspace', 'erase', 'leaving', '--yes'], { env: bench.env() });
		await until('some of it to go', async () => (await left()) < all);
		await end(child, 'SIGKILL');
		assert.ok((await left()) > N / 100, 'it was killed in time');
		await bench.cli('workspace', 'erase', 'leaving', '--yes');
		assert.equal(await left(), N / 100);
	});
});

describe('erasing from a state bucket that does not let messages be deleted', () => {
	const BUCKET = 'KV_carillon_state';
	let bench;
	let producer;
	before(async () => {
		bench = await start({ settings: FAST, serve: false, sandboxArgs: ['--no-rate-limit'] });
		producer = await new Producer(bench.nats.port).open();
		// As other tools make it, but for purges, which are refused.
		const made = JSON.parse(await producer.request(`$JS.API.STREAM.CREATE.${BUCKET}`, JSON.stringify({
			name: BUCKET, subjects: ['$KV.carillon_state.>'], retention: 'limits', storage: 'file', discard: 'new',
			max_msgs_per_subject: 20, max_msgs: -1, max_bytes: -1, max_consumers: -1, max_msg_size: -1, max_age: 0,
			num_replicas: 1, duplicate_window: 120e9, allow_direct: true, deny_delete: true, deny_purge: true,
		})));
		assert.equal(made.error, undefined, JSON.stringify(made));
		for (const workspace of ['leaving', 'other']) {
			await bench.provision(workspace);
			await bench.rule(workspace, 'alerts');
		}
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	test('leaves markers that its keys were deleted, and nothing they had', async () => {
		const said = await bench.json('workspace', 'erase', 'leaving', '--yes');
		assert.equal(said.state_only_deleted, true);
		const { state } = JSON.parse(await producer.request(`$JS.API.STREAM.INFO.${BUCKET}`));
		let markers = 0;
		for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
			const { message } = JSON.parse(
				await producer.request(`$JS.API.STREAM.MSG.GET.${BUCKET}`, JSON.stringify({ seq })));
			if (!message?.subject.includes('.leaving.')) continue;
			assert.equal(message.data, undefined, message.subject);
			markers++;
		}
		assert.ok(markers > 0);
	});

	test('has nothing more to do when run again, and the other is as it was', async () => {
		const said = await bench.json('workspace', 'erase', 'leaving', '--yes');
		assert.equal(said.stream_messages, 0);
		await bench.provision('leaving');
		await bench.serve();
		await producer.publish('other', alert('evt-other-0'));
		await whenPosted(bench, 1);
	});
});
