/* Every verb of the table, asked in every wrong way: its exit code is the one that docs/verbs.md
 * promises, its sentence is one line, and programs get the same as JSON. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ALERT, Bench, ROOT, TOKEN, run, start, until } from './lib.mjs';

const WIDTH = 80;
const bare = new Bench({ settings: {} });
after(() => bare.stop());
const { verbs, exit_codes } = JSON.parse(await bare.cli('help', '--json'));

/** The words of a verb with something for each argument and each option that it needs. */
function complete(verb, values = {}) {
	const args = verb.verb.split(' ');
	for (const name of verb.arguments.split(' ').filter((word) => word && !word.startsWith('['))) {
		args.push(values[name] ?? { WORKSPACE: 'acme', TYPE: 'a.b', EVENT: 'evt', RULE: 'r', ID: 'x' }[name] ?? 'x');
	}
	for (const option of verb.options.filter((o) => o.required)) {
		args.push(`--${option.name}`);
		if (option.argument) args.push(values[option.name] ?? { file: '/nowhere', event: '/nowhere', from: '1h', channel: 'C0ALERTS', type: 'a.b', workspace: 'acme', connection: 'slack' }[option.name] ?? 'x');
	}
	return args;
}

/** What a failure looks like, whatever verb it is of. */
async function fails(bench, args, code, words, options = {}) {
	const got = await bench.tryCli(args, options);
	const what = `carillon ${args.join(' ')}: ${got.out}${got.err}`;
	assert.equal(got.code, code, what);
	assert.match(got.err, words, what);
	assert.match(got.err, /^carillon: .+\n(usage: carillon |try: carillon help|carillon: |$)/, what);
	assert.doesNotMatch(got.err, /level=|verb=/, 'no line of a log');
	for (const line of got.err.split('\n').filter((l) => l.startsWith('usage:') || l.startsWith(' '))) {
		assert.ok(line.length <= WIDTH, `too wide: ${line}`);
	}
	if (args.includes('--json')) {
		const { errors } = JSON.parse(got.out);
		assert.ok(errors.length > 0 && errors.every((e) => e.code && e.sentence), what);
		assert.ok(got.err.includes(errors[0].sentence), what);
	} else {
		assert.equal(got.out, '', what);
	}
	return got;
}

const has = (verb, option) => verb.options.some((o) => o.name === option);
const json = (verb, args) => (has(verb, 'json') ? [...args, '--json'] : args);

/** The same, so that nothing is wrong with it but what is not there. */
function valid(bench, verb, values = {}) {
	const event = bench.file('event.json', ALERT);
	const type = bench.file('type.json', { name: 'a.b' });
	const args = complete(verb, { file: verb.verb === 'type put' ? type : event, event, ...values });
	if (has(verb, 'yes')) args.push('--yes');
	if (verb.verb === 'connection set' || verb.verb === 'rule set') args.push('--name', 'x');
	if (verb.verb === 'delivery cancel') args.push('evt');
	return args;
}

/* Verbs that need no setting, and the one that finds what is wrong with them. */
const unset = ['help', 'version', 'check'];

