/* What waits can be seen, and ended: a destination asks for a pause, and more stands behind. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { start, until } from './lib.mjs';

const PAUSE_S = 8;

describe('what waits', () => {
	let bench;
	before(async () => {
		bench = await start({ sandboxArgs: ['--no-rate-limit'], settings: { lane_window_max: 1 } });
		await bench.provision('acme');
		await bench.rule('acme', 'all', { type: 'a.b' });
	});
	after(() => bench?.stop());

	const recordOf = async (id) => (await bench.json('delivery', 'show', 'acme', id)).records[0];

	test('is listed within seconds, with its reason, its attempts and the next try', async () => {
		await bench.sandbox.faults({ match: { method: 'chat.postMessage' }, action: { kind: 'status', status: 429, retry_after: PAUSE_S }, times: 1 });
		for (const id of ['first', 'second', 'third']) await bench.publish('acme', { id, type: 'a.b', payload: {} });
		const tried = await until('the record of the first', async () => {
			const record = await recordOf('first');
			return record?.attempts?.length === 1 && record;
		});
		assert.equal(tried.state, 'pending');
		assert.match(tried.reason, /pause/);
		assert.ok(Date.parse(tried.due_at) > Date.now(), `next try of ${JSON.stringify(tried)}`);
		await until('records of the others', async () => (await recordOf('third'))?.state === 'pending');
		const { records } = await bench.json('event', 'list', 'acme');
		assert.deepEqual(records.map((r) => r.id).sort(), ['first', 'second', 'third']);
		const pending = await bench.json('delivery', 'list', 'acme', '--status', 'pending');
		assert.equal(pending.count, 3);
		for (const record of pending.records) assert.notEqual(record.reason, '');
	});

	test('is not sent twice because somebody retries it, and goes when it is its turn', async () => {
		const { code, err } = await bench.tryCli(['delivery', 'retry', 'acme', 'second', 'all']);
		assert.notEqual(code, 0, 'it is on its way');
		assert.match(err, /pending/);
		for (const id of ['first', 'second', 'third']) {
			const [record] = await bench.deliveries('acme', id);
			assert.equal(record.state, 'delivered');
		}
		const messages = await bench.sandbox.messages('C0ALERTS');
		assert.equal(messages.length, 3);
	});
});
