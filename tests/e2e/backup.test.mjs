/** A backup, everything destroyed, and the same answers again. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, start, until } from './lib.mjs';

const EVENTS = 5;

describe('backup and restore', () => {
	let bench, dir, keys, answers;
	before(async () => {
		bench = await start();
		dir = path.join(bench.dir, 'backup');
		await bench.provision();
		await bench.rule('acme', 'alerts');
		await bench.rule('acme', 'general', { channel: 'C0GENERAL' });
		await bench.sandbox.faults({ match: { method: 'chat.postMessage', channel: 'C0GENERAL' }, action: { kind: 'error', error: 'not_in_channel' }, times: 0 });
		for (let i = 0; i < EVENTS; i++) await bench.publish('acme', { ...ALERT, resource_id: `a${i}` });
		await until('all of them', async () => {
			const { records } = await bench.json('delivery', 'list', 'acme');
			return records.length === 2 * EVENTS && records.every((one) => ['delivered', 'held'].includes(one.state));
		});
		answers = await ask();
		keys = fs.readFileSync(bench.keyFile, 'utf8');
	});
	after(() => bench?.stop());

	async function ask() {
		const out = [];
		for (const args of [['workspace', 'list'], ['connection', 'list', 'acme'], ['rule', 'list', 'acme'],
			['event', 'list', 'acme'], ['delivery', 'list', 'acme'], ['ops', 'list'],
			['connection', 'show', 'acme', 'slack'], ['rule', 'show', 'acme', 'general']]) out.push(await bench.json(...args));
		return out;
	}
	const posted = async (channel) => (await bench.sandbox.messages(channel)).length;
	const manifest = () => JSON.parse(fs.readFileSync(path.join(dir, 'backup.json'), 'utf8'));

	test('a backup is made while the service runs, readable by its owner only', async () => {
		const { records } = await bench.json('backup', dir);
		assert.deepEqual(records.map((one) => one.stream), ['CARILLON_EVENTS', 'KV_carillon_state', 'KV_carillon_short', 'CARILLON_OPS', 'CARILLON_HISTORY']);
		assert.equal(records[0].messages, EVENTS);
		assert.equal(fs.statSync(dir).mode & 0o777, 0o700);
		for (const file of fs.readdirSync(dir)) assert.equal(fs.statSync(path.join(dir, file)).mode & 0o777, 0o600, file);
		const { code, err } = await bench.tryCli(['backup', dir]);
		assert.equal(code, 4);
		assert.match(err, /has a backup of .* already/);
	});

	test('one that was interrupted goes on with what it lacks', async () => {
		const whole = manifest();
		const cut = { ...whole, finished_ms: 0, streams: whole.streams.slice(0, 3) };
		fs.writeFileSync(path.join(dir, 'backup.json'), JSON.stringify(cut));
		const events = path.join(dir, 'CARILLON_EVENTS.snapshot');
		const written = fs.statSync(events).mtimeMs;
		fs.rmSync(path.join(dir, 'CARILLON_HISTORY.snapshot'));
		await bench.cli('backup', dir);
		assert.equal(fs.statSync(events).mtimeMs, written);
		assert.equal(manifest().streams.length, 5);
		assert.ok(manifest().finished_ms > 0);
	});

	test('nothing is restored while a service runs, nor without being asked for', async () => {
		const running = await bench.tryCli(['restore', dir, '--yes', '--json']);
		assert.equal(running.code, 4);
		assert.match(running.err, /carillon-(serve|keeper) runs on .*: stop every process first/);
		await bench.stopService();
		const asked = await bench.tryCli(['restore', dir]);
		assert.equal(asked.code, 2);
		assert.match(asked.err, /add --yes/);
	});

	test('everything is destroyed; what would be done is said first', async () => {
		await bench.nats.stop('SIGKILL');
		fs.rmSync(bench.nats.dir, { recursive: true, force: true });
		fs.rmSync(bench.dataDir, { recursive: true, force: true });
		await bench.nats.start();
		const { records } = await bench.json('restore', dir, '--dry-run');
		assert.ok(records.every((one) => one.plan === 'make' && one.now === 0), JSON.stringify(records));
		assert.equal(records.find((one) => one.stream === 'CARILLON_EVENTS').messages, EVENTS);
	});

	test('a damaged backup and a wrong master key are found before anything is touched', async () => {
		const file = path.join(dir, 'CARILLON_HISTORY.snapshot');
		const bytes = fs.readFileSync(file);
		const bad = Buffer.from(bytes);
		bad[bad.length >> 1] ^= 1;
		fs.writeFileSync(file, bad);
		const damaged = await bench.tryCli(['restore', dir, '--yes']);
		assert.equal(damaged.code, 1);
		assert.match(damaged.err, /the backup is damaged/);
		fs.writeFileSync(file, bytes);
		fs.rmSync(bench.keyFile);
		await bench.cli('vault', 'init');
		const other = await bench.tryCli(['restore', dir, '--yes']);
		assert.equal(other.code, 1);
		assert.match(other.err, /the master key does not open the backup's credentials/);
		assert.ok((await bench.json('restore', dir, '--dry-run', '--force')).records.every((one) => one.plan === 'make'));
	});

	test('the same answers to everything, with a key file that has been rotated since', async () => {
		const made = fs.readFileSync(bench.keyFile, 'utf8').replace(/^1 /, '2 ');
		fs.writeFileSync(bench.keyFile, keys + made, { mode: 0o600 });
		await bench.cli('restore', dir, '--yes');
		const again = await bench.json('restore', dir, '--dry-run');
		assert.ok(again.records.every((one) => one.plan.startsWith('keep')), JSON.stringify(again.records));
		await bench.serve();
		const now = await ask();
		for (let i = 0; i < answers.length; i++) assert.deepEqual(now[i], answers[i]);
	});

	test('what was held goes out once, and what was delivered not again', async () => {
		const before = await posted('C0ALERTS');
		assert.equal(before, EVENTS);
		await bench.sandbox.clearFaults();
		await bench.cli('rule', 'enable', 'acme', 'general');
		await until('what was held', async () => (await bench.json('delivery', 'list', 'acme', '--limit', '100')).records.every((one) => one.state === 'delivered'));
		assert.equal(await posted('C0GENERAL'), EVENTS);
		assert.equal(await posted('C0ALERTS'), EVENTS);
		const event = await bench.publish('acme', { ...ALERT, resource_id: 'after' });
		assert.equal((await bench.deliveries('acme', event)).length, 2);
	});

	test('what was delivered while the backup was made is known, and not sent again', async () => {
		const other = path.join(bench.dir, 'other');
		await bench.cli('backup', other);
		const list = path.join(other, 'backup.json');
		const whole = JSON.parse(fs.readFileSync(list, 'utf8'));
		fs.writeFileSync(list, JSON.stringify({ ...whole, finished_ms: 0, streams: whole.streams.slice(0, 1) }));
		const between = await bench.publish('acme', { ...ALERT, resource_id: 'between' });
		const deliveries = await bench.deliveries('acme', between);
		await bench.cli('backup', other); // its events are from before, its history from after
		await bench.stopService();
		const posts = [await posted('C0ALERTS'), await posted('C0GENERAL')];
		const { records } = await bench.json('restore', other, '--dry-run');
		const events = records.find((one) => one.stream === 'CARILLON_EVENTS');
		assert.match(events.plan, /^DELETE/);
		assert.equal(events.now, events.messages + 1);
		await bench.cli('restore', other, '--yes');
		fs.rmSync(bench.dataDir, { recursive: true, force: true });
		await bench.serve();
		const event = await bench.publish('acme', { ...ALERT, resource_id: 'after both' });
		assert.equal((await bench.deliveries('acme', event)).length, 2);
		assert.deepEqual([await posted('C0ALERTS'), await posted('C0GENERAL')], posts.map((n) => n + 1));
		assert.deepEqual((await bench.json('delivery', 'show', 'acme', between)).records.map((one) => one.state), deliveries.map((one) => one.state));
	});
});
