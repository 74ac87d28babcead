/* What the command line can do, by HTTP: rules, previews, history, replays, audit. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, until } from './lib.mjs';
import { startWeb } from './web.mjs';

const TYPE = {
	description: 'a threshold was passed',
	schema: { type: 'object', properties: { value: { type: 'number' }, severity: { type: 'string' } } },
	sample: ALERT.payload,
};

describe('the API', () => {
	let bench, web;
	const w = '/workspaces/acme';
	const api = (status, method, where, body, headers) =>
		web.api(status, method, where, { token: web.key, body, headers });
	/** With the ETag of what is there. */
	const write = async (status, method, where, body) => {
		const got = await web.ask('GET', `/api/v1${where}`, { token: web.key });
		return api(status, method, where, body, { 'if-match': got.headers.get('etag') });
	};
	before(async () => {
		({ bench, web } = await startWeb({ settings: { retry_schedule_s: '0' }, web: { api_rate: 100000 } }));
		await api(201, 'PUT', '/event-types/alert.triggered', TYPE);
		await api(201, 'POST', '/workspaces', { id: 'acme', name: 'Acme' });
		await bench.cliWith({ input: 'xoxb-sandbox-token-1\n' }, 'connection', 'add', 'acme', '--slack',
			'--token-stdin', '--id', 'slack', '--channel', 'C0ALERTS', '--channel', 'C0GENERAL');
		await until('the connection', async () =>
			(await web.ask('GET', `/api/v1${w}/connections/slack`, { token: web.key })).status === 200);
	});
	after(async () => {
		const how = await web?.stop();
		await bench?.stop();
		assert.equal(how?.code, 0, web.child.output);
	});

	const settled = (id, rule = 'alerts') => until(`the delivery of ${id}`, async () => {
		const got = await web.ask('GET', `/api/v1${w}/events/${id}/rules/${rule}`, { token: web.key });
		return ['delivered', 'failed', 'held', 'canceled'].includes(got.body.state) && got.body;
	});

	test('a rule is made, read, changed with its ETag, and not without', async () => {
		const made = await api(201, 'POST', `${w}/rules`, { id: 'alerts', name: 'Alerts',
			event_type: 'alert.*', connection: 'slack', channel: 'C0ALERTS' });
		assert.equal(made.active, true);
		const needs = await api(428, 'PATCH', `${w}/rules/alerts`, { name: 'x' });
		assert.equal(needs.code, 'precondition_required');
		const changed = await write(200, 'PATCH', `${w}/rules/alerts`, { name: 'All alerts' });
		assert.equal(changed.name, 'All alerts');
		assert.equal(changed.channel, 'C0ALERTS');
		const stale = await api(412, 'PATCH', `${w}/rules/alerts`, { name: 'y' }, { 'if-match': `"${made.revision}"` });
		assert.equal(stale.current.name, 'All alerts');
		const whole = await write(200, 'PUT', `${w}/rules/alerts`,
			{ event_type: 'alert.triggered', connection: 'slack', channel: 'C0ALERTS' });
		assert.equal(whole.name, '');
		assert.equal(whole.id, 'alerts');
		const { body: again, headers } = await web.ask('GET', `/api/v1${w}/rules/alerts`, { token: web.key });
		assert.equal(headers.get('etag'), `"${again.revision}"`);
		const same = await web.ask('GET', `/api/v1${w}/rules/alerts`,
			{ token: web.key, headers: { 'if-none-match': headers.get('etag') } });
		assert.equal(same.status, 304);
	});

	test('of 16 who change one rule at once every one is told, and no change is lost', async () => {
		await api(201, 'POST', `${w}/rules`, { id: 'raced', event_type: 'never' });
		const one = async (i) => {
			for (;;) {
				const got = await web.ask('GET', `/api/v1${w}/rules/raced`, { token: web.key });
				const retry = [...got.body.retry, i];
				const put = await web.ask('PATCH', `/api/v1${w}/rules/raced`,
					{ token: web.key, body: { retry }, headers: { 'if-match': got.headers.get('etag') } });
				if (put.status === 200) return;
				assert.equal(put.status, 412, JSON.stringify(put.body));
			}
		};
		await Promise.all(Array.from({ length: 16 }, (_, i) => one(i)));
		const { retry } = await api(200, 'GET', `${w}/rules/raced`);
		assert.deepEqual([...retry].sort((a, b) => a - b), Array.from({ length: 16 }, (_, i) => i));
		await write(204, 'DELETE', `${w}/rules/raced`);
		await api(404, 'GET', `${w}/rules/raced`);
	});

	test('all that is wrong with a rule is told, each with its place', async () => {
		const got = await api(422, 'POST', `${w}/rules`, { event_type: 'alert.*', connection: 'slack', channel: 'C0ALERTS',
			template: { header: '{{ payload.x | upcse }}', text: '{{' }, filter: { field: 'a', op: 'eqq', value: 1 } });
		assert.equal(got.code, 'invalid_rule');
		const pointers = got.errors.map((one) => one.pointer);
		assert.ok(pointers.some((one) => one.startsWith('/template')), JSON.stringify(got.errors));
		assert.ok(pointers.some((one) => one.startsWith('/filter')), JSON.stringify(got.errors));
		assert.equal(got.errors.find((one) => one.slot === 'header').suggestion, 'upcase');
		const only = await api(422, 'POST', `${w}/rules`, { event_type: 'a', filter: { field: 'a', op: 'eqq', value: 1 } });
		assert.equal(only.code, 'invalid_filter');
		const syntax = await api(400, 'POST', `${w}/rules`, '{"name": }');
		assert.equal(syntax.code, 'invalid_json');
		assert.equal(syntax.errors[0].line, 1);
		const media = await web.ask('POST', `/api/v1${w}/rules`,
			{ token: web.key, body: '{}', headers: { 'content-type': 'text/plain' } });
		assert.equal(media.status, 415);
	});

	test('a draft is previewed on the sample, on an event that came, and on one that is made up', async () => {
		const rule = { event_type: 'alert.triggered', connection: 'slack', channel: 'C0ALERTS',
			filter: { field: 'value', op: 'gt', value: 1000 }, template: { header: 'at {{ payload.value }}' } };
		const sample = await api(200, 'POST', `${w}/rules/preview`, { rule, event: { sample: true } });
		assert.equal(sample.matched, true);
		assert.match(JSON.stringify(sample.blocks), /at 1840/);
		const id = await bench.publish('acme');
		await settled(id);
		const published = await api(200, 'POST', `${w}/rules/preview`, { rule, event: { id } });
		assert.match(JSON.stringify(published.blocks), /at 1840/);
		const made = await api(200, 'POST', `${w}/rules/preview`,
			{ rule, event: { type: 'alert.triggered', payload: { value: 7 } } });
		assert.equal(made.matched, false);
		assert.deepEqual(made.why_not, { code: 'condition', pointer: '' });
		const wrong = await api(200, 'POST', `${w}/rules/preview`,
			{ rule: { ...rule, template: { header: '{{ a | upcse }}' } }, event: { sample: true } });
		assert.equal(wrong.errors[0].slot, 'header');
	});

	test('a test message goes the real way, by a draft that is off, to nobody else', async () => {
		const rule = { event_type: 'alert.triggered', connection: 'slack', channel: 'C0GENERAL', active: false,
			filter: { field: 'value', op: 'gt', value: 999999 }, template: { header: 'tested at {{ payload.value }}' } };
		const before = (await bench.sandbox.messages('C0ALERTS')).length;
		const made = await api(202, 'POST', `${w}/rules/test`, { rule, event: { sample: true } });
		const delivery = await settled(made.event_id, made.rule_id);
		assert.equal(delivery.state, 'delivered');
		const messages = await bench.sandbox.messages('C0GENERAL');
		assert.match(JSON.stringify(messages.at(-1)), /tested at 1840/);
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, before);
		const { records } = await api(200, 'GET', `${w}/rules`);
		assert.equal(records.some((one) => one.id === made.rule_id), false);
		await api(422, 'POST', `${w}/rules/test`, { rule: { event_type: 'alert.triggered' } });
		const stored = await api(202, 'POST', `${w}/rules/test`, { rule_id: 'alerts' });
		assert.equal((await settled(stored.event_id, stored.rule_id)).state, 'delivered');
	});

	test('a producer that names a rule to be tested reaches no rule that is off, and is told', async () => {
		const off = { name: 'off', event_type: 'alert.triggered', connection: 'slack', channel: 'C0GENERAL', active: false };
		const { id: rule } = await api(201, 'POST', `${w}/rules`, off);
		const copy = await api(202, 'POST', `${w}/rules/test`, { rule_id: 'alerts' });
		await settled(copy.event_id, copy.rule_id);
		const general = (await bench.sandbox.messages('C0GENERAL')).length;
		const producer = await new Producer(bench).open();
		try {
			// One that is off, one that is on, the copy of a test with an id of the producer's own, none that there is.
			for (const [id, test_rule, matched] of [['aims-off', rule, 1], ['aims-on', 'alerts', 1], ['aims-copy', copy.rule_id, 1], ['aims-none', 'nowhere', 0]]) {
				await producer.publish('acme', { ...ALERT, id, test_rule });
				const event = await until(`the event ${id}`, async () => {
					const got = await web.ask('GET', `/api/v1${w}/events/${id}`, { token: web.key });
					return got.status === 200 && got.body;
				});
				assert.equal(event.matched, matched, id);
				assert.deepEqual(event.warnings.map(({ code }) => code), ['foreign_test']);
				assert.match(event.warnings[0].sentence, /test_rule was set, which is for test messages only/);
				if (matched > 0) assert.equal((await settled(id)).state, 'delivered');
			}
		} finally {
			producer.close();
		}
		assert.equal((await bench.sandbox.messages('C0GENERAL')).length, general);
		assert.equal((await api(200, 'GET', `${w}/events/${copy.event_id}`)).warnings.length, 0);
	});

	test('a POST that comes again with its Idempotency-Key is done once', async () => {
		const body = { name: 'once', event_type: 'never' };
		const post = (key, more) => web.ask('POST', `/api/v1${w}/rules`,
			{ token: web.key, body: { ...body, ...more }, headers: { 'idempotency-key': key } });
		const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => post('k1')));
		const made = [first, ...others].filter((one) => one.status === 201);
		assert.equal(new Set(made.map((one) => one.body.id)).size, 1);
		assert.equal([first, ...others].every((one) => one.status === 201 || one.body.code === 'in_progress'), true);
		const again = await post('k1');
		assert.deepEqual(again.body, made[0].body);
		assert.equal(again.headers.get('etag'), made[0].headers.get('etag'));
		assert.equal((await post('k1', { name: 'other' })).body.code, 'idempotency_mismatch');
		assert.notEqual((await post('k2')).body.id, made[0].body.id);
		const key = () => web.ask('POST', '/api/v1/keys',
			{ token: web.key, body: { scopes: ['read'] }, headers: { 'idempotency-key': 'k3' } });
		assert.equal((await key()).status, 201);
		const told = await key();
		assert.equal(told.status, 409);
		assert.equal('key' in told.body, false);
	});

	test('a dry run says what the last events would have become', async () => {
		const rule = { event_type: 'alert.*', filter: { field: 'value', op: 'gt', value: 5000 } };
		const got = await api(200, 'POST', `${w}/rules/dry-run`, { rule, last: 10 });
		assert.equal(got.matched, 0);
		assert.equal(got.examined >= 1, true);
		assert.equal(Object.values(got.not_why).reduce((a, b) => a + b), got.examined);
		const all = await api(200, 'POST', `${w}/rules/dry-run`, { rule: { event_type: '>' }, last: 10 });
		assert.equal(all.matched, all.examined);
	});

	test('what became of events is listed, filtered and shown', async () => {
		const id = await bench.publish('acme', { ...ALERT, resource_id: 'find-me' });
		await settled(id);
		const { records } = await api(200, 'GET', `${w}/events?resource_id=find-me`);
		assert.deepEqual(records.map((one) => one.id), [id]);
		const event = await api(200, 'GET', `${w}/events/${id}`);
		assert.deepEqual(event.deliveries.map((one) => one.state), ['delivered']);
		const payload = await api(200, 'GET', `${w}/events/${id}/payload`);
		assert.deepEqual(payload.payload, ALERT.payload);
		const list = await api(200, 'GET', `${w}/deliveries?state=delivered&rule=alerts&q=${id}`);
		assert.deepEqual(list.records.map((one) => one.event_id), [id]);
		const { attempts } = await api(200, 'GET', `${w}/events/${id}/rules/alerts/attempts`);
		assert.equal(attempts[0].outcome, 'delivered');
		await api(404, 'GET', `${w}/events/none`);
		await api(404, 'GET', `${w}/events/${id}/rules/none`);
		await api(400, 'GET', `${w}/deliveries?state=lost`);
	});

	test('pages of deliveries fit together without a gap', async () => {
		const seen = [];
		let cursor = '';
		do {
			const page = await api(200, 'GET', `${w}/deliveries?limit=1${cursor}`);
			seen.push(...page.records.map((one) => `${one.event_id}/${one.rule}`));
			cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`;
		} while (cursor);
		const whole = await api(200, 'GET', `${w}/deliveries?limit=200`);
		assert.deepEqual(seen, whole.records.map((one) => `${one.event_id}/${one.rule}`));
	});

	test('one that was delivered is sent once more on purpose only', async () => {
		const id = await bench.publish('acme');
		assert.equal((await settled(id)).state, 'delivered');
		const refused = await api(409, 'POST', `${w}/events/${id}/rules/alerts/retry`, {});
		assert.equal(refused.code, 'already_delivered');
		const started = await api(202, 'POST', `${w}/events/${id}/rules/alerts/retry`, { again: true });
		assert.equal(started.selected, 1);
		await until('the second message', async () => {
			const d = await api(200, 'GET', `${w}/events/${id}/rules/alerts`);
			return d.replay === started.id && d.state === 'delivered';
		});
	});

	test('what is held is counted, shown as a need, and released', async () => {
		await api(200, 'POST', `${w}/connections/slack/disable`, {});
		const id = await bench.publish('acme');
		await until('it is held', async () =>
			(await web.ask('GET', `/api/v1${w}/events/${id}/rules/alerts`, { token: web.key })).body.state === 'held');
		const { held } = await api(200, 'GET', `${w}/connections/slack`);
		assert.equal(held.count, 1);
		const overview = await api(200, 'GET', `${w}/overview`);
		assert.equal(overview.hours.length, 24);
		assert.equal(overview.last_24h.held, 1);
		assert.deepEqual(overview.needs.map((one) => [one.code, one.connection, one.count]), [['resume', 'slack', 1]]);
		const released = await api(200, 'POST', `${w}/connections/slack/release`, {});
		assert.equal(released.released.count, 1);
		await until('its delivery', async () => (await settled(id)).state === 'delivered');
	});

	test('a replay is counted, started and ends', async () => {
		const selection = { rule: 'alerts', states: ['delivered'], again: true, rate: 1000 };
		const count = await api(200, 'POST', `${w}/replays/count`, selection);
		assert.equal(count.selected > 0, true);
		assert.equal(count.groups[0].channel, 'C0ALERTS');
		const started = await api(202, 'POST', `${w}/replays`, selection);
		const done = await until('its end', async () => {
			const got = await api(200, 'GET', `${w}/replays/${started.id}`);
			return got.status === 'done' && got;
		});
		assert.equal(done.sent, count.selected);
		const { records } = await api(200, 'GET', `${w}/replays`);
		assert.deepEqual(records.map((one) => one.id), [started.id]);
		await api(422, 'POST', `${w}/replays`, { states: ['failed'], rule: 'none' });
	});

	test('who changed what is told, and an earlier version comes back', async () => {
		const made = await api(201, 'POST', `${w}/rules`, { id: 'told', name: 'one', event_type: 'never' });
		await write(200, 'PATCH', `${w}/rules/told`, { name: 'two' });
		const { records } = await api(200, 'GET', `${w}/rules/told/versions`);
		assert.deepEqual(records.map((one) => one.what), ['changed', 'created']);
		assert.deepEqual(records[0].changes, [{ member: 'name', was: 'one', is: 'two' }]);
		assert.equal(records[0].by.kind, 'key');
		const back = await (async () => {
			const got = await web.ask('GET', `/api/v1${w}/rules/told`, { token: web.key });
			return api(200, 'POST', `${w}/rules/told/revert`, { revision: made.revision },
				{ 'if-match': got.headers.get('etag') });
		})();
		assert.equal(back.name, 'one');
		const audit = await api(200, 'GET', `${w}/audit?kind=rule&id=told`);
		assert.equal(audit.count, 3);
	});

	test('an event type shows the fields that conditions can be about', async () => {
		const type = await api(200, 'GET', `${w}/event-types/alert.triggered`);
		assert.deepEqual(type.fields.find((one) => one.path === 'value'),
			{ path: 'value', type: 'number', example: 1840 });
		await api(201, 'PUT', `${w}/event-types/own.type`, { description: 'own' });
		const { records } = await api(200, 'GET', `${w}/event-types`);
		assert.deepEqual(records.map((one) => one.name), ['own.type', 'alert.triggered']);
		await write(204, 'DELETE', `${w}/event-types/own.type`);
	});

	test('a connection in use is not deleted, but by force', async () => {
		const refused = await write(409, 'DELETE', `${w}/connections/slack`);
		assert.equal(refused.code, 'in_use');
		const got = await web.ask('GET', `/api/v1${w}/connections/slack`, { token: web.key });
		await api(204, 'DELETE', `${w}/connections/slack?force=true`, undefined, { 'if-match': got.headers.get('etag') });
	});

	test('a workspace goes with all of it, its publishable keys too', async () => {
		const { key } = await api(201, 'POST', `${w}/keys`, {});
		await write(204, 'DELETE', w);
		await api(404, 'GET', `${w}/rules`);
		assert.equal((await web.ask('GET', '/api/v1/me', { key })).status, 401);
	});

	/** A workspace with an event in its history and a session. */
	const leaving = async (id) => {
		await bench.provision(id);
		await bench.rule(id, 'alerts');
		const event = await bench.publish(id);
		await until('its event', async () => (await web.ask('GET', `/api/v1/workspaces/${id}/events/${event}`, { token: web.key })).status === 200);
		const session = await web.api(200, 'POST', '/sessions', { token: web.key, body: { workspace_id: id, external_name: 'Tyrion of Leaving' } });
		return { event, session };
	};
	const isProved = (erasure) => until('the proof', async () => {
		const { body } = await web.ask('GET', `/api/v1/erasures/${erasure}`, { token: web.key });
		if (!body.proved) throw new Error(JSON.stringify(body));
		return body;
	}, 90_000);
	test('a workspace that is erased is gone from the index of the HTTP side, too', async () => {
		const { event } = await leaving('gone');
		await bench.cli('workspace', 'erase', 'gone', '--yes');
		await until('its history to go', async () =>
			(await web.ask('GET', `/api/v1/workspaces/gone/events/${event}`, { token: web.key })).status === 404);
	});

	test('a workspace is erased by the API, which every index follows and proves', async () => {
		const { event, session } = await leaving('leavers');
		const producer = await new Producer(bench).open();
		await web.api(422, 'POST', '/workspaces/leavers/erase', { token: web.key, body: { confirm: 'another' } });
		const asked = await web.api(202, 'POST', '/workspaces/leavers/erase', { token: web.key, body: { confirm: 'leavers' } });
		assert.deepEqual([asked.workspace, asked.status, asked.proved], ['leavers', 'running', false]);
		const done = await isProved(asked.id);
		assert.deepEqual([done.workspace, done.status], [null, 'done']);
		assert.ok(done.stream_messages > 0 && done.index_records > 0, JSON.stringify(done));
		assert.equal((await web.ask('GET', `/api/v1/workspaces/leavers/events/${event}`, { token: web.key })).status, 404);
		assert.equal((await web.ask('GET', '/api/v1/me', { token: session.access_token })).status, 401);
		const { state } = JSON.parse(await producer.request('$JS.API.STREAM.INFO.KV_carillon_short'));
		for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
			const { message } = JSON.parse(await producer.request('$JS.API.STREAM.MSG.GET.KV_carillon_short', JSON.stringify({ seq })));
			assert.doesNotMatch(`${message?.subject} ${Buffer.from(message?.data ?? '', 'base64')}`, /leavers/);
		}
		producer.close();
		const { key } = await web.api(201, 'POST', '/keys', { token: web.key, body: { scopes: ['manage'], workspaces: ['acme'] } });
		assert.equal((await web.ask('GET', `/api/v1/erasures/${asked.id}`, { token: key })).status, 404);
	});

	test('an erasure goes on when the service was killed in it', async () => {
		await leaving('quitters');
		await bench.stopService('SIGKILL');
		const asked = await web.api(202, 'POST', '/workspaces/quitters/erase', { token: web.key, body: { confirm: 'quitters' } });
		assert.equal((await web.api(200, 'GET', `/erasures/${asked.id}`, { token: web.key })).status, 'running');
		await bench.serve();
		await isProved(asked.id);
	});
});
