/** The operators' ports of service and HTTP side: figures that are true, and none that is not explained. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, ROOT, until } from './lib.mjs';
import { startWeb } from './web.mjs';

/** Every sample of a page by its name with labels; a line that is none is an error. */
function samples(text) {
	const out = new Map();
	for (const line of text.trim().split('\n')) {
		if (/^# (HELP|TYPE) [a-z_]+ \S/.test(line)) continue;
		const found = /^([a-z_]+(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})?) (\d+(?:\.\d+)?)$/.exec(line);
		assert.ok(found, line);
		assert.ok(!out.has(found[1]), `twice: ${found[1]}`);
		out.set(found[1], Number(found[2]));
	}
	return out;
}

describe('figures for operators', () => {
	let bench, web, serveUrl;
	before(async () => {
		({ bench, web } = await startWeb());
		serveUrl = fs.readFileSync(bench.readyFile, 'utf8').split('\n')[1];
		await bench.provision();
		await bench.rule('acme', 'alerts');
		await bench.rule('acme', 'gone', { channel: 'C0GENERAL', args: ['--no-test'] });
	});
	after(async () => {
		await web?.stop();
		await bench?.stop();
	});
	const page = async (url) => samples(await (await fetch(`${url}/metrics`)).text());

	test('what was delivered and what is held is counted', async () => {
		await bench.sandbox.faults({ match: { channel: 'C0GENERAL' }, action: { kind: 'error', error: 'channel_not_found' } });
		const event = await bench.publish('acme');
		await bench.deliveries('acme', event,
			(all) => all.length === 2 && all.some((one) => one.state === 'held') && all.some((one) => one.state === 'delivered'));
		const got = await until('a sample of the ledger', async () => {
			const now = await page(serveUrl);
			return now.get('carillon_ledger_deliveries{state="held"}') === 1 && now;
		});
		assert.equal(got.get('carillon_attempt_outcomes_total{outcome="delivered"}'), 1);
		assert.equal(got.get('carillon_attempt_outcomes_total{outcome="channel_problem"}'), 1);
		assert.equal(got.get('carillon_deliveries_held_total'), 1);
		assert.equal(got.get('carillon_stage_seconds_count{stage="sent_answered"}'), 2);
		assert.equal(got.get('carillon_stage_seconds_bucket{stage="sent_answered",le="+Inf"}'), 2);
		assert.equal(got.get('carillon_broker_connected'), 1);
		assert.equal(got.get('carillon_consumer_pending'), 0);
		assert.ok(got.get('carillon_stream_messages{stream="state"}') >= 4);
	});

	test('the HTTP side counts by route and status', async () => {
		await web.ask('GET', '/api/v1/workspaces');
		await web.api(200, 'GET', '/workspaces', { token: web.key });
		const got = await until('both requests', async () => {
			const now = await page(web.adminUrl);
			const routes = [...now.keys()].filter((name) => /^carillon_http_requests_total.*"(2xx|4xx)"/.test(name));
			return routes.some((name) => name.includes('4xx')) && routes.some((name) => name.includes('2xx')) && now;
		});
		assert.ok([...got.keys()].some((name) => name.startsWith('carillon_http_seconds_count{route="')));
	});

	test('each figure is on the page that explains them, and none names a customer', async () => {
		const explained = fs.readFileSync(path.join(ROOT, 'docs/metrics.md'), 'utf8');
		for (const url of [serveUrl, web.adminUrl]) {
			for (const name of (await page(url)).keys()) {
				const bare = name.replace(/\{.*/, '').replace(/(_seconds)_(bucket|sum|count)$/, '$1');
				assert.ok(explained.includes(`| \`${bare}\` |`), name);
				assert.ok(!name.includes('acme'), name);
			}
		}
	});

	test('who has the most to do is told apart from the figures', async () => {
		await bench.sandbox.faults({ match: { channel: 'C0ALERTS' }, action: { kind: 'hang' } });
		await bench.publish('acme', { ...ALERT, resource_id: 'hanging' });
		const lanes = await until('the lane', async () => (await (await fetch(`${serveUrl}/top?n=1`)).json()).lanes);
		assert.deepEqual(lanes.map(({ workspace, channel, held }) => ({ workspace, channel, held })),
			[{ workspace: 'acme', channel: 'C0ALERTS', held: 1 }]);
	});

	test('without a broker the service says that it is not ready, and still that it runs', async () => {
		await bench.nats.stop();
		await until('it to notice', async () => (await fetch(`${serveUrl}/readyz`)).status === 503);
		assert.equal((await fetch(`${serveUrl}/healthz`)).status, 200);
		assert.equal((await page(serveUrl)).get('carillon_broker_connected'), 0);
		await bench.nats.start();
		await until('it to be back', async () => (await fetch(`${serveUrl}/readyz`)).status === 200);
	});

	test('an address that somebody else has keeps no service from delivering', async () => {
		await bench.stopService();
		await bench.serve({ serve_admin_listen: new URL(web.adminUrl).host });
		await until('it is written', () => fs.readFileSync(bench.readyFile, 'utf8') === 'ready\n\n');
		assert.match(bench.service.output, /serve\.admin .*cannot listen on/);
	});
});
