/**
 * A whole Carillon on loopback for a test: nats-server with JetStream, the Slack sandbox, the
 * service; each with files of its own in a temporary directory, on ports of its own, ended and
 * removed when the test ends, however it ends. Node 18, nothing from npm.
 *
 *     const bench = await start();                  // nats-server, sandbox, master key, service
 *     await bench.cli('workspace', 'create', 'acme');
 *     await until('the message', () => bench.sandbox.messages('C0ALERTS'));
 *     await bench.stop();                           // or after(() => bench.stop())
 *
 * Binaries come from $CARILLON_BIN_DIR (build/release).
 */
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BIN_DIR = path.resolve(ROOT, process.env.CARILLON_BIN_DIR ?? 'build/release');
/** The sandbox's default bot token, and its channels C0ALERTS and C0GENERAL. */
export const TOKEN = 'xoxb-sandbox-token-1';
/** The event of the README. */
export const ALERT = {
	type: 'alert.triggered',
	resource: 'alert',
	resource_id: 'alrt_tyrion_42',
	payload: {
		alert_id: 'alrt_tyrion_42',
		account_id: 'acc_casterly',
		severity: 'high',
		resource: 'api_latency_p95',
		value: 1840,
		threshold: 1000,
		triggered_at: '2026-04-17T16:02:00Z',
	},
};

const WAIT_MS = Number(process.env.CARILLON_E2E_WAIT_MS ?? 20000);

/** The path of a binary: in the build's root, or in its directory of the tree (tools/...). */
export function binary(name) {
	const candidates = [name, `tools/${name}/${name}`].map((p) => path.join(BIN_DIR, p));
	const found = candidates.find((p) => fs.existsSync(p) && fs.statSync(p).isFile());
	if (!found) throw new Error(`${name} is not built: looked for ${candidates.join(' and ')}`);
	return found;
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Waits until `probe` gives something true (an empty list counts as false) and returns it. What
 * it throws meanwhile counts as "not yet" and is told when the time is over.
 */
export async function until(what, probe, waitMs = WAIT_MS) {
	const end = Date.now() + waitMs;
	let last;
	for (;;) {
		try {
			const got = await probe();
			if (got && !(Array.isArray(got) && got.length === 0)) return got;
			last = got;
		} catch (error) {
			last = error;
		}
		if (Date.now() > end) {
			const seen = last instanceof Error ? last.message : JSON.stringify(last);
			throw new Error(`waited ${waitMs} ms for ${what}; last seen: ${seen}`);
		}
		await sleep(25);
	}
}

/* --- processes: those that still live when node ends are killed --- */

const alive = new Set();
const directories = new Set();
process.on('exit', () => {
	for (const child of alive) child.kill('SIGKILL');
	for (const dir of directories) {
		try {
			fs.rmSync(dir, { recursive: true, force: true });
		} catch (error) {
			console.error(`left behind: ${error.message}`);
		}
	}
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

/** A directory of its own, removed when node ends (kept with CARILLON_E2E_KEEP=1). */
export function temporaryDirectory(prefix = 'carillon-e2e-') {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), prefix));
	if (!process.env.CARILLON_E2E_KEEP) directories.add(dir);
	return dir;
}

/** The environment without the settings of whoever runs the tests. */
function cleanEnvironment(extra = {}) {
	const env = { ...process.env, ...extra };
	for (const name of Object.keys(env)) {
		if (name.startsWith('CARILLON_') && !(name in extra)) delete env[name];
	}
	return env;
}

/** A child whose output is kept whole, in `child.output`; `child.ended` is its exit. */
export function launch(command, args, options = {}) {
	const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
	child.output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8');
		stream.on('data', (text) => {
			child.output += text;
		});
	}
	alive.add(child);
	child.ended = new Promise((resolve) => {
		child.on('error', (error) => {
			child.output += String(error);
			alive.delete(child);
			resolve({ code: -1, signal: null });
		});
		child.on('close', (code, signal) => {
			alive.delete(child);
			resolve({ code, signal });
		});
	});
	return child;
}

export const isAlive = (child) => child.exitCode === null && child.signalCode === null;

/** Ends a child by a signal, with SIGKILL after `waitMs`; returns how it ended. */
export async function end(child, signal = 'SIGTERM', waitMs = WAIT_MS) {
	if (!child) return undefined;
	if (isAlive(child)) child.kill(signal);
	const timer = setTimeout(() => child.kill('SIGKILL'), waitMs);
	const how = await child.ended;
	clearTimeout(timer);
	return how;
}

