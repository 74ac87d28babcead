/* Everything at once, for the thread sanitizer: twenty workspaces, five of whose Slacks fail, each
 * in its way, while rules change, a workspace pauses, keys rotate, a replay runs, a workspace is
 * erased, settings are read again and the broker restarts; then the service drains. tools/test runs
 * it with CARILLON_BIN_DIR=build/tsan, where a data race in any process leaves a report, and fails
 * this: nothing is suppressed. With any other build it is one more test under load. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, Producer, start, temporaryDirectory, until } from './lib.mjs';

const WORKSPACES = Array.from({ length: 20 }, (_, i) => `w${i}`);
/* What becomes of the posts of the first five; the sixth's credential is revoked. */
const FAULTS = [
	{ kind: 'status', status: 429, retry_after: 1 },
	{ kind: 'status', status: 500 },
	{ kind: 'hang' },
	{ kind: 'reset_after' },
	{ kind: 'error', error: 'channel_not_found' },
];
const REVOKED = 'w5';
const ERASED = 'w6';
const PAUSED = 'w7';
const UNDISTURBED = WORKSPACES.slice(8);
const EVENTS = Number(process.env.CARILLON_LOAD_EVENTS ?? 3000);
const WAIT_MS = 120000;

const SETTINGS = {
	slack_channel_rate_milli: 1000000,
	slack_channel_burst: 1000,
	slack_team_rate_milli: 1000000,
	slack_team_burst: 1000,
	retry_schedule_s: '0,1,1,2,2,4',
	nak_delay_max_s: 1,
	lane_horizon_s: 2,
	lane_shut_max_ms: 2000,
	ack_wait_s: 5,
	log_level: 'warn',
};

/** The settings that change while it runs, in a file; of the name, which needs a restart, the log tells. */
const yaml = (i) => `active_max: ${256 + 16 * i}
request_timeout_ms: ${1000 + i}
lane_window_max: ${64 - 8 * i}
burst_backlog: ${20 + i}
history_url: "https://history-${i}.example/{workspace}"
node_name: "node-${i}"
`;

const token = (workspace) => `xoxb-fake-${workspace}`;
const channel = (workspace) => `C0${workspace.toUpperCase()}`;

/** The reports of the thread sanitizer, of whichever process. */
const reports = (dir) =>
	fs.readdirSync(dir).filter((name) => name.startsWith('tsan.'))
		.map((name) => fs.readFileSync(path.join(dir, name), 'utf8')).filter((text) => text.includes('WARNING:'));

describe('under load', () => {
	let bench;
	let producer;
	let dir;
	let config;
	let published = 0;

	before(async () => {
		dir = temporaryDirectory('carillon-tsan-');
		process.env.TSAN_OPTIONS = `log_path=${dir}/tsan`;
		config = path.join(dir, 'carillon.yaml');
		fs.writeFileSync(config, yaml(0));
		bench = await start({ settings: { ...SETTINGS, config }, sandboxArgs: ['--no-rate-limit'] });
		await Promise.all(WORKSPACES.map(provision));
		producer = await new Producer(bench.nats.port).open();
	});
	after(async () => {
		producer?.close();
		await bench?.stop();
	});

	async function provision(workspace) {
		const id = channel(workspace);
		await bench.sandbox.post('/sandbox/world', {
			team: `T0${workspace.toUpperCase()}`,
			token: token(workspace),
			channels: [{ id, name: workspace, member: true }],
		});
		await bench.cli('workspace', 'create', workspace);
		await bench.cliWith({ input: `${token(workspace)}\n` }, 'connection', 'add', workspace,
			'--slack', '--token-stdin', '--id', 'slack', '--channel', id);
		await bench.rule(workspace, 'alerts', { channel: id });
	}

	/** Publishes until there are `n` in all, to all workspaces in turn. */
	async function publishTo(n) {
		while (published < n) {
			const some = WORKSPACES.map((workspace, i) => {
				const id = `evt-${published + i}`;
				return producer.publish(workspace, { ...ALERT, id, payload: { ...ALERT.payload, alert_id: id } });
			});
			await Promise.all(some);
			published += some.length;
		}
	}

	test('five destinations fail in five ways, and one credential is revoked', async () => {
		await publishTo(EVENTS / 10);
		for (const [i, action] of FAULTS.entries()) {
			await bench.sandbox.faults({ match: { channel: channel(`w${i}`) }, times: 0, action });
		}
		await bench.sandbox.post('/sandbox/world', { revoke: token(REVOKED) });
		await publishTo(EVENTS / 5);
	});

	test('rules change, settings are read again and keys rotate', async () => {
		const traffic = publishTo(EVENTS / 2);
		for (const [i, workspace] of UNDISTURBED.slice(0, 4).entries()) {
			await bench.rule(workspace, 'more', { channel: channel(workspace), args: ['--on-burst', 'digest'] });
			await bench.cli('rule', 'disable', workspace, 'alerts');
			await bench.cli('rule', 'enable', workspace, 'alerts');
			fs.writeFileSync(config, yaml(i + 1));
			bench.service.kill('SIGHUP');
			await until('the new settings', () => bench.service.output.includes(`node-${i + 1}`));
			await bench.cli('rule', 'delete', workspace, 'more', '--yes');
		}
		await bench.cli('workspace', 'pause', PAUSED);
		await bench.cli('vault', 'rotate');
		await traffic;
	});

	test('what failed is replayed, what is held canceled, and a workspace erased', async () => {
		const traffic = publishTo(EVENTS);
		await fetch(`${bench.sandbox.url}/sandbox/faults`, { method: 'DELETE' });
		await bench.cli('rule', 'enable', 'w4', 'alerts');
		await bench.tryCli(['replay', 'start', 'w1', '--status', 'failed,parked', '--rate', '200', '--yes']);
		await bench.cli('replay', 'start', UNDISTURBED[0], '--again', '--status', 'delivered', '--rate', '100', '--yes');
		await bench.sandbox.post('/sandbox/world', { restore: token(REVOKED) });
		await bench.cliWith({ input: `${token(REVOKED)}\n` }, 'connection', 'reconnect', REVOKED, 'slack', '--token-stdin');
		await bench.cli('workspace', 'erase', ERASED, '--yes');
		await bench.cli('workspace', 'resume', PAUSED);
		await traffic;
	});

	test('the broker restarts, and everything of those whose Slack works is delivered', async () => {
		producer.close();
		await bench.nats.stop();
		await bench.nats.start();
		producer = await new Producer(bench.nats.port).open();
		const each = EVENTS / WORKSPACES.length;
		for (const workspace of [...UNDISTURBED, PAUSED, REVOKED]) {
			await until(`${each} of ${workspace}`, async () => {
				const { records } = await bench.json('delivery', 'list', workspace, '--limit', '1000');
				const waiting = records.filter((delivery) => delivery.state !== 'delivered');
				if (waiting.length > 0) throw new Error(JSON.stringify(waiting[0]));
				return records.length >= each;
			}, WAIT_MS);
		}
	});

	test('it drains with requests that hang, and no process raced', async () => {
		await bench.sandbox.faults({ match: { channel: channel('w9') }, times: 0, action: { kind: 'hang' } });
		for (let i = 0; i < 20; i++) await producer.publish('w9', { ...ALERT, id: `evt-last-${i}` });
		const how = await bench.stopService();
		await bench.sandbox.stop();
		assert.deepEqual(reports(dir), []);
		assert.deepEqual(how, { code: 0, signal: null });
	});
});
