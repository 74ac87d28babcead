// usage: tools/mutate [--only TEXT] [--from N] [--list] [--keep]
//
// Each line of the tables in mutate.d/breaks/ breaks one thing: a check skipped, a comparison
// swapped, a call dropped. Each is made in a copy of the tree, built, and the unit tests and the
// stories run until one of them fails: first those of the file and of its layer, which see most,
// then the stories, then everything else; of them all only those whose program the break changed.
// What faces HTTP is seen end to end: such a break names the suite of tests/e2e that is run for it
// (needs npm --prefix tests/e2e ci --ignore-scripts). A break that no test sees has survived: the
// survivors are listed last, and only when there are none is the exit status 0. A break whose place
// is not found exactly once in its file, or that does not build, ends with 2: the table is to be
// kept true.
//
//   --only TEXT   only breaks whose file or sentence contains TEXT
//   --from N      goes on at the Nth of them, where an earlier run was stopped
//   --list        the breaks, and nothing else
//   --keep        goes on in the copy of the last run, which saves building it
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const copy = join(root, 'build/mutate')
const built = join(copy, 'build')
const cores = `${availableParallelism()}`
const NOT_BUILT = 'does not build'
const TEST_MINUTES = 10 // of one break: one that hangs has been seen

function options() {
	try {
		return parseArgs({ options: { only: { type: 'string' }, from: { type: 'string', default: '1' },
			list: { type: 'boolean' }, keep: { type: 'boolean' }, help: { type: 'boolean' } } }).values
	} catch (e) {
		console.error(`mutate: ${e.message}`)
		process.exit(2)
	}
}

async function readBreaks() {
	const dir = new URL('breaks/', import.meta.url)
	const all = []
	for (const name of readdirSync(dir).sort()) {
		const { default: list } = await import(new URL(name, dir))
		all.push(...list)
	}
	return all
}

function broken(text, b) {
	const at = text.indexOf(b.find)
	if (at < 0 || text.indexOf(b.find, at + 1) >= 0) return null
	return text.slice(0, at) + b.put + text.slice(at + b.find.length)
}

function mustMatch(breaks) {
	let stale = 0
	for (const b of breaks) {
		const path = join(root, b.file)
		if (existsSync(path) && broken(readFileSync(path, 'utf8'), b) !== null) continue
		console.error(`mutate: not exactly once in ${b.file}: ${JSON.stringify(b.find)}`)
		stale++
	}
	if (stale > 0) process.exit(2)
}

/* What is the same in the copy already is not touched, so that it is not built again. */
function copyTree() {
	const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
		{ cwd: root, encoding: 'utf8' }).stdout.split('\0').filter(Boolean)
	for (const file of listed) {
		const [from, to] = [join(root, file), join(copy, file)]
		if (!existsSync(from)) continue // deleted and not yet committed
		const bytes = readFileSync(from)
		if (existsSync(to) && readFileSync(to).equals(bytes)) continue
		mkdirSync(dirname(to), { recursive: true })
		writeFileSync(to, bytes)
	}
}

function run(minutes, command, ...args) {
	return new Promise(done => {
		const child = spawn(command, args, { cwd: copy, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
		let out = ''
		const hear = chunk => { out = (out + chunk).slice(-20000) }
		child.stdout.on('data', hear)
		child.stderr.on('data', hear)
		const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), minutes * 60_000)
		child.on('close', code => {
			clearTimeout(timer)
			done({ ok: code === 0, out })
		})
	})
}

/* Every unit test of src and every story: its name, and the program that is to be built for it. */
function readTests() {
	const { stdout } = spawnSync('ctest', ['--test-dir', built, '--show-only=json-v1'], { encoding: 'utf8' })
	const known = []
	for (const { name } of JSON.parse(stdout).tests) {
		const [kind, layer, test] = name.split('.')
		if (kind === 'scenario') known.push({ name, program: 'tests/scenario/scenario_player' })
		else if (existsSync(join(copy, 'tests', kind, layer, `${test}.c`)))
			known.push({ name, program: `tests/${test}` })
	}
	return known
}

const unique = list => [...new Set(list)]
const build = (...programs) => run(20, 'ninja', '-C', built, ...unique(programs))
const test = tests => run(TEST_MINUTES, 'ctest', '--test-dir', built, '-j', cores, '--stop-on-failure',
	'--no-tests=error', '--timeout', '60', '--output-on-failure', '-R', `^(${tests.map(t => t.name).join('|')})$`)

const testEndToEnd = suite => run(TEST_MINUTES, 'env', `CARILLON_BIN_DIR=${built}`, 'node', '--test', `tests/e2e/${suite}`)

/* What the end-to-end suites start, and what they take from npm. */
const parts = ['carillon', 'slack-sandbox']
function linkPackages() {
	const [from, to] = ['node_modules', 'node_modules'].map((d, i) => join([root, copy][i], 'tests/e2e', d))
	if (existsSync(from) && !existsSync(to)) symlinkSync(from, to)
	return existsSync(to)
}

