/* A damaged index, and a broker that lost its newest messages: found, said, repaired. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, end, isAlive, sleep, start, until } from './lib.mjs';

const FAST = {
	slack_channel_rate_milli: 1000000,
	slack_channel_burst: 1000,
	slack_team_rate_milli: 1000000,
	slack_team_burst: 1000,
	drain_s: 5,
	ack_wait_s: 2,
	lane_window_max: 1, // for an exact order
};
const STREAMS = ['CARILLON_EVENTS', 'KV_carillon_state', 'CARILLON_HISTORY'];

const alert = (id) => ({ ...ALERT, id, payload: { ...ALERT.payload, alert_id: `mark-${id}-end` } });

/** A bench with two workspaces; whatever is published to "quiet" is held, being paused. */
async function begin() {
	const bench = await start({ settings: FAST, sandboxArgs: ['--no-rate-limit'] });
	for (const workspace of ['acme', 'quiet']) {
		await bench.provision(workspace);
		await bench.rule(workspace, 'alerts', { channel: workspace === 'acme' ? 'C0ALERTS' : 'C0GENERAL' });
	}
	await bench.cli('workspace', 'pause', 'quiet');
	bench.producer = await new Producer(bench).open();
	return bench;
}

/** Begins, with so many events delivered and as many held. */
async function beginWith(n) {
	const bench = await begin();
	await publish(bench, 'acme', 'acme', 0, n);
	await publish(bench, 'quiet', 'quiet', 0, n);
	await whenAre(bench, 'acme', 'delivered', n);
	await whenAre(bench, 'quiet', 'held', n);
	return bench;
}

async function finish(bench) {
	bench?.producer?.close();
	await bench?.stop();
}

async function publish(bench, workspace, prefix, from, to) {
	for (let i = from; i < to; i++) await bench.producer.publish(workspace, alert(`evt-${prefix}-${i}`));
}

/** What history says of a workspace: "event/rule state" lines, oldest first. */
async function history(bench, workspace) {
	const lines = [];
	let more = [];
	do {
		const page = await bench.json('delivery', 'list', workspace, '--limit', '1000', ...more);
		for (const r of page.records) lines.push(`${r.event_id}/${r.rule} ${r.state}`);
		more = page.next === null ? undefined : ['--before', page.next];
	} while (more);
	return lines.reverse();
}

const whenAre = (bench, workspace, state, n) =>
	until(`${n} of ${workspace} ${state}`, async () => {
		const got = (await history(bench, workspace)).filter((line) => line.endsWith(` ${state}`));
		if (got.length !== n) throw new Error(`${got.length} are`);
		return true;
	}, 60000);

/** How often each event was posted; every message must be of the event that it says it is of. */
async function posts(bench) {
	const counts = new Map();
	for (const entry of await bench.sandbox.journal()) {
		if (!entry.posted) continue;
		const text = JSON.stringify(entry);
		const id = /mark-(evt-[a-z]+-\d+)-end/.exec(text)?.[1];
		if (id === undefined && text.includes('-nameless-')) continue;
		assert.match(JSON.stringify(entry.metadata), new RegExp(`${id}\\b`), text);
		counts.set(id, (counts.get(id) ?? 0) + 1);
	}
	return counts;
}

async function assertPostedOnce(bench, prefix, from, to) {
	const counts = await posts(bench);
	for (let i = from; i < to; i++) assert.equal(counts.get(`evt-${prefix}-${i}`) ?? 0, 1, `evt-${prefix}-${i}`);
}

/* --- the broker's files --- */

const copyOf = (bench) => `${bench.nats.dir}.copy`;

async function stopBroker(bench) {
	bench.producer.close();
	await bench.nats.stop();
}

async function startBroker(bench) {
	await bench.nats.start();
	bench.producer = await new Producer(bench).open();
}

/** As an operator makes a backup: of the files, while nothing runs. */
async function backUp(bench) {
	await bench.stopService();
	await stopBroker(bench);
	fs.rmSync(copyOf(bench), { recursive: true, force: true });
	fs.cpSync(bench.nats.dir, copyOf(bench), { recursive: true });
	await startBroker(bench);
	await bench.serve();
}

/** Puts the copy in the place of what the broker has, of all streams or some. */
async function restore(bench, streams = STREAMS) {
	await stopBroker(bench);
	for (const name of streams) {
		const of = (dir) => path.join(dir, 'jetstream', bench.account, 'streams', name);
		fs.rmSync(of(bench.nats.dir), { recursive: true, force: true });
		if (fs.existsSync(copyOf(bench))) fs.cpSync(of(copyOf(bench)), of(bench.nats.dir), { recursive: true });
	}
	await startBroker(bench);
}