/** Runs to the end: { code, out, err }. `input` goes to standard input. */
export async function run(command, args, { input = '', env, waitMs = 60000, cwd } = {}) {
	const child = spawn(command, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
	const got = { code: null, out: '', err: '' };
	alive.add(child);
	child.stdout.setEncoding('utf8').on('data', (text) => (got.out += text));
	child.stderr.setEncoding('utf8').on('data', (text) => (got.err += text));
	child.stdin.on('error', () => {}); // it may end without reading
	child.stdin.end(input);
	const timer = setTimeout(() => child.kill('SIGKILL'), waitMs);
	const [code, signal] = await once(child, 'close');
	clearTimeout(timer);
	alive.delete(child);
	got.code = code ?? `signal ${signal}`;
	return got;
}

/** A port nobody listens on now. */
export async function freePort() {
	const server = net.createServer();
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address();
	await new Promise((resolve) => server.close(resolve));
	return port;
}

/* --- nats-server --- */

/**
 * A nats-server as `carillon nats config` sets it up; `storeDir` survives stop() and a new
 * start(). Without a configuration it asks nobody who they are.
 */
export class NatsServer {
	constructor(dir, port, { config, program = 'nats-server' } = {}) {
		this.dir = path.join(dir, 'nats');
		this.port = port;
		this.url = `nats://127.0.0.1:${port}`;
		this.config = config;
		this.program = program;
	}

	async start() {
		const open = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.dir];
		this.child = launch(this.program, this.config ? ['-c', this.config] : open);
		await until('nats-server', () => {
			if (!isAlive(this.child)) throw new Error(this.child.output);
			return this.child.output.includes('Server is ready');
		});
	}

	async stop(signal = 'SIGTERM') {
		await end(this.child, signal);
	}
}

/* --- a producer's NATS client, of what the tests need --- */

const varint = (n) => {
	const out = [];
	for (; n > 127; n = Math.floor(n / 128)) out.push((n % 128) | 128);
	return Buffer.from([...out, n]);
};
const field = (number, bytes) =>
	Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);

/** carillon.v1.Event in protobuf's binary format; `text` is the payload as it is written. */
export function encodeEvent({ id, type, resource, resource_id, payload, text, test_rule }) {
	const parts = [];
	const put = (number, value) => {
		if (value !== undefined) parts.push(field(number, Buffer.from(value)));
	};
	put(1, id);
	put(4, type);
	put(7, text ?? (payload === undefined ? undefined : JSON.stringify(payload)));
	put(16, resource);
	put(17, resource_id);
	put(21, test_rule);
	return Buffer.concat(parts);
}

/** The token and the key of a .creds file. */
export function readCreds(file) {
	const [token, seed] = [...fs.readFileSync(file, 'utf8').matchAll(/^-+BEGIN [^-]+-+\n(\S+)\n/gm)].map((m) => m[1]);
	let bits = '';
	for (const c of seed) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
	const raw = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
	const key = crypto.createPrivateKey({
		key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), raw.subarray(2, 34)]),
		format: 'der',
		type: 'pkcs8',
	});
	return { token, sign: (nonce) => crypto.sign(null, Buffer.from(nonce), key).toString('base64url') };
}

/** One connection by NATS's text protocol; `errors` has what the server refused. */
export class NatsConnection {
	constructor(port, { creds, inboxPrefix = '_INBOX' } = {}) {
		this.port = port;
		this.creds = creds && readCreds(creds);
		this.inbox = `${inboxPrefix}.e2e${process.pid}${Math.random().toString(36).slice(2)}`;
		this.waiting = new Map();
		this.buffer = Buffer.alloc(0);
		this.count = 0;
		this.errors = [];
		this.heard = []; // { subject, body } of further subscriptions
	}

	async open() {
		this.socket = net.connect(this.port, '127.0.0.1');
		this.greeted = new Promise((resolve) => (this.greet = resolve));
		this.closed = new Promise((resolve) => this.socket.on('close', resolve));
		this.socket.on('data', (bytes) => this.#take(bytes));
		this.socket.on('error', () => {});
		await Promise.race([this.greeted, this.closed]);
		await this.flush();
		return this;
	}

	#connect(info) {
		const options = { verbose: false, headers: true, no_responders: true, lang: 'e2e', version: '1' };
		if (this.creds) Object.assign(options, { jwt: this.creds.token, sig: this.creds.sign(info.nonce ?? '') });
		this.socket.write(`CONNECT ${JSON.stringify(options)}\r\nSUB ${this.inbox}.* 1\r\n`);
		this.greet();
	}

