/* The verdict of tools/chaos can fail: journals, histories and looks at a process with one thing
 * wrong in each. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { FAULTS, dealFaults } from '../../tools/chaos.d/faults.mjs';
import { judgeDescriptors, judgeMemory, usage } from '../../tools/chaos.d/leaks.mjs';
import { STATE } from '../../tools/chaos.d/protobuf.mjs';
import { randomSource } from '../../tools/chaos.d/random.mjs';
import { judge } from '../../tools/chaos.d/verdict.mjs';
import { until } from './lib.mjs';

const CHANNEL = 'C0';
const WORKSPACE = { id: 'w', rules: [{ id: 'r', channel: CHANNEL }] };
const attempt = (more) => ({ number: 1, startedMs: 1, outcome: 1, possibleDuplicate: 0, ...more });

/** A world and a history in which events e1..en were delivered in order, once, in one life. */
function allIsWell(n, window) {
	const world = { workspaces: [WORKSPACE], published: new Map(), arrived: new Map(), posts: n, lives: [{ window, since: 0 }] };
	const history = { deliveries: new Map() };
	for (let i = 1; i <= n; i++) {
		world.published.set(`e${i}`, { workspace: WORKSPACE, seq: i });
		world.arrived.set(`e${i} ${CHANNEL}`, [{ seq: i, at: i, ts: `${i}.0` }]);
		history.deliveries.set(`e${i} ${CHANNEL}`, {
			event: `e${i}`, seq: i, workspace: 'w', rule: 'r', channel: CHANNEL, state: STATE.DELIVERED,
			attempts: [attempt()], wasPutAside: false, ends: [1],
		});
	}
	world.carillon = async ([, verb]) => JSON.stringify(verb === 'list'
		? { records: [...history.deliveries.values()].map(() => ({ state: 'delivered' })) }
		: { attempts: [{ possible_duplicate: true }] });
	return { world, history, post: (i) => world.arrived.get(`e${i} ${CHANNEL}`), record: (i) => history.deliveries.get(`e${i} ${CHANNEL}`) };
}

const FAILINGS = ['lost', 'repeats', 'repeats_unflagged', 'repeats_not_in_flight', 'order_breaks', 'unsettled', 'unknown_posts', 'index_differences'];

/** The figures that are not 0, of ten events with one thing changed. */
async function failings(change, window = 1) {
	const all = allIsWell(10, window);
	change(all);
	const { figures } = await judge(all.world, all.history);
	return Object.fromEntries(FAILINGS.filter((name) => figures[name] !== 0).map((name) => [name, figures[name]]));
}

/** Event `late` is posted after event `last`, instead of in its place. */
const postLate = ({ post }, late, last) => { post(late)[0].seq = post(last)[0].seq + 0.5; };

describe('what became of every event', () => {
	test('nothing is wrong when nothing is wrong', async () => assert.deepEqual(await failings(() => {}), {}));

	test('an event that never arrived is lost', async () =>
		assert.deepEqual(await failings(({ world }) => world.arrived.delete(`e3 ${CHANNEL}`)), { lost: 1 }));

	test('a second post without a flag is an unflagged repeat', async () =>
		assert.deepEqual(await failings(({ post }) => post(3).push({ seq: 11 })), { repeats: 1, repeats_unflagged: 1 }));

	test('a second post that is flagged is a repeat', async () =>
		assert.deepEqual(await failings(({ post, record }) => {
			post(3).push({ seq: 11 });
			record(3).attempts = [attempt({ ambiguous: 1 }), attempt({ possibleDuplicate: 1 })];
		}), { repeats: 1 }));

	test('a repeat of what had ended was not in flight', async () =>
		assert.deepEqual(await failings(({ post, record }) => {
			post(3).push({ seq: 11 });
			Object.assign(record(3), { attempts: [attempt({ possibleDuplicate: 1 })], ends: [1, 2] });
		}), { repeats: 1, repeats_not_in_flight: 1 }));

	test('a post that nobody published is unknown', async () =>
		assert.deepEqual(await failings(({ world }) => world.arrived.set(`x ${CHANNEL}`, [{ seq: 11 }])), { unknown_posts: 1 }));

	test('what arrived and has no end in the history is unsettled, and the index disagrees', async () =>
		assert.deepEqual(await failings(({ record }) => { record(3).state = STATE.PARKED; }), { unsettled: 1, index_differences: 1 }));
});

