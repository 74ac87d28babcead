/* An independent reader, with a key of its own, opens the credentials that there are and no other: after an edit, a reconnect,
 * a rotation, a delete and an erase it looks at every byte that the streams and the index have on disk. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT, TOKEN, run, start, until } from './lib.mjs';

const SECOND = 'xoxb-sandbox-token-2';
const OWNERS = ['acme/slack', 'globex/slack', 'initech/slack', 'globex/other'];
const reader = path.join(ROOT, 'tests/e2e/seals.py');

describe('an independent reader', () => {
	let bench;
	before(async () => {
		bench = await start({ sandboxArgs: ['--token', TOKEN, '--token', SECOND] });
		for (const workspace of ['acme', 'globex', 'initech']) await bench.provision(workspace);
	});
	after(() => bench?.stop());

	/** "owner version" and the credential behind, of what a key opens below a directory: each once. */
	async function opened(key, where) {
		const got = await run('python3', [reader, key, ...OWNERS, '--', where]);
		assert.equal(got.code, 0, got.err);
		const lines = JSON.parse(got.out).map(({ owner, version, clear }) => `${owner} ${version} ${/xoxb-[a-z0-9-]+/.exec(clear)[0]}`);
		return [...new Set(lines)].sort();
	}
	const streams = () => bench.nats.dir;
	/** The index, once the service has begun anew: what is free in its files is written over then. */
	const index = async () => {
		await bench.stopService();
		await bench.serve();
		return bench.dataDir;
	};
	const keep = (name) => {
		const copy = path.join(bench.dir, name);
		fs.copyFileSync(bench.keyFile, copy);
		return copy;
	};
	const reconnect = (workspace, token) =>
		bench.cliWith({ input: `${token}\n` }, 'connection', 'reconnect', workspace, 'slack', '--token-stdin');
	const is = async (key, where, expected) => assert.deepEqual(await opened(key, where), [...expected].sort());

	test('opens what there is', async () => {
		const all = ['acme', 'globex', 'initech'].map((workspace) => `${workspace}/slack 1 ${TOKEN}`);
		await is(bench.keyFile, streams(), all);
		await is(bench.keyFile, bench.dataDir, all);
		const other = bench.file('other-key', `1 ${'5e'.repeat(32)}\n`);
		await is(other, streams(), []);
	});

	test('finds only the new credential after a reconnect', async () => {
		await reconnect('globex', SECOND);
		const left = [`acme/slack 1 ${TOKEN}`, `globex/slack 1 ${SECOND}`, `initech/slack 1 ${TOKEN}`];
		await is(bench.keyFile, streams(), left);
		await is(bench.keyFile, await index(), left);
	});

	test('finds no old one either behind more changes than the bucket keeps', async () => {
		for (let i = 0; i < 12; i++) {
			await bench.cli('connection', 'disable', 'initech', 'slack');
			await bench.cli('connection', 'enable', 'initech', 'slack');
		}
		await reconnect('initech', SECOND);
		const left = [`acme/slack 1 ${TOKEN}`, `globex/slack 1 ${SECOND}`, `initech/slack 1 ${SECOND}`];
		await is(bench.keyFile, streams(), left);
	});

	test('opens nothing with the key that was leaked, once it was rotated', async () => {
		const leaked = keep('leaked-key');
		assert.match(await bench.cli('vault', 'rotate'), /3 of 3 credentials sealed anew under key version 2/);
		const left = [`acme/slack 2 ${TOKEN}`, `globex/slack 2 ${SECOND}`, `initech/slack 2 ${SECOND}`];
		await is(leaked, streams(), []);
		await is(bench.keyFile, streams(), left);
		await is(leaked, await index(), []);
		await is(bench.keyFile, bench.dataDir, left);
		const id = await bench.publish('acme', { type: 'alert.triggered', resource: 'alert', resource_id: 'a', payload: {} });
		await until('the event', async () => (await bench.json('event', 'list', 'acme')).records.some((e) => e.event_id === id || e.id === id));
	});

	test('opens nothing of a connection that was deleted', async () => {
		await bench.cli('connection', 'delete', 'globex', 'slack', '--yes');
		const left = [`acme/slack 2 ${TOKEN}`, `initech/slack 2 ${SECOND}`];
		await is(bench.keyFile, streams(), left);
		await is(bench.keyFile, await index(), left);
	});

	test('opens nothing of a workspace that was deleted, or erased', async () => {
		await bench.cli('workspace', 'delete', 'initech', '--yes');
		await is(bench.keyFile, streams(), [`acme/slack 2 ${TOKEN}`]);
		await bench.cli('workspace', 'erase', 'acme', '--yes');
		await is(bench.keyFile, streams(), []);
		await is(bench.keyFile, await index(), []);
	});
});
