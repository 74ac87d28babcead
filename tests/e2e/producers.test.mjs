/* What a producer with a credential of its own can do, and what it cannot, on every nats-server
 * that is at hand; and that the same attacks succeed where producers share the service's account. */
import { spawnSync } from 'node:child_process';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, NatsConnection, NatsServer, encodeEvent, freePort, start, temporaryDirectory, until } from './lib.mjs';
import { natsServers } from './nats_servers.mjs';

const OWN = 'carillon.events.acme.attack';
const FOREIGN = 'carillon.events.globex.attack';
const EVIL = 'evil';

/** What the service's account holds, to compare before and after. */
async function holdings(service) {
	const ask = async (subject) => JSON.parse(await service.request(subject));
	const held = {};
	// The service itself writes history, whenever it comes to it: what is there is looked at below.
	for (const stream of ['CARILLON_EVENTS', 'KV_carillon_state']) {
		const { state } = await ask(`$JS.API.STREAM.INFO.${stream}`);
		held[stream] = { first: state.first_seq, last: state.last_seq, messages: state.messages };
	}
	return held;
}

const api = async (service, what, body = {}) =>
	JSON.parse(await service.request(`$JS.API.${what}`, JSON.stringify(body)));

/** The last message of a subject, as text; undefined if there is none. */
async function lastOf(service, subject, stream = 'CARILLON_EVENTS') {
	const { message } = await api(service, `STREAM.MSG.GET.${stream}`, { last_by_subj: subject });
	return message && Buffer.from(message.data ?? '', 'base64').toString();
}

/* Each publishes one event of the producer's own, with the answer sent elsewhere. */
const REPLIES = {
	'purging the events': '$JS.API.STREAM.PURGE.CARILLON_EVENTS',
	'purging the state': '$JS.API.STREAM.PURGE.KV_carillon_state',
	'deleting the events stream': '$JS.API.STREAM.DELETE.CARILLON_EVENTS',
	'deleting the consumer': '$JS.API.CONSUMER.DELETE.CARILLON_EVENTS.dispatch-0',
	'deleting an event': '$JS.API.STREAM.MSG.DELETE.CARILLON_EVENTS',
	'overwriting a credential': '$KV.carillon_state.globex.connection.slack',
	'an event of another workspace': FOREIGN,
	'an entry of the history': 'carillon.history.0',
	'asking the servers': '$SYS.REQ.SERVER.PING',
};
const PUBLISHED = {
	'another workspace\'s event': FOREIGN,
	'an event of every workspace': 'carillon.events.*.attack',
	'a partition\'s event': 'carillon.ev.0.globex.attack',
	'the JetStream API': '$JS.API.STREAM.PURGE.CARILLON_EVENTS',
	'the state': '$KV.carillon_state.globex.connection.slack',
	'the history': 'carillon.history.0',
	'the servers': '$SYS.REQ.SERVER.PING',
};
const HEARD = ['carillon.events.>', 'carillon.events.globex.>', '_INBOX.>', '_INBOX.globex.>', '>', '$JS.API.>', '$KV.>', '$SYS.>'];

