/* Every way to tell a NATS server who we are, and what is said when it is not enough. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { Bench, NatsServer, freePort, temporaryDirectory } from './lib.mjs';

const dir = temporaryDirectory();
const write = (name, text, mode = 0o600) => {
	const file = path.join(dir, name);
	fs.writeFileSync(file, text, { mode });
	fs.chmodSync(file, mode);
	return file;
};

/* --- an nkey of a user, as `nk -gen user` makes it --- */

function base32(bytes) {
	let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
	bits = bits.padEnd(Math.ceil(bits.length / 5) * 5, '0');
	return bits.match(/.{5}/g).map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[parseInt(five, 2)]).join('');
}
function withSum(bytes) {
	let crc = 0;
	for (const byte of bytes) {
		crc ^= byte << 8;
		for (let i = 0; i < 8; i++) crc = ((crc & 0x8000) !== 0 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
	}
	return base32([...bytes, crc & 0xff, crc >> 8]);
}
function newKey() {
	const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519');
	const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
	const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
	return { seed: withSum([0x95, 0, ...seed]), user: withSum([0xa0, ...raw]) };
}

/* --- an authority, the server's certificate, and ours --- */

function certificates() {
	const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
	const at = (name) => path.join(dir, name);
	const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
	for (const ca of ['ca', 'other-ca']) {
		openssl('req', '-x509', ...fresh, '-keyout', at(`${ca}.key`), '-out', at(`${ca}.pem`), '-subj', `/CN=e2e-${ca}`);
	}
	fs.writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1\n');
	for (const [name, ca] of [['server', 'ca'], ['client', 'ca'], ['stranger', 'other-ca']]) {
		openssl('req', ...fresh, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=e2e-${name}`);
		openssl('x509', '-req', '-in', at(`${name}.csr`), '-CA', at(`${ca}.pem`), '-CAkey', at(`${ca}.key`),
			'-CAcreateserial', '-days', '2', '-extfile', at('names'), '-out', at(`${name}.pem`));
	}
	return at;
}

/** A server with `more` in its configuration, and a bench that looks at it. */
async function serverWith(more) {
	const port = await freePort();
	const store = fs.mkdtempSync(path.join(dir, 'server-'));
	const config = path.join(store, 'nats.conf');
	fs.writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream: {store_dir: "${store}"}\n${more}\n`);
	const server = new NatsServer(store, port, { config });
	await server.start();
	return server;
}

const bench = new Bench({ settings: {} });
after(() => bench.stop());
before(() => bench.cli('vault', 'init'));

/** What `check` says of the broker with these settings. */
async function check(settings) {
	const got = await bench.tryCli(['check', '--json'], { settings: { nats_creds: '', ...settings } });
	return JSON.parse(got.out).findings.filter((f) => f.what === 'broker');
}
async function letIn(settings) {
	const made = await bench.tryCli(['workspace', 'list'], { settings: { nats_creds: '', ...settings } });
	assert.equal(made.code, 0, made.err);
	assert.match(made.out, /^none/);
}
async function refused(settings, words) {
	const findings = await check(settings);
	assert.equal(findings.length, 1, JSON.stringify(findings));
	assert.equal(findings[0].ok, false);
	assert.match(findings[0].sentence, words);
	const tried = await bench.tryCli(['workspace', 'list'], { settings: { nats_creds: '', ...settings } });
	assert.equal(tried.code, 1);
	assert.match(tried.err, words);
	assert.equal(tried.err.trim().split('\n').length, 1, `one line: ${tried.err}`);
}

describe('user and password', () => {
	let server;
	before(async () => {
		server = await serverWith('authorization: {users: [{user: bell, password: "fake-word"}]}');
	});
	after(() => server?.stop());

	test('from a file, whatever ends its line', async () => {
		for (const [name, text] of [['plain', 'fake-word'], ['line', 'fake-word\n'], ['crlf', 'fake-word\r\n'], ['bom', '\ufefffake-word\n']]) {
			await letIn({ nats_url: server.url, nats_user: 'bell', nats_password_file: write(`word-${name}`, text) });
		}
	});

	test('in the address', () => letIn({ nats_url: server.url.replace('://', '://bell:fake-word@') }));

	test('wrong ones are named as what they are', async () => {
		const file = write('wrong', 'fake-wrong');
		await refused({ nats_url: server.url, nats_user: 'bell', nats_password_file: file }, /refused user "bell": check nats_user and nats_password_file/);
		await refused({ nats_url: server.url.replace('://', '://bell:fake-wrong@') }, /the user and the password in nats_url/);
		await refused({ nats_url: server.url }, /wants to know who we are, and nothing says it: set nats_creds, or nats_user/);
		assert.ok(!bench.said.includes('fake-w'), 'no password is shown');
	});

	test('a file that anybody may read, or that is none, is refused', async () => {
		const open = write('open', 'fake-word', 0o644);
		await refused({ nats_url: server.url, nats_user: 'bell', nats_password_file: open }, /nats_password_file: .*chmod 600/);
		await refused({ nats_url: server.url, nats_user: 'bell', nats_password_file: path.join(dir, 'nowhere') }, /nats_password_file: .*nowhere: No such file/);
		await refused({ nats_url: server.url, nats_user: 'bell', nats_password_file: write('empty', '\n') }, /empty is empty/);
		await refused({ nats_url: server.url, nats_user: 'bell', nats_password_file: dir }, /regular file/);
	});
});

describe('a token', () => {
	let server;
	before(async () => {
		server = await serverWith('authorization: {token: "fake-token"}');
	});
	after(() => server?.stop());

	test('from a file', () => letIn({ nats_url: server.url, nats_token_file: write('token', 'fake-token\r\n') }));
	test('a wrong one is named', () =>
		refused({ nats_url: server.url, nats_token_file: write('token-wrong', 'fake') }, /refused the token of nats_token_file/));
});

describe('an nkey', () => {
	const key = newKey();
	let server;
	before(async () => {
		server = await serverWith(`authorization: {users: [{nkey: ${key.user}}]}`);
	});
	after(() => server?.stop());

	test('by the file of its seed', () => letIn({ nats_url: server.url, nats_nkey_file: write('seed', `${key.seed}\n`) }));
	test('another one is named by its public key', async () => {
		const other = newKey();
		await refused({ nats_url: server.url, nats_nkey_file: write('seed-other', other.seed) }, new RegExp(`must know the public key ${other.user}`));
	});
	test('what is no seed is told before anybody is asked', async () => {
		await refused({ nats_url: server.url, nats_nkey_file: write('seed-cut', key.seed.slice(0, -1)) }, /seed-cut is no seed of a user/);
		assert.ok(!bench.said.includes(key.seed.slice(0, 20)));
	});
});

describe('a .creds file', () => {
	test('that is not there, has nothing in it, or may be read by anybody', async () => {
		const url = 'nats://127.0.0.1:9';
		await refused({ nats_url: url, nats_creds: path.join(dir, 'nowhere.creds') }, /nats_creds: cannot read .*nowhere\.creds: No such file/);
		await refused({ nats_url: url, nats_creds: write('empty.creds', 'hello\n') }, /empty\.creds is no credentials file: it needs a NATS USER JWT/);
		const creds = '-----BEGIN NATS USER JWT-----\nfake\n------END NATS USER JWT------\n-----BEGIN USER NKEY SEED-----\nfake\n';
		await refused({ nats_url: url, nats_creds: write('open.creds', creds, 0o644) }, /anybody may use .*open\.creds.*chmod 600/);
	});
});

describe('a certificate', () => {
	let at;
	let server;
	before(async () => {
		at = certificates();
		server = await serverWith(`tls: {cert_file: "${at('server.pem')}", key_file: "${at('server.key')}", ca_file: "${at('ca.pem')}", verify: true}`);
		server.url = server.url.replace('nats:', 'tls:');
	});
	after(() => server?.stop());
	const own = (name) => ({ nats_url: server.url, nats_ca: at('ca.pem'), nats_cert: at(`${name}.pem`), nats_key: at(`${name}.key`) });

	test('of ours, which the server asks for', async () => {
		await letIn(own('client'));
		await letIn({ ...own('client'), nats_url: server.url.replace('tls:', 'nats:') });
	});
	test('none is named as what is missing', () =>
		refused({ nats_url: server.url, nats_ca: at('ca.pem') }, /wants a certificate of us: set nats_cert and nats_key/));
	test('one that it does not trust is named', () => refused(own('stranger'), /did not take the certificate of nats_cert, .*stranger\.pem/));
	test('a key that does not fit, or that anybody may read', async () => {
		await refused({ ...own('client'), nats_key: at('stranger.key') }, /are no certificate and its key/);
		fs.copyFileSync(at('client.key'), at('open.key'));
		fs.chmodSync(at('open.key'), 0o644);
		await refused({ ...own('client'), nats_key: at('open.key') }, /nats_key: anybody may use/);
	});
	test('of a server that speaks nothing newer than TLS 1.1 is not taken, whatever OpenSSL\'s own settings', async () => {
		const loose = write('openssl.cnf', ['openssl_conf = a', '[a]', 'ssl_conf = b', '[b]', 'system_default = c', '[c]',
			'MinProtocol = TLSv1', 'CipherString = ALL@SECLEVEL=0', ''].join('\n'));
		process.env.OPENSSL_CONF = loose; // of the command; this process has read its own
		const seen = [];
		const servers = [];
		const answering = async (maxVersion) => {
			const context = tls.createSecureContext({ cert: fs.readFileSync(at('server.pem')), key: fs.readFileSync(at('server.key')),
				minVersion: 'TLSv1', maxVersion, ciphers: 'ALL@SECLEVEL=0' });
			const old = net.createServer((socket) => {
				socket.on('error', () => {});
				socket.write(`INFO ${JSON.stringify({ server_id: 'x', version: '2.9.10', proto: 1, tls_required: true, max_payload: 1048576 })}\r\n`);
				const secure = new tls.TLSSocket(socket, { isServer: true, secureContext: context });
				secure.on('error', () => {});
				secure.on('secure', () => (seen.push(secure.getProtocol()), secure.destroy()));
			}).listen(0, '127.0.0.1');
			servers.push(old);
			await new Promise((resolve) => old.on('listening', resolve));
			return { nats_url: `tls://127.0.0.1:${old.address().port}`, nats_ca: at('ca.pem') };
		};
		try {
			await refused(await answering('TLSv1.1'), /TLS with nats at .* failed/);
			assert.deepEqual(seen, []);
			await check(await answering('TLSv1.2'));
			assert.equal(seen[0], 'TLSv1.2', 'the server can be spoken to');
		} finally {
			delete process.env.OPENSSL_CONF;
			for (const s of servers) s.close();
		}
	});
	test('an authority that is not the server\'s', () => refused({ ...own('client'), nats_ca: at('other-ca.pem') }, /TLS with nats at .* failed .*check nats_ca/));
});

describe('what answers is told apart', () => {
	test('a name that is unknown, a port where nobody listens, a web server, a silent one', async () => {
		await refused({ nats_url: 'nats://no-such-host.invalid' }, /the name in nats:\/\/no-such-host\.invalid is not known/);
		await refused({ nats_url: `nats://127.0.0.1:${await freePort()}` }, /no nats server answers at nats:\/\/127\.0\.0\.1:\d+ \(Connection refused\): start it/);
		const web = http.createServer((request, response) => response.end('hello')).listen(0, '127.0.0.1');
		const silent = net.createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
		web.on('clientError', (error, socket) => socket.destroy());
		await Promise.all([web, silent].map((s) => s.listening || new Promise((resolve) => s.on('listening', resolve))));
		for (const s of [web, silent]) {
			await refused({ nats_url: `nats://127.0.0.1:${s.address().port}` }, /is no nats server: check the port in nats_url/);
		}
		web.close();
		silent.close();
	});
});

test('two ways at once, and half of one, are refused as settings', async () => {
	for (const [settings, words] of [
		[{ nats_creds: '/x', nats_user: 'a', nats_password_file: '/y' }, /nats_user: nats_creds is set too; one of them at most/],
		[{ nats_token_file: '/x', nats_nkey_file: '/y' }, /nats_nkey_file: nats_token_file is set too/],
		[{ nats_user: 'a' }, /nats_user and nats_password_file: set both, or neither/],
		[{ nats_cert: '/x' }, /nats_cert and nats_key: set both, or neither/],
	]) {
		const got = await bench.tryCli(['workspace', 'list'], { settings: { nats_creds: '', ...settings } });
		assert.equal(got.code, 2, got.err);
		assert.match(got.err, words);
	}
});
