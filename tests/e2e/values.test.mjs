/* What producers really send, on real parts: numbers that no double holds, payloads with one wrong
 * character, names that are none. Nothing merges with another, and all of it leaves a trace. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Producer, encodeEvent, start, until } from './lib.mjs';

describe('values', () => {
	let bench;
	let producer;
	let n = 0;
	before(async () => {
		bench = await start({ sandboxArgs: ['--no-rate-limit'], settings: { slack_channel_rate_milli: 1000000, slack_team_rate_milli: 1000000 } });
		await bench.provision('acme');
		await bench.cli('type', 'put', '--file', bench.file('type.json',
			{ name: 'paged', severity_order: [{ name: 'calm', aliases: ['2'] }, { name: 'loud', aliases: ['1'] }] }));
		producer = await new Producer(bench).open();
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	/** Publishes a payload as it is written and returns the event's id. */
	const send = async (type, text, id = `e${++n}`) => {
		await producer.publishRaw('acme', type, encodeEvent({ id, type, text }));
		return id;
	};
	const texts = async () => (await bench.sandbox.messages('C0GENERAL')).map((m) => JSON.stringify(m));
	const show = (id) => until(`event ${id}`, () => bench.json('event', 'show', 'acme', id));
	const rule = (id, type, ...args) => bench.rule('acme', id, { type, channel: 'C0GENERAL', args });

	test('ids of 19 digits are two keys, two links and two messages', async () => {
		await rule('ids', 'ids', '--dedupe-key', '{{ payload.id }}', '--template', JSON.stringify({
			body: 'id {{ payload.id }} is {{ payload.id | number }}, then {{ payload.id | plus: 1 }}',
			link: 'https://app.example.com/x/{{ payload.id }}' }));
		const ids = ['7134821077305984001', '7134821077305984002', '12345678901234567890', '9007199254740993'];
		for (const id of ids) await bench.deliveries('acme', await send('ids', `{"id":${id}}`));
		const [again] = await bench.deliveries('acme', await send('ids', `{"id":${ids[0]}}`));
		assert.equal(again.state, 'skipped');
		const all = (await texts()).join('\n');
		for (const id of ids) {
			assert.ok(all.includes(`https://app.example.com/x/${id}`), all);
			assert.ok(all.includes(`is ${id.replace(/\B(?=(\d{3})+$)/g, ',')}, then ${BigInt(id) + 1n}`), all);
		}
	});

	test('a key that is long, or no text, is compared whole', async () => {
		await rule('keys', 'keys', '--dedupe-key', '{{ payload.monitor }}');
		const monitors = [{ id: 1, of: 'a' }, { id: 2, of: 'a' }, ['ab', 'c'], ['a', 'bc'], `${'x'.repeat(590)}1`, `${'x'.repeat(590)}2`];
		for (const monitor of monitors) {
			const [d] = await bench.deliveries('acme', await send('keys', JSON.stringify({ monitor })));
			assert.equal(d.state, 'delivered', JSON.stringify(monitor));
		}
		const [d] = await bench.deliveries('acme', await send('keys', '{"monitor":{"of":"a","id":1.0}}'));
		assert.equal(d.state, 'skipped');
		const preview = await bench.json('rule', 'preview', 'acme', 'keys', '--event', bench.file('monitor.json',
			{ type: 'keys', payload: { monitor: { id: 1 } } }));
		const warning = preview.warnings.find((w) => w.code === 'structured');
		assert.equal(warning.slot, 'dedupe_key');
		assert.match(warning.sentence, /payload\.monitor is a list or an object/);
	});

	test('a filter finds what a template finds', async () => {
		await rule('paths', 'paths', '--filter', JSON.stringify({ all: [
			{ field: 'service.name', op: 'eq', value: 'api' },
			{ field: 'labels["app.kubernetes.io/name"]', op: 'eq', value: 'web' },
			{ field: 'items[-1].id', op: 'eq', value: 2 },
			{ field: 'payload.items.size', op: 'eq', value: 2 },
			{ field: 'event.severity', op: 'at_least', value: 'P2' },
			{ field: 'event.time', op: 'starts_with', value: '2' }] }));
		const [d] = await bench.deliveries('acme', await send('paths', JSON.stringify({ 'service.name': 'api',
			labels: { 'app.kubernetes.io/name': 'web' }, items: [{ id: 1 }, { id: 2 }], severity: ' ERR ' })));
		assert.equal(d.state, 'delivered');
	});

	test('a severity that is a number is one of the type', async () => {
		await rule('paged', 'paged', '--filter', '{"field":"severity","op":"at_least","value":"loud"}');
		const id = await send('paged', '{"severity":1}');
		assert.equal((await bench.deliveries('acme', id))[0].state, 'delivered');
		assert.equal((await show(id)).severity, 'loud');
		assert.equal((await show(await send('paged', '{"severity":2}'))).matched, 0);
	});

	test('one wrong character costs no alert and is told', async () => {
		await rule('spoilt', 'spoilt');
		const cases = [['lone_surrogate', '{"title":"cut \\ud83d"}'], ['byte_order_mark', '\ufeff{"title":"a"}'],
			['repeated_key', '{"title":"a","title":"b"}'], ['nul', '{"title":"a\\u0000"}'], ['control', '{"title":"a\tb"}'],
			['not_finite', '{"value":NaN}'], ['bad_utf8', Buffer.from('{"title":"Z\xfcrich"}', 'latin1')]];
		for (const [code, text] of cases) {
			const id = await send('spoilt', text);
			assert.equal((await bench.deliveries('acme', id))[0].state, 'delivered', code);
			const { status, warnings, payload } = await show(id);
			assert.equal(status, 'received');
			assert.deepEqual(warnings.map((w) => w.code), [code]);
			assert.ok(payload, code);
			const one = await bench.json('delivery', 'show', 'acme', id, 'spoilt');
			assert.deepEqual(one.event_warnings, warnings);
		}
	});

	test('what is published to no type is recorded with the reason, and may be sent again', async () => {
		for (const [type, words] of [['com.example/alert', /com\.example\/alert/], ['aws.s3:ObjectCreated', /letters, digits/],
			['alert.ü', /alert\.ü/], ['x'.repeat(200), /200 bytes; the limit is 128/]]) {
			const id = `t${++n}`;
			await producer.publishRaw('acme', type, encodeEvent({ id, text: '{}' }));
			const got = await show(id);
			assert.equal(got.status, 'failed');
			assert.match(got.reason, words);
			assert.equal((await bench.deliveries('acme', await send('spoilt', '{}', id)))[0].state, 'delivered');
		}
		const service = await producer.connection('');
		assert.ok(JSON.parse(await service.request('carillon.events.acme', encodeEvent({ id: 'typeless', text: '{}' }))).seq);
		assert.match((await show('typeless')).reason, /names no event type/);
	});

	test('a NUL in a name is told and merges nothing', async () => {
		const failed = async () => (await bench.json('event', 'list', 'acme', '--limit', '100')).records
			.filter((r) => /the character NUL/.test(r.reason));
		await producer.publishRaw('acme', 'spoilt', encodeEvent({ id: 'acct\x00001', text: '{}' }));
		await producer.publishRaw('acme', 'spoilt', encodeEvent({ id: 'acct\x00002', text: '{}' }));
		await producer.publishRaw('acme', 'spoilt', encodeEvent({ id: 'r1', resource: 'a\x00b', text: '{}' }));
		await producer.publishRaw('acme', 'spoilt', encodeEvent({ id: 'r2', text: '{"a":"\x00"}' }));
		const records = await until('four records', async () => {
			const got = await failed();
			return got.length === 4 && got;
		});
		assert.equal(new Set(records.map((r) => r.id)).size, 4);
		assert.ok(!records.some((r) => r.id === 'acct'));
		assert.ok(records.some((r) => r.id === 'r1' && /resource/.test(r.reason)));
	});

	test('any bytes on a workspace\'s subject are delivered, or recorded with a reason', async () => {
		await bench.cli('workspace', 'create', 'globex');
		const count = 300;
		let state = 7;
		const next = (below) => {
			state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
			return Math.floor((state / 2 ** 32) * below);
		};
		const whole = encodeEvent({ id: 'some-id', text: '{"severity":"high","t":"caf\u00e9 \\ud83d\\ude00","l":[1,2.5]}' });
		for (let i = 0; i < count; i++) {
			const bytes = i % 2 ? Buffer.from(whole) : Buffer.from(Array.from({ length: next(60) }, () => next(256)));
			for (let k = 0; i % 2 && k <= i % 5; k++) bytes[next(bytes.length)] = next(256);
			// An id of its own each, where it still is one: a repeat is no other event.
			if (i % 2 && bytes[0] === 10 && bytes[1] === 7) bytes.write(String(i).padStart(7, '0'), 2, 'latin1');
			await producer.publishRaw('globex', i % 7 ? 'any.bytes' : 'any/bytes', bytes);
		}
		const records = await until('all records', async () => {
			const got = (await bench.json('event', 'list', 'globex', '--limit', '1000')).records;
			return got.length >= count && got;
		}, 60000);
		assert.equal(records.length, count);
		for (const r of records) assert.ok(r.status === 'received' || (r.status === 'failed' && r.reason), JSON.stringify(r));
		assert.ok(records.some((r) => r.status === 'received') && records.some((r) => r.status === 'failed'));
	});
});
