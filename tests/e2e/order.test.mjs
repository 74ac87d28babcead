/*
 * A burst into one channel arrives in the order of the stream: what does not fit into memory
 * waits in the ledger, is read back, and meanwhile the service is ended and its index deleted.
 * With one in flight each message that comes back waits for its claim to be recorded, so fewer do.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Producer, sleep, start, until } from './lib.mjs';

const CASES = [{ events: 600, window: 1 }, { events: 5000, window: 64 }];
const FAST = {
	active_max: 128, slack_channel_rate_milli: 1000000, slack_channel_burst: 1000, slack_team_rate_milli: 1000000, slack_team_burst: 1000,
	lane_horizon_s: 1, log_level: 'warn',
};

/** How many earlier ones a message may pass. */
const mostPassed = (order) => {
	let most = 0, highest = -1;
	const missing = new Set();
	for (const i of order) {
		for (let n = highest + 1; n < i; n++) missing.add(n);
		highest = Math.max(highest, i);
		missing.delete(i);
		most = Math.max(most, [...missing].filter((n) => n < i).length);
	}
	return most;
};

async function burst(bench, events) {
	const producer = await new Producer(bench).open();
	for (let from = 0; from < events; from += 200) {
		await Promise.all(Array.from({ length: 200 }, (_, k) => from + k).map((i) =>
			producer.publish('acme', { id: `e${i}`, type: 'a.b', payload: { i } })));
	}
	producer.close();
}

/* All of them each time: not too often. */
async function arrived(bench) {
	await sleep(500);
	const messages = await bench.sandbox.messages('C0ALERTS');
	return messages.map((m) => Number(/:?e(\d+):/.exec(m.metadata.event_payload.delivery)[1]));
}

for (const { events, window } of CASES) {
	describe(`a burst of ${events} into one channel, ${window} in flight`, () => {
		let bench;
		before(async () => {
			bench = await start({ sandboxArgs: ['--no-rate-limit'], settings: { ...FAST, lane_window_max: window } });
			await bench.provision('acme');
			await bench.rule('acme', 'all', { type: 'a.b' });
		});
		after(() => bench?.stop());

		test('keeps the order of the stream through overflow, a restart and a new index', async () => {
			await burst(bench, events);
			await until('some of it', async () => (await arrived(bench)).length > events / 10);
			await bench.stopService();
			await bench.serve();
			await until('more of it', async () => (await arrived(bench)).length > events / 3);
			await bench.stopService();
			fs.rmSync(bench.dataDir, { recursive: true });
			await bench.serve();
			const order = await until('all of it', async () => {
				const got = await arrived(bench);
				return got.length >= events && got;
			}, 60000);
			assert.equal(order.length, events, 'nothing twice');
			assert.equal(new Set(order).size, events, 'each once');
			assert.ok(mostPassed(order) < window, `${mostPassed(order)} were passed`);
		});
	});
}
