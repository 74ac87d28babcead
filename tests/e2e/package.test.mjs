/** What a package brings besides the program: completion, manual page, units. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { binary, ROOT, run } from './lib.mjs';

const docs = async (page) => {
	const { code, out } = await run(binary('carillon'), ['docs', page], { env: { PATH: process.env.PATH, CARILLON_CONFIG: '' } });
	assert.equal(code, 0);
	return out;
};
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

test('the completion knows verbs, their second words and their options', async () => {
	const script = await docs('completion');
	const complete = async (...words) => {
		const { code, out, err } = await run('bash', ['-c', `eval "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _carillon; printf '%s\\n' "\${COMPREPLY[@]}"`, 'bash', script, 'carillon', ...words]);
		assert.equal(code, 0, err);
		return out.trim().split('\n');
	};
	assert.deepEqual(await complete('wor'), ['workspace']);
	assert.deepEqual(await complete('workspace', 'cr'), ['create']);
	assert.deepEqual(await complete('replay', 'start', 'acme', '--dr'), ['--dry-run']);
	assert.deepEqual(await complete('backup', '/tmp/x', '--js'), ['--json']);
	assert.deepEqual(await complete('rule', 'list', 'acme', '--thread'), ['']);
});

test('the manual page is one, and has every verb', async (t) => {
	const page = await docs('man');
	for (const verb of JSON.parse((await run(binary('carillon'), ['help', '--json'], { env: { CARILLON_CONFIG: '' } })).out).verbs) {
		assert.ok(page.includes(`.SS "${verb.verb.replaceAll('-', '\\-')}"`), verb.verb);
	}
	if (!has('man')) return t.skip('there is no man');
	const { code, err } = await run('man', ['-l', '--warnings', '-E', 'UTF-8', '-'], { input: page, env: { ...process.env, MANWIDTH: '80', PAGER: 'cat' } });
	assert.equal(code, 0);
	assert.equal(err, '');
});

for (const unit of ['carillon', 'carillon-web']) {
	test(`${unit}.service is as tight as it is meant to be`, (t) => {
		if (!has('systemd-analyze')) return t.skip('there is no systemd-analyze');
		const got = spawnSync('systemd-analyze', ['security', '--offline=true', path.join(ROOT, 'tools/package', `${unit}.service`)], { encoding: 'utf8' });
		const level = /Overall exposure level for \S+: ([\d.]+)/.exec(got.stdout);
		if (!level) return t.skip('this systemd-analyze does not look at files');
		assert.ok(Number(level[1]) <= 2, level[0]);
	});
}
