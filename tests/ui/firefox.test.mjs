/** What must be the same in another engine: the first rule, ways to connect, host pages that cut themselves off. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((p) => fs.existsSync(p));
const STORIES = 'a rule is made, tried and saved|a delivery that waits|connecting ends as|a host with CO';

test('the stories of more than one engine, in Firefox', { skip: FIREFOX ? false : 'there is no firefox here', timeout: 300_000 }, async () => {
	const { NODE_TEST_CONTEXT: _, ...env } = process.env;
	const run = spawn(process.execPath, ['--test', '--test-reporter=tap', `--test-name-pattern=${STORIES}`, fileURLToPath(new URL('stories.test.mjs', import.meta.url))], { env: { ...env, FIREFOX } });
	let said = '';
	for (const from of [run.stdout, run.stderr]) from.on('data', (data) => { said += data; });
	const code = await new Promise((resolve) => run.on('close', resolve));
	assert.equal(code, 0, said);
	const passed = said.split('\n').filter((line) => /^\s*ok /.test(line) && !/# SKIP/.test(line)).length;
	assert.ok(passed >= 9, said);
});