describe('the table', () => {
	test('the exit codes are those of the page', () => {
		const page = fs.readFileSync(path.join(ROOT, 'docs/verbs.md'), 'utf8');
		assert.deepEqual(exit_codes.map((e) => e.code), [0, 1, 2, 3, 4]);
		for (const { code, means } of exit_codes) assert.ok(page.includes(`| ${code} | ${means} |`));
		for (const verb of verbs) assert.ok(page.includes(`    carillon ${verb.example}\n`), verb.verb);
	});

	for (const verb of verbs) {
		test(`${verb.verb}: help has an example, and fits a terminal`, async () => {
			for (const args of [[...verb.verb.split(' '), '--help'], ['help', ...verb.verb.split(' ')]]) {
				const help = await bare.cli(...args);
				if (verbs.some((v) => v.verb.startsWith(`${verb.verb} `))) {
					assert.ok(help.includes(`${verb.verb} `), help);
					continue; // the first word of others, too: it lists them
				}
				assert.match(help, new RegExp(`^usage: carillon ${verb.verb}`));
				assert.ok(help.includes(`\nexample:\n  carillon ${verb.example}\n`), help);
				const usage = help.slice(0, help.indexOf('\n\n'));
				for (const line of usage.split('\n')) assert.ok(line.length <= WIDTH, line);
			}
			assert.ok(verb.sentence.length > 0 && verb.example.startsWith(verb.verb.split(' ')[0]));
		});

		test(`${verb.verb}: what is not understood ends with 2`, async () => {
			await fails(bare, json(verb, [...complete(verb), '--nope']), 2, /has no option --nope/);
			if (!unset.includes(verb.verb) && !verb.verb.startsWith('docs ')) {
				await fails(bare, json(verb, [...valid(bare, verb), '--set', 'nats_ulr=x']), 2, /--set: nats_ulr: no such setting; did you mean nats_url/);
			}
			const needed = verb.arguments.split(' ').filter((word) => word && !word.startsWith('['));
			if (needed.length > 0) await fails(bare, json(verb, verb.verb.split(' ')), 2, new RegExp(`${verb.verb} needs ${needed[0]}|one word`));
			for (const option of verb.options.filter((o) => o.required)) {
				const args = complete(verb);
				const at = args.indexOf(`--${option.name}`);
				args.splice(at, option.argument ? 2 : 1);
				await fails(bare, json(verb, args), 2, new RegExp(`${verb.verb} needs --${option.name}`));
			}
			if (verb.arguments === '' && !verbs.some((v) => v.verb.startsWith(`${verb.verb} `))) {
				await fails(bare, json(verb, [...complete(verb), 'extra']), 2, /one word too many|no verb/);
			}
		});
	}

	test('groups and no verb at all say what there is', async () => {
		await fails(bare, [], 2, /needs a verb: one of serve, web, check/);
		for (const group of new Set(verbs.filter((v) => v.verb.includes(' ')).map((v) => v.verb.split(' ')[0]))) {
			if (verbs.some((v) => v.verb === group)) continue;
			await fails(bare, [group], 2, new RegExp(`${group} needs a verb: one of \\S+`));
			await fails(bare, [group, 'nonsense', '--json'], 2, new RegExp(`no verb "${group} nonsense"`));
		}
	});
});

/* All at once, for each waits some seconds for one. */
describe('without a broker', { concurrency: 16 }, () => {
	const local = ['serve', 'web', 'check', 'vault init', 'nats config', 'producer creds', 'producer list', 'producer revoke', 'help', 'version'];

	before(() => bare.cli('vault', 'init'));
	for (const verb of verbs.filter((v) => !local.includes(v.verb) && !v.verb.startsWith('docs '))) {
		test(`${verb.verb} ends with 1, and leaves nothing behind`, async () => {
			const args = json(verb, valid(bare, verb));
			await fails(bare, args, 1, /no nats server answers at nats:\/\/127\.0\.0\.1:9 /, { settings: { nats_creds: '' }, input: TOKEN });
			assert.ok(!fs.existsSync(bare.dataDir), 'no directory was made');
		});
	}
});

describe('what serves, without a broker', () => {
	test('serve ends with 1, and check finds it', async () => {
		const settings = { nats_creds: '' };
		assert.equal((await bare.tryCli(['serve'], { settings })).code, 1);
		assert.equal((await bare.tryCli(['check'], { settings })).code, 1);
	});
	test('a wrong setting ends with 2, of serve, too', async () => {
		const settings = { nats_creds: '', active_max: '0' };
		for (const args of [['serve'], ['workspace', 'list']]) await fails(bare, args, 2, /CARILLON_ACTIVE_MAX: 0 is out of bounds/, { settings });
	});
});

