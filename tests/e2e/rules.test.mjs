/* Event types, the rules a new workspace starts with, and a rule's options, on real parts. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ALERT, start } from './lib.mjs';

const TYPE = {
	name: 'alert.triggered',
	description: 'a threshold was passed',
	schema: { type: 'object', properties: { value: { type: 'number' } } },
	sample: ALERT.payload,
	severity_order: ['sev3', 'sev2', { name: 'sev1', aliases: ['high'] }],
	default_template: { header: '{{ payload.resource }} is at {{ payload.value | number }}' },
	default_rules: [
		{ name: 'Loud ones', filter: { field: 'severity', op: 'at_least', value: 'sev1' } },
		{ name: 'All', template: { text: 'alert {{ event.id }}' } },
	],
};

describe('rules', () => {
	let bench;
	before(async () => {
		bench = await start();
		await bench.cli('type', 'put', '--file', bench.file('type.json', TYPE));
		await bench.provision();
	});
	after(() => bench?.stop());

	test('a new workspace starts with the default rules, inactive', async () => {
		const { records } = await bench.json('rule', 'list', 'acme');
		assert.deepEqual(records.map((rule) => rule.name).sort(), ['All', 'Loud ones']);
		for (const rule of records) {
			assert.equal(rule.active, false);
			assert.equal(rule.event_type, 'alert.triggered');
			assert.match(rule.id, /^default_[0-9a-f]{12}_[12]$/);
		}
	});

	test('creating it again is a conflict and brings no rule back', async () => {
		const { records } = await bench.json('rule', 'list', 'acme');
		await bench.cli('rule', 'delete', 'acme', records[0].id, '--yes');
		const got = await bench.tryCli(['workspace', 'create', 'acme']);
		assert.equal(got.code, 4, got.err);
		assert.equal((await bench.json('rule', 'list', 'acme')).count, 1);
	});

	test('a type whose sample contradicts its schema is refused with the place', async () => {
		const wrong = { ...TYPE, sample: { value: 'many' } };
		const got = await bench.tryCli(['type', 'put', '--file', bench.file('wrong.json', wrong)]);
		assert.equal(got.code, 2);
		assert.match(got.err, /sample: \/value: /);
	});

	test('a default rule has the options of a rule, and those that are wrong are told', async () => {
		const options = { thread_key: '{{ payload.resource }}', thread_hours: 48, dedupe_key: '{{ payload.id }}',
			retry: [0, 5, 30], on_burst: 'digest', on_unknown: 'prefer_silence', on_message_error: 'fail',
			quiet_hours: { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin', unless_severity: 'sev1' } };
		const put = (rule) => bench.tryCli(['type', 'put', '--file',
			bench.file('options.json', { ...TYPE, name: 'order.placed', default_rules: [rule] })]);
		assert.equal((await put({ name: 'Quiet', ...options })).code, 0);
		await bench.cli('workspace', 'create', 'optional');
		const { records } = await bench.json('rule', 'list', 'optional');
		const quiet = records.find((rule) => rule.name === 'Quiet');
		assert.deepEqual({ ...quiet, ...options, dedupe_minutes: 10 }, quiet);
		// What rule show prints is taken back, but for what only a rule of a workspace has.
		const { id, active, connection, channel, hold_reason, hold_code, repair, created_at, updated_at, revision, ...again } = quiet;
		assert.equal((await put(again)).code, 0);
		for (const [words, wrong] of [
			[/default rule 1: thread hours: 999 hours; use 1 to 720/, { thread_key: 'x', thread_hours: 999 }],
			[/default rule 1: "on_burst" must be queue, digest or drop-oldest/, { on_burst: 'loud' }],
			[/default rule 1: "quiet_hours" has no "till"/, { quiet_hours: { till: '07:00' } }],
			[/default rule 1: "on_unknown" must be prefer_duplicate or prefer_silence/, { on_unknown: 'maybe' }],
			[/default rule 1: "retry" must be a list of numbers, whole ones/, { retry: [5, 1.5] }],
			[/default rule 1: "retry" must be a list of numbers/, { retry: ['soon'] }],
			[/default rule 1: a default rule has no "quite_hours"; did you mean "quiet_hours"/, { quite_hours: {} }],
		]) {
			const got = await put({ name: 'Wrong', ...wrong });
			assert.notEqual(got.code, 0);
			assert.match(got.err, words);
		}
		await bench.cli('type', 'delete', 'order.placed', '--yes');
	});

	test('severities and the default template are those of the type', async () => {
		await bench.rule('acme', 'sev', { args: ['--filter', '{"field":"severity","op":"at_least","value":"sev1"}'] });
		const file = bench.file('alert.json', ALERT);
		const preview = await bench.json('rule', 'preview', 'acme', 'sev', '--event', file);
		assert.equal(preview.matched, true, 'high is an alias of sev1');
		assert.match(JSON.stringify(preview.blocks), /api_latency_p95 is at 1,840/);
		await bench.cli('rule', 'delete', 'acme', 'sev', '--yes');
	});

	test('a rule that its event type broke says why, and shows what it can', async () => {
		const put = (severity_order) => bench.cli('type', 'put', '--file', bench.file('changing.json', { name: 'changing.type', severity_order }));
		await put(['calm', 'loud']);
		await bench.rule('acme', 'broken', { type: 'changing.type', args: ['--filter',
			'{"all":[{"field":"severity","op":"at_least","value":"loud"},{"field":"severity","op":"at_least","value":"calm"}]}'] });
		const event = bench.file('changed.json', { type: 'changing.type', payload: { severity: 'high', host: 'web-1' } });
		const tried = await bench.json('rule', 'test', 'acme', 'broken', '--event', event);
		assert.deepEqual([tried.matched, tried.why_not], [false, { code: 'condition', pointer: '/all/0' }]);
		const { field, op, value, actual, missing, note } = tried.conditions[1];
		assert.deepEqual([field, op, value, actual, missing, note], ['severity', 'at_least', 'loud', 'high', false, 'unknown_severity']);
		await put([]);
		const got = await bench.tryCli(['rule', 'preview', 'acme', 'broken', '--event', event, '--json']);
		assert.equal(got.code, 2);
		assert.deepEqual(got.err.trim().split('\n').map((line) => line.replace(/severity "[a-z]+".*/, '')),
			['carillon: rule broken: filter: /all/0/value: there is no ', 'carillon: rule broken: filter: /all/1/value: there is no ']);
		const preview = JSON.parse(got.out);
		assert.equal(preview.errors.length, 2);
		assert.match(JSON.stringify(preview.blocks), /web-1/);
		await bench.cli('rule', 'delete', 'acme', 'broken', '--yes');
		await bench.cli('type', 'delete', 'changing.type', '--yes');
	});

	test('the options of a rule are stored, shown and previewed', async () => {
		await bench.rule('acme', 'keyed', { args: ['--thread-key', '{{ payload.resource }}', '--thread-hours', '48',
			'--dedupe-key', '{{ payload.severity }}', '--retry', '1,5,30', '--inactive'] });
		const rule = await bench.json('rule', 'show', 'acme', 'keyed');
		assert.equal(rule.thread_key, '{{ payload.resource }}');
		assert.equal(rule.thread_hours, 48);
		assert.equal(rule.dedupe_minutes, 10);
		assert.deepEqual(rule.retry, [1, 5, 30]);
		const preview = await bench.json('rule', 'preview', 'acme', 'keyed', '--event', bench.file('alert.json', ALERT));
		assert.equal(preview.matched, false);
		assert.match(preview.reason, /inactive/);
		assert.equal(preview.thread_key, 'api_latency_p95');
		assert.equal(preview.dedupe_key, 'high');
		for (const [words, args] of [
			[/1 to 720/, ['--thread-key', 'x', '--thread-hours', '721']],
			[/--dedupe-minutes means nothing without --dedupe-key/, ['--dedupe-minutes', '5']],
			[/--retry 1,x/, ['--retry', '1,x']],
			[/thread key: line 1, column/, ['--thread-key', '{{ payload.x | upcse }}']],
		]) {
			const got = await bench.tryCli(['rule', 'add', 'acme', '--type', 'a.b', '--connection', 'slack', '--channel', 'C0ALERTS', ...args]);
			assert.notEqual(got.code, 0);
			assert.match(got.err, words);
		}
	});

	test('a connection has a retry schedule of its own, which its rules take over', async () => {
		assert.deepEqual((await bench.json('connection', 'show', 'acme', 'slack')).retry, []);
		const set = await bench.json('connection', 'set', 'acme', 'slack', '--retry', '0,0', '--name', 'Ours');
		assert.deepEqual([set.retry, set.name, set.status], [[0, 0], 'Ours', 'active']);
		await bench.sandbox.faults({ match: {}, action: { kind: 'status', status: 503 }, times: 0 });
		await bench.rule('acme', 'brief', { type: 'order.placed' });
		const id = await bench.publish('acme', { type: 'order.placed', payload: { a: 1 } });
		const [failed] = await bench.deliveries('acme', id);
		assert.equal(failed.state, 'failed');
		assert.equal(failed.attempts.length, 2);
		for (const [words, value] of [[/--retry 1,,2/, '1,,2'], [/--retry 5,/, '5,'], [/--retry soon/, 'soon']]) {
			const got = await bench.tryCli(['connection', 'set', 'acme', 'slack', '--retry', value]);
			assert.notEqual(got.code, 0);
			assert.match(got.err, words);
		}
		assert.match((await bench.tryCli(['connection', 'set', 'acme', 'slack'])).err, /nothing to set/);
		assert.deepEqual((await bench.json('connection', 'set', 'acme', 'slack', '--retry', '')).retry, []);
		await bench.sandbox.clearFaults();
		await bench.cli('rule', 'delete', 'acme', 'brief', '--yes');
	});

	test('replies of one key go into one thread, and a repeat is counted', async () => {
		await bench.rule('acme', 'threads', { args: ['--thread-key', '{{ payload.resource }}'] });
		await bench.rule('acme', 'once', { channel: 'C0GENERAL', args: ['--dedupe-key', '{{ payload.resource }}'] });
		const first = await bench.publish('acme');
		await bench.deliveries('acme', first);
		const second = await bench.publish('acme');
		const records = await bench.deliveries('acme', second);
		const of = (rule) => records.find((record) => record.rule === rule);
		assert.equal(of('threads').state, 'delivered');
		assert.equal(of('once').state, 'skipped');
		assert.match(of('once').reason, /counted \(1 so far\), not posted/);
		const alerts = await bench.sandbox.messages('C0ALERTS');
		assert.equal(alerts.length, 2);
		const [root, reply] = alerts.sort((a, b) => Number(a.ts) - Number(b.ts));
		assert.equal(reply.thread_ts, root.ts);
		assert.equal((await bench.sandbox.messages('C0GENERAL')).length, 1);
	});
});
