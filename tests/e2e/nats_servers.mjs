/**
 * The nats-servers that are at hand: the installed one, and those that tests/producers/servers
 * has built.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const WANTED = ['2.10.27', '2.12.3'];
const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'carillon/nats-server');

const versionOf = (program) =>
	/v(\d+\.\d+\.\d+)/.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];

/** [{ version, program }], program undefined where it is not at hand. */
export function natsServers() {
	const installed = versionOf('nats-server');
	return [
		{ version: installed, program: 'nats-server' },
		...WANTED.filter((version) => version !== installed).map((version) => {
			const program = path.join(cache, version, 'nats-server');
			return { version, program: fs.existsSync(program) ? program : undefined };
		}),
	];
}
