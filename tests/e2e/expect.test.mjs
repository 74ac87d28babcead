/* What an event would post and where: as it is then posted, and nothing is sent for the question. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ALERT, until } from './lib.mjs';
import { startWeb } from './web.mjs';

describe('expect', () => {
	let bench, web, file;
	const ask = (status, body) => web.api(status, 'POST', '/workspaces/acme/expect', { token: web.key, body });

	before(async () => {
		({ bench, web } = await startWeb());
		await bench.provision();
		await bench.rule('acme', 'first', { args: ['--template', '{"header": "{{ payload.resource }}", "body": "{{ payload.nothing }}"}'] });
		await bench.rule('acme', 'second', { channel: 'C0GENERAL' });
		await bench.rule('acme', 'third', { args: ['--filter', '{"field": "severity", "op": "eq", "value": "low"}'] });
		await bench.rule('acme', 'off', { args: ['--inactive'] });
		file = bench.file('alert.json', ALERT);
		await until('the rules', async () => (await ask(200, { event: ALERT })).count === 2);
	});
	after(async () => {
		await web?.stop();
		await bench?.stop();
	});

	test('each delivery is told, with what it says and where it goes', async () => {
		const { count, records } = await ask(200, { event: ALERT });
		assert.equal(count, 2);
		assert.deepEqual(records.map(({ rule, connection, destination, channel, state, reason }) =>
			[rule, connection, destination, channel, state, reason]), [
			['first', 'slack', 'slack', 'C0ALERTS', 'pending', ''],
			['second', 'slack', 'slack', 'C0GENERAL', 'pending', ''],
		]);
		assert.equal(records[0].message.blocks[0].text.text, 'api_latency_p95');
		assert.equal(records[0].warnings[0].path, 'payload.nothing');
	});

	test('the command line says the same', async () => {
		const said = await bench.json('expect', 'acme', '--event', file);
		assert.deepEqual(said.records, (await ask(200, { event: ALERT })).records);
		const text = await bench.cli('expect', 'acme', '--event', file);
		assert.match(text, /^first -> slack C0ALERTS: pending\n/);
		const other = bench.file('other.json', { ...ALERT, type: 'other.type' });
		assert.match(await bench.cli('expect', 'acme', '--event', other), /no rule wants it/);
	});

	test('what would be held is told, and why', async () => {
		await bench.cli('connection', 'disable', 'acme', 'slack');
		const { records } = await bench.json('expect', 'acme', '--event', file);
		assert.deepEqual(records.map((r) => r.state), ['held', 'held']);
		assert.match(records[0].reason, /switched off/);
		await bench.cli('connection', 'enable', 'acme', 'slack');
	});

	test('nothing was sent; what is sent then is what was told', async () => {
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, 0);
		const { records } = await bench.json('expect', 'acme', '--event', file);
		const id = await bench.publish('acme');
		await bench.deliveries('acme', id);
		const [message] = await bench.sandbox.messages('C0ALERTS');
		assert.equal(message.text, records[0].message.text);
		const [again] = (await ask(200, { event: { id } })).records;
		assert.equal(again.message.text, message.text);
	});

	test('what is no event is refused', async () => {
		for (const body of [{}, { event: null }, { event: { sample: true } }, { event: 7 }, { event: { type: 'a b', payload: {} } }, { what: 1 }])
			await ask(422, body);
		await ask(404, { event: { id: 'evt_nobody_knows' } });
		assert.equal((await bench.tryCli(['expect', 'nobody', '--event', file])).code, 3);
	});
});
