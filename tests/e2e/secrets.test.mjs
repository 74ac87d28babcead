/* A credential in the clear is in memory that no core dump takes, while it is needed, and nowhere
 * else: a random token (and the master key) is searched for in core dumps, on disk and in all
 * that was written, as it is and as encodings would make it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, binary, end, launch, start, temporaryDirectory, until } from './lib.mjs';

const WORKSPACE = `castle-${randomBytes(6).toString('hex')}`; // what each search must find
const RANDOM = randomBytes(32).toString('hex');
const TOKEN = `xoxb-test-${RANDOM}`;
const CHANNELS = Array.from({ length: 8 }, (_, n) => `C0CASTLE${n}`);
const EVENTS = 4; // as many as a channel's window takes at first
const IN_FLIGHT = CHANNELS.length * EVENTS;

/* --- the search --- */

/** Parts of `text`, so that half of it is found as well, and where its escapes end. */
const partsOf = (text) => [0, 1, 2, 3].map((n) => text.slice(n * 16, n * 16 + 16));

/** Each byte string that gives `text` away, by its name; `text` is of letters and digits. */
function needlesOf(name, text) {
	const bytes = Buffer.from(text);
	const base64 = [0, 1, 2].map((shift) => {
		// Whatever stands before it: only groups made of nothing but the text count.
		const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
		return encoded.slice(4, 4 + 4 * Math.floor((bytes.length + shift - 3) / 3)).slice(0, 40);
	});
	const needles = {
		'a part': partsOf(text),
		base64,
		hex: [bytes.toString('hex').slice(0, 64)],
		'\\u escapes': [[...text.slice(0, 16)].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('')],
		'UTF-16': [Buffer.from(text.slice(0, 16), 'utf16le')],
	};
	return Object.entries(needles).flatMap(([how, all]) => all.map((needle) => ({ what: `${name} (${how})`, needle: Buffer.from(needle) })));
}

/** What of the needles is in `bytes`, with the places. */
const found = (bytes, needles) => needles.flatMap(({ what, needle }) => {
	const at = bytes.indexOf(needle);
	return at < 0 ? [] : [`${what} at ${at}`];
});

const filesUnder = (dir) => fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
	const where = path.join(dir, entry.name);
	return entry.isDirectory() ? filesUnder(where) : entry.isFile() ? [where] : [];
});

/* --- a Slack that answers when it is told to --- */

class SlowSlack {
	constructor() {
		this.waiting = [];
		this.holds = false;
		this.server = http.createServer((request, response) => this.#take(request, response));
	}

	async start() {
		await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		this.apiUrl = `http://127.0.0.1:${this.server.address().port}/api`;
	}

	async #take(request, response) {
		for await (const chunk of request) void chunk;
		const call = { method: path.basename(request.url), authorization: request.headers.authorization, response };
		if (this.holds) this.waiting.push(call);
		else this.#answer(call);
	}

	#answer({ method, authorization, response }) {
		const answer = {
			'auth.test': { team: 'Casterly Rock', team_id: 'T0CASTLE', url: 'https://castle.invalid/',
				user: 'carillon', user_id: 'U0CASTLE', bot_id: 'B0CASTLE' },
			'conversations.info': { channel: { id: CHANNELS[0], name: 'alerts', is_member: true } },
			'chat.postMessage': { channel: CHANNELS[0], ts: `1776441720.${String(++SlowSlack.count).padStart(6, '0')}` },
		}[method];
		const body = this.echoes ? { ok: false, error: 'fatal_error', your: authorization } : { ok: true, ...answer };
		const { text, headers } = this.echoed?.(body, authorization) ?? { text: JSON.stringify(body), headers: {} };
		response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(text);
	}

	static count = 0;

	/** Answers everybody, from now on at once. */
	release() {
		this.holds = false;
		for (const call of this.waiting.splice(0)) this.#answer(call);
	}

	async stop() {
		this.release();
		const closed = new Promise((resolve) => this.server.close(resolve));
		this.server.closeAllConnections?.();
		await closed;
	}
}

/* --- core dumps --- */

/** A dump without its pages of zeros, which are most of it. */
function readCore(file) {
	const PAGE = 4096;
	const zeros = Buffer.alloc(PAGE);
	const piece = Buffer.alloc(256 * PAGE);
	const kept = [];
	const fd = fs.openSync(file);
	for (let size; (size = fs.readSync(fd, piece)) > 0;) {
		for (let at = 0; at < size; at += PAGE) {
			const page = piece.subarray(at, Math.min(at + PAGE, size));
			if (!page.equals(zeros)) kept.push(Buffer.from(page));
		}
	}
	fs.closeSync(fd);
	return Buffer.concat(kept);
}