/**
 * Starts the service, kills it at one moment after the other, and leaves it running once it was
 * faster. The broker is held up meanwhile, so that what is killed has not got any further.
 */
async function serveKilledAt(bench, moments) {
	for (const ms of moments) {
		const service = bench.launchService();
		await sleep(ms);
		bench.nats.child.kill('SIGSTOP');
		await sleep(200);
		const wasFaster = service.output.includes('serve.ready');
		if (!wasFaster) await end(service, 'SIGKILL');
		bench.nats.child.kill('SIGCONT');
		bench.service = service;
		if (wasFaster) return;
	}
	await bench.serve();
}

async function info(bench, name) {
	return JSON.parse(await bench.producer.request(`$JS.API.STREAM.INFO.${name}`)).state;
}

const lastSeqs = async (bench) => {
	const seqs = {};
	for (const name of STREAMS) seqs[name] = (await info(bench, name)).last_seq;
	return seqs;
};

/** The index made anew from the streams must say the same: then these have all. */
async function assertStreamsHaveAll(bench) {
	const say = async () => ({
		acme: await history(bench, 'acme'),
		quiet: await history(bench, 'quiet'),
		rules: await bench.json('rule', 'list', 'acme'),
		workspaces: (await bench.json('workspace', 'list')).records.map((r) => r.id),
	});
	const before = await say();
	await bench.stopService();
	fs.rmSync(bench.dataDir, { recursive: true });
	await bench.serve();
	assert.deepEqual(await say(), before);
}

describe('a damaged index', () => {
	const N = 60;
	let bench;
	before(async () => {
		bench = await beginWith(N);
	});
	after(() => finish(bench));

	const file = (name) => path.join(bench.dataDir, name);
	const overwrite = (name, from, to) => {
		const fd = fs.openSync(file(name), 'r+');
		fs.writeSync(fd, Buffer.alloc(to - from), 0, to - from, from);
		fs.closeSync(fd);
	};
	const damages = [
		['cut in the middle of a page', () => fs.truncateSync(file('history.mdb'), 4096 * 9 + 1000)],
		['with wiped pages', () => overwrite('history.mdb', 2 * 4096, 12 * 4096)],
		['emptied', () => fs.truncateSync(file('history.mdb'), 0)],
		['of settings cut', () => fs.truncateSync(file('state.mdb'), 4096 * 3 + 7)],
		['in both files', () => ['state.mdb', 'history.mdb'].forEach((name) => overwrite(name, 0, 8192))],
	];

	for (const [what, damage] of damages) {
		test(`one ${what} is set aside and rebuilt, with all that waits in it`, async () => {
			const known = [await history(bench, 'acme'), await history(bench, 'quiet')];
			const aside = () => fs.readdirSync(bench.dataDir).filter((name) => name.includes('.mdb.damaged-'));
			const before = aside().length;
			await bench.stopService();
			damage();
			if (what !== 'emptied') { // to LMDB that is a new one, and to look changes nothing
				const got = await bench.tryCli(['check']);
				assert.equal(got.code, 1);
				assert.match(got.out, /FAIL +index .*not a Carillon index.*sets the file aside/);
				assert.equal(aside().length, before);
				const refused = bench.launchService({ repair: 'false' });
				assert.equal((await refused.ended).code, 1);
				assert.match(refused.output, /move .* away/);
			}
			await bench.serve();
			assert.match(bench.service.output, /warn.*store\.set_aside/);
			assert.ok(aside().length > before);
			assert.deepEqual([await history(bench, 'acme'), await history(bench, 'quiet')], known);
			const ops = await info(bench, 'CARILLON_OPS');
			const last = await bench.producer.request('$JS.API.STREAM.MSG.GET.CARILLON_OPS', JSON.stringify({ seq: ops.last_seq }));
			assert.equal(JSON.parse(last).message.subject, 'carillon.ops._service.index.rebuilt');
		});
	}

	test('what waited in it goes out, once', async () => {
		await bench.cli('workspace', 'resume', 'quiet');
		await whenAre(bench, 'quiet', 'delivered', N);
		await assertPostedOnce(bench, 'quiet', 0, N);
		await assertPostedOnce(bench, 'acme', 0, N);
		await bench.cli('workspace', 'pause', 'quiet');
	});
});

