/* The docs as they are written: each block of commands is run, in order, against a real
 * nats-server and the sandbox. What a test may not do to a machine (users, packages, units) is
 * done by stand-ins on the path, and what is below /etc and /var is in a directory of its own;
 * `carillon`, its files and what they say are real. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NatsServer, ROOT, Sandbox, TOKEN, binary, end, freePort, isAlive, launch, run, start, temporaryDirectory, until } from './lib.mjs';

/** The lines of each block that is written as sh, with their headings. */
function blocks(page) {
	const text = fs.readFileSync(path.join(ROOT, 'docs', page), 'utf8');
	const found = [];
	let heading = '';
	for (const [, title, code] of text.matchAll(/^## (.+)$|^```sh\n([^]*?)^```$/gm)) {
		if (title) heading = title;
		else found.push({ heading, lines: code.trim().split('\n') });
	}
	return found;
}

describe('getting started', () => {
	const dir = temporaryDirectory();
	const bin = path.join(dir, 'bin');
	const moved = ['/etc/carillon', '/var/lib/carillon', '/etc/systemd', '/usr/local/bin', '/etc/nats', '/var/lib/nats'];
	let port;
	let sandbox;
	let nats;
	let service;
	const env = {};

	const move = (text) => moved.reduce((all, place) => all.replaceAll(place, dir + place), text)
		.replaceAll('127.0.0.1:4222', `127.0.0.1:${port}`).replaceAll('C0123456789', 'C0ALERTS');

	before(async () => {
		port = await freePort();
		sandbox = new Sandbox();
		await sandbox.start();
		fs.mkdirSync(bin);
		const stand_in = (name, body) => fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
		stand_in('sudo', '[ "$1" = -u ] && shift 2\nexec "$@"');
		for (const name of ['useradd', 'apt-get', 'chown', 'cmake']) stand_in(name, 'exit 0');
		stand_in('systemctl', `echo "$@" >> ${dir}/systemctl`);
		// The owner is a user that is not made here.
		stand_in('install', 'for a; do shift; case $a in -o|-g) skip=1 ;; *) [ -n "$skip" ] || set -- "$@" "$a"; skip= ;; esac; done\nexec /usr/bin/install "$@"');
		stand_in('tee', `sed -e 's#/etc/carillon#${dir}&#; s#/var/lib/carillon#${dir}&#; s#127.0.0.1:4222#127.0.0.1:${port}#' | /usr/bin/tee "$@"`);
		for (const place of ['/etc/systemd/system', '/usr/local/bin']) fs.mkdirSync(dir + place, { recursive: true });
		fs.mkdirSync(path.join(dir, 'build/install'), { recursive: true });
		fs.copyFileSync(binary('carillon'), path.join(dir, 'build/install/carillon'));
		for (const name of ['docs', 'tools']) fs.symlinkSync(path.join(ROOT, name), path.join(dir, name));
		for (const name of ['token', 'new-token']) fs.writeFileSync(path.join(dir, name), `${TOKEN}\r\n`, { mode: 0o600 });
		Object.assign(env, process.env, { PATH: `${bin}:${dir}/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` });
		for (const name of Object.keys(env)) if (name.startsWith('CARILLON_')) delete env[name];
		env.CARILLON_CONFIG = `${dir}/etc/carillon/carillon.yaml`; // where it is looked for
		env.CARILLON_SLACK_API_URL = sandbox.apiUrl;
	});
	after(async () => {
		if (service) await end(service);
		await nats?.stop();
		await sandbox?.stop();
	});

	/** What systemd would do once a line has asked it. */
	async function systemd(line) {
		if (line.includes('restart nats-server')) {
			const unit = fs.readFileSync(`${dir}/etc/systemd/system/nats-server.service.d/carillon.conf`, 'utf8');
			const config = /^ExecStart=\S+ -c (\S+)$/m.exec(unit)[1];
			nats = new NatsServer(dir, port, { config: dir + config });
			await nats.start();
		}
		if (line.includes('enable --now carillon')) {
			const unit = fs.readFileSync(`${dir}/etc/systemd/system/carillon.service`, 'utf8');
			const [program, ...args] = /^ExecStart=(.+)$/m.exec(unit)[1].split(' ');
			const ready = path.join(dir, 'ready');
			service = launch(dir + program, [...args, '--ready-file', ready], { env });
			await until('the service', () => {
				if (!isAlive(service)) throw new Error(service.output);
				return fs.existsSync(ready);
			});
		}
	}

	for (const { heading, lines } of blocks('getting-started.md')) {
		for (const line of lines) {
			test(`${heading}: ${line}`, async () => {
				// It installs nothing here, for whoever runs tests has run it.
				const got = await run('sh', ['-c', move(line)], { cwd: dir, env });
				assert.equal(got.code, 0, got.err + got.out);
				await systemd(line);
				if (line.includes('event publish')) {
					await until('the message', () => sandbox.messages('C0ALERTS'));
					await until('its history', async () => /delivered/.test((await run('carillon', ['delivery', 'list', 'acme'], { env })).out));
				}
				if (line.includes('delivery show')) assert.match(got.out, /state +delivered/);
				if (line.includes('ops list')) assert.doesNotMatch(got.out, /producer\.refused/, 'nobody was but check, who wanted it');
				if (line.includes('rule preview')) assert.match(got.out, /api_latency_p95/);
			});
		}
	}

	test('it was a whole way: a message, and again', async () => {
		assert.equal((await until('both', async () => {
			const all = await sandbox.messages('C0ALERTS');
			return all.length === 2 && all;
		})).length, 2);
		assert.match(fs.readFileSync(`${dir}/systemctl`, 'utf8'), /enable --now carillon/);
	});

	test('the unit is one that systemd takes', (t) => {
		try {
			execFileSync('systemd-analyze', ['--version'], { stdio: 'pipe' });
		} catch {
			return t.skip('LOUD: skipped, because there is no systemd-analyze');
		}
		const unit = path.join(dir, 'carillon.service');
		fs.writeFileSync(unit, fs.readFileSync(path.join(ROOT, 'docs/example/carillon.service'), 'utf8').replace('/usr/local/bin/carillon', `${dir}/usr/local/bin/carillon`));
		let said = '';
		try {
			execFileSync('systemd-analyze', ['verify', unit], { stdio: 'pipe' });
		} catch (error) {
			said = String(error.stderr);
		}
		const wrong = said.split('\n').filter((line) => line.includes('carillon.service') && /Unknown|ignor|Failed to parse|not executable/i.test(line));
		assert.deepEqual(wrong, []);
	});
});

describe('operator events', () => {
	let bench;
	before(async () => {
		bench = await start();
		await bench.provision();
	});
	after(() => bench?.stop());

	for (const { lines } of blocks('operator-events.md')) {
		for (const line of lines) {
			test(line, async () => {
				const got = await run('sh', ['-c', line], { env: { ...bench.env(), PATH: `${path.dirname(bench.binary)}:${process.env.PATH}` } });
				assert.equal(got.code, 0, got.err);
			});
		}
	}

	test('every event that the source can tell is in the table', () => {
		const said = new Set();
		const look = (where) => {
			for (const entry of fs.readdirSync(where, { withFileTypes: true })) {
				const file = path.join(where, entry.name);
				if (entry.isDirectory()) look(file);
				else if (/\.[ch]$/.test(entry.name)) {
					const text = fs.readFileSync(file, 'utf8');
					for (const [, what] of text.matchAll(/(?:case TROUBLE_\w+: return|ops\.what =|tell_operators\(\s*p,|define WHAT)\s*(?:\(char \*\)\s*)?"([a-z]+\.[a-z_]+)"/g)) said.add(what);
				}
			}
		};
		look(path.join(ROOT, 'src'));
		const page = fs.readFileSync(path.join(ROOT, 'docs/operator-events.md'), 'utf8');
		const listed = [...page.matchAll(/^\| `([a-z]+\.[a-z_]+)` \|/gm)].map((m) => m[1]);
		assert.deepEqual([...said].filter((what) => !listed.includes(what)), []);
		assert.ok(said.size >= 8, [...said].join());
	});
});

test('every page that the README names is there, and every page is named', () => {
	const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
	const named = new Set([...readme.matchAll(/\]\((docs\/[^)#]+)\)/g)].map((m) => m[1]));
	for (const page of named) assert.ok(fs.existsSync(path.join(ROOT, page)), page);
	const pages = ['docs', 'docs/internals'].flatMap((where) => fs.readdirSync(path.join(ROOT, where)).filter((n) => n.endsWith('.md')).map((n) => `${where}/${n}`));
	assert.deepEqual(pages.filter((page) => !named.has(page)), []);
	for (const page of pages) {
		for (const [, link] of fs.readFileSync(path.join(ROOT, page), 'utf8').matchAll(/\]\(([^)#:]+)\)/g)) {
			assert.ok(fs.existsSync(path.join(ROOT, path.dirname(page), link)), `${page}: ${link}`);
		}
	}
});