/**
 * Two dumps of a process at one moment: as the kernel would make it, and with the memory that
 * asked to be left out. undefined with the reason in `why` when the system does not let us.
 */
async function dump(pid, why = {}) {
	const dir = temporaryDirectory('carillon-core-');
	const [usual, whole] = ['usual', 'whole'].map((name) => path.join(dir, name));
	const gdb = launch('gdb', ['-p', String(pid), '-nx', '-batch', '-ex', 'set auto-solib-add off',
		'-ex', `gcore ${usual}`, '-ex', 'set dump-excluded-mappings on', '-ex', `gcore ${whole}`]);
	const timer = setTimeout(() => gdb.kill('SIGKILL'), 60000);
	await gdb.ended;
	clearTimeout(timer);
	if (!fs.existsSync(usual) || !fs.existsSync(whole)) {
		why.text = gdb.output;
		return undefined;
	}
	const cores = { usual: readCore(usual), whole: readCore(whole) };
	fs.rmSync(dir, { recursive: true });
	return cores;
}

/** Why nobody can be dumped here; undefined when one can. */
async function whyNoDumps() {
	const other = launch('sleep', ['60']);
	const why = {};
	const cores = await dump(other.pid, why);
	await end(other, 'SIGKILL');
	return cores ? undefined : `LOUD: not searched, because gdb cannot dump a process here: ${why.text.trim()}`;
}