async function prepare() {
	copyTree()
	if (breaks.some(b => b.e2e) && !linkPackages()) {
		console.error('mutate: first run npm --prefix tests/e2e ci --ignore-scripts')
		process.exit(2)
	}
	const configured = await run(5, 'cmake', '-S', '.', '-B', built, '-G', 'Ninja', '-DCARILLON_TESTS=ON',
		'-DCMAKE_BUILD_TYPE=Debug', '-DCMAKE_C_FLAGS_DEBUG=-O0')
	const tests = configured.ok ? readTests() : []
	const suites = unique(breaks.flatMap(b => b.e2e ?? []))
	for (const step of [() => configured, () => build(...parts, ...tests.map(t => t.program)), () => test(tests),
		...suites.map(s => () => testEndToEnd(s))]) {
		const done = await step()
		if (done.ok) continue
		console.error(done.out)
		console.error('mutate: the tree does not build, or its tests fail without a break')
		process.exit(2)
	}
	return tests
}

/* In the order in which they are asked, each test once. */
function groupsFor(b, tests) {
	const [, layer] = b.file.split('/').slice(b.file.startsWith('include/') ? 1 : 0)
	const stem = basename(b.file).replace(/\.[a-z]+$/, '')
	const left = new Set(tests)
	const take = wanted => {
		const group = [...left].filter(wanted)
		for (const t of group) left.delete(t)
		return group
	}
	const isLive = t => t.name.endsWith('_live_test')
	return [
		take(t => t.name.startsWith(`unit.${layer}.${stem}`)),
		take(t => t.name.startsWith(`unit.${layer}.`)),
		take(t => t.name.startsWith('scenario.')),
		take(t => !isLive(t)),
		take(isLive),
	].filter(group => group.length > 0)
}

const madeAt = program => statSync(join(built, program)).mtimeMs

/* Those whose program is another one now, also what was left of the break before; null when it
 * does not build. */
async function changedBy(group) {
	const before = new Map(group.map(t => [t.program, madeAt(t.program)]))
	if (!(await build(...before.keys())).ok) return null
	return group.filter(t => madeAt(t.program) !== before.get(t.program))
}

async function seenEndToEnd(b) {
	if (!(await build(...parts)).ok) return NOT_BUILT
	return (await testEndToEnd(b.e2e)).ok ? null : b.e2e
}

/* The first test that failed; null when none did. */
async function firstToFail(b, tests) {
	if (b.e2e) return seenEndToEnd(b)
	for (const group of groupsFor(b, tests)) {
		const changed = await changedBy(group)
		if (changed === null) return NOT_BUILT
		if (changed.length === 0) continue
		const result = await test(changed)
		if (!result.ok) return /\d+ - (\S+) \(/.exec(result.out)?.[1] ?? 'the time'
	}
	return null
}

/* The same, of the tree with the break in it. */
async function seenBy(b, tests) {
	const path = join(copy, b.file)
	const whole = readFileSync(path, 'utf8')
	writeFileSync(path, broken(whole, b))
	try {
		return await firstToFail(b, tests)
	} finally {
		writeFileSync(path, whole)
	}
}

const o = options()
if (o.help) {
	console.log(readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n')
		.filter(l => l.startsWith('//')).map(l => l.slice(3)).join('\n'))
	process.exit(0)
}
const chosen = (await readBreaks()).filter(b => !o.only || `${b.file} ${b.breaks}`.includes(o.only))
const first = Number(o.from) - 1
const breaks = chosen.slice(first)
mustMatch(breaks)
if (o.list || breaks.length === 0) {
	for (const [i, b] of breaks.entries()) console.log(`${first + i + 1} ${b.file}: ${b.breaks}`)
	process.exit(breaks.length === 0 ? 2 : 0)
}
if (!o.keep) rmSync(copy, { recursive: true, force: true })
mkdirSync(copy, { recursive: true })
const began = Date.now()
const minutes = () => `${((Date.now() - began) / 60_000).toFixed(1)} min`
const tests = await prepare()
console.log(`mutate: ${tests.length} tests pass without a break (${minutes()})`)
const survivors = []
for (const [i, b] of breaks.entries()) {
	const by = await seenBy(b, tests)
	if (by === NOT_BUILT) {
		console.error(`mutate: ${b.file}: ${b.breaks}: ${by}`)
		process.exit(2)
	}
	if (by === null) survivors.push(b)
	console.log(`${first + i + 1}/${chosen.length} ${by === null ? 'SURVIVED' : 'seen'}  ${b.breaks}  (${b.file}${by ? `; ${by}` : ''})`)
}
console.log(`mutate: ${breaks.length} breaks, ${breaks.length - survivors.length} seen, ${survivors.length} survived (${minutes()})`)
for (const b of survivors) console.log(`  ${b.file}: ${b.breaks}`)
process.exit(survivors.length === 0 ? 0 : 1)
