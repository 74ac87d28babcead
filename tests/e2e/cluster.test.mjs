/**
 * A cluster of three nats-servers under one service: it starts while the servers still look for
 * each other, loses the leader of a stream under load, and takes changes meanwhile. Of servers
 * that keep replicas wrong nothing is taken.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fs from 'node:fs';
import path from 'node:path';
import { Bench, Producer, Sandbox, end, freePort, launch, start, until, ALERT } from './lib.mjs';
import { natsServers } from './nats_servers.mjs';

const newerThan = ([major, minor, patch], version) => {
	const [a, b, c] = version.split('.').map(Number);
	return a !== major ? a > major : b !== minor ? b > minor : c >= patch;
};
const servers = natsServers().filter((s) => s.program && s.version);
const fit = servers.find((s) => newerThan([2, 10, 23], s.version));
const unfit = servers.find((s) => !newerThan([2, 10, 23], s.version));
const NODES = 3;

class Cluster {
	constructor(bench, program) {
		this.bench = bench;
		this.program = program;
		this.nodes = [];
	}

	async configure() {
		const ports = await Promise.all(Array.from({ length: 2 * NODES }, freePort));
		const hosts = Array.from({ length: NODES }, (_, i) => `127.0.0.1:${ports[i]}:${ports[NODES + i]}`);
		const store = path.join(this.bench.dir, 'store');
		await this.bench.cli('nats', 'config', '--dir', this.bench.natsDir, '--cluster', hosts.join(), '--store-dir', store);
		for (let i = 0; i < NODES; i++) {
			const config = path.join(this.bench.natsDir, `n${i + 1}.conf`);
			/* On one machine each needs a directory of its own. */
			fs.writeFileSync(config, fs.readFileSync(config, 'utf8').replaceAll(store, `${store}-${i + 1}`));
			this.nodes.push({ name: `n${i + 1}`, port: ports[i], config });
		}
		this.bench.nats = {
			port: ports[0],
			url: this.nodes.map((n) => `nats://127.0.0.1:${n.port}`).join(),
			stop: () => this.stop(),
		};
	}

	launch(node) {
		node.child = launch(this.program, ['-c', node.config]);
	}

	/** Asked by an own connection to each node that answers. */
	async leaderOf(stream) {
		const producer = new Producer(this.bench);
		try {
			const info = JSON.parse(await producer.request(`$JS.API.STREAM.INFO.${stream}`));
			return this.nodes.find((n) => n.name === info.cluster?.leader);
		} finally {
			producer.close();
		}
	}

	async stop() {
		await Promise.all(this.nodes.map((n) => end(n.child)));
	}
}

describe('a cluster of three', { skip: fit ? false : 'no nats-server from 2.10.23 on is at hand: tests/producers/servers builds some' }, () => {
	let bench;
	let cluster;
	before(async () => {
		bench = new Bench({ settings: { replicas: NODES, slack_channel_rate_milli: 1000000, slack_team_rate_milli: 1000000 } });
		await bench.cli('vault', 'init');
		cluster = new Cluster(bench, fit.program);
		await cluster.configure();
		bench.sandbox = new Sandbox(['--no-rate-limit']);
		await bench.sandbox.start();
	});
	after(() => bench?.stop());

	test('the service waits for servers that still look for each other', async () => {
		cluster.launch(cluster.nodes[0]);
		await until('the first', () => cluster.nodes[0].child.output.includes('Listening for client connections'));
		bench.service = bench.launchService();
		await until('it waits', () => /broker\.(waiting|api_again)/.test(bench.service.output));
		cluster.launch(cluster.nodes[1]);
		cluster.launch(cluster.nodes[2]);
		await until('it is ready', () => {
			assert.equal(bench.service.exitCode, null, bench.service.output);
			return fs.existsSync(bench.readyFile);
		}, 60_000);
	});

	test('check proves that it takes one of two writes', async () => {
		await bench.provision();
		await bench.rule('acme', 'all');
		const got = await bench.tryCli(['check']);
		assert.match(got.out, /ok +broker +the cluster takes one of two writes with one expectation/);
	});

	test('the leader of the events dies under load: what was acknowledged arrives, and a rule can be changed', async () => {
		const producer = await new Producer(bench).open();
		const acknowledged = new Set();
		let isOver = false;
		let count = 0;
		const publishing = (async () => {
			while (!isOver) {
				const id = `evt-${count++}`;
				/* The id makes sending again harmless. */
				for (let isIn = false; !isIn; ) {
					try {
						await bench.cli('event', 'publish', 'acme', '--file', bench.file('load.json', { ...ALERT, id }));
						isIn = true;
						acknowledged.add(id);
					} catch (error) {
						if (isOver) return;
						assert.match(error.message, /was published before|no stream takes|no answer|no connection|leader|nats/, error.message);
						if (/was published before/.test(error.message)) isIn = true;
					}
				}
			}
		})();
		await until('some events', () => acknowledged.size > 5);
		producer.close();
		const victim = await cluster.leaderOf('CARILLON_EVENTS');
		await end(victim.child, 'SIGKILL');
		/* An edit in the middle of the election. */
		await bench.cli('rule', 'set', 'acme', 'all', '--name', 'renamed');
		const before = acknowledged.size;
		await until('events again', () => acknowledged.size > before + 5, 60_000);
		isOver = true;
		await publishing;
		cluster.launch(victim);
		await until('all of them', async () => {
			const { records } = await bench.json('delivery', 'list', 'acme', '--status', 'delivered', '--limit', '1000');
			const delivered = new Set(records.map((r) => r.event_id));
			return [...acknowledged].every((id) => delivered.has(id));
		}, 60_000);
		assert.equal(bench.service.exitCode, null, bench.service.output);
	});
});

test('replicas on a server that keeps them wrong are refused, with the version that is right', { skip: unfit ? false : 'no nats-server before 2.10.23 is at hand' }, async () => {
	const bench = await start({ serve: false, sandbox: false, program: unfit.program });
	try {
		const service = bench.launchService({ replicas: 3 });
		const { code } = await service.ended;
		assert.equal(code, 1, service.output);
		assert.match(service.output, new RegExp(`replicas is 3, and nats-server ${unfit.version.replaceAll('.', '\\.')} takes two writes .*2\\.10\\.23 or newer, or set replicas: 1`));
		const check = await bench.tryCli(['check'], { settings: { replicas: 3 } });
		assert.match(check.out, /FAIL +broker +replicas is 3/);
	} finally {
		await bench.stop();
	}
});
