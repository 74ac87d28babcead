#!/usr/bin/env node
/**
 * tools/bench/producers.mjs [PRODUCERS [RATE_PER_S [SECONDS]]]
 *
 * Many producers (5,000) are connected at once, each with a credential of its own, and publish at
 * RATE_PER_S (500) all together; the same rate by one producer is measured before. Prints how long
 * an acknowledgement takes, and the memory of server and service, as JSON.
 */
import fs from 'node:fs';
import { ALERT, NatsConnection, encodeEvent, start } from '../../tests/e2e/lib.mjs';

const [producers = 5000, rate = 500, seconds = 20] = process.argv.slice(2).map(Number);
const AT_ONCE = 4; // commands that mint, connections being made

const rssMb = (child) => Math.round(Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024);
const memory = (bench) => ({ nats_server_rss_mb: rssMb(bench.nats.child), serve_rss_mb: rssMb(bench.service) });

/** Runs `each(i)` for 0 to n - 1, some at once. */
async function all(n, each) {
	let next = 0;
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (next < n) await each(next++);
	}));
}

async function measure(connections, workspaceOf, prefix) {
	const took = [];
	const pending = [];
	const begun = process.hrtime.bigint();
	for (let i = 0; i < rate * seconds; i++) {
		const due = (i / rate) * 1000;
		const now = () => Number(process.hrtime.bigint() - begun) / 1e6;
		while (now() < due) await new Promise((resolve) => setTimeout(resolve, 1));
		const at = now();
		const bytes = encodeEvent({ ...ALERT, id: `${prefix}-${i}` });
		const who = i % connections.length;
		pending.push(connections[who].request(`carillon.events.${workspaceOf(who)}.alert.triggered`, bytes)
			.then((answer) => {
				if (JSON.parse(answer).seq === undefined) throw new Error(answer);
				took.push(now() - at);
			}));
	}
	await Promise.all(pending);
	took.sort((a, b) => a - b);
	const at = (share) => Number(took[Math.floor((took.length - 1) * share)].toFixed(2));
	return { events: took.length, puback_p50_ms: at(0.5), puback_p99_ms: at(0.99) };
}

const workspace = (i) => `bench-${i % 50}`;
const bench = await start({ sandbox: false });
try {
	const connections = [];
	const connect = async (i) => {
		const creds = await bench.producerCreds(workspace(i), '--name', `p${i}`);
		connections[i] = await new NatsConnection(bench.nats.port, { creds, inboxPrefix: `_INBOX.${workspace(i)}` }).open();
	};
	await connect(0);
	const alone = { ...(await measure(connections, workspace, 'alone')), ...memory(bench) };
	await all(producers - 1, (i) => connect(i + 1));
	const idle = memory(bench);
	const together = { ...(await measure(connections, workspace, 'together')), ...memory(bench) };
	for (const connection of connections) if (connection.errors.length > 0) throw new Error(connection.errors[0]);
	console.log(JSON.stringify({ producers, rate, alone, connected: idle, together }, null, '\t'));
	for (const connection of connections) connection.close();
} finally {
	await bench.stop();
}
