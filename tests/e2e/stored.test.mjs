/* What stands in the streams and is not what the service wrote: one bad record is one customer's
 * trouble, said, listed and deletable. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, TOKEN, end, isAlive, sleep, start, until } from './lib.mjs';

const GARBAGE = Buffer.from('\xff\xff garbage', 'latin1');

/* --- protobuf by hand --- */

const varint = (n) => {
	const out = [];
	for (n = BigInt(n); n > 127n; n >>= 7n) out.push(Number(n & 127n) | 128);
	return Buffer.from([...out, Number(n)]);
};
const bytes = (number, value) => {
	const body = Buffer.from(value);
	return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
};
const integer = (number, value) => Buffer.concat([varint(number * 8), varint(value)]);

/** A history batch of one event record. */
const eventRecord = ({ workspace, id, seq, received = 0 }) => bytes(1, bytes(1, Buffer.concat([
	bytes(1, workspace), bytes(2, id), integer(3, seq), bytes(4, 'alert.triggered'), integer(7, received),
	integer(9, 1)])));

/** A history batch of one delivery record. */
const deliveryRecord = ({ workspace, id, seq, rule, state, due = 0 }) => bytes(1, bytes(2, Buffer.concat([
	bytes(1, workspace), bytes(2, id), integer(3, seq), bytes(4, rule), bytes(5, 'slack'), integer(7, state),
	integer(12, due)])));

/* --- what stands in the bucket --- */

class Bucket {
	constructor(producer) {
		this.producer = producer;
	}

	/** As `nats kv put` does. */
	async put(key, value) {
		const answer = JSON.parse(await this.producer.request(`$KV.carillon_state.${key}`, value));
		assert.equal(answer.error, undefined, JSON.stringify(answer));
	}

	async get(key) {
		const ask = JSON.stringify({ last_by_subj: `$KV.carillon_state.${key}` });
		const answer = JSON.parse(await this.producer.request('$JS.API.STREAM.MSG.GET.KV_carillon_state', ask));
		return Buffer.from(answer.message.data, 'base64');
	}

	/** Changes the last byte of a connection's sealed credential. */
	async flip(workspace, connection) {
		const key = `${workspace}.connection.${connection}`;
		const record = await this.get(key);
		const at = record.indexOf(Buffer.from([6 * 8 + 2])); // the field "sealed"
		assert.ok(at > 0);
		record[at + 2 + record[at + 1] - 1] ^= 1;
		await this.put(key, record);
	}
}

/** The operator events there are, by what they tell. */
const operatorEvents = async (producer, what) => {
	const answer = JSON.parse(await producer.request('$JS.API.STREAM.INFO.CARILLON_OPS',
		JSON.stringify({ subjects_filter: `carillon.ops.*.${what}` })));
	return Object.values(answer.state.subjects ?? {}).reduce((sum, n) => sum + n, 0);
};

const failures = (findings, what) => findings.filter((f) => !f.ok && f.what === what);

