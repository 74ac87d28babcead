/*
 * Somebody purges one workspace's subject, and nats-server 2.9 moves the consumer over what
 * others were still to be given: whatever is in the stream and not in history is read again.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NatsConnection, NatsServer, Producer, freePort, start, temporaryDirectory, until } from './lib.mjs';

const STREAM = 'CARILLON_EVENTS';
const EVENTS = 30;
const SETTINGS = {
	slack_channel_rate_milli: 1000000, slack_channel_burst: 1000, slack_team_rate_milli: 1000000, slack_team_burst: 1000,
	retry_schedule_s: '0,5,5,5', retry_jitter_percent: 0,
};
const META = ['meta.inf', 'meta.sum'];

const api = async (nats, what, body = {}) => JSON.parse(await nats.request(`$JS.API.${what}`, JSON.stringify(body)));

function streamDirectory(storeDir) {
	const accounts = path.join(storeDir, 'jetstream');
	for (const account of fs.readdirSync(accounts)) {
		const found = path.join(accounts, account, 'streams', STREAM);
		if (fs.existsSync(found)) return found;
	}
	throw new Error(`no stream below ${accounts}`);
}

describe('a purge of one subject', () => {
	let bench;
	let producer;
	let elsewhere;
	before(async () => {
		elsewhere = temporaryDirectory();
		bench = await start({ settings: SETTINGS });
		for (const workspace of ['acme', 'zed']) {
			await bench.provision(workspace);
			await bench.rule(workspace, 'all', { type: 'a.b' });
		}
		producer = await new Producer(bench).open();
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
		fs.rmSync(elsewhere, { recursive: true, force: true });
	});

	const asService = (creds = bench.serviceCreds) => new NatsConnection(bench.nats.port, { creds }).open();

	/* The server lets nobody change that: so another one makes a stream that may be purged, and
	 * its description takes the place of ours. */
	async function purgeableMeta(config) {
		const other = new NatsServer(elsewhere, await freePort());
		await other.start();
		const nats = await new NatsConnection(other.port).open();
		const made = await api(nats, `STREAM.CREATE.${STREAM}`, { ...config, deny_purge: false });
		assert.equal(made.error, undefined, JSON.stringify(made.error));
		nats.close();
		await other.stop();
		return META.map((name) => fs.readFileSync(path.join(streamDirectory(other.dir), name)));
	}

	async function withMeta(files) {
		await bench.nats.stop();
		const directory = streamDirectory(bench.nats.dir);
		const before = META.map((name) => fs.readFileSync(path.join(directory, name)));
		META.forEach((name, i) => fs.writeFileSync(path.join(directory, name), files[i]));
		await bench.nats.start();
		return before;
	}

	async function purge(subject) {
		let nats = await asService();
		const { config } = await api(nats, `STREAM.INFO.${STREAM}`);
		nats.close();
		const own = await withMeta(await purgeableMeta(config));
		nats = await asService();
		const answer = await api(nats, `STREAM.PURGE.${STREAM}`, { filter: subject });
		assert.equal(answer.success, true, JSON.stringify(answer));
		nats.close();
		await withMeta(own);
	}

	test('loses nobody else an event, given out or not', async () => {
		await bench.publish('acme', { id: 'before', type: 'a.b', payload: {} });
		await bench.deliveries('acme', 'before');
		await bench.sandbox.faults({ match: { method: 'chat.postMessage' }, action: { kind: 'error', error: 'service_unavailable' }, times: 1 });
		await bench.publish('acme', { id: 'waits', type: 'a.b', payload: {} });
		await bench.deliveries('acme', 'waits', (records) => records[0]?.state === 'retrying');
		await bench.stopService();
		for (let i = 0; i < EVENTS; i++) {
			await producer.publish('acme', { id: `e${i}`, type: 'a.b', payload: { i } });
			if (i % 10 === 0) await producer.publish('zed', { id: `z${i}`, type: 'a.b', payload: { i } });
		}
		producer.close();
		producer = undefined;
		await purge('carillon.events.zed.>');
		await bench.serve();
		await bench.publish('acme', { id: 'after', type: 'a.b', payload: {} });
		await until('all that acme published', async () => {
			const { count } = await bench.json('delivery', 'list', 'acme', '--status', 'delivered', '--limit', '1000');
			return count === EVENTS + 3;
		}, 40000);
		const texts = (await bench.sandbox.messages('C0ALERTS')).map((m) => m.metadata.event_payload.delivery);
		assert.equal(new Set(texts).size, EVENTS + 3, 'each appeared');
		assert.equal(texts.length, EVENTS + 3, 'none of them twice');
	});
});