describe('with everything', () => {
	let bench;
	before(async () => {
		bench = await start();
		await bench.provision();
		await bench.rule('acme', 'alerts');
	});
	after(() => bench?.stop());

	/* Verbs that make the workspace, or are not about one. */
	const unbound = ['workspace create', 'producer creds', 'workspace erase'];
	for (const verb of verbs.filter((v) => v.arguments.startsWith('WORKSPACE') && !unbound.includes(v.verb))) {
		test(`${verb.verb}: an unknown workspace ends with 3`, async () => {
			const args = json(verb, valid(bench, verb, { WORKSPACE: 'ghost' }));
			await fails(bench, args, 3, verb.verb === 'producer revoke' ? /"ghost" has no credential/ : /there is no workspace "ghost"/, { input: TOKEN });
		});
	}
	for (const verb of verbs.filter((v) => /^WORKSPACE (ID|EVENT)/.test(v.arguments))) {
		test(`${verb.verb}: an unknown ${verb.arguments.split(' ')[1].toLowerCase()} ends with 3`, async () => {
			const args = json(verb, valid(bench, verb, { ID: 'ghost', EVENT: 'ghost', RULE: 'alerts' }));
			await fails(bench, args, 3, /ghost/, { input: TOKEN });
		});
	}
	test('a file that is not there ends with 3', async () => {
		for (const args of [['event', 'publish', 'acme', '--file', '/nowhere'], ['type', 'put', '--file', '/nowhere'],
			['rule', 'set', 'acme', 'alerts', '--filter', '/nowhere'], ['rule', 'set', 'acme', 'alerts', '--template', 'nowhere.json']]) {
			await fails(bench, [...args, '--json'], 3, /nowhere.*: No such file/);
		}
		await fails(bench, ['--config', '/nowhere', 'workspace', 'list', '--json'], 3, /\/nowhere: no such file/);
	});
	test('what is there already, or in use, ends with 4', async () => {
		await fails(bench, ['workspace', 'create', 'acme', '--json'], 4, /exists already/);
		await fails(bench, ['vault', 'init', '--json'], 4, /exists already/);
		await fails(bench, ['connection', 'delete', 'acme', 'slack', '--json'], 4, /is used by/);
		await fails(bench, ['rule', 'add', 'acme', '--id', 'alerts', '--type', 'a.b', '--connection', 'slack', '--channel', 'C0ALERTS', '--json'], 4, /exists already/);
		await fails(bench, ['connection', 'add', 'acme', '--slack', '--token-stdin', '--id', 'slack', '--channel', 'C0ALERTS', '--json'], 4, /exists already/, { input: TOKEN });
	});
	test('what is wrong with ids, names and values ends with 2, however it came in', async () => {
		const rule = (...more) => ['rule', 'add', 'acme', '--type', 'a.b', '--connection', 'slack', '--channel', 'C0ALERTS', '--json', ...more];
		for (const args of [['workspace', 'create', 'A B', '--json'], ['workspace', 'create', '-x', '--json'], rule('--id', 'A'), rule('--id', '-a'),
			rule('--filter', '{"al": []}'), rule('--filter', '[]'), rule('--filter', '"x"'), rule('--filter', bench.file('bad.json', '{')),
			rule('--template', '{"haeder": ""}'), rule('--dedupe-minutes', '5'), rule('--retry', 'soon'), rule('--quiet-from', '22:00'), rule('--on-burst', 'nap'),
			['event', 'publish', 'acme', '--file', bench.file('bad.json', '{"a": 1}'), '--json'], ['event', 'list', 'acme', '--limit', '0', '--json'],
			['delivery', 'list', 'acme', '--status', 'hold', '--json'], ['replay', 'start', 'acme', '--status', 'hold', '--json'],
			['replay', 'start', 'acme', '--rate', '0', '--json'], ['rule', 'delete', 'acme', 'alerts', '--json'], ['rule', 'set', 'acme', 'alerts', '--json'],
			['connection', 'set', 'acme', 'slack', '--json'], ['type', 'put', '--file', bench.file('bad.json', '{"name": "a b"}'), '--json'],
			['delivery', 'cancel', 'acme', '--json'], ['producer', 'creds', 'acme', '--name', 'A B', '--json']]) {
			await fails(bench, args, 2, /./);
		}
	});
	test('every example does what it says', async () => {
		const dir = path.join(bench.dir, 'examples');
		fs.mkdirSync(dir);
		fs.symlinkSync(path.join(ROOT, 'docs'), path.join(dir, 'docs'));
		fs.writeFileSync(path.join(dir, 'token'), `${TOKEN}\n`);
		const env = { ...bench.env(), PATH: `${path.dirname(bench.binary)}:${process.env.PATH}` };
		const sh = async (line) => {
			const got = await run('sh', ['-c', line], { cwd: dir, env });
			assert.equal(got.code, 0, `${line}\n${got.out}${got.err}`);
			return got.out;
		};
		const example = (name) => sh(`carillon ${verbs.find((v) => v.verb === name).example}`);
		const left = new Set(verbs.map((v) => v.verb));
		const tell = async (...names) => {
			for (const name of names) {
				await example(name);
				left.delete(name);
			}
		};
		await bench.cli('workspace', 'delete', 'acme', '--yes');
		await tell('workspace create', 'connection add', 'rule add', 'type put', 'event publish');
		const delivered = () => until('the delivery', async () => (await bench.json('delivery', 'list', 'acme', '--status', 'delivered')).count === 1);
		await delivered();
		await tell('workspace list', 'workspace show', 'workspace pause', 'workspace resume', 'connection list', 'connection show',
			'connection test', 'connection set', 'connection reconnect', 'connection disable', 'connection enable', 'rule list', 'rule show', 'rule set',
			'rule disable', 'rule enable', 'rule test', 'rule preview', 'event list', 'event show', 'event export', 'delivery list', 'delivery show',
			'delivery cancel', 'replay start', 'replay', 'replay list', 'type list', 'type show', 'check', 'version', 'help', 'docs settings', 'docs verbs',
			'producer creds', 'producer list', 'producer revoke', 'vault rotate', 'key create', 'key list', 'docs api', 'docs openapi',
			'docs example', 'docs metrics', 'docs man', 'docs completion', 'ops list', 'stats', 'backup', 'restore', 'expect');
		// Nobody answers at an example's address.
		for (const name of ['webhook add', 'webhook rotate', 'webhook move']) {
			await sh(`carillon ${verbs.find((v) => v.verb === name).example} --no-test`);
			left.delete(name);
		}
		await tell('delivery retry');
		for (const name of ['replay pause', 'replay resume', 'replay show', 'replay cancel']) {
			// The id of an example stands for one that was just made.
			await delivered();
			const { id } = await bench.json('replay', 'start', 'acme', '--status', 'delivered', '--again', '--yes');
			await sh(`carillon ${verbs.find((v) => v.verb === name).example.replace('rpl_nightly', id)}`).catch((error) => {
				assert.match(error.message, /is (done|canceled)|ended/, 'it was over already');
			});
			left.delete(name);
		}
		const key = await bench.json('key', 'create', 'acme', '--name', 'x');
		await sh(`carillon ${verbs.find((v) => v.verb === 'key revoke').example.replace('key_website', key.id)}`);
		await sh(`CARILLON_MASTER_KEY_FILE= carillon ${verbs.find((v) => v.verb === 'vault init').example}`);
		await sh(`carillon ${verbs.find((v) => v.verb === 'nats config').example}`);
		assert.match(await sh('ls nats'), /nats-server\.conf/);
		await tell('type delete', 'rule delete', 'connection delete', 'workspace delete', 'workspace erase');
		for (const name of ['vault init', 'nats config', 'serve', 'web', 'key revoke', 'ops follow']) left.delete(name);
		assert.deepEqual([...left], []);
	});
});
