/* Webhooks: somebody else's library verifies what we send, and a receiver that misbehaves. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { ALERT, start, until } from './lib.mjs';
import { startWeb } from './web.mjs';

/** Takes what is posted; answers as `answer` says: a status, or a function of the response. */
class Receiver {
	constructor() {
		this.taken = [];
		this.answer = 200;
		this.server = http.createServer((req, res) => {
			let body = '';
			req.setEncoding('utf8').on('data', (text) => (body += text));
			req.on('end', () => {
				this.taken.push({ url: req.url, headers: req.headers, body });
				if (typeof this.answer === 'function') this.answer(res);
				else res.writeHead(this.answer).end();
			});
		});
	}

	async open() {
		await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		this.port = this.server.address().port;
		this.url = `http://127.0.0.1:${this.port}/hook`;
		return this;
	}

	close() {
		this.server.closeAllConnections();
		return new Promise((resolve) => this.server.close(resolve));
	}

	get last() {
		return this.taken.at(-1);
	}
}

const verify = (secret, { headers, body }) => new Webhook(secret).verify(body, headers);

describe('webhooks', () => {
	let bench, receiver, secret;

	before(async () => {
		receiver = await new Receiver().open();
		bench = await start({
			sandbox: false,
			settings: {
				webhook_plain_http: true,
				webhook_networks: '127.0.0.1',
				webhook_ports: String(receiver.port),
				retry_schedule_s: '0,0,0',
				lane_shut_min_ms: 50,
				lane_shut_max_ms: 50,
			},
		});
		await bench.cli('workspace', 'create', 'acme');
		const input = 'Authorization: Bearer not-a-real-token\nX-Tenant: acme\n';
		const made = JSON.parse(await bench.cliWith({ input },
			'webhook', 'add', 'acme', receiver.url, '--id', 'hook', '--headers-stdin', '--json'));
		secret = made.secret;
		assert.equal(made.connection.url, receiver.url);
		assert.deepEqual(made.connection.channels, [{ id: 'endpoint', name: '127.0.0.1' }]);
		await bench.cli('rule', 'add', 'acme', '--type', 'alert.*', '--connection', 'hook', '--channel', 'endpoint', '--id', 'all');
	});
	after(async () => {
		await bench?.stop();
		await receiver?.close();
	});

	const send = async (event = ALERT) => {
		const id = await bench.publish('acme', event);
		return [id, await bench.deliveries('acme', id)];
	};

	test('the endpoint is tested when it is saved, with a message that verifies', () => {
		assert.equal(receiver.taken.length, 1);
		assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
		assert.equal(verify(secret, receiver.last).type, 'carillon.test');
	});

	test('an event arrives signed, whole, and with the connection\'s own headers', async () => {
		const [id, [delivery]] = await send();
		assert.equal(delivery.state, 'delivered');
		const event = verify(secret, receiver.last);
		assert.equal(event.type, 'alert.triggered');
		assert.equal(event.data.id, id);
		assert.equal(event.data.workspace, 'acme');
		assert.equal(event.data.severity, 'high');
		assert.deepEqual(event.data.payload, ALERT.payload);
		const { headers } = receiver.last;
		assert.equal(headers['content-type'], 'application/json');
		assert.equal(headers.authorization, 'Bearer not-a-real-token');
		assert.equal(headers['x-tenant'], 'acme');
		assert.match(headers['webhook-id'], /^msg_[0-9a-f]{32}$/);
		assert.equal(delivery.message_id, headers['webhook-id']);
	});

	test('what somebody altered does not verify', () => {
		const { headers, body } = receiver.last;
		assert.throws(() => verify(secret, { headers, body: `${body} ` }));
		assert.throws(() => verify(secret, { headers: { ...headers, 'webhook-id': 'msg_other' }, body }));
	});

	test('a retry has the same id, and numbers arrive as they were written', async () => {
		let tries = 0;
		receiver.answer = (res) => res.writeHead(tries++ === 0 ? 500 : 200).end();
		const text = '{"type": "alert.triggered", "resource": "alert", "payload": {"exact": 1.10, "long": 12345678901234567890}}';
		const id = (await bench.json('event', 'publish', 'acme', '--file', bench.file('numbers.json', text))).id;
		const [delivery] = await bench.deliveries('acme', id);
		receiver.answer = 200;
		assert.equal(delivery.state, 'delivered');
		const [first, again] = receiver.taken.slice(-2);
		assert.equal(again.headers['webhook-id'], first.headers['webhook-id']);
		verify(secret, again);
		assert.match(again.body, /"exact":1\.10,"long":12345678901234567890/);
	});

	test('what the receiver sends back of its headers is not kept', async () => {
		receiver.answer = (res) => res.writeHead(400).end(`bad: ${JSON.stringify(receiver.last.headers)}`);
		const [id, [delivery]] = await send();
		receiver.answer = 200;
		assert.equal(delivery.state, 'failed');
		assert.equal(delivery.attempts.at(-1).error_code, 'http_400');
		const text = await bench.cli('delivery', 'show', 'acme', id, '--json');
		assert.match(text, /bad: /);
		assert.doesNotMatch(text, /not-a-real-token/);
	});

	test('a template makes the data', async () => {
		const template = JSON.stringify({ data: { what: '{{ payload.resource }} is {{ payload.value }}', tags: ['{{ event.severity }}', 7, null] } });
		await bench.cli('rule', 'set', 'acme', 'all', '--template', template);
		const shown = await bench.json('rule', 'preview', 'acme', 'all', '--event', bench.file('shown.json', ALERT));
		assert.deepEqual(shown.data, { what: 'api_latency_p95 is 1840', tags: ['high', 7, null] });
		await send();
		assert.deepEqual(verify(secret, receiver.last).data, { what: 'api_latency_p95 is 1840', tags: ['high', 7, null] });
		const wrong = await bench.tryCli(['rule', 'set', 'acme', 'all', '--template', '{"data": {"a": ["{{ payload.x | upcse }}"]}}']);
		assert.equal(wrong.code, 2);
		assert.match(wrong.err, /upcase/);
		assert.match((await bench.tryCli(['rule', 'set', 'acme', 'all', '--template', '{"header": "x"}'])).err, /"data"/);
		await bench.cli('rule', 'set', 'acme', 'all', '--template', '');
		const plain = await bench.json('rule', 'preview', 'acme', 'all', '--event', bench.file('shown.json', ALERT));
		assert.deepEqual(plain.data.payload, ALERT.payload);
	});

	test('after a rotation both secrets verify, until the overlap ends', async () => {
		const before_ = secret;
		({ secret } = await bench.json('webhook', 'rotate', 'acme', 'hook', '--overlap', '1h'));
		await send();
		assert.equal(receiver.last.headers['webhook-signature'].split(' ').length, 2);
		verify(before_, receiver.last);
		verify(secret, receiver.last);
		assert.equal(receiver.last.headers['x-tenant'], 'acme'); // headers stay
		const [, last] = (await bench.cli('webhook', 'rotate', 'acme', 'hook', '--overlap', '0s')).split('\n');
		await send();
		assert.throws(() => verify(secret, receiver.last));
		verify(last, receiver.last);
		secret = last;
	});

	test('Retry-After is waited for, and costs no attempt', async () => {
		let refused = 0;
		receiver.answer = (res) => {
			if (refused++ < 3) res.writeHead(429, { 'Retry-After': '1' }).end();
			else res.writeHead(204).end();
		};
		const [, [delivery]] = await send();
		receiver.answer = 200;
		assert.equal(refused, 4); // of an attempt that had three in all
		assert.equal(delivery.state, 'delivered');
	});

	test('a redirect is not followed', async () => {
		receiver.answer = (res) => res.writeHead(302, { Location: '/elsewhere' }).end();
		const [, [delivery]] = await send();
		receiver.answer = 200;
		assert.equal(delivery.state, 'failed');
		assert.match(delivery.reason, /redirect/);
		assert.ok(receiver.taken.every(({ url }) => url === '/hook'));
	});

	test('410 holds what is to come; a new address releases it', async () => {
		receiver.answer = 410;
		const id = await bench.publish('acme');
		const held = (records) => records.every(({ state }) => state === 'held');
		const [delivery] = await bench.deliveries('acme', id, held);
		assert.equal(delivery.repair, 'reconnect');
		await until('the connection to say so', async () =>
			(await bench.json('connection', 'show', 'acme', 'hook')).status !== 'active');
		const refused = await bench.tryCli(['webhook', 'move', 'acme', 'hook', `${receiver.url}/gone`]);
		assert.equal(refused.code, 1);
		assert.match(refused.err, /gone for good/);
		receiver.answer = 200;
		const moved = await bench.json('webhook', 'move', 'acme', 'hook', `${receiver.url}/new`);
		assert.equal(moved.status, 'active');
		assert.equal((await bench.deliveries('acme', id))[0].state, 'delivered');
		assert.equal(receiver.last.url, '/hook/new');
		verify(secret, receiver.last);
	});

	test('an address that must not be reached is refused when it is saved, tested or not', async () => {
		const add = (url, ...more) => bench.tryCli(['webhook', 'add', 'acme', url, ...more]);
		for (const url of ['http://127.0.0.2/', `http://user:word@127.0.0.1:${receiver.port}/`, 'ftp://127.0.0.1/', 'http://127.0.0.1:1/',
			`http://169.254.169.254:${receiver.port}/`, `http://[::ffff:10.0.0.1]:${receiver.port}/`, 'nonsense']) {
			const got = await add(url, '--no-test');
			assert.equal(got.code, 2, `${url}: ${got.out}${got.err}`);
			assert.match(got.err, /address is not taken/);
		}
		// A name is found out by where it leads.
		const named = await add(`http://localhost:${receiver.port}/`, '--set', 'webhook_networks=10.0.0.0/8');
		assert.notEqual(named.code, 0);
		assert.match(named.err, /may not be reached/);
		assert.equal((await bench.json('connection', 'list', 'acme')).records.length, 1);
	});

	test('what is delivered under a setting that changed is held', async () => {
		await bench.stopService();
		await bench.serve({ webhook_networks: '' });
		const before_ = receiver.taken.length;
		const id = await bench.publish('acme');
		const [delivery] = await bench.deliveries('acme', id, (records) => records.every(({ state }) => state === 'held'));
		assert.match(delivery.reason, /may not be reached/);
		assert.equal(receiver.taken.length, before_);
	});
});

