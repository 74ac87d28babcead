/* What no good client sends: the listener refuses it, and goes on serving. */
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { sleep, until } from './lib.mjs';
import { startWeb, Web } from './web.mjs';

/** Sends bytes and returns all that comes back until the connection ends. */
function raw(url, bytes, { endsAfterMs = 3000 } = {}) {
	const { hostname, port } = new URL(url);
	return new Promise((resolve) => {
		const socket = net.connect(Number(port), hostname, () => socket.write(bytes));
		let text = '';
		const timer = setTimeout(() => socket.destroy(), endsAfterMs);
		socket.on('data', (chunk) => (text += chunk.toString('latin1')));
		socket.on('error', () => {});
		socket.on('close', () => {
			clearTimeout(timer);
			resolve(text);
		});
	});
}
const statuses = (text) => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((match) => Number(match[1]));

describe('probes', () => {
	let bench, web, host;
	before(async () => {
		({ bench, web } = await startWeb({ sandbox: false, serve: false }));
		await web.api(201, 'POST', '/workspaces', { token: web.key, body: { id: 'acme' } });
		host = new URL(web.url).host;
	});
	after(async () => {
		const how = await web?.stop();
		await bench?.stop();
		assert.equal(how?.code, 0, web.child.output);
	});
	const head = (line, ...headers) => [line, `Host: ${host}`, ...headers, 'Connection: close', '', ''].join('\r\n');
	const auth = () => `Authorization: Bearer ${web.key}`;

	test('a good request by hand is answered', async () => {
		assert.deepEqual(statuses(await raw(web.url, head('GET /api/v1/me HTTP/1.1', auth()))), [200]);
	});

	for (const [name, lines] of [
		['no Host', () => `GET /api/v1/me HTTP/1.1\r\n${auth()}\r\nConnection: close\r\n\r\n`],
		['two Hosts', () => head('GET /api/v1/me HTTP/1.1', `Host: ${host}`)],
		['another Host', () => `GET /api/v1/me HTTP/1.1\r\nHost: evil.example.com\r\n${auth()}\r\nConnection: close\r\n\r\n`],
		['two Content-Lengths', () => head('POST /api/v1/keys HTTP/1.1', auth(), 'Content-Length: 2', 'Content-Length: 3') + '{}'],
		['a Content-Length that is no number', () => head('POST /api/v1/keys HTTP/1.1', auth(), 'Content-Length: +2') + '{}'],
		['both lengths', () => head('POST /api/v1/keys HTTP/1.1', auth(), 'Content-Length: 2', 'Transfer-Encoding: chunked') + '0\r\n\r\n'],
		['two codings', () => head('POST /api/v1/keys HTTP/1.1', auth(), 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + '0\r\n\r\n'],
		['a strange coding', () => head('POST /api/v1/keys HTTP/1.1', auth(), 'Transfer-Encoding: xchunked') + '0\r\n\r\n'],
		['an absolute target', () => head('GET http://evil.example.com/api/v1/me HTTP/1.1', auth())],
		['two slashes', () => head('GET //api/v1/me HTTP/1.1', auth())],
		['dots', () => head('GET /api/v1/workspaces/../me HTTP/1.1', auth())],
		['dots in disguise', () => head('GET /api/v1/workspaces/%2e%2e/me HTTP/1.1', auth())],
		['a NUL', () => head('GET /api/v1/me%00/../../x HTTP/1.1', auth())],
		['a bad escape', () => head('GET /api/v1/me%zz HTTP/1.1', auth())],
		['what is no UTF-8', () => head('GET /api/v1/me%ff HTTP/1.1', auth())],
		['a parameter twice', () => head('GET /api/v1/workspaces?limit=1&limit=2 HTTP/1.1', auth())],
		['a space in a header\'s name', () => head('GET /api/v1/me HTTP/1.1', 'X-A : b', auth())],
	]) {
		test(`${name}: refused, nothing behind it is taken for a request`, async () => {
			const got = statuses(await raw(web.url, `${lines()}GET /api/v1/me HTTP/1.1\r\nHost: ${host}\r\n\r\n`));
			assert.equal(got.length <= 1 || got.every((one) => one >= 400), true, String(got));
			assert.equal(got[0] >= 400 && got[0] < 500, true, String(got));
		});
	}

	test('a slash in disguise is part of an id, not of the path', async () => {
		const got = await web.ask('GET', '/api/v1/workspaces/acme/events/a%2Fb', { token: web.key });
		assert.equal(got.status, 404);
		assert.equal(got.body.code, 'not_found');
	});

	test('unknown methods are refused with those that are known', async () => {
		for (const method of ['FOO', 'TRACE', 'OPTIONS']) {
			const text = await raw(web.url, head(`${method} /api/v1/me HTTP/1.1`, auth()));
			assert.deepEqual(statuses(text), [405], method);
			assert.match(text, /Allow: GET, HEAD/);
		}
	});

	test('more head than there is room for is refused', async () => {
		const got = statuses(await raw(web.url, head('GET /api/v1/me HTTP/1.1', `X-Long: ${'x'.repeat(100000)}`)));
		assert.equal(got.length === 0 || got[0] >= 400, true);
		const long = statuses(await raw(web.url, head(`GET /${'x'.repeat(20000)} HTTP/1.1`)));
		assert.equal(long.length === 0 || long[0] >= 400, true);
	});

	test('a body that is too large is refused before it is sent', async () => {
		const text = await raw(web.url, head('POST /api/v1/keys HTTP/1.1', auth(), 'Content-Type: application/json',
			'Content-Length: 10000000', 'Expect: 100-continue'));
		assert.deepEqual(statuses(text), [413]);
	});

	test('chunks are counted, too', async () => {
		const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
		const text = await raw(web.url, head('POST /api/v1/keys HTTP/1.1', auth(), 'Content-Type: application/json',
			'Transfer-Encoding: chunked') + chunk.repeat(5) + '0\r\n\r\n');
		assert.deepEqual(statuses(text), [413]);
	});

	test('a byte now and then keeps no connection', async () => {
		const { hostname, port } = new URL(web.url);
		const socket = net.connect(Number(port), hostname);
		let isOpen = true;
		socket.on('close', () => (isOpen = false));
		socket.on('error', () => {});
		socket.write('GET /api/v1/me HTTP/1.1\r\nX-Slow: ');
		const drip = setInterval(() => isOpen && socket.write('x'), 500);
		try {
			await until('it to be closed', () => !isOpen, 30000);
		} finally {
			clearInterval(drip);
			socket.destroy();
		}
	});

	test('who asks too often is told when to come again', async () => {
		const made = await web.api(201, 'POST', '/keys', { token: web.key, body: { scopes: ['read'] } });
		const refused = await until('a refusal', async () => {
			const got = await Promise.all(Array.from({ length: 40 }, () => web.ask('GET', '/api/v1/me', { token: made.key })));
			return got.find((one) => one.status === 429);
		});
		assert.equal(Number(refused.headers.get('retry-after')) >= 1, true);
	});

	test('after SIGTERM everybody who asked is answered, and streams end', async () => {
		const second = await new Web(bench, { api_rate: 1000000, http_connections_address_max: 0 }).start();
		const { port } = new URL(second.url);
		const lost = [];
		let answered = 0, refused = 0, isOver = false;
		const ask = () => new Promise((resolve) => {
			const request = http.request({ port, host: '127.0.0.1', path: '/api/v1/workspaces', agent: false,
				headers: { authorization: `Bearer ${web.key}` } }, (answer) => {
				answer.resume();
				answer.on('end', () => { answered++; resolve(); });
				answer.on('error', (error) => { lost.push(error.message); resolve(); });
			});
			request.on('error', (error) => {
				if (error.code === 'ECONNREFUSED') refused++;
				else lost.push(`${error.code} ${error.message}`);
				resolve();
			});
			request.end();
		});
		const flood = async () => { while (!isOver) await ask(); };
		const streams = await Promise.all(Array.from({ length: 60 }, async () => {
			const answer = await fetch(`${second.url}/api/v1/workspaces/acme/stream`, { headers: { authorization: `Bearer ${web.key}` } });
			assert.equal(answer.status, 200);
			return { text: answer.text() };
		}));
		const floods = Array.from({ length: 8 }, flood);
		await until('requests', () => answered > 50);
		const ended = second.stop();
		await until('a refusal', () => refused > 0);
		isOver = true;
		await Promise.all(floods);
		assert.equal((await ended).code, 0, second.child.output);
		assert.deepEqual(lost, []);
		for (const { text } of streams) assert.match(await text, /resync/);
	});

	test('after all of it a request is answered as before', async () => {
		await sleep(50);
		await web.api(200, 'GET', '/me', { token: web.key });
	});
});
