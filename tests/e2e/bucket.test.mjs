/* The state bucket is deleted while the service runs: it goes on, and does not fill the disk saying so. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Producer, sleep, start, until } from './lib.mjs';

describe('a state bucket that is deleted', () => {
	let bench;
	let producer;
	before(async () => {
		bench = await start({ sandboxArgs: ['--no-rate-limit'] });
		await bench.provision('acme');
		await bench.rule('acme', 'alerts', { type: 'a.b' });
		producer = await new Producer(bench).open();
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	const delivered = (id) => bench.deliveries('acme', id, (all) => all.length === 1 && all[0].state === 'delivered');

	test('is said a few times, and what is known goes on', async () => {
		await producer.publish('acme', { id: 'before', type: 'a.b', payload: {} });
		await delivered('before');
		const from = bench.service.output.length;
		const answer = JSON.parse(await producer.request('$JS.API.STREAM.DELETE.KV_carillon_state'));
		assert.equal(answer.error, undefined, JSON.stringify(answer));
		const said = () => bench.service.output.slice(from);
		await until('the follower to notice', () => /verb=follower\.read .*KV_carillon_state/.test(said()));
		await producer.publish('acme', { id: 'after', type: 'a.b', payload: {} });
		await until('a message', async () => (await bench.sandbox.messages('C0ALERTS')).length === 2);
		await sleep(4000);
		const lines = said().split('\n').length;
		assert.ok(lines < 100, `${lines} lines:\n${said().slice(0, 3000)}`);
	});

	test('is filled again from the index at the next start', async () => {
		await bench.stopService();
		await bench.serve();
		assert.equal((await bench.json('rule', 'list', 'acme')).count, 1);
		await producer.publish('acme', { id: 'later', type: 'a.b', payload: {} });
		await delivered('later');
	});
});
