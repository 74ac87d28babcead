/*
 * `carillon web` holds no credential: after a day in little neither the master key nor a
 * customer's token is in its memory, environment, files or descriptors.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TOKEN, until } from './lib.mjs';
import { startWeb } from './web.mjs';

const filesUnder = (dir) => fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
	const where = path.join(dir, entry.name);
	return entry.isDirectory() ? filesUnder(where) : entry.isFile() ? [where] : [];
});

/** Which of the needles are in the writable memory of a process. */
function searchMemory(pid, needles) {
	const found = new Set();
	const fd = fs.openSync(`/proc/${pid}/mem`, 'r');
	try {
		for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
			const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
			if (!match) continue;
			const [from, to] = [parseInt(match[1], 16), parseInt(match[2], 16)];
			const bytes = Buffer.alloc(to - from);
			try {
				fs.readSync(fd, bytes, 0, bytes.length, from);
			} catch {
				continue; /* not backed by memory */
			}
			for (const [what, needle] of needles) if (bytes.includes(needle)) found.add(what);
		}
	} finally {
		fs.closeSync(fd);
	}
	return found;
}

describe('the web process', () => {
	let bench, web, masterKey;
	before(async () => {
		({ bench, web } = await startWeb());
		await bench.provision('acme-of-the-castle');
		await bench.rule('acme-of-the-castle', 'alerts');
		[, masterKey] = /^1 ([0-9a-f]{64})$/m.exec(fs.readFileSync(bench.keyFile, 'utf8'));
	});
	after(async () => {
		await web?.stop();
		await bench?.stop();
	});

	test('delivers nothing, and knows no secret after a day in little', async (t) => {
		const w = '/workspaces/acme-of-the-castle';
		const event = await bench.publish('acme-of-the-castle');
		await until('the delivery', async () => (await web.ask('GET', `/api/v1${w}/events/${event}/rules/alerts`,
			{ token: web.key })).body.state === 'delivered');
		for (const where of ['connections', 'rules', 'events', 'deliveries', 'overview', 'audit?kind=connection&id=slack'])
			await web.api(200, 'GET', `${w}/${where}`, { token: web.key });
		await web.api(202, 'POST', `${w}/events/${event}/rules/alerts/retry`, { token: web.key, body: { again: true } });
		const { access_token: token } = await web.api(200, 'POST', '/sessions',
			{ token: web.key, body: { workspace_id: 'acme-of-the-castle', role: 'owner' } });
		await web.api(200, 'GET', `${w}/connections/slack`, { token });

		const secrets = [['token', Buffer.from(TOKEN)], ['master key', Buffer.from(masterKey)],
			['master key in bytes', Buffer.from(masterKey, 'hex')]];
		for (const file of filesUnder(web.dataDir))
			for (const [what, needle] of secrets) assert.equal(fs.readFileSync(file).includes(needle), false, `${what} in ${file}`);
		let found;
		try {
			found = searchMemory(web.child.pid, [...secrets, ['workspace', Buffer.from('acme-of-the-castle')]]);
		} catch (error) {
			t.skip(`its memory cannot be read here: ${error.message}`);
			return;
		}
		assert.deepEqual([...found], ['workspace']); /* so the search does find what is there */
		const environment = fs.readFileSync(`/proc/${web.child.pid}/environ`);
		for (const [what, needle] of secrets) assert.equal(environment.includes(needle), false, what);
		const files = fs.readdirSync(`/proc/${web.child.pid}/fd`).map((fd) => {
			try {
				return fs.readlinkSync(`/proc/${web.child.pid}/fd/${fd}`);
			} catch {
				return '';
			}
		});
		assert.equal(files.includes(bench.keyFile), false);
	});
});
