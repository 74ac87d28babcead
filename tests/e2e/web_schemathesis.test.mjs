/*
 * schemathesis, which makes requests up from the OpenAPI document, as each kind of caller: it finds no 5xx, and nothing
 * undocumented. EXAMPLES in the environment makes it try longer, and as all of them.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { ALERT, ROOT, TOKEN, until } from './lib.mjs';
import { startWeb } from './web.mjs';

const EXAMPLES = process.env.EXAMPLES ?? '1';
const env = { ...process.env, PYTHONPATH: `${ROOT}/build/python` };
const isInstalled = spawnSync('python3', ['-c', 'import schemathesis'], { env }).status === 0;
const CHECKS = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';

describe('schemathesis', { skip: isInstalled ? false : 'schemathesis is not in build/python', concurrency: 1 }, () => {
	let bench, web, config;
	before(async () => {
		({ bench, web } = await startWeb({ web: { api_rate: 100000, emit_rate: 100000 } }));
		const as = { token: web.key };
		await web.api(201, 'POST', '/workspaces', { ...as, body: { id: 'acme' } });
		await bench.cliWith({ input: `${TOKEN}\n` }, 'connection', 'add', 'acme', '--slack', '--token-stdin', '--id', 'slack', '--channel', 'C0ALERTS');
		await until('the connection', async () => (await web.api(200, 'GET', '/workspaces/acme/connections', as)).count === 1);
		await web.api(201, 'PUT', '/workspaces/acme/event-types/alert.triggered', { ...as, body: { sample: ALERT.payload } });
		await web.api(201, 'POST', '/workspaces/acme/rules', { ...as, body: { id: 'r1', event_type: 'alert.triggered', connection: 'slack', channel: 'C0ALERTS' } });
		await web.api(201, 'POST', '/events', { ...as, body: { workspace: 'acme', event: 'alert.triggered', id: 'evt_1', payload: ALERT.payload } });
		await until('the delivery', () => web.api(200, 'GET', '/workspaces/acme/events/evt_1/rules/r1', as));
		// What is there, so that it comes further than to 404.
		const things = { workspace: 'acme', rule: 'r1', connection: 'slack', type: 'alert.triggered', event: 'evt_1' };
		config = bench.file('schemathesis.toml', `[parameters]\n${Object.entries(things).map(([name, id]) => `"path.${name}" = "${id}"`).join('\n')}\n`);
	});
	after(async () => {
		await web?.stop();
		await bench?.stop();
	});

	const session = (more) => web.api(200, 'POST', '/sessions', { token: web.key, body: { workspace_id: 'acme', role: 'owner', scopes: ['events.payload:read'], ...more } })
		.then((made) => `Authorization: Bearer ${made.access_token}`);
	const CALLERS = {
		'a secret key': () => `Authorization: Bearer ${web.key}`,
		'a publishable key': () => web.api(201, 'POST', '/workspaces/acme/keys', { token: web.key, body: {} }).then((made) => `X-Carillon-Publishable-Key: ${made.key}`),
		'an owner': () => session({}),
		'a member': () => session({ role: 'member' }),
		'who only looks': () => session({ session_type: 'dashboard' }),
		'who sees one resource': () => session({ session_type: 'resource', resource: 'global', resource_id: 'x' }),
		nobody: () => 'X-Nobody: here',
	};

	const chosen = EXAMPLES === '1' ? ['a secret key', 'a member', 'who sees one resource'] : Object.keys(CALLERS);
	for (const [name, header] of Object.entries(CALLERS).filter(([one]) => chosen.includes(one))) {
		test(`as ${name}`, async () => {
			const phases = EXAMPLES === '1' ? 'fuzzing' : 'coverage,fuzzing';
			// A stream has no end; what ends the connection would leave nothing for the others. One worker:
			// Python 3.11 loses count of its own recursion when two threads parse ("AST constructor recursion depth mismatch").
			const run = spawn('python3', ['-m', 'schemathesis.cli', '--config-file', config, 'run', `${web.url}/openapi.json`, '--url', web.url,
				'-H', await header(), '--max-examples', EXAMPLES, '--workers', '1', '--exclude-path-regex', '/stream$|disconnect', '--checks', CHECKS, '--phases', phases,
				'--no-color', '--request-timeout', '20'], { env, cwd: bench.dir });
			let said = '';
			for (const from of [run.stdout, run.stderr]) from.on('data', (data) => { said += data; });
			const code = await new Promise((resolve) => run.on('close', resolve));
			assert.equal(code, 0, said);
			const [, cases] = /(\d+) generated/.exec(said) ?? [];
			assert.ok(Number(cases) > 50, said);
		});
	}
});
