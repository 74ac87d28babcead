/* What lies between the service and Slack, on real parts: TLS, and names. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { binary, end, launch, start, TOKEN, until } from './lib.mjs';

const SYSTEM_CA = '/etc/ssl/certs/ca-certificates.crt';

/** An authority, and a certificate for 127.0.0.1 and slack.test that it vouches for, as files. */
function certificates(dir) {
	const at = (name) => path.join(dir, name);
	const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
	const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
	openssl('req', '-x509', ...fresh, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=e2e-ca');
	openssl('req', ...fresh, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=e2e');
	fs.writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1,DNS:slack.test');
	openssl('x509', '-req', '-in', at('server.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'),
		'-CAcreateserial', '-days', '2', '-extfile', at('names'), '-out', at('server.pem'));
	return { ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key') };
}

/** TLS in front of the sandbox; counts the connections. */
async function tlsFront(sandbox, files) {
	const front = { connections: 0, sockets: new Set() };
	const { port } = new URL(sandbox.url);
	front.server = tls.createServer({ cert: fs.readFileSync(files.cert), key: fs.readFileSync(files.key) }, (socket) => {
		const behind = net.connect(Number(port), '127.0.0.1');
		front.connections++;
		for (const s of [socket, behind]) {
			front.sockets.add(s);
			s.on('error', () => {});
		}
		socket.pipe(behind).pipe(socket);
	});
	await new Promise((resolve) => front.server.listen(0, '127.0.0.1', resolve));
	front.port = front.server.address().port;
	front.url = `https://127.0.0.1:${front.port}/api`;
	front.close = () => {
		front.server.close();
		for (const s of front.sockets) s.destroy();
	};
	return front;
}

/** A proxy that opens tunnels; remembers where to, and whatever else it was asked. */
async function tunnels(upstream) {
	const proxy = { asked: [], other: 0, refuses: 0, heard: Buffer.alloc(0), sockets: new Set() };
	proxy.server = http.createServer((request, response) => {
		proxy.other++;
		response.writeHead(500).end();
	});
	proxy.server.on('connect', (request, socket) => {
		proxy.asked.push({ to: request.url, headers: request.headers });
		proxy.sockets.add(socket);
		socket.on('error', () => {});
		if (proxy.refuses > 0) {
			proxy.refuses--;
			socket.end('HTTP/1.1 403 Forbidden\r\nRetry-After: 86400\r\nContent-Length: 11\r\n\r\n{"ok":true}');
			return;
		}
		const behind = net.connect(upstream(), '127.0.0.1', () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'));
		behind.on('error', () => socket.destroy());
		proxy.sockets.add(behind);
		socket.on('data', (bytes) => (proxy.heard = Buffer.concat([proxy.heard, bytes])));
		socket.pipe(behind).pipe(socket);
	});
	await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
	proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
	proxy.close = () => {
		proxy.server.close();
		for (const s of proxy.sockets) s.destroy();
	};
	return proxy;
}

describe('Slack behind a proxy', () => {
	let bench;
	let front;
	let proxy;
	before(async () => {
		bench = await start({ serve: false });
		const files = certificates(bench.dir);
		front = await tlsFront(bench.sandbox, files);
		proxy = await tunnels(() => front.port);
		// A name that only the proxy knows.
		bench.options.settings = { slack_api_url: 'https://slack.test/api', slack_ca: files.ca, slack_proxy: proxy.url, retry_schedule_s: '0,0,0', lane_shut_min_ms: 10 };
		await bench.cli('workspace', 'create', 'acme');
	});
	after(async () => {
		proxy?.close();
		front?.close();
		await bench?.stop();
	});

	const add = (settings = {}) => bench.tryCli(['connection', 'add', 'acme', '--slack', '--token-stdin', '--id', 'slack', '--channel', 'C0ALERTS'], { input: `${TOKEN}\n`, settings });

	test('none is taken from the environment', async () => {
		const everywhere = Object.fromEntries(['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'all_proxy', 'ALL_PROXY'].map((name) => [name, proxy.url]));
		Object.assign(process.env, everywhere);
		try {
			const got = await add({ slack_proxy: '', slack_api_url: front.url.replace(/:\d+/, ':9') });
			assert.equal(got.code, 1);
			assert.match(got.err, /could not connect/);
			assert.equal(proxy.asked.length, 0);
		} finally {
			for (const name of Object.keys(everywhere)) delete process.env[name];
		}
	});

	test('one that refuses, or is not there, is said to be the proxy', async () => {
		proxy.refuses = 1;
		const refused = await add();
		assert.equal(refused.code, 1, refused.err);
		assert.match(refused.err, /the proxy refused \(.*403/);
		const gone = await add({ slack_proxy: 'http://127.0.0.1:9' });
		assert.equal(gone.code, 1, gone.err);
		assert.match(gone.err, /could not connect to the proxy/);
		const wrong = await add({ slack_proxy: 'http://me:fake@127.0.0.1:9' });
		assert.equal(wrong.code, 2, wrong.err);
		assert.match(wrong.err, /slack_proxy: takes no user and no password/);
		assert.ok(!wrong.err.includes('fake'));
	});

	test('messages go through one tunnel, which sees neither token nor name server', async () => {
		const added = await add();
		assert.equal(added.code, 0, added.err);
		await bench.rule('acme', 'all');
		await bench.serve();
		proxy.asked.length = 0;
		for (let i = 0; i < 4; i++) {
			const [delivery] = await bench.deliveries('acme', await bench.publish('acme'));
			assert.equal(delivery.state, 'delivered');
			assert.equal(delivery.attempts.length, 1);
		}
		assert.deepEqual(proxy.asked.map((a) => a.to), ['slack.test:443']);
		assert.ok(!JSON.stringify(proxy.asked).includes(TOKEN) && !proxy.heard.includes(TOKEN));
		assert.ok(proxy.heard.length > 0);
		assert.equal(proxy.other, 0, 'nothing but tunnels');
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, 4);
	});

	test('a tunnel that is refused, or breaks while it is kept, leaves nothing in doubt', async () => {
		for (const s of proxy.sockets) s.destroy();
		proxy.refuses = 2;
		const [delivery] = await bench.deliveries('acme', await bench.publish('acme'));
		assert.equal(delivery.state, 'delivered');
		assert.match(delivery.attempts[0].reason, /the proxy refused/);
		assert.ok(delivery.attempts.every((a) => !a.possible_duplicate), JSON.stringify(delivery.attempts));
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, 5);
	});
});

describe('Slack over TLS', () => {
	let bench;
	let front;
	let files;
	before(async () => {
		bench = await start({ serve: false });
		files = certificates(bench.dir);
		front = await tlsFront(bench.sandbox, files);
		bench.options.settings = { slack_api_url: front.url };
		await bench.cli('workspace', 'create', 'acme');
	});
	after(async () => {
		front?.close();
		await bench?.stop();
	});

	const add = (settings) => bench.tryCli(['connection', 'add', 'acme', '--slack', '--token-stdin', '--id', 'slack',
		'--channel', 'C0ALERTS'], { input: `${TOKEN}\n`, settings });

	test('a certificate that nobody vouches for is told no credential', async () => {
		const got = await add({});
		assert.notEqual(got.code, 0);
		assert.match(got.err + got.out, /the certificate is not trusted/);
		assert.equal((await bench.sandbox.journal()).length, 0);
	});

	test('a file that is none is named', async () => {
		const got = await add({ slack_ca: '/nonexistent.pem' });
		assert.notEqual(got.code, 0);
		assert.match(got.err + got.out, /\/nonexistent\.pem: No such file/);
	});

	test('with slack_ca messages arrive, over a connection that is kept', async () => {
		const system = fs.existsSync(SYSTEM_CA) ? fs.readFileSync(SYSTEM_CA, 'utf8') : '';
		const bundle = bench.file('bundle.pem', system + fs.readFileSync(files.ca, 'utf8'));
		bench.options.settings.slack_ca = bundle;
		const got = await add({});
		assert.equal(got.code, 0, got.err);
		await bench.rule('acme', 'all');
		await bench.serve();
		front.connections = 0;
		for (let i = 0; i < 5; i++) {
			const id = await bench.publish('acme');
			const [delivery] = await bench.deliveries('acme', id);
			assert.equal(delivery.state, 'delivered');
		}
		assert.equal(front.connections, 1);
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, 5);
	});
});

describe('a resolver that hangs', () => {
	let bench;
	let front;
	let control; // of the preloaded library: the delay in microseconds, how many were delayed
	const SETTINGS = {
		connect_timeout_ms: 500, retry_schedule_s: '0,1,1,1,1,1,1,1,1,1', retry_jitter_percent: 0,
		lane_shut_min_ms: 100, lane_shut_max_ms: 200, drain_s: 1,
	};
	before(async () => {
		bench = await start({ serve: false, settings: SETTINGS });
		control = path.join(bench.dir, 'names');
		await bench.provision();
		const files = certificates(bench.dir);
		front = await tlsFront(bench.sandbox, files);
		bench.options.settings = { ...SETTINGS, slack_ca: files.ca };
		await bench.rule('acme', 'all');
	});
	after(async () => {
		front?.close();
		await bench?.stop();
	});

	function delay(seconds) {
		const bytes = Buffer.alloc(16);
		bytes.writeBigUInt64LE(BigInt(seconds) * 1000000n);
		fs.writeFileSync(control, bytes);
	}
	const delayed = () => Number(fs.readFileSync(control).readBigUInt64LE(8));

	async function serve() {
		fs.rmSync(bench.readyFile, { force: true });
		bench.service = launch(binary('carillon'), ['serve', '--ready-file', bench.readyFile], {
			env: {
				...bench.env({ slack_api_url: `https://slack.test:${front.port}/api` }),
				LD_PRELOAD: binary('slow-names.so'),
				SLOW_NAMES_FILE: control,
			},
		});
		await until('the service', () => fs.existsSync(bench.readyFile));
	}

	test('fails attempts, which were not sent, and its answer delivers', async () => {
		delay(4);
		await serve();
		const id = await bench.publish('acme');
		const [delivery] = await bench.deliveries('acme', id);
		assert.equal(delivery.state, 'delivered');
		assert.ok(delivery.attempts.length > 1, JSON.stringify(delivery));
		for (const attempt of delivery.attempts.slice(0, -1)) {
			assert.match(attempt.reason, /no connection in time/);
		}
		assert.ok(!delivery.attempts.some((a) => a.possible_duplicate));
		assert.equal(delayed(), 1);
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, 1);
		await bench.stopService();
	});

	test('does not keep the service from ending', async () => {
		delay(600);
		await serve();
		await bench.publish('acme');
		await until('the name to be asked for', () => delayed() === 1);
		const how = await end(bench.service);
		bench.service = undefined;
		assert.deepEqual(how, { code: 0, signal: null });
	});
});