	#take(bytes) {
		this.buffer = Buffer.concat([this.buffer, bytes]);
		for (;;) {
			const end = this.buffer.indexOf('\r\n');
			if (end < 0) return;
			const line = this.buffer.subarray(0, end).toString();
			const words = line.split(' ');
			let taken = end + 2;
			if (words[0] === 'MSG' || words[0] === 'HMSG') {
				const size = Number(words[words.length - 1]);
				if (this.buffer.length < taken + size + 2) return;
				const headers = words[0] === 'HMSG' ? Number(words[words.length - 2]) : 0;
				const body = this.buffer.subarray(taken + headers, taken + size).toString();
				if (words[2] === '1') {
					this.waiting.get(words[1])?.(body);
					this.waiting.delete(words[1]);
				} else {
					this.heard.push({ subject: words[1], body });
				}
				taken += size + 2;
			} else if (words[0] === 'INFO') {
				this.info ??= JSON.parse(line.slice(5));
				if (!this.isGreeted) this.#connect(this.info);
				this.isGreeted = true;
			} else if (words[0] === 'PING') {
				this.socket.write('PONG\r\n');
			} else if (words[0] === 'PONG') {
				this.pong?.();
			} else if (words[0] === '-ERR') {
				this.errors.push(line.slice(6, -1));
			}
			this.buffer = this.buffer.subarray(taken);
		}
	}

	/** Resolves when the server has seen everything, or has closed the connection. */
	async flush() {
		const answered = new Promise((resolve) => (this.pong = resolve));
		this.socket.write('PING\r\n');
		await Promise.race([answered, this.closed]);
	}

	get isOpen() {
		return !this.socket.destroyed && !this.socket.readableEnded;
	}

	subscribe(subject) {
		this.socket.write(`SUB ${subject} ${++this.count + 1}\r\n`);
		return this.flush();
	}

	/** `headers` is an object; `reply` a subject or ''. */
	publish(subject, { body = '', headers = {}, reply = '' } = {}) {
		const bytes = Buffer.from(body);
		const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
		const head = Buffer.from(lines.length > 0 ? `NATS/1.0\r\n${lines.join('')}\r\n` : '');
		const total = head.length + bytes.length;
		const sizes = head.length > 0 ? `${head.length} ${total}` : `${total}`;
		const verb = `${head.length > 0 ? 'HPUB' : 'PUB'} ${subject}${reply && ` ${reply}`} ${sizes}\r\n`;
		this.socket.write(Buffer.concat([Buffer.from(verb), head, bytes, Buffer.from('\r\n')]));
	}

	/** Sends bytes and returns the answer's text. */
	request(subject, body = '', headers = {}, waitMs = WAIT_MS) {
		const reply = `${this.inbox}.${++this.count}`;
		const answer = new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.waiting.delete(reply);
				reject(new Error(`no answer to ${subject}${this.errors.length > 0 ? `: ${this.errors.at(-1)}` : ''}`));
			}, waitMs);
			this.waiting.set(reply, (text) => {
				clearTimeout(timer);
				resolve(text);
			});
		});
		this.publish(subject, { body, headers, reply });
		return answer;
	}

	close() {
		this.socket?.destroy();
	}
}

/**
 * The producers of a bench, each workspace's with a credential and a connection of its own; what
 * is no event is asked as the service.
 */
export class Producer {
	constructor(bench) {
		this.bench = bench;
		this.connections = new Map(); // workspace -> promise; '' is the service
	}

	async open() {
		await this.connection('');
		return this;
	}

	connection(workspace) {
		if (!this.connections.has(workspace)) this.connections.set(workspace, this.#connect(workspace));
		return this.connections.get(workspace);
	}

	async #connect(workspace) {
		const creds = workspace === '' ? this.bench.serviceCreds : await this.bench.producerCreds(workspace);
		const inboxPrefix = workspace === '' ? '_INBOX' : `_INBOX.${workspace}`;
		return new NatsConnection(this.bench.nats.port, { creds, inboxPrefix }).open();
	}

	/** Sends bytes and returns the answer's text. */
	async request(subject, bytes = '', headers = {}) {
		const workspace = /^carillon\.events\.([a-z0-9][a-z0-9_-]{0,63})\./.exec(subject)?.[1] ?? '';
		return (await this.connection(workspace)).request(subject, bytes, headers);
	}

	/** Publishes raw bytes into the events stream; returns the sequence. */
	async publishRaw(workspace, type, bytes, headers = {}) {
		const answer = JSON.parse(await this.request(`carillon.events.${workspace}.${type}`, bytes, headers));
		if (answer.error) throw new Error(JSON.stringify(answer.error));
		return answer.seq;
	}