describe('the order of a lane', () => {
	test('with one request in flight, one message posted before an earlier one is a break', async () =>
		assert.deepEqual(await failings((all) => postLate(all, 4, 5)), { order_breaks: 1 }));

	test('with a window of three, a message may be posted before two earlier ones', async () =>
		assert.deepEqual(await failings((all) => { postLate(all, 4, 6); postLate(all, 5, 6); }, 3), {}));

	test('with a window of two, it may not', async () =>
		assert.deepEqual(await failings((all) => { postLate(all, 4, 6); postLate(all, 5, 6); }, 2), { order_breaks: 1 }));

	test('any number may pass one that is slow', async () =>
		assert.deepEqual(await failings((all) => postLate(all, 1, 10), 2), {}));

	test('a message that waited for its second attempt has lost its place', async () =>
		assert.deepEqual(await failings((all) => {
			postLate(all, 4, 10);
			all.record(4).attempts = [attempt({ outcome: 7 }), attempt({ number: 2 })];
		}), {}));

	test('a message is never posted before one that a later life posts for the first time', async () =>
		assert.deepEqual(await failings((all) => {
			postLate(all, 4, 5);
			all.world.lives.push({ window: 64, since: 5 });
		}, 64), { order_breaks: 1 }));
});

describe('leaks', () => {
	const looksOf = (n, look) => Array.from({ length: n }, (_, i) =>
		({ pid: 1, rssKb: 30000, events: i * 1000, files: 14, fds: 50, dead: new Set(), ...look(i) }));

	test('as many descriptors as before are none', () =>
		assert.deepEqual(judgeDescriptors(looksOf(20, () => ({}))), { fds_leaked: 0, isLeaking: false }));

	test('one descriptor a round is found in lives of three rounds', () =>
		assert.deepEqual(judgeDescriptors(looksOf(12, (i) => ({ pid: Math.floor(i / 4), files: 14 + i % 4 }))), { fds_leaked: 9, isLeaking: true }));

	test('sockets that stay open after the other side closed are found', () =>
		assert.equal(judgeDescriptors(looksOf(8, (i) => ({ dead: new Set(Array.from({ length: i }, (_, k) => `${k}`)) }))).isLeaking, true));

	test('a socket that was closed between two looks is none', () =>
		assert.equal(judgeDescriptors(looksOf(8, (i) => ({ dead: new Set([`${i}`]) }))).fds_leaked, 0));

	test('100 bytes an event are found in a run of 300 rounds', () =>
		assert.equal(judgeMemory(looksOf(300, (i) => ({ rssKb: 30000 + Math.round(i * 1000 * 100 / 1024) }))).isLeaking, true));

	test('memory that rises late in a short run is none', () =>
		assert.equal(judgeMemory(looksOf(10, (i) => ({ rssKb: i < 7 ? 20000 : 32000 }))).isLeaking, false));

	test('memory that rises at first and then moves by some MB is none', () =>
		assert.equal(judgeMemory(looksOf(300, (i) => ({ rssKb: 15000 + Math.min(i, 30) * 600 + (i % 7) * 700 }))).isLeaking, false));

	test('descriptors are counted as they are: files, and sockets whose other side has closed', async () => {
		const before = usage(process.pid);
		const server = net.createServer((socket) => socket.end()).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const file = fs.openSync('/dev/null');
		const client = net.connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true });
		try {
			await until('the other side to close', () => usage(process.pid).dead.size === before.dead.size + 1);
			assert.equal(usage(process.pid).files, before.files + 1);
		} finally {
			client.destroy();
			fs.closeSync(file);
			server.close();
		}
	});
});

test('faults are dealt equally, and the last third leaves the service alive', () => {
	const names = Object.keys(FAULTS);
	const dealt = dealFaults(names, names.length * 10, randomSource(1));
	for (const name of names) assert.equal(dealt.filter((n) => n === name).length, 10, name);
	assert.ok(dealt.slice(-Math.floor(dealt.length / 3)).every((name) => !FAULTS[name].restarts));
	assert.ok(dealt.slice(0, dealt.length / 2).some((name) => FAULTS[name].restarts));
});