for (const { version, program } of natsServers()) {
	const skip = program ? false : `SKIPPED: no nats-server ${version}: tests/producers/servers builds it`;
	if (skip) console.error(skip);
	describe(`on nats-server ${version}`, { skip }, () => {
		let bench, acme, globex, service;
		before(async () => {
			bench = await start({ program });
			await bench.provision('acme');
			await bench.provision('globex');
			await bench.rule('acme', 'all', { type: 'alert.>' });
			await bench.rule('globex', 'all', { type: 'alert.>', channel: 'C0GENERAL' });
			acme = await connect(await bench.producerCreds('acme'), 'acme');
			globex = await connect(await bench.producerCreds('globex'), 'globex');
			service = await new NatsConnection(bench.nats.port, { creds: bench.serviceCreds }).open();
		});
		after(async () => {
			for (const connection of [acme, globex, service]) connection?.close();
			await bench?.stop();
		});
		const connect = (creds, workspace) =>
			new NatsConnection(bench.nats.port, { creds, inboxPrefix: `_INBOX.${workspace}` }).open();

		test('an event of its own is acknowledged and delivered', async () => {
			const bytes = encodeEvent({ ...ALERT, id: 'own' });
			const ack = JSON.parse(await acme.request('carillon.events.acme.alert.triggered', bytes));
			assert.equal(ack.stream, 'CARILLON_EVENTS');
			const [delivery] = await bench.deliveries('acme', 'own');
			assert.equal(delivery.state, 'delivered');
		});

		test('CloudEvents in JSON are delivered, and JSON alone is told what to set', async () => {
			const subject = 'carillon.events.acme.alert.triggered';
			const attributes = { specversion: '1.0', source: '/billing', type: 'alert.triggered', subject: 'alrt_1' };
			const headers = Object.fromEntries(Object.entries({ ...attributes, id: 'binary' })
				.map(([name, value]) => [`ce-${name}`, value]));
			const structured = JSON.stringify({ ...attributes, id: 'structured', data: ALERT.payload });
			await acme.request(subject, JSON.stringify(ALERT.payload), headers);
			await acme.request(subject, structured, { 'content-type': 'application/cloudevents+json' });
			for (const id of ['binary', 'structured']) {
				const [delivery] = await bench.deliveries('acme', id);
				assert.equal(delivery.state, 'delivered');
				const seen = await bench.json('event', 'show', 'acme', id);
				assert.deepEqual(seen.payload, ALERT.payload);
				assert.equal(seen.resource_id, 'alrt_1');
				const preview = await bench.json('rule', 'preview', 'acme', 'all', '--event', id);
				assert.match(JSON.stringify(preview), /api_latency_p95/);
			}
			const { seq } = JSON.parse(await acme.request(subject, JSON.stringify(ALERT.payload)));
			const failed = await until('the event that failed', async () =>
				(await bench.json('event', 'list', 'acme')).records.find((record) => record.sequence === seq));
			assert.equal(failed.status, 'failed');
			assert.match(failed.reason, /set the headers ce-specversion, ce-id, ce-source and ce-type/);
		});

		for (const [what, subject] of Object.entries(PUBLISHED)) {
			test(`publishing to ${what} is refused`, async () => {
				const before = await holdings(service);
				const errors = acme.errors.length;
				acme.publish(subject, { body: EVIL });
				await acme.flush();
				assert.match(acme.errors.slice(errors).join(), /Permissions Violation for Publish/i);
				assert.deepEqual(await holdings(service), before);
				assert.notEqual(await lastOf(service, 'carillon.history.0', 'CARILLON_HISTORY'), EVIL);
			});
		}

		for (const subject of HEARD) {
			test(`hearing ${subject} is refused`, async () => {
				const errors = acme.errors.length;
				await acme.subscribe(subject);
				assert.match(acme.errors.slice(errors).join(), /Permissions Violation for Subscription/i);
				await globex.request('carillon.events.globex.noise', 'noise');
				await acme.flush();
				assert.deepEqual(acme.heard, []);
			});
		}

		for (const [what, reply] of Object.entries(REPLIES)) {
			test(`${what} by a reply subject does nothing`, async () => {
				const connection = await bench.json('connection', 'show', 'globex', 'slack');
				const before = await holdings(service);
				acme.publish(OWN, { body: EVIL, reply });
				await acme.flush();
				// Its own event, and nothing else; waited for, so that what comes of it has come.
				const after = await until('the event', async () => {
					const now = await holdings(service);
					return now.CARILLON_EVENTS.last > before.CARILLON_EVENTS.last && now;
				});
				await service.flush();
				assert.equal(after.CARILLON_EVENTS.last, before.CARILLON_EVENTS.last + 1);
				assert.equal(after.CARILLON_EVENTS.first, before.CARILLON_EVENTS.first);
				assert.equal(after.CARILLON_EVENTS.messages, before.CARILLON_EVENTS.messages + 1);
				assert.deepEqual(after.KV_carillon_state, before.KV_carillon_state);
				assert.deepEqual(await bench.json('connection', 'show', 'globex', 'slack'), connection);
				assert.equal(await lastOf(service, FOREIGN), undefined);
				assert.notEqual(await lastOf(service, 'carillon.history.0', 'CARILLON_HISTORY'), EVIL);
				assert.ok(!(await api(service, 'CONSUMER.INFO.CARILLON_EVENTS.dispatch-0')).error);
			});
		}

		test('no header empties a stream or does what no producer should', async () => {
			const before = await holdings(service);
			for (const headers of [{ 'Nats-Rollup': 'all' }, { 'Nats-Rollup': 'sub' }]) {
				const answer = JSON.parse(await acme.request(OWN, EVIL, headers));
				assert.ok(answer.error, `${JSON.stringify(headers)}: ${JSON.stringify(answer)}`);
			}
			for (const headers of [{ 'Nats-TTL': '1s' }, { 'Nats-Expected-Last-Sequence': '1' },
				{ 'Nats-Schedule': '@every 1s', 'Nats-Schedule-Target': FOREIGN }, { 'Nats-Incr': '+1' }])
				await acme.request(OWN, EVIL, headers);
			const after = await holdings(service);
			assert.equal(after.CARILLON_EVENTS.first, before.CARILLON_EVENTS.first);
			assert.ok(after.CARILLON_EVENTS.messages >= before.CARILLON_EVENTS.messages);
			assert.equal(await lastOf(service, FOREIGN), undefined);
		});

		test('another\'s event is not lost because of an id that was used before', async () => {
			await acme.request(OWN, EVIL, { 'Nats-Msg-Id': 'order-1' });
			const bytes = encodeEvent({ ...ALERT, id: 'order-1' });
			const ack = await until('an acknowledgement of its own', async () => {
				const answer = JSON.parse(await globex.request('carillon.events.globex.alert.triggered', bytes,
					{ 'Nats-Msg-Id': 'order-1' }));
				return !answer.duplicate && answer;
			});
			assert.ok(ack.seq > 0);
			const [delivery] = await bench.deliveries('globex', 'order-1');
			assert.equal(delivery.state, 'delivered');
		});

		test('the check of the set-up finds nothing that gets through', async () => {
			const { attacks, got_through } = JSON.parse(await bench.cli('nats', 'config', '--dir', bench.natsDir,
				'--check', bench.nats.url, '--json'));
			assert.deepEqual(attacks.filter((attack) => attack.got_through), []);
			assert.equal(got_through, 0);
			assert.ok(attacks.length > 20);
			const { findings } = await bench.json('check');
			assert.match(findings.find((finding) => finding.what === 'producers').sentence, /an account of their own/);
		});

		describe('a credential that does not count', () => {
			/** The operators' event about a refused producer. */
			const told = (pattern) =>
				until(`an event that says ${pattern}`, () => {
					const line = bench.service.output.split('\n').find((l) => l.includes('producer.refused') && pattern.test(l));
					return line;
				});
			const refused = async (creds) => {
				const connection = await connect(creds, 'acme');
				await connection.closed;
				assert.match(connection.errors.join(), /Authorization Violation/);
			};

			test('revoked: who is connected by it is dropped, cannot come back, and is told of', async () => {
				const creds = await bench.producerCreds('acme', '--name', 'billing');
				const connection = await connect(creds, 'acme');
				assert.ok(JSON.parse(await connection.request(OWN, 'x')).seq > 0);
				await bench.cli('producer', 'revoke', 'acme', 'billing', '--yes');
				await connection.closed;
				assert.match(connection.errors.join(), /revoked/i);
				await refused(creds);
				await told(/acme\/billing at 127\.0\.0\.1 was refused: its credential was revoked at 20/);
				const { records } = await bench.json('producer', 'list', 'acme');
				assert.equal(records.find((record) => record.name === 'billing').status, 'revoked');
				assert.equal(records.find((record) => record.name === 'default').status, 'active');
				assert.ok(JSON.parse(await acme.request(OWN, 'x')).seq > 0, 'the others go on');
			});

			test('revoked stays revoked when the server starts again', async () => {
				const { records } = await bench.json('producer', 'list', 'acme');
				assert.ok(records.some((record) => record.status === 'revoked'));
				await bench.nats.stop();
				await bench.nats.start();
				await refused(path.join(bench.dir, 'acme-1.creds'));
				acme = await connect(await bench.producerCreds('acme'), 'acme');
				service = await new NatsConnection(bench.nats.port, { creds: bench.serviceCreds }).open();
				await until('the events stream', async () => JSON.parse(await acme.request(OWN, 'x')).seq > 0);
			});

			test('the audit says who was revoked', async () => {
				const { message } = await api(service, 'STREAM.MSG.GET.CARILLON_OPS', {
					last_by_subj: 'carillon.ops.acme.producer.revoked' });
				assert.match(Buffer.from(message.data, 'base64').toString(), /revoked by hand: billing/);
			});

			test('expired: dropped at the second, and told of', async () => {
				const creds = await bench.producerCreds('acme', '--name', 'short', '--expires', '2s');
				const connection = await connect(creds, 'acme');
				await connection.closed;
				assert.match(connection.errors.join(), /User Authentication Expired/);
				// In the very second of its end it may still be let in, and dropped.
				await until('a refusal', () => refused(creds).then(() => true));
				await told(/acme\/short at 127\.0\.0\.1 was refused: its credential expired at 20/);
				const { message } = await api(service, 'STREAM.MSG.GET.CARILLON_OPS', {
					last_by_subj: 'carillon.ops.acme.producer.refused' });
				assert.match(Buffer.from(message.data, 'base64').toString(), /carillon producer creds makes another/);
			});

			test('foreign: of another set-up', async () => {
				const dir = path.join(bench.dir, 'foreign');
				await bench.cli('nats', 'config', '--dir', dir);
				const file = path.join(bench.dir, 'foreign.creds');
				await bench.cli('producer', 'creds', 'acme', '--out', file, '--set', `nats_dir=${dir}`);
				await refused(file);
				await told(/was refused: its credential is foreign: it was issued by A/);
			});

			test('malformed: one character is another, or the end is missing', async () => {
				const good = fs.readFileSync(await bench.producerCreds('acme'), 'utf8').split('\n');
				for (const [name, token] of [
					['altered', good[1].replace(/(.{20})$/, (end) => (end[0] === 'A' ? 'B' : 'A') + end.slice(1))],
					['cut', good[1].slice(0, 200)],
				]) {
					const lines = [...good];
					lines[1] = token;
					await refused(bench.file(`${name}.creds`, lines.join('\n')));
				}
				await told(/a client at 127\.0\.0\.1 was refused: its credential is malformed: the token's signature/);
				await told(/a client at 127\.0\.0\.1 was refused: its credential is malformed: is no token/);
			});

			test('none at all', async () => {
				const connection = await new NatsConnection(bench.nats.port).open();
				await connection.closed;
				assert.match(connection.errors.join(), /Authorization Violation/);
				await told(/it showed no credential/);
			});
		});
	});

	describe(`where all share one account, on nats-server ${version}`, { skip }, () => {
		let bench, acme, open;
		before(async () => {
			bench = await start({ serve: false, sandbox: false, program });
			await bench.nats.stop();
			open = new NatsServer(temporaryDirectory(), await freePort(), { program });
			await open.start();
			bench.nats = open;
			await bench.serve({ nats_creds: '' });
			acme = await new NatsConnection(open.port, { creds: await bench.producerCreds('acme') }).open();
		});
		after(async () => {
			acme?.close();
			await bench?.stop();
		});

		test('a reply subject forges, overwrites, deletes and purges', async () => {
			await acme.request('carillon.events.globex.x', 'theirs');
			const key = '$KV.carillon_state.globex.connection.slack';
			acme.publish(OWN, { body: EVIL, reply: FOREIGN });
			await until('the forged event', () => lastOf(acme, FOREIGN));
			acme.publish(OWN, { body: EVIL, reply: key });
			await until('the overwritten credential', async () =>
				(await api(acme, 'STREAM.MSG.GET.KV_carillon_state', { last_by_subj: key })).message);
			// From 2.12 on the server wants no more of a request than it knows, and the answer has more.
			if (Number(version.split('.')[1]) >= 12) return;
			const { seq } = JSON.parse(await acme.request(OWN, EVIL));
			acme.publish(OWN, { body: EVIL, reply: '$JS.API.STREAM.MSG.DELETE.CARILLON_EVENTS' });
			await until('a deleted event', async () =>
				(await api(acme, 'STREAM.MSG.GET.CARILLON_EVENTS', { seq: seq + 1 })).error);
			// A stream that may be purged: what is told of in the answer is the request.
			await api(acme, 'STREAM.CREATE.SCRATCH', { name: 'SCRATCH', subjects: ['scratch'], storage: 'memory' });
			await acme.request('scratch', 'theirs');
			acme.publish(OWN, { body: EVIL, reply: '$JS.API.STREAM.PURGE.SCRATCH' });
			await until('the purge', async () => (await api(acme, 'STREAM.INFO.SCRATCH')).state.messages === 0);
		});

		test('and everything is heard', async () => {
			await acme.subscribe('carillon.events.>');
			await acme.subscribe('_INBOX.>');
			acme.publish(FOREIGN, { body: 'theirs', reply: '_INBOX.globex.1' });
			await until('their event', () => acme.heard.some(({ body }) => body === 'theirs'));
			assert.deepEqual(acme.errors, []);
		});

		test('and both checks say so', async () => {
			const got = await bench.tryCli(['nats', 'config', '--dir', bench.natsDir, '--check', open.url, '--json']);
			const { attacks } = JSON.parse(got.out);
			assert.equal(got.code, 1);
			const through = attacks.filter((attack) => attack.got_through).map((attack) => attack.attack);
			assert.ok(through.includes('purging a stream by a reply subject'), got.out);
			assert.ok(through.includes('hearing all events'), got.out);
			assert.ok(through.length >= 19, got.out);
			const checked = await bench.tryCli(['check', '--json'], { settings: { nats_creds: '' } });
			assert.equal(checked.code, 1);
			assert.match(checked.out, /producers share the service's account/);
		});
	});
}

/* Debian 12's server cannot be clustered: compare-and-set is not atomic there with three copies. */
const cluster = natsServers().find(({ version, program }) => program && Number(version?.split('.')[1]) >= 10);
test('with certificates, service and producer come in by TLS, and nobody without', async () => {
	const bench = await start({ serve: false, sandbox: false });
	try {
		await bench.nats.stop();
		const [dir, port] = [path.join(bench.dir, 'tls'), await freePort()];
		fs.mkdirSync(dir);
		const at = (name) => path.join(dir, name);
		const openssl = (...args) => assert.equal(spawnSync('openssl', args, { cwd: dir }).status, 0, args.join(' '));
		const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
		openssl('req', '-x509', ...ec, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=test-ca');
		openssl('req', ...ec, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=server');
		fs.writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1');
		openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.pem');
		await bench.cli('nats', 'config', '--dir', at('nats'), '--listen', `127.0.0.1:${port}`, '--store-dir', at('store'),
			'--tls-cert', at('server.pem'), '--tls-key', at('server.key'), '--tls-ca', at('ca.pem'));
		bench.nats = new NatsServer(dir, port, { config: at('nats/nats-server.conf') });
		await bench.nats.start();
		const settings = { nats_url: `tls://127.0.0.1:${port}`, nats_ca: at('ca.pem'), nats_dir: at('nats'), nats_creds: at('nats/service.creds') };
		bench.options.settings = settings;
		await bench.cli('workspace', 'create', 'acme');
		assert.match(await bench.cli('nats', 'config', '--dir', at('nats'), '--check', settings.nats_url), / attacks tried, 0 get through/);
		const plain = await bench.tryCli(['workspace', 'list'], { settings: { nats_url: `nats://127.0.0.1:${port}`, nats_ca: '' } });
		assert.match(plain.err, /wants TLS|TLS/);
		const stranger = await bench.tryCli(['workspace', 'list'], { settings: { nats_ca: '/etc/ssl/certs/ca-certificates.crt' } });
		assert.match(stranger.err, /TLS with nats at .* failed .*check nats_ca/);
	} finally {
		await bench.stop();
	}
});

describe('on a cluster of three', { skip: cluster ? false : 'SKIPPED: no nats-server 2.10 or later' }, () => {
	let bench, nodes = [];
	before(async () => {
		bench = await start({ serve: false, sandbox: false });
		await bench.nats.stop();
		const ports = [];
		for (let i = 0; i < 6; i++) ports.push(await freePort());
		const dir = path.join(bench.dir, 'cluster');
		await bench.cli('nats', 'config', '--dir', dir, '--store-dir', path.join(bench.dir, 'store'), '--cluster',
			[0, 2, 4].map((i) => `127.0.0.1:${ports[i]}:${ports[i + 1]}`).join());
		nodes = [1, 2, 3].map((n) => {
			// Three machines in one: each has a place of its own.
			const config = path.join(dir, `machine${n}.conf`);
			const text = fs.readFileSync(path.join(dir, `n${n}.conf`), 'utf8');
			fs.writeFileSync(config, text.replaceAll(path.join(bench.dir, 'store'), path.join(bench.dir, `store${n}`)));
			return new NatsServer(bench.dir, ports[2 * (n - 1)], { config, program: cluster.program });
		});
		await Promise.all(nodes.map((node) => node.start()));
		bench.natsDir = dir;
		bench.serviceCreds = path.join(dir, 'service.creds');
		bench.nats = nodes[0];
		bench.service = bench.launchService({ replicas: 3 });
		await until('the service on a cluster that has a leader', () => {
			assert.equal(bench.service.exitCode, null, bench.service.output);
			return fs.existsSync(bench.readyFile);
		}, 60000);
	});
	after(async () => {
		await bench?.stop();
		await Promise.all(nodes.map((node) => node.stop()));
	});

	test('a credential counts on every server, and once revoked on none', async () => {
		const creds = await bench.producerCreds('acme');
		const connect = (node) =>
			new NatsConnection(node.port, { creds, inboxPrefix: '_INBOX.acme' }).open();
		const connections = await Promise.all(nodes.map(connect));
		for (const connection of connections) assert.ok(JSON.parse(await connection.request(OWN, 'x')).seq > 0);
		await bench.cli('producer', 'revoke', 'acme', '--yes');
		for (const connection of connections) await connection.closed;
		for (const node of nodes) {
			const again = await connect(node);
			await again.closed;
			assert.match(again.errors.join(), /Authorization Violation/);
		}
	});

	test('no attack gets through', async () => {
		const { got_through } = JSON.parse(await bench.cli('nats', 'config', '--dir', bench.natsDir,
			'--check', nodes[1].url, '--json'));
		assert.equal(got_through, 0);
	});
});