describe('a broker restored from an older copy', () => {
	const OLD = 30; // in the copy
	const ALL = 80; // by then
	let bench;
	before(async () => {
		bench = await begin();
		await publish(bench, 'acme', 'acme', 0, OLD);
		await publish(bench, 'quiet', 'quiet', 0, OLD);
		await whenAre(bench, 'acme', 'delivered', OLD);
		await whenAre(bench, 'quiet', 'held', OLD);
		await bench.rule('acme', 'gone', { type: 'never.comes' });
		await backUp(bench);
		await bench.rule('acme', 'later', { type: 'alert.triggered', channel: 'C0GENERAL', args: ['--name', 'a later one'] });
		await bench.cli('rule', 'delete', 'acme', 'gone', '--yes');
		await bench.cli('workspace', 'create', 'newer');
		await publish(bench, 'acme', 'acme', OLD, ALL);
		await publish(bench, 'quiet', 'quiet', OLD, ALL);
		await whenAre(bench, 'acme', 'delivered', OLD + 2 * (ALL - OLD));
		await whenAre(bench, 'quiet', 'held', ALL);
		await bench.cli('rule', 'disable', 'acme', 'later');
	});
	after(() => finish(bench));

	test('is found by check and by commands, which change nothing', async () => {
		await bench.stopService();
		await restore(bench);
		const before = await lastSeqs(bench);
		const got = await bench.tryCli(['check']);
		assert.equal(got.code, 1, got.out);
		for (const name of STREAMS) assert.match(got.out, new RegExp(`FAIL +index +stream ${name} lost its tail: it ends at \\d+`));
		assert.match(got.out, /carillon serve puts back what is missing/);
		const refused = await bench.tryCli(['rule', 'list', 'acme']);
		assert.notEqual(refused.code, 0);
		assert.match(refused.err, /lost its tail.*carillon serve puts back/);
		const service = bench.launchService({ repair: 'false' });
		assert.equal((await service.ended).code, 1);
		assert.match(service.output, /lost its tail/);
		assert.deepEqual(await lastSeqs(bench), before);
	});

	test('is repaired from the index however often that is killed', async () => {
		await serveKilledAt(bench, [20, 40, 60, 90, 120, 160, 200, 250]);
		assert.match(bench.logs + bench.service.output, /repair\.found.*KV_carillon_state/);
		for (const name of STREAMS) assert.match(bench.logs + bench.service.output, new RegExp(`repair\\.done.*${name}`));
		const rules = (await bench.json('rule', 'list', 'acme')).records;
		assert.deepEqual(rules.map((r) => [r.id, r.name, r.active]).sort(), [['alerts', rules.find((r) => r.id === 'alerts').name, true], ['later', 'a later one', false]]);
		assert.ok((await bench.json('workspace', 'list')).records.some((r) => r.id === 'newer'));
	});

	test('history has everything, and lost events that waited have failed', async () => {
		const acme = await history(bench, 'acme');
		assert.equal(acme.length, OLD + 2 * (ALL - OLD));
		assert.ok(acme.every((line) => line.endsWith(' delivered')));
		const quiet = await history(bench, 'quiet');
		assert.equal(quiet.length, ALL);
		assert.equal(quiet.filter((line) => line.endsWith(' held')).length, OLD);
		assert.equal(quiet.filter((line) => line.endsWith(' failed')).length, ALL - OLD);
		const [lost] = (await bench.json('delivery', 'show', 'quiet', `evt-quiet-${ALL - 1}`)).records;
		assert.match(lost.reason, /no longer in the stream/);
	});

	test('new events are delivered as they are, held ones that are there too', async () => {
		await publish(bench, 'acme', 'fresh', 0, ALL);
		await publish(bench, 'quiet', 'still', 0, ALL);
		await until('the new ones', async () => (await history(bench, 'acme')).filter((l) => /fresh.*delivered/.test(l)).length === ALL);
		await until('the held ones', async () => (await history(bench, 'quiet')).filter((l) => /still.*held/.test(l)).length === ALL);
		await bench.cli('workspace', 'resume', 'quiet');
		await whenAre(bench, 'quiet', 'delivered', OLD + ALL);
		await assertPostedOnce(bench, 'fresh', 0, ALL);
		await assertPostedOnce(bench, 'still', 0, ALL);
		await assertPostedOnce(bench, 'quiet', 0, OLD);
		await assertPostedOnce(bench, 'acme', 0, OLD);
		const twice = await bench.json('delivery', 'show', 'acme', 'evt-fresh-0');
		assert.ok(twice.records[0].attempts.every((a) => !a.possible_duplicate), JSON.stringify(twice));
	});

	test('and the streams have all of it again', () => assertStreamsHaveAll(bench));
});