describe('webhooks by the API', () => {
	let bench, web, receiver;
	const w = '/workspaces/acme';
	const api = (status, method, where, body) => web.api(status, method, where, { token: web.key, body });

	before(async () => {
		receiver = await new Receiver().open();
		({ bench, web } = await startWeb({
			sandbox: false,
			settings: { webhook_plain_http: true, webhook_networks: '127.0.0.1', webhook_ports: String(receiver.port) },
		}));
		await api(201, 'POST', '/workspaces', { id: 'acme', name: 'Acme' });
	});
	after(async () => {
		await web?.stop();
		await bench?.stop();
		await receiver?.close();
	});

	test('one is made, its secret told once, and an event verifies by it', async () => {
		const { connection, secret } = await api(201, 'POST', `${w}/connections`,
			{ destination: 'webhook', id: 'hook', name: 'Hook', url: receiver.url, headers: { 'X-Tenant': 'acme' } });
		assert.equal(connection.destination, 'webhook');
		assert.equal(connection.url, receiver.url);
		verify(secret, receiver.last);
		assert.doesNotMatch(JSON.stringify(await api(200, 'GET', `${w}/connections/hook`)), /whsec_/);
		await api(201, 'POST', `${w}/rules`, { id: 'all', event_type: '>', connection: 'hook', channel: 'endpoint' });
		const { event } = await api(201, 'POST', '/events', { workspace: 'acme', event: ALERT.type, resource: 'alert', payload: ALERT.payload });
		await until('the event', () => JSON.parse(receiver.last.body).data.id === event.id);
		assert.deepEqual(verify(secret, receiver.last).data.payload, ALERT.payload);
		assert.equal(receiver.last.headers['x-tenant'], 'acme');
	});

	test('it is checked like any connection', async () => {
		const { ok, findings } = await api(200, 'POST', `${w}/connections/hook/check`);
		assert.equal(ok, true);
		assert.equal(findings.length, 1);
	});

	test('a rotation signs with both', async () => {
		const first = await api(200, 'POST', `${w}/connections/hook/rotate`, { overlap_hours: 1 });
		assert.equal(receiver.last.headers['webhook-signature'].split(' ').length, 2);
		verify(first.secret, receiver.last);
		const second = await api(200, 'POST', `${w}/connections/hook/rotate`, { overlap_hours: 0, headers: {} });
		verify(second.secret, receiver.last);
		assert.throws(() => verify(first.secret, receiver.last));
	});

	test('it moves to where it is taken, and nowhere else', async () => {
		receiver.answer = 404;
		const refused = await api(422, 'POST', `${w}/connections/hook/move`, { url: `${receiver.url}/other` });
		assert.match(refused.detail, /nothing that takes messages/);
		receiver.answer = 200;
		const { connection } = await api(200, 'POST', `${w}/connections/hook/move`, { url: `${receiver.url}/other` });
		assert.equal(connection.url, `${receiver.url}/other`);
		assert.equal(receiver.last.url, '/hook/other');
	});

	test('what must not be reached, or is no webhook, is refused', async () => {
		const make = (body) => api(422, 'POST', `${w}/connections`, body);
		for (const url of ['http://10.0.0.1/', 'nonsense', 'https://user@a.test/'])
			assert.match((await make({ url, untested: true })).detail, /not taken/);
		assert.match((await make({ url: 'https://a.test/', destination: 'slack' })).detail, /destination/);
		assert.match((await make({ url: receiver.url, headers: { Host: 'a' } })).detail, /header 1/);
		assert.match((await make({ url: receiver.url, headers: { 'X-A': 'a\nX-B: b' } })).detail, /one line/);
		assert.equal((await api(200, 'GET', `${w}/connections`)).records.length, 1);
	});
});
