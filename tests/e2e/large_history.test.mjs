/**
 * What is recorded at once may be more than a NATS server takes in one message (1 MiB): many
 * rules, each with attempts whose bodies are kept. Nobody else may be stopped by it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, start, until } from './lib.mjs';

const RULES = 70;
const ATTEMPTS = 8;
const MOST = 1024 * 1024;
const alert = (id) => ({ ...ALERT, id });
/** Blocks of about 2 KB, of which history keeps as much. */
const TEMPLATE = JSON.stringify({ header: '{{ payload.resource }}', body: 'all of it '.repeat(220) });

describe('a workspace of which more is recorded at once than a message holds', () => {
	let bench;
	let producer;
	const states = async (workspace) =>
		(await bench.json('delivery', 'list', workspace, '--limit', '1000')).records;
	/** Waits until all deliveries of the large event are as wanted. */
	const all = (what, is) =>
		until(what, async () => {
			const records = await states('large');
			if (records.length === RULES && records.every(is)) return records;
			throw new Error(JSON.stringify(records.find((r) => !is(r)) ?? records.length));
		}, 60000);
	const history = async () =>
		JSON.parse(await producer.request('$JS.API.STREAM.INFO.CARILLON_HISTORY')).state;

	before(async () => {
		bench = await start({
			serve: false,
			sandboxArgs: ['--no-rate-limit'],
			settings: {
				retry_schedule_s: `0,${'1,'.repeat(ATTEMPTS - 1)}3600,1`,
				retry_jitter_percent: 0,
				nak_slots_max: 0, // parked, so that all of an event come back together
				request_timeout_ms: 1000, // an erase waits for it
				commit_wait_ms: 200, // so that one message records both workspaces
				slack_channel_rate_milli: 1000000,
				slack_channel_burst: 1000,
				slack_team_rate_milli: 1000000,
				slack_team_burst: 1000,
			},
		});
		for (const workspace of ['large', 'leaving', 'other']) await bench.provision(workspace);
		const template = bench.file('template.json', TEMPLATE);
		for (let i = 0; i < RULES; i++) {
			await bench.rule('large', `r${i}`, { channel: 'C0GENERAL', args: ['--template', template] });
		}
		for (const workspace of ['leaving', 'other']) await bench.rule(workspace, 'alerts');
		await bench.sandbox.faults({
			match: { channel: 'C0GENERAL' }, times: 0, action: { kind: 'error', error: 'request_timeout' },
		});
		producer = await new Producer(bench).open();
		await producer.publish('large', alert('evt-large'));
		await producer.publish('leaving', alert('evt-leaving'));
		await bench.serve();
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	test('is held as a whole when it is paused, and stops nobody', async () => {
		await all('so many attempts', (r) => r.attempt_count === ATTEMPTS);
		await bench.cli('workspace', 'pause', 'large');
		await bench.cli('replay', 'start', 'large', '--status', 'parked', '--yes'); // before the hour is over
		await all('all to be held', (r) => r.state === 'held');
		const shown = (await bench.json('delivery', 'show', 'large', 'evt-large')).records;
		const bytes = shown.flatMap((r) => r.attempts).reduce((sum, a) => sum + a.request.length, 0);
		assert.ok(bytes > MOST, `${bytes} bytes of bodies are more than a message holds`);
		await producer.publish('other', alert('evt-other'));
		await bench.deliveries('other', 'evt-other');
		assert.doesNotMatch(bench.service.output, /scribe\.publish|history\.too_large/);
	});

	test('is copied in pieces when a message that it stands in is rewritten', async () => {
		const before = await history();
		await bench.cli('workspace', 'erase', 'leaving', '--yes');
		const now = await history();
		assert.ok(now.last_seq >= before.last_seq + 2, `${before.last_seq} to ${now.last_seq}`);
		const { records } = await bench.json('delivery', 'show', 'leaving', 'evt-leaving').catch(() => ({ records: [] }));
		assert.equal(records.length, 0);
		await all('all to be held still', (r) => r.state === 'held' && r.attempt_count === ATTEMPTS);
	});

	test('goes once it is resumed, also by an index made anew from the pieces', async () => {
		await bench.stopService();
		await bench.cli('workspace', 'resume', 'large');
		await bench.sandbox.clearFaults();
		await bench.serve({ data_dir: `${bench.dir}/anew` });
		await until('all of it', async () => (await bench.sandbox.messages('C0GENERAL')).length >= RULES, 60000);
		const again = (await bench.sandbox.journal()).filter((e) => e.posted && e.channel === 'C0GENERAL');
		assert.equal(new Set(again.map((e) => JSON.stringify(e.metadata))).size, RULES);
		assert.equal(again.length, RULES, 'and nothing twice');
	});
});
