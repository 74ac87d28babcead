/** `carillon web` for a test, and requests to it. */
import fs from 'node:fs';
import path from 'node:path';
import { binary, end, isAlive, launch, start, until } from './lib.mjs';
import { Contract } from './openapi.mjs';

export class Web {
	constructor(bench, settings = {}) {
		this.bench = bench;
		this.dataDir = path.join(bench.dir, `web${++bench.count}`);
		this.readyFile = `${this.dataDir}.ready`;
		this.settings = {
			web_data_dir: this.dataDir,
			http_listen: '127.0.0.1:0',
			http_admin_listen: '127.0.0.1:0',
			master_key_file: '/dev/null',
			...settings,
		};
	}

	async start() {
		fs.rmSync(this.readyFile, { force: true });
		this.child = launch(binary('carillon'), ['web', '--ready-file', this.readyFile],
			{ env: this.bench.env(this.settings) });
		await until('the HTTP side', () => {
			if (!isAlive(this.child)) throw new Error(this.child.output);
			return fs.existsSync(this.readyFile) && fs.readFileSync(this.readyFile, 'utf8').split('\n').length > 2;
		});
		[this.url, this.adminUrl] = fs.readFileSync(this.readyFile, 'utf8').trim().split('\n');
		this.contract ??= new Contract(await (await fetch(`${this.url}/openapi.json`)).json());
		return this;
	}

	/** Asks and returns { status, headers, body }; body is parsed where it is JSON. Every answer must be as the OpenAPI document says. */
	async ask(method, where, { token, key, body, headers = {} } = {}) {
		const answer = await fetch(this.url + where, {
			method,
			headers: {
				...(token ? { authorization: `Bearer ${token}` } : {}),
				...(key ? { 'x-carillon-publishable-key': key } : {}),
				...(body === undefined ? {} : { 'content-type': 'application/json' }),
				...headers,
			},
			body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
		});
		const text = await answer.text();
		const type = answer.headers.get('content-type') ?? '';
		const got = { status: answer.status, headers: answer.headers, body: /json/.test(type) && text ? JSON.parse(text) : text };
		const complaint = this.contract.complaint(method, where, { ...got, type });
		if (complaint) throw new Error(`${method} ${where}: not as the OpenAPI document says: ${complaint}`);
		return got;
	}

	/** The same, which must have the status; returns the body. */
	async api(status, method, where, options) {
		const got = await this.ask(method, `/api/v1${where}`, options);
		if (got.status !== status) {
			throw new Error(`${method} ${where}: ${got.status} instead of ${status}: ${JSON.stringify(got.body)}`);
		}
		return got.body;
	}

	/** Resolves to { code, signal } of its end. */
	async stop(signal = 'SIGTERM') {
		return end(this.child, signal);
	}
}

/** A bench with `carillon web` beside the service, and a secret key that may do everything. */
export async function startWeb(options = {}) {
	const bench = await start(options);
	const web = new Web(bench, options.web);
	try {
		await web.start();
		const made = await bench.json('key', 'create', '--name', 'test', '--scopes',
			'manage,read,emit,sessions,events.payload:read');
		web.key = made.key;
		await until('the key', async () => (await web.ask('GET', '/api/v1/me', { token: web.key })).status === 200);
	} catch (error) {
		await web.stop().catch(() => {});
		await bench.stop().catch(() => {});
		throw error;
	}
	return { bench, web };
}