describe('a credential', () => {
	let slack;
	let bench;
	let noDumps;
	let secrets; // of the token and of the master key
	before(async () => {
		noDumps = await whyNoDumps();
		slack = new SlowSlack();
		await slack.start();
		bench = await start({
			sandbox: false,
			settings: {
				slack_api_url: slack.apiUrl, log_level: 'debug', request_timeout_ms: 120000,
				slack_channel_rate_milli: 1000000000, slack_channel_burst: 1000,
				slack_team_rate_milli: 1000000000, slack_team_burst: 1000,
				// Only root may look into a process that is not dumpable; its memory is the same.
				...(process.getuid() === 0 ? {} : { allow_core: 1 }),
			},
		});
		const key = fs.readFileSync(bench.keyFile, 'latin1').trim().split(' ')[1];
		assert.match(key, /^[0-9a-f]{64}$/);
		secrets = [...needlesOf('the token', RANDOM), ...needlesOf('the master key', key),
			{ what: 'the master key (raw)', needle: Buffer.from(key, 'hex').subarray(0, 16) }];
		await bench.cli('workspace', 'create', WORKSPACE);
	});
	after(async () => {
		slack?.release();
		await bench?.stop();
		await slack?.stop();
	});

	const assertSecret = (bytes, where) => assert.deepEqual(found(bytes, secrets), [], where);
	const marker = Buffer.from(WORKSPACE);

	test('the search finds what is there', () => {
		for (const [how, hidden] of Object.entries({
			plain: `Bearer ${TOKEN}`, half: TOKEN.slice(0, 30), json: JSON.stringify({ t: `"${TOKEN}"` }),
			'base64 0': Buffer.from(TOKEN).toString('base64'), 'base64 1': Buffer.from(`x${TOKEN}`).toString('base64'),
			'base64 2': Buffer.from(`xx${TOKEN}`).toString('base64'), hex: Buffer.from(TOKEN).toString('hex'),
		})) assert.ok(found(Buffer.from(hidden), secrets).length > 0, how);
	});

	test('given to the command line is in no dump of that process', async (t) => {
		slack.holds = true;
		const child = launch(binary('carillon'), ['connection', 'add', WORKSPACE, '--slack', '--token-stdin',
			'--id', 'slack', ...CHANNELS.flatMap((channel) => ['--channel', channel])], { env: bench.env(), stdio: ['pipe', 'pipe', 'pipe'] });
		child.stdin.end(`${TOKEN}\n`);
		await until('auth.test', () => slack.waiting.length > 0 || !child.pid);
		assert.equal(slack.waiting[0].authorization, `Bearer ${TOKEN}`);
		const cores = noDumps ? undefined : await dump(child.pid);
		slack.release();
		assert.equal((await child.ended).code, 0, child.output);
		bench.said += child.output;
		if (noDumps) return t.skip(noDumps);
		assert.ok(cores, 'the command is dumped');
		assert.ok(cores.usual.includes(marker), 'the dump has the workspace');
		assertSecret(cores.usual, 'the dump of the command');
		assert.ok(found(cores.whole, secrets).length > 0, 'it was in memory');
	});

	test(`is in no dump of the service while ${IN_FLIGHT} requests carry it, and gone after them`, async (t) => {
		for (const channel of CHANNELS) await bench.rule(WORKSPACE, channel.toLowerCase(), { channel });
		const producer = await new Producer(bench).open();
		slack.holds = true;
		for (let n = 0; n < EVENTS; n++) await producer.publish(WORKSPACE, { ...ALERT, id: `event-${n}` });
		producer.close();
		await until(`${IN_FLIGHT} requests`, () => {
			if (slack.waiting.length !== IN_FLIGHT) throw new Error(`${slack.waiting.length} requests`);
			return true;
		});
		for (const { authorization } of slack.waiting) assert.equal(authorization, `Bearer ${TOKEN}`);
		const during = noDumps ? undefined : await dump(bench.service.pid);
		slack.release();
		await until('the deliveries', async () => {
			const { records } = await bench.json('delivery', 'list', WORKSPACE, '--limit', '100');
			return records.filter((d) => d.state === 'delivered').length === IN_FLIGHT;
		});
		if (noDumps) return t.skip(noDumps);
		const later = await dump(bench.service.pid);
		assert.ok(during && later, 'the service is dumped');
		assert.ok(during.usual.includes(marker) && later.usual.includes(marker), 'the dumps have the workspace');
		assertSecret(during.usual, 'the dump with requests in flight');
		assertSecret(later.usual, 'the dump after them');
		const ofToken = secrets.filter(({ what }) => what.startsWith('the token'));
		assert.ok(found(during.whole, ofToken).length > 0, 'it was in memory');
		assert.deepEqual(found(later.whole, ofToken), [], 'it was wiped where no dump looks, too');
	});

	test('that a destination sends back is not kept', async () => {
		slack.echoes = true;
		const id = await bench.publish(WORKSPACE);
		const [delivery] = await bench.deliveries(WORKSPACE, id, (all) => all.length === CHANNELS.length && all.every((d) => d.attempt_count > 0));
		slack.echoes = false;
		assert.match(delivery.attempts[0].response, /Bearer \*+"/);
	});

	test('that comes back in any other way is not kept either, nor in what is read out of an answer', async () => {
		const escaped = [...TOKEN].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('');
		const failed = (your, headers = {}) => ({ text: `{"ok":false,"error":"invalid_blocks","your":"${your}"}`, headers });
		const ways = {
			'JSON escapes': () => failed(escaped),
			'a dash escaped': () => failed(TOKEN.replaceAll('-', '\\u002d')),
			'a URL': () => failed(`https://x.invalid/?t=${TOKEN.replaceAll('-', '%2D')}`),
			base64: () => failed(Buffer.from(`Authorization: Bearer ${TOKEN}`).toString('base64')),
			'a header': () => failed('', { 'x-slack-req-id': TOKEN }),
			'the code': () => ({ text: JSON.stringify({ ok: false, error: TOKEN }) }),
			'the remarks': () => ({ text: JSON.stringify({ ok: false, error: 'invalid_blocks',
				response_metadata: { messages: [`[ERROR] no: ${escaped.slice(0, 6)}${TOKEN} [json-pointer:/${TOKEN}]`] } }) }),
			'the message\'s id': (body) => ({ text: JSON.stringify({ ok: true, channel: CHANNELS[0], ts: TOKEN }) }),
			'the channel': (body) => ({ text: JSON.stringify({ ok: true, channel: TOKEN, ts: '1776441720.000001' }) }),
		};
		for (const [what, way] of Object.entries(ways)) {
			slack.echoed = way;
			const id = await bench.publish(WORKSPACE);
			const all = await bench.deliveries(WORKSPACE, id, (some) => some.length === CHANNELS.length && some.every((d) => d.attempt_count > 0));
			assertSecret(Buffer.from(JSON.stringify(all)), what);
			bench.said += JSON.stringify(all);
		}
		slack.echoed = undefined;
	});

	test('is in no file, no log and no output', async () => {
		await bench.cli('connection', 'test', WORKSPACE, 'slack');
		await bench.cli('check');
		await bench.tryCli(['connection', 'show', WORKSPACE, 'slack', '--json']);
		const search = () => {
			const files = filesUnder(bench.dir).filter((file) => file !== bench.keyFile);
			for (const dir of [bench.dataDir, bench.nats.dir]) {
				const mine = files.filter((file) => file.startsWith(dir));
				assert.ok(mine.some((file) => fs.readFileSync(file).includes(marker)), `${dir} has the workspace`);
			}
			for (const file of files) assertSecret(fs.readFileSync(file), file);
		};
		search();
		await bench.stopService();
		search();
		const texts = { 'the log': bench.logs, outputs: bench.said, 'the broker\'s log': bench.nats.child.output };
		for (const [what, text] of Object.entries(texts)) {
			assert.ok(text.length > 0, what);
			assertSecret(Buffer.from(text), what);
		}
	});
});
