/** What runs is seen: by `nats micro` and its kin, by `carillon stats`, by `carillon check`. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { connect, credsAuthenticator } from 'nats';
import { until } from './lib.mjs';
import { startWeb } from './web.mjs';

async function all(answers) {
	const out = [];
	for await (const one of answers) out.push(one);
	return out;
}

describe('what runs', () => {
	let bench, web, nc, services;
	before(async () => {
		({ bench, web } = await startWeb());
		await bench.provision();
		await bench.rule('acme', 'alerts');
		const event = await bench.publish('acme');
		await bench.deliveries('acme', event);
		nc = await connect({ servers: bench.nats.url, authenticator: credsAuthenticator(fs.readFileSync(bench.serviceCreds)) });
		services = nc.services.client({ strategy: 'timer', maxWait: 500 });
	});
	after(async () => {
		await nc?.close();
		await web?.stop();
		await bench?.stop();
	});
	const codes = async () => JSON.parse((await bench.tryCli(['check', '--json'])).out).findings.filter((f) => f.code).map((f) => f.code);

	test("NATS's own client sees service, keeper and HTTP side", async () => {
		const pinged = await all(await services.ping());
		assert.deepEqual(pinged.map((one) => one.name).sort(), ['carillon-keeper', 'carillon-serve', 'carillon-web']);
		const [keeper] = await all(await services.info('carillon-keeper'));
		assert.ok(keeper.endpoints.some((one) => one.subject === 'carillon.keeper.slack.check' && one.queue_group === 'keeper'));
		const [serve] = await all(await services.stats('carillon-serve'));
		assert.equal(serve.endpoints[0].num_requests, 1);
		assert.ok(serve.endpoints[0].average_processing_time > 0);
		const one = await all(await services.ping('carillon-web', pinged.find((p) => p.name === 'carillon-web').id));
		assert.equal(one.length, 1);
		assert.deepEqual(await all(await services.ping('carillon-web', 'somebodyelse')), []);
	});

	test('stats shows all of them at once, as text and as JSON', async () => {
		const text = await bench.cli('stats');
		assert.match(text, /^carillon-serve /m);
		assert.match(text, /^carillon-web /m);
		assert.match(text, /^held for a person +0$/m);
		assert.ok(!text.includes('\u001b'), 'no terminal, no control characters');
		const { figures, stages, processes } = await bench.json('stats');
		assert.equal(figures.behind, 0);
		assert.ok(stages.sent_answered.p50_ms > 0);
		assert.equal(processes.find((p) => p.service === 'carillon-serve').metrics.carillon_deliveries_delivered_total, 1);
		await bench.sandbox.faults({ match: { channel: 'C0ALERTS' }, action: { kind: 'hang' } });
		await bench.publish('acme');
		const lanes = await until('the lane', async () => (await bench.json('stats')).processes.find((p) => p.lanes?.length > 0)?.lanes);
		assert.equal(lanes[0].workspace, 'acme');
	});

	test('check says what is away, and what to run', async () => {
		assert.ok(!(await codes()).some((code) => code.endsWith('_running')));
		await bench.stopService('SIGKILL');
		const { findings, ok } = JSON.parse((await bench.tryCli(['check', '--json'])).out);
		assert.equal(ok, false);
		const keeper = findings.find((f) => f.code === 'keeper_not_running');
		assert.equal(keeper.ok, false);
		assert.equal(keeper.next, 'systemctl start carillon');
		assert.equal(findings.find((f) => f.code === 'serve_not_running').ok, false, 'an event waits');
		await web.stop();
		assert.deepEqual((await codes()).filter((code) => code.endsWith('_running')), ['serve_not_running', 'web_not_running']);
		const got = await bench.tryCli(['stats']);
		assert.equal(got.code, 3);
		assert.match(got.err, /no process of Carillon answers/);
	});

	test('each code of check has a command that comes next', async () => {
		const checked = await bench.json('check').catch(() => ({ findings: [] }));
		for (const { code, next } of checked.findings) assert.equal(code === '', next === '', code);
	});
});