describe('records that cannot be read', () => {
	let bench, producer, bucket;

	before(async () => {
		bench = await start();
		producer = await new Producer(bench).open();
		bucket = new Bucket(producer);
		for (const workspace of ['acme', 'zed']) {
			await bench.provision(workspace);
			await bench.rule(workspace, 'good');
		}
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	test('a garbage rule costs its workspace one rule, and the others nothing', async () => {
		await bucket.put('acme.rule.zzz', GARBAGE);
		for (let i = 0; i < 300; i++) await producer.publish('acme', { ...ALERT, type: 'nobody.wants', id: `e${i}` });
		await producer.publish('zed', { ...ALERT, id: 'e' });
		const [delivery] = await bench.deliveries('zed', 'e');
		assert.equal(delivery.state, 'delivered');
		await until('all events of acme to be recorded', async () =>
			(await bench.json('event', 'list', 'acme', '--limit', '1000')).count === 300);
		await until('the operator to be told', async () => await operatorEvents(producer, 'record.unreadable') === 1);
		assert.equal(bench.service.output.match(/zzz/g).length < 5, true);
	});

	test('lists show it as broken, and check names it', async () => {
		const { records } = await bench.json('rule', 'list', 'acme');
		assert.deepEqual(records.map((r) => [r.id, 'broken' in r]), [['good', false], ['zzz', true]]);
		assert.match(await bench.cli('rule', 'list', 'acme'), /zzz +- +- +broken/);
		await bucket.put('acme.connection.bad', GARBAGE);
		assert.match(await bench.cli('connection', 'list', 'acme'), /bad +- +- +broken/);
		const check = await bench.tryCli(['check', '--json']);
		assert.equal(check.code, 1);
		const found = failures(JSON.parse(check.out).findings, 'records').map((f) => f.sentence);
		assert.equal(found.length, 2);
		assert.match(found.join('\n'), /connection "bad" of workspace "acme"/);
		assert.match(found.join('\n'), /rule "zzz" of workspace "acme"/);
		const show = await bench.tryCli(['rule', 'show', 'acme', 'zzz']);
		assert.match(show.err, /cannot be read/);
	});

	test('it can be written again, and deleted, without being read', async () => {
		await bench.cli('rule', 'set', 'acme', 'zzz', '--type', 'never.sent', '--connection', 'slack',
			'--channel', 'C0GENERAL');
		assert.equal((await bench.json('rule', 'show', 'acme', 'zzz')).event_type, 'never.sent');
		await bucket.put('acme.rule.zzz', GARBAGE);
		await bench.cli('rule', 'delete', 'acme', 'zzz', '--yes');
		await bench.cli('connection', 'delete', 'acme', 'bad', '--yes');
		await bench.cli('type', 'put', '--file', bench.file('type.json', { name: 'a.b' }));
		await bucket.put('_catalogue.type.a/b', GARBAGE);
		assert.match(await bench.cli('type', 'list'), /a\.b .*broken/);
		await bench.cli('type', 'put', '--file', bench.file('type.json', { name: 'a.b' }));
		await bench.cli('type', 'delete', 'a.b', '--yes');
		assert.equal((await bench.tryCli(['check', '--json'])).code, 0);
	});

	test('a connection of a long id aborts nobody, and reconnecting begins it anew', async () => {
		await bucket.put('acme.connection.slack', Buffer.concat([bytes(1, 'x'.repeat(300)), bytes(2, 'slack')]));
		// An event may be faster than the record.
		const { id, held } = await until('one that is held', async () => {
			const id = await bench.publish('acme');
			const all = await bench.deliveries('acme', id, (all) => all.length > 0 && all.every((d) => ['held', 'delivered'].includes(d.state)));
			const held = all.find((d) => d.state === 'held');
			return held && { id, held };
		});
		assert.match(held.reason, /connection's stored record cannot be read/);
		assert.equal(held.action, 'reconnect');
		assert.ok(isAlive(bench.service));
		await bench.cliWith({ input: `${TOKEN}\n` }, 'connection', 'reconnect', 'acme', 'slack', '--token-stdin');
		const [delivered] = await bench.deliveries('acme', id);
		assert.equal(delivered.state, 'delivered');
	});

	test('a workspace with nothing but garbage can be deleted, and erased', async () => {
		await bucket.put('junk.workspace.junk', GARBAGE);
		await bucket.put('junk.rule.r', GARBAGE);
		await bucket.put('junk.connection.c', GARBAGE);
		assert.match(await bench.cli('workspace', 'list'), /junk +- +broken/);
		assert.match(await bench.cli('rule', 'list', 'junk'), /broken/);
		await bench.cli('workspace', 'delete', 'junk', '--yes');
		assert.doesNotMatch(await bench.cli('workspace', 'list'), /junk/);
		await bucket.put('junk.workspace.junk', GARBAGE);
		await bench.cli('workspace', 'create', 'junk'); // written again
		await bucket.put('junk.workspace.junk', GARBAGE);
		await bench.cli('workspace', 'erase', 'junk', '--yes');
		assert.doesNotMatch(await bench.cli('workspace', 'list'), /junk/);
	});
});

describe('credentials that do not open', () => {
	let bench, producer, bucket;

	before(async () => {
		bench = await start();
		producer = await new Producer(bench).open();
		bucket = new Bucket(producer);
		for (const workspace of ['acme', 'zed']) {
			await bench.provision(workspace);
			await bench.rule(workspace, 'r');
		}
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	test('one flipped byte holds its connection with "reconnect", said once', async () => {
		await bucket.flip('acme', 'slack');
		const ids = [await bench.publish('acme'), await bench.publish('acme'), await bench.publish('acme')];
		for (const id of ids) {
			const [held] = await bench.deliveries('acme', id, (all) => all.some((d) => d.state === 'held'));
			assert.match(held.reason, /credential/);
			assert.equal(held.action, 'reconnect');
			assert.equal(held.attempt_count, 0);
		}
		await until('the connection to say so', async () =>
			(await bench.json('connection', 'show', 'acme', 'slack')).status === 'needs_reconnect');
		assert.equal(await operatorEvents(producer, 'connection.broken'), 1);
		const before = JSON.parse(await producer.request('$JS.API.STREAM.INFO.CARILLON_HISTORY')).state.messages;
		await sleep(6000); // longer than what is held is left alone
		const now = JSON.parse(await producer.request('$JS.API.STREAM.INFO.CARILLON_HISTORY')).state.messages;
		assert.equal(now, before);
	});

	test('the service starts as long as one opens, and check lists the others', async () => {
		await bench.stopService();
		await bench.serve();
		const id = await bench.publish('zed');
		assert.equal((await bench.deliveries('zed', id))[0].state, 'delivered');
		const { findings } = JSON.parse((await bench.tryCli(['check', '--json'])).out);
		const found = failures(findings, 'vault');
		assert.equal(found.length, 1);
		assert.match(found[0].sentence, /acme\/slack.*connection reconnect acme slack/);
	});

	test('a rotation goes on past them, lists them and says so by its exit code', async () => {
		await bucket.put('acme.connection.bad', GARBAGE);
		for (let round = 0; round < 2; round++) {
			const got = await bench.tryCli(['vault', 'rotate']);
			assert.equal(got.code, 1);
			assert.match(got.err, /passed over acme\/slack: .*reconnect acme slack/);
			assert.match(got.err, /passed over acme\/bad: its stored record cannot be read/);
			assert.match(got.out, new RegExp(`1 of 3 credentials sealed anew under key version ${round + 2}`));
			assert.match(got.out, /2 could not be opened or read/);
		}
		const id = await bench.publish('zed');
		assert.equal((await bench.deliveries('zed', id))[0].state, 'delivered');
		await bench.cli('connection', 'delete', 'acme', 'bad', '--yes');
		await bench.cliWith({ input: `${TOKEN}\n` }, 'connection', 'reconnect', 'acme', 'slack', '--token-stdin');
		await until('what was held to go', async () =>
			(await bench.json('delivery', 'list', 'acme', '--status', 'delivered')).count === 3);
		assert.match(await bench.cli('vault', 'rotate'), /2 of 2 credentials/);
	});

	test('with a master key that opens none the service says so and ends', async () => {
		await bench.stopService();
		const version = fs.readFileSync(bench.keyFile, 'latin1').split(' ')[0];
		fs.writeFileSync(`${bench.dir}/other`, `${version} ${'5e'.repeat(32)}\n`, { mode: 0o600 });
		const service = bench.launchService({ master_key_file: `${bench.dir}/other` });
		const how = await service.ended;
		assert.notEqual(how.code, 0);
		assert.match(service.output, /the master key is the wrong one: .*fingerprint [0-9a-f]{16}.*check master_key_file/);
		const got = await bench.tryCli(['vault', 'rotate'], { settings: { master_key_file: `${bench.dir}/other` } });
		assert.notEqual(got.code, 0);
		assert.match(got.err, /the master key is the wrong one/);
		// What nobody could open any more once the right key is back is not stored at all.
		for (const [verb, ...rest] of [['add', 'acme', '--slack', '--id', 'new', '--channel', 'C0ALERTS'], ['reconnect', 'acme', 'slack']]) {
			const sealed = await bench.tryCli(['connection', verb, ...rest, '--token-stdin'],
				{ input: `${TOKEN}\n`, settings: { master_key_file: `${bench.dir}/other` } });
			assert.notEqual(sealed.code, 0);
			assert.match(sealed.err, /the master key is the wrong one/);
		}
		const { findings } = JSON.parse((await bench.tryCli(['check', '--json'], { settings: { master_key_file: `${bench.dir}/other` } })).out);
		assert.match(failures(findings, 'vault')[0].sentence, /the master key is the wrong one/);
		await bench.serve();
	});

	test('what needs a newer key than the service has waits for it, and goes when it is there', async () => {
		const copy = `${bench.dir}/copy`;
		fs.copyFileSync(bench.keyFile, copy); // with its mode
		await bench.stopService();
		await bench.serve({ master_key_file: copy }); // as systemd's LoadCredential does
		const marked = await operatorEvents(producer, 'connection.broken');
		await bench.cli('vault', 'rotate');
		const id = await bench.publish('acme');
		await bench.deliveries('acme', id, (all) => all.some((d) => d.state === 'held'));
		await until('the operator to be told', async () =>
			await operatorEvents(producer, 'connection.broken') === marked + 1);
		assert.equal((await bench.json('connection', 'show', 'acme', 'slack')).status, 'active');
		fs.copyFileSync(bench.keyFile, `${copy}.new`);
		fs.renameSync(`${copy}.new`, copy);
		assert.equal((await bench.deliveries('acme', id))[0].state, 'delivered');
	});
});

describe('history that the service never wrote', () => {
	let bench, producer;

	before(async () => {
		bench = await start();
		producer = await new Producer(bench).open();
		await bench.provision('acme');
		await bench.rule('acme', 'r');
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	const forge = (batch) => producer.request('carillon.history.0', batch);

	test('records for sequences that were, will be or cannot be do not end the service', async () => {
		const first = await bench.publish('acme');
		await bench.deliveries('acme', first);
		await forge(GARBAGE);
		await forge(eventRecord({ workspace: 'acme', id: 'forged', seq: 1 }));
		await forge(eventRecord({ workspace: 'acme', id: 'forged', seq: 2 }));
		await forge(eventRecord({ workspace: 'acme', id: 'x'.repeat(300), seq: 3 }));
		await forge(eventRecord({ workspace: 'acme', id: 'forged', seq: 0 }));
		await forge(eventRecord({ workspace: 'acme', id: 'forged', seq: '9000000000000000000' }));
		await forge(eventRecord({ workspace: 'acme', id: 'forged', seq: '9000000000000' }));
		await forge(deliveryRecord({ workspace: 'acme', id: 'y'.repeat(300), seq: 1, rule: 'r', state: 5, due: 1 }));
		await forge(deliveryRecord({ workspace: 'acme', id: 'x', seq: 1, rule: 'r', state: 77 }));
		await forge(deliveryRecord({ workspace: 'zed', id: 'x', seq: 1, rule: 'r', state: 6 }));
		await bench.cli('event', 'list', 'acme'); // which applies them
		for (let i = 0; i < 3; i++) {
			const id = await bench.publish('acme');
			assert.equal((await bench.deliveries('acme', id))[0].state, 'delivered');
		}
		assert.ok(isAlive(bench.service), bench.service.output);
		await end(bench.service, 'SIGKILL');
		await bench.serve();
		const id = await bench.publish('acme');
		assert.equal((await bench.deliveries('acme', id))[0].state, 'delivered');
		assert.equal((await bench.deliveries('acme', first))[0].state, 'delivered');
		assert.ok(isAlive(bench.service), bench.service.output);
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, 5);
	});
});

describe('what a repair releases, and what a deleted workspace leaves', () => {
	let bench, producer;

	before(async () => {
		bench = await start();
		producer = await new Producer(bench).open();
		await bench.provision('acme');
		await bench.rule('acme', 'r');
		await bench.rule('acme', 'other', { channel: 'C0GENERAL' });
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	test('what stays held for another reason is not counted as released', async () => {
		await bench.cli('connection', 'disable', 'acme', 'slack');
		const id = await bench.publish('acme');
		await bench.deliveries('acme', id, (all) => all.length === 2 && all.every((d) => d.state === 'held'));
		await bench.cli('workspace', 'pause', 'acme');
		let { released } = await bench.json('connection', 'enable', 'acme', 'slack');
		assert.deepEqual([released.count, released.still_held], [0, 2]);
		assert.match(released.still_held_because, /paused/);
		({ released } = await bench.json('workspace', 'resume', 'acme'));
		assert.deepEqual([released.count, released.still_held], [2, 0]);
		await bench.deliveries('acme', id);
	});

	test('all that a deleted workspace still had to deliver is canceled', async () => {
		await bench.cli('workspace', 'pause', 'acme');
		for (let i = 0; i < 150; i++) await producer.publish('acme', { ...ALERT, id: `held${i}` });
		await until('all to be held', async () =>
			(await bench.json('delivery', 'list', 'acme', '--status', 'held', '--limit', '1000')).count === 300);
		await bench.cli('workspace', 'delete', 'acme', '--yes');
		await until('all to be canceled', async () =>
			(await bench.json('delivery', 'list', 'acme', '--status', 'canceled', '--limit', '1000')).count === 300);
		const { records } = await bench.json('delivery', 'list', 'acme', '--status', 'canceled', '--limit', '1');
		assert.equal(records[0].reason, 'the workspace was deleted');
	});
});