	/** Publishes an event as a producer does; returns the sequence. */
	publish(workspace, event) {
		return this.publishRaw(workspace, event.type, encodeEvent(event));
	}

	close() {
		for (const opened of this.connections.values()) opened.then((connection) => connection.close(), () => {});
	}
}

/* --- the Slack sandbox --- */

export class Sandbox {
	constructor(args = []) {
		this.args = args;
	}

	async start() {
		this.child = launch(binary('slack-sandbox'), ['--port', '0', ...this.args]);
		const line = await until('the Slack sandbox', () => {
			if (!isAlive(this.child)) throw new Error(this.child.output);
			return /listening on (https?:\S+)/.exec(this.child.output);
		});
		this.url = line[1];
		this.apiUrl = `${this.url}/api`;
	}

	async #ask(method, where, body) {
		const response = await fetch(this.url + where, {
			method,
			headers: body === undefined ? {} : { 'content-type': 'application/json' },
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${text}`);
		return text ? JSON.parse(text) : undefined;
	}

	get(where) {
		return this.#ask('GET', where);
	}

	post(where, body) {
		return this.#ask('POST', where, body);
	}

	/** The messages of a channel as a person sees them, oldest first. */
	async messages(channel) {
		return (await this.get(`/sandbox/messages?channel=${channel}&limit=10000`)).messages;
	}

	/** Every call of the API. */
	async journal() {
		return (await this.get('/sandbox/journal?limit=10000')).entries;
	}

	/** Scripts faults: see tools/slack-sandbox/README.md. */
	faults(body) {
		return this.post('/sandbox/faults', body);
	}

	clearFaults() {
		return this.#ask('DELETE', '/sandbox/faults');
	}

	async stop() {
		await end(this.child);
	}
}

/* --- everything together --- */

export class Bench {
	constructor(options) {
		this.options = options;
		this.dir = temporaryDirectory();
		this.dataDir = path.join(this.dir, 'data');
		this.keyFile = path.join(this.dir, 'master-key');
		this.natsDir = path.join(this.dir, 'accounts');
		this.serviceCreds = path.join(this.natsDir, 'service.creds');
		this.readyFile = path.join(this.dir, 'ready');
		this.logs = ''; // of every service that ran
		this.said = ''; // every output of every command
		this.count = 0; // of credentials
	}

	/** CARILLON_* of this bench, over which `settings` go. */
	env(settings = {}) {
		const env = {
			CARILLON_CONFIG: '', // not that of this machine
			CARILLON_NATS_URL: this.nats?.url ?? 'nats://127.0.0.1:9',
			CARILLON_NATS_DIR: this.natsDir,
			CARILLON_NATS_CREDS: this.serviceCreds,
			CARILLON_DATA_DIR: this.dataDir,
			CARILLON_MASTER_KEY_FILE: this.keyFile,
			CARILLON_SERVE_ADMIN_LISTEN: '127.0.0.1:0',
			CARILLON_SLACK_API_URL: this.sandbox?.apiUrl ?? 'http://127.0.0.1:9/api',
		};
		for (const [name, value] of Object.entries({ ...this.options.settings, ...settings })) {
			env[`CARILLON_${name.toUpperCase()}`] = String(value);
		}
		return cleanEnvironment(env);
	}

	/** Runs a command and returns { code, out, err }, whatever the code. */
	async tryCli(args, { input, settings } = {}) {
		const got = await run(binary('carillon'), args, { input, env: this.env(settings) });
		this.said += got.out + got.err;
		return got;
	}

	/** Runs a command that must succeed; returns its output, trimmed. */
	async cli(...args) {
		return this.cliWith({}, ...args);
	}

	/** The same with { input, settings }. */
	async cliWith(options, ...args) {
		const got = await this.tryCli(args, options);
		if (got.code !== 0) {
			throw new Error(`carillon ${args.join(' ')} ended with ${got.code}: ${got.err}${got.out}`);
		}
		return got.out.trim();
	}

	/** The same with --json, parsed. */
	async json(...args) {
		return JSON.parse(await this.cli(...args, '--json'));
	}

	/** Writes a file into the bench's directory and returns its path; objects become JSON. */
	file(name, content) {
		const where = path.join(this.dir, name);
		/* Whole at once: a command that runs at the same time may be reading it. */
		fs.writeFileSync(`${where}.new`, typeof content === 'string' ? content : JSON.stringify(content));
		fs.renameSync(`${where}.new`, where);
		return where;
	}

	/** The command line itself. */
	get binary() {
		return binary('carillon');
	}

	/** The account that has the streams, as its files are named. */
	get account() {
		return JSON.parse(fs.readFileSync(path.join(this.natsDir, 'nats.json'), 'utf8')).service;
	}

	/** Makes the accounts and starts a nats-server with them. */
	async startNats({ program } = {}) {
		const port = await freePort();
		await this.cli('nats', 'config', '--dir', this.natsDir, '--listen', `127.0.0.1:${port}`,
			'--store-dir', path.join(this.dir, 'nats'));
		this.nats = new NatsServer(this.dir, port, { config: path.join(this.natsDir, 'nats-server.conf'), program });
		await this.nats.start();
	}

	/** A file with a producer's credential; one for each workspace unless `options` ask for another. */
	async producerCreds(workspace, ...options) {
		const file = path.join(this.dir, `${workspace}${options.length > 0 ? `-${++this.count}` : ''}.creds`);
		if (!fs.existsSync(file)) await this.cli('producer', 'creds', workspace, '--out', file, ...options);
		return file;
	}

	/** Starts the service and waits until it is ready. */
	async serve(settings = {}) {
		this.service = this.launchService(settings);
		await until('the service', () => {
			if (!isAlive(this.service)) throw new Error(this.service.output);
			return fs.existsSync(this.readyFile);
		});
	}

	/** Starts the service without waiting: for those that must not come up. */
	launchService(settings = {}) {
		fs.rmSync(this.readyFile, { force: true });
		const child = launch(binary('carillon'), ['serve', '--ready-file', this.readyFile], {
			env: this.env(settings),
		});
		child.ended.then(() => (this.logs += child.output));
		return child;
	}

	/** Ends the service; returns { code, signal }. */
	async stopService(signal = 'SIGTERM') {
		const how = await end(this.service, signal);
		this.service = undefined;
		return how;
	}

	/** A workspace with a connection "slack" to the sandbox; the rules are the test's. */
	async provision(workspace = 'acme', channels = ['C0ALERTS', 'C0GENERAL']) {
		await this.cli('workspace', 'create', workspace);
		const channelArgs = channels.flatMap((id) => ['--channel', id]);
		await this.cliWith({ input: `${TOKEN}\n` }, 'connection', 'add', workspace, '--slack',
			'--token-stdin', '--id', 'slack', ...channelArgs);
	}

	/** Adds a rule for `type` to the connection "slack"; returns its id. */
	rule(workspace, id, { type = 'alert.triggered', channel = 'C0ALERTS', args = [] } = {}) {
		return this.cli('rule', 'add', workspace, '--type', type, '--connection', 'slack',
			'--channel', channel, '--id', id, ...args);
	}

	/** Publishes an object by the command line; returns its id. */
	async publish(workspace, event = ALERT, ...args) {
		const file = this.file('event.json', event);
		return (await this.json('event', 'publish', workspace, '--file', file, ...args)).id;
	}

	/** The deliveries of an event once `done` accepts them (all final, normally). */
	deliveries(workspace, event, done = allFinal, waitMs = WAIT_MS) {
		return until(`deliveries of ${event}`, async () => {
			const { records } = await this.json('delivery', 'show', workspace, event);
			if (!done(records)) throw new Error(JSON.stringify(records));
			return records;
		}, waitMs);
	}

	async stop() {
		await this.stopService();
		await this.sandbox?.stop();
		await this.nats?.stop();
		if (!process.env.CARILLON_E2E_KEEP) fs.rmSync(this.dir, { recursive: true, force: true });
	}
}

const FINAL = ['delivered', 'failed', 'canceled', 'skipped'];
export const allFinal = (records) =>
	records.length > 0 && records.every((record) => FINAL.includes(record.state));

/**
 * Starts a bench. { serve: false } leaves the service out, { sandbox: false } the sandbox;
 * sandboxArgs are its options, settings become CARILLON_* of every command, program is another
 * nats-server than the one of the path.
 */
export async function start({ serve = true, sandbox = true, sandboxArgs = [], settings = {}, program } = {}) {
	const bench = new Bench({ settings });
	try {
		await bench.cli('vault', 'init');
		await bench.startNats({ program });
		if (sandbox) {
			bench.sandbox = new Sandbox(sandboxArgs);
			await bench.sandbox.start();
		}
		if (serve) await bench.serve();
	} catch (error) {
		await bench.stop().catch(() => {});
		throw error;
	}
	return bench;
}
