#!/usr/bin/env node
/**
 * tools/bench/emit.mjs [CONNECTIONS [SECONDS]]
 *
 * The emit gateway: CONNECTIONS (64) clients emit for SECONDS (10), each waiting for the 201 of
 * the one before. Prints as JSON how many were stored in a second, how long that took, and the
 * processor time that `carillon web` used. Wants the release build: carillon, bench-emit.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { binary } from '../../tests/e2e/lib.mjs';
import { startWeb } from '../../tests/e2e/web.mjs';

const [connections = '64', seconds = '10'] = process.argv.slice(2);
const { bench, web } = await startWeb({ sandbox: false, serve: false,
	web: { emit_rate: 10000000, http_connections_address_max: 0 } });
/** Seconds of processor time. */
const used = () => {
	const fields = fs.readFileSync(`/proc/${web.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
	return (Number(fields[11]) + Number(fields[12])) / 100;
};
try {
	await web.api(201, 'POST', '/workspaces', { token: web.key, body: { id: 'acme' } });
	const { key } = await web.api(201, 'POST', '/workspaces/acme/keys', { token: web.key, body: {} });
	const before = used();
	const result = JSON.parse(execFileSync(binary('bench-emit'), [new URL(web.url).port, key, connections, seconds], { encoding: 'utf8' }));
	const cpu = used() - before;
	console.log(JSON.stringify({ ...result, cpu_s: Number(cpu.toFixed(2)),
		per_cpu_s: Math.round(result.stored / cpu), us_each: Number((cpu * 1e6 / result.stored).toFixed(1)) }, null, '\t'));
} finally {
	await web.stop();
	await bench.stop();
}
