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

/** A nats-server with JetStream; `storeDir` survives stop() and a new start(). */
export class NatsServer {
	constructor(dir, port) {
		this.dir = path.join(dir, 'nats');
		this.port = port;
		this.url = `nats://127.0.0.1:${port}`;
	}

	async start() {
		const args = ['-a', '127.0.0.1', '-p', String(this.port), '-js', '-sd', this.dir];
		this.child = launch('nats-server', args);
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
export function encodeEvent({ id, type, resource, resource_id, payload, text }) {
	const parts = [];
	const put = (number, value) => {
		if (value !== undefined) parts.push(field(number, Buffer.from(value)));
	};
	put(1, id);
	put(4, type);
	put(7, text ?? (payload === undefined ? undefined : JSON.stringify(payload)));
	put(16, resource);
	put(17, resource_id);
	return Buffer.concat(parts);
}

/** Publishes straight to NATS, by its text protocol, and waits for answers. */
export class Producer {
	constructor(port) {
		this.port = port;
		this.waiting = new Map();
		this.buffer = Buffer.alloc(0);
		this.count = 0;
		this.inbox = `_INBOX.e2e${process.pid}${Math.random().toString(36).slice(2)}`;
	}

	async open() {
		this.socket = net.connect(this.port, '127.0.0.1');
		this.socket.on('data', (bytes) => this.#take(bytes));
		this.socket.on('error', () => {});
		await once(this.socket, 'connect');
		this.socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\n');
		this.socket.write(`SUB ${this.inbox}.* 1\r\nPING\r\n`);
		return this;
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
				this.waiting.get(words[1])?.(body);
				this.waiting.delete(words[1]);
				taken += size + 2;
			} else if (words[0] === 'PING') {
				this.socket.write('PONG\r\n');
			}
			this.buffer = this.buffer.subarray(taken);
		}
	}

	/** Sends bytes and returns the answer's text. */
	async request(subject, bytes = '', msgId = undefined) {
		const reply = `${this.inbox}.${++this.count}`;
		const body = Buffer.from(bytes);
		const answer = new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`no answer to ${subject}`)), WAIT_MS);
			this.waiting.set(reply, (text) => {
				clearTimeout(timer);
				resolve(text);
			});
		});
		const head = msgId ? `NATS/1.0\r\nNats-Msg-Id: ${msgId}\r\n\r\n` : '';
		const total = head.length + body.length;
		const verb = head ? `HPUB ${subject} ${reply} ${head.length} ${total}` : `PUB ${subject} ${reply} ${total}`;
		this.socket.write(Buffer.concat([Buffer.from(`${verb}\r\n${head}`), body, Buffer.from('\r\n')]));
		return answer;
	}

	/** Publishes raw bytes into the events stream; returns the sequence. */
	async publishRaw(workspace, type, bytes, msgId = undefined) {
		const answer = JSON.parse(await this.request(`carillon.events.${workspace}.${type}`, bytes, msgId));
		if (answer.error) throw new Error(JSON.stringify(answer.error));
		return answer.seq;
	}

	/** Publishes an event as a producer does; returns the sequence. */
	async publish(workspace, event) {
		const msgId = event.id === undefined ? undefined : `${workspace}:${event.id}`;
		return this.publishRaw(workspace, event.type, encodeEvent(event), msgId);
	}

	close() {
		this.socket?.destroy();
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
		this.readyFile = path.join(this.dir, 'ready');
		this.logs = ''; // of every service that ran
		this.said = ''; // every output of every command
	}

	/** CARILLON_* of this bench, over which `settings` go. */
	env(settings = {}) {
		const env = {
			CARILLON_NATS_URL: this.nats.url,
			CARILLON_DATA_DIR: this.dataDir,
			CARILLON_MASTER_KEY_FILE: this.keyFile,
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
		fs.writeFileSync(where, typeof content === 'string' ? content : JSON.stringify(content));
		return where;
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
		await this.nats.stop();
		if (!process.env.CARILLON_E2E_KEEP) fs.rmSync(this.dir, { recursive: true, force: true });
	}
}

const FINAL = ['delivered', 'failed', 'canceled', 'skipped'];
export const allFinal = (records) =>
	records.length > 0 && records.every((record) => FINAL.includes(record.state));

/**
 * Starts a bench. { serve: false } leaves the service out, { sandbox: false } the sandbox;
 * sandboxArgs are its options, settings become CARILLON_* of every command.
 */
export async function start({ serve = true, sandbox = true, sandboxArgs = [], settings = {} } = {}) {
	const bench = new Bench({ settings });
	try {
		bench.nats = new NatsServer(bench.dir, await freePort());
		await bench.nats.start();
		if (sandbox) {
			bench.sandbox = new Sandbox(sandboxArgs);
			await bench.sandbox.start();
		}
		await bench.cli('vault', 'init');
		if (serve) await bench.serve();
	} catch (error) {
		await bench.stop().catch(() => {});
		throw error;
	}
	return bench;
}