describe('sequences that were used again', () => {
	const OLD = 20;
	const LOST = 30;
	let bench;
	before(async () => {
		bench = await begin();
		await publish(bench, 'acme', 'acme', 0, OLD);
		await whenAre(bench, 'acme', 'delivered', OLD);
		await backUp(bench);
		await publish(bench, 'quiet', 'quiet', 0, LOST);
		await whenAre(bench, 'quiet', 'held', LOST);
		await publish(bench, 'acme', 'acme', OLD, OLD + LOST);
		await whenAre(bench, 'acme', 'delivered', OLD + LOST);
		await bench.stopService();
	});
	after(() => finish(bench));

	for (const [name, n] of [['few', 7], ['more', 2 * LOST + 50]]) {
		test(`${name} events stored since are delivered, in order, and not as others`, async () => {
			await restore(bench, ['CARILLON_EVENTS']);
			await publish(bench, 'acme', name, 0, n - 2);
			for (let i = 0; i < 2; i++) { // they get ids from their sequences
				const event = { ...ALERT, payload: { ...ALERT.payload, alert_id: `${name}-nameless-${i}` } };
				await bench.producer.publish('acme', event);
			}
			await serveKilledAt(bench, [30, 45, 60, 75, 90, 110, 130]);
			await until('the new ones', async () => (await history(bench, 'acme')).filter((l) => l.includes(`evt-${name}`) && l.endsWith('delivered')).length === n - 2);
			const order = [];
			let namelessPosts;
			await until('those without an id', async () => {
				const journal = (await bench.sandbox.journal()).filter((e) => e.posted).map((e) => JSON.stringify(e));
				namelessPosts = journal.filter((text) => text.includes(`${name}-nameless-`)).length;
				return namelessPosts >= 2;
			});
			assert.equal(namelessPosts, 2);
			for (const entry of await bench.sandbox.journal()) {
				const found = new RegExp(`mark-evt-${name}-(\\d+)-end`).exec(JSON.stringify(entry));
				if (entry.posted && found) order.push(Number(found[1]));
			}
			assert.deepEqual(order, [...Array(n - 2).keys()]);
			const quiet = await history(bench, 'quiet');
			assert.deepEqual([quiet.length, quiet.filter((l) => l.endsWith(' failed')).length], [LOST, LOST]);
			assert.equal((await history(bench, 'acme')).filter((l) => l.includes('evt-acme')).length, OLD + LOST);
			await bench.stopService();
		});
	}

	test('while the service runs they end it, and the next start repairs', async () => {
		await bench.serve();
		await backUp(bench);
		await publish(bench, 'acme', 'before', 0, LOST);
		await until('those before', async () => (await history(bench, 'acme')).filter((l) => /before.*delivered/.test(l)).length === LOST);
		await restore(bench);
		for (let i = 0; isAlive(bench.service) && i < 2000; i++) {
			await bench.producer.publish('acme', alert(`evt-during-${i}`));
			await sleep(20);
			bench.during = i + 1;
		}
		assert.equal((await bench.service.ended).code, 1);
		assert.match(bench.service.output, /lost its tail/);
		await bench.serve();
		await until('those since', async () => (await history(bench, 'acme')).filter((l) => /during.*delivered/.test(l)).length === bench.during, 60000);
		const lines = await history(bench, 'acme');
		assert.equal(lines.filter((l) => /before.*delivered/.test(l)).length, LOST);
		await posts(bench); // each says what it is
		await assertPostedOnce(bench, 'before', 0, LOST);
	});

	test('and the streams have all of it again', () => assertStreamsHaveAll(bench));
});

describe('a broker that lost everything', () => {
	const N = 40;
	let bench;
	before(async () => {
		bench = await beginWith(N);
		await bench.stopService();
		await stopBroker(bench);
		fs.rmSync(bench.nats.dir, { recursive: true });
		await startBroker(bench);
	});
	after(() => finish(bench));

	test('has settings and history again, and delivers what comes', async () => {
		await bench.serve();
		assert.equal((await history(bench, 'acme')).filter((l) => l.endsWith(' delivered')).length, N);
		assert.equal((await history(bench, 'quiet')).filter((l) => l.endsWith(' failed')).length, N);
		await publish(bench, 'acme', 'fresh', 0, N);
		await until('the new ones', async () => (await history(bench, 'acme')).filter((l) => /fresh.*delivered/.test(l)).length === N);
		await assertPostedOnce(bench, 'fresh', 0, N);
		await assertPostedOnce(bench, 'acme', 0, N);
		await assertStreamsHaveAll(bench);
	});

	test('but settings of another installation are not mixed with ours', async () => {
		await bench.stopService();
		await stopBroker(bench);
		fs.rmSync(bench.nats.dir, { recursive: true });
		await startBroker(bench);
		const other = { data_dir: path.join(bench.dir, 'other') };
		assert.equal((await bench.tryCli(['workspace', 'create', 'theirs'], { settings: other })).code, 0);
		const service = bench.launchService();
		assert.equal((await service.ended).code, 1);
		assert.match(service.output, /KV_carillon_state was made anew.*correct nats_url/);
	});
});
