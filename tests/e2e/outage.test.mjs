/* All of Slack is down, on real parts: the stream is the buffer until a request is answered. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Producer, start, until } from './lib.mjs';

const WORKSPACES = ['acme', 'zed'];
const CHANNELS = ['C0ALERTS', 'C0GENERAL', 'C0OPS', 'C0DEV', 'C0SALES'];
const SETTINGS = {
	retry_schedule_s: '0,2,2,2', nak_delay_max_s: 2, lane_shut_min_ms: 100, lane_shut_max_ms: 500, active_max: 64,
	slack_channel_rate_milli: 1000000, slack_channel_burst: 1000, slack_team_rate_milli: 1000000, slack_team_burst: 1000,
};

describe('an outage of all of Slack', () => {
	let bench;
	let producer;
	before(async () => {
		const channels = CHANNELS.flatMap((id) => ['--channel', `${id}:${id.slice(2).toLowerCase()}`]);
		bench = await start({ settings: SETTINGS, sandboxArgs: ['--no-rate-limit', ...channels] });
		for (const workspace of WORKSPACES) {
			await bench.provision(workspace, CHANNELS);
			for (const channel of CHANNELS) {
				await bench.rule(workspace, channel.toLowerCase(), { channel, type: 'a.b' });
			}
		}
		producer = await new Producer(bench).open();
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	async function publish(prefix, n) {
		for (const workspace of WORKSPACES) {
			for (let i = 0; i < n; i++) {
				await producer.publish(workspace, { id: `${prefix}${i}`, type: 'a.b', payload: { i } });
			}
		}
	}

	const posts = async () => (await bench.sandbox.journal())
		.filter((entry) => entry.method === 'chat.postMessage').length;

	test('stops pulling, probes with what is in hand, and delivers everything once it is over', async () => {
		await bench.sandbox.faults({ match: { method: 'chat.postMessage' }, action: { kind: 'error', error: 'service_unavailable' }, times: 0 });
		await publish('first', 4);
		await until('the outage to be noticed', () => /courier\.destination.*down=true/.test(bench.service.output));
		await publish('later', 40);
		const before = await posts();
		await until('probes', async () => (await posts()) >= before + 10);
		for (const workspace of WORKSPACES) {
			const { records } = await bench.json('event', 'list', workspace, '--limit', '1000');
			assert.ok(records.length <= 10, `${records.length} of 44 events were taken in`);
			const failed = await bench.json('delivery', 'list', workspace, '--status', 'failed');
			assert.equal(failed.count, 0, 'a probe costs no attempt');
		}
		await bench.sandbox.clearFaults();
		for (const workspace of WORKSPACES) {
			await until(`everything of ${workspace}`, async () => {
				const { count } = await bench.json('delivery', 'list', workspace, '--status', 'delivered', '--limit', '1000');
				return count === 44 * CHANNELS.length;
			}, 60000);
		}
		assert.match(bench.service.output, /courier\.destination.*down=false/);
		for (const channel of CHANNELS) {
			const seen = (await bench.sandbox.messages(channel)).map((m) => `${m.metadata.event_payload.delivery}`);
			assert.equal(seen.length, 44 * WORKSPACES.length);
		}
	});
});
