/* What an operator reads: events of the service, previews as text, an example of settings. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ALERT, end, launch, start, until } from './lib.mjs';

let bench;
before(async () => {
	bench = await start();
	await bench.provision();
	await bench.rule('acme', 'alerts');
});
after(() => bench?.stop());

test('operator events are listed, newest first, and followed as they come', async () => {
	const follower = launch(bench.binary, ['ops', 'follow', '--workspace', 'acme', '--json', '--from', '1h'], { env: bench.env() });
	await bench.sandbox.faults({ match: { method: 'chat.postMessage' }, action: { kind: 'error', error: 'not_in_channel' }, times: 1 });
	await bench.publish('acme');
	const held = await until('the event of operators', async () => {
		const { records } = await bench.json('ops', 'list', '--workspace', 'acme');
		return records.find((r) => r.what === 'rule.held');
	});
	assert.equal(held.workspace, 'acme');
	assert.equal(held.rule, 'alerts');
	assert.equal(held.repair, 'invite');
	assert.ok(held.reason.length > 0 && held.at.length > 0);
	const line = await until('the follower', () => follower.output.split('\n').find((l) => l.includes('rule.held')));
	assert.deepEqual(JSON.parse(line), held);
	await end(follower, 'SIGINT');
	await bench.cli('rule', 'enable', 'acme', 'alerts');
	await bench.cli('producer', 'creds', 'acme', '--out', path.join(bench.dir, 'x.creds'));
	await bench.cli('producer', 'revoke', 'acme', '--yes');
	const { records } = await bench.json('ops', 'list');
	assert.equal(records[0].what, 'producer.revoked');
	assert.ok(records.length >= 2);
	assert.equal((await bench.json('ops', 'list', '--limit', '1')).count, 1);
	assert.equal((await bench.json('ops', 'list', '--workspace', 'other')).count, 0);
	assert.match(await bench.cli('ops', 'list'), /^TIME +WHAT +WORKSPACE +ABOUT +SAYS\n.*producer\.revoked/);
});

test('a preview is the message as text, with what a person should know of it', async () => {
	const file = bench.file('alert.json', ALERT);
	const text = await bench.cli('rule', 'preview', 'acme', 'alerts', '--event', file);
	assert.match(text, /^to C0ALERTS:\n {2}# .*HIGH[^]*api_latency_p95/);
	assert.match(text, /1,840/);
	assert.doesNotMatch(text, /&lt;|&amp;|<!date|[{}]/);
	const template = '{"header": "{{ payload.severity }}", "body": "<https://example.com/a|a & b> {{ payload.nowhere }} {{ payload.resource }}"}';
	await bench.rule('acme', 'odd', { type: 'other.type', args: ['--template', template] });
	const odd = await bench.cli('rule', 'preview', 'acme', 'odd', '--event', bench.file('odd.json', { ...ALERT, payload: { ...ALERT.payload, resource: 'x\u202ey < \u001b[2J' } }));
	assert.match(odd, /^not sent: the rule is for events of type "other\.type"/);
	assert.match(odd, /a & b \(https:\/\/example\.com\/a\)/);
	assert.match(odd, /^warning: .*nowhere/m);
	assert.doesNotMatch(odd, /[\u202e\u001b]/);
});

test('the example of settings works as it stands, and so does each line of it', async () => {
	const example = await bench.cli('docs', 'example');
	const load = async (name, text) => JSON.parse((await bench.tryCli(['check', '--print', '--json', '--config', bench.file(name, text)], {
		settings: { nats_url: 'nats://127.0.0.1:4222' },
	})).out);
	assert.equal((await load('example.yaml', example)).active_max, 2048);
	const all = example.replaceAll(/^#([a-z_]+: )/gm, '$1');
	assert.ok(all.length < example.length, 'there are defaults behind a #');
	const settings = await load('all.yaml', all);
	for (const name of Object.keys(settings)) assert.match(all, new RegExp(`^${name}: `, 'm'));
	assert.ok(fs.readFileSync(path.join(bench.dir, 'all.yaml'), 'utf8').includes('nats_creds: "/etc/carillon/nats/service.creds"'));
});
