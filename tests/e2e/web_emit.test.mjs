/* The emit gateway: what is answered with 201 is stored, and delivered. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ALERT, until } from './lib.mjs';
import { startWeb, Web } from './web.mjs';

const EVENT = { event: 'alert.triggered', resource: 'alert', resource_id: 'alrt_tyrion_42', payload: ALERT.payload };

describe('emit', () => {
	let bench, web, key;
	before(async () => {
		({ bench, web } = await startWeb());
		await bench.provision('acme');
		await bench.provision('under_score');
		await bench.rule('acme', 'alerts');
		({ key } = await until('the workspace', async () =>
			web.api(201, 'POST', '/workspaces/acme/keys', { token: web.key, body: {} })));
	});
	after(async () => {
		const how = await web?.stop();
		await bench?.stop();
		assert.equal(how?.code, 0, web.child.output);
	});

	test('an exchange of the documented client goes through as it is written', async () => {
		const answer = await fetch(`${web.url}/api/v1/events`, {
			method: 'POST',
			headers: {
				'x-meshes-client': 'Meshes Events Client v1.0.0',
				'content-type': 'application/json',
				accept: 'application/json',
				'x-meshes-publishable-key': key,
			},
			body: JSON.stringify(EVENT),
		});
		assert.equal(answer.status, 201);
		const { event } = await answer.json();
		assert.match(event.id, /^evt_/);
		assert.deepEqual([event.event, event.resource, event.resource_id, event.type, event.workspace],
			['alert.triggered', 'alert', 'alrt_tyrion_42', 'event', 'acme']);
		const [delivery] = await bench.deliveries('acme', event.id);
		assert.equal(delivery.state, 'delivered');
	});

	test('a browser on another page may ask, and is told so', async () => {
		const preflight = await fetch(`${web.url}/api/v1/events`, { method: 'OPTIONS',
			headers: { origin: 'https://shop.example.com', 'access-control-request-method': 'POST' } });
		assert.equal(preflight.status, 204);
		assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
		const other = await fetch(`${web.url}/api/v1/workspaces`, { method: 'OPTIONS' });
		assert.equal(other.status, 405);
		const bound = await web.api(201, 'POST', '/workspaces/acme/keys',
			{ token: web.key, body: { allowed_origins: ['https://shop.example.com'] } });
		await web.api(403, 'POST', '/events', { key: bound.key, body: EVENT, headers: { origin: 'https://evil.example.com' } });
		await web.api(201, 'POST', '/events', { key: bound.key, body: EVENT, headers: { origin: 'https://shop.example.com' } });
	});

	test('a secret key says for which workspace, and may only for its own', async () => {
		await web.api(201, 'POST', '/events', { token: web.key, body: { ...EVENT, workspace: 'acme' } });
		for (const body of [EVENT, { ...EVENT, workspace: 'none' }]) {
			const got = await web.api(422, 'POST', '/events', { token: web.key, body });
			assert.equal(got.errors[0].pointer, '/workspace');
		}
		const { key: own } = await web.api(201, 'POST', '/workspaces/under_score/keys', { token: web.key, body: {} });
		const made = await web.api(201, 'POST', '/events', { key: own, body: EVENT });
		assert.equal(made.event.workspace, 'under_score');
		await web.api(422, 'POST', '/events', { key: own, body: { ...EVENT, workspace: 'acme' } });
	});

	test('the same Idempotency-Key is the same event, delivered once', async () => {
		const send = () => web.api(201, 'POST', '/events', { key, body: EVENT, headers: { 'idempotency-key': 'k1' } });
		const first = await send();
		await bench.deliveries('acme', first.event.id);
		await until('it is known', async () => (await send()).event.duplicate);
		const again = await send();
		assert.equal(again.event.id, first.event.id);
		const { records } = await bench.json('delivery', 'show', 'acme', first.event.id);
		assert.equal(records.length, 1);
	});

	test('what is wrong is told in both forms, and nothing is stored', async () => {
		const got = await web.api(422, 'POST', '/events', { key, body: { event: 'no good', payload: {}, resorce: 'x' } });
		assert.deepEqual(got.errors.map((one) => one.pointer).sort(), ['/event', '/payload', '/resorce']);
		assert.equal(got.message, 'A value is not allowed');
		assert.equal(got.error.data.length, 3);
		await web.api(400, 'POST', '/events', { key, body: '{' });
		await web.api(413, 'POST', '/events', { key, body: { ...EVENT, payload: { x: 'y'.repeat(300000) } } }).catch((e) => {
			assert.match(e.message, /fetch failed/); /* closed while it was still being sent */
		});
	});

	test('of many those that are right are stored, in their order', async () => {
		const events = Array.from({ length: 100 }, (_, i) => ({ ...EVENT, id: `bulk_${i}` }));
		const all = await web.api(201, 'POST', '/events/bulk', { key, body: events });
		assert.deepEqual(all.records.map((one) => one.id), events.map((one) => one.id));
		const some = await web.api(207, 'POST', '/events/bulk', { key, body: [EVENT, { event: 'x' }, EVENT] });
		assert.equal(some.error_count, 1);
		assert.equal(some.records[1].error, 'invalid_value');
		await web.api(422, 'POST', '/events/bulk', { key, body: [] });
		await web.api(422, 'POST', '/events/bulk', { key, body: Array.from({ length: 101 }, () => EVENT) });
		const { records } = await until('all of them', async () => {
			const got = await bench.json('event', 'list', 'acme', '--limit', '1000');
			return got.records.filter((one) => one.id.startsWith('bulk_')).length === 100 && got;
		});
		const bulk = records.filter((one) => one.id.startsWith('bulk_')).sort((a, b) => a.sequence - b.sequence);
		assert.deepEqual(bulk.map((one) => one.id), events.map((one) => one.id));
	});

	/** Every event that was answered with 201 is in the history. */
	const allKnown = async (sent) => {
		const known = new Set();
		await until('every one that was answered with 201', async () => {
			let cursor = '';
			do {
				const got = await web.ask('GET', `/api/v1/workspaces/acme/events?limit=200${cursor}`, { token: web.key });
				for (const one of got.body.records ?? []) known.add(one.id);
				cursor = got.body.next_cursor && `&cursor=${encodeURIComponent(got.body.next_cursor)}`;
			} while (cursor);
			const missing = sent.filter((id) => !known.has(id));
			if (missing.length > 0) throw new Error(`${missing.length} of ${sent.length} are missing: ${missing[0]}`);
			return true;
		}, 60000);
	};

	test('what a process answered with 201 before it was killed is stored, and served by the next', async () => {
		const second = await new Web(bench).start();
		const sent = [];
		let isOver = false;
		const flood = async (name) => {
			for (let i = 0; !isOver; i++) {
				const id = `killed_${name}_${i}`;
				const got = await second.ask('POST', '/api/v1/events', { key, body: { ...EVENT, id } }).catch(() => null);
				if (got?.status === 201) sent.push(id);
			}
		};
		const floods = Array.from({ length: 8 }, (_, name) => flood(name));
		await until('some to be stored', () => sent.length > 100);
		await second.stop('SIGKILL');
		isOver = true;
		await Promise.all(floods);
		await allKnown(sent);
		await second.start();
		assert.equal((await second.ask('GET', `/api/v1/workspaces/acme/events/${sent[0]}`, { token: web.key })).status, 200);
		assert.equal((await second.stop()).code, 0, second.child.output);
	});

	test('while the broker is away it says when to come again; nothing with 201 is lost', async () => {
		const sent = [];
		const flood = async (until) => {
			for (let i = 0; !until.over; i++) {
				const id = `flood_${until.name}_${i}`;
				const got = await web.ask('POST', '/api/v1/events', { key, body: { ...EVENT, id } });
				if (got.status === 201) sent.push(id);
				else assert.equal(got.status, 503, JSON.stringify(got.body));
				if (got.status === 503) until.refused = got;
			}
		};
		const state = Array.from({ length: 8 }, (_, name) => ({ name, over: false }));
		const floods = state.map((one) => flood(one));
		await until('some to be stored', () => sent.length > 100);
		await bench.nats.stop('SIGKILL');
		await until('a refusal', () => state.some((one) => one.refused));
		await bench.nats.start();
		const before = sent.length;
		await until('more to be stored', () => sent.length > before + 100);
		for (const one of state) one.over = true;
		await Promise.all(floods);
		assert.equal(Number(state.find((one) => one.refused).refused.headers.get('retry-after')) > 0, true);
		await allKnown(sent);
	});
});
