// usage: tools/mutate [--only TEXT] [--jobs N] [--list]
//
// Each line of the tables in mutate.d/breaks/ breaks one thing: a check skipped, a comparison
// swapped, a call dropped. Each is made in a copy of the tree, built, and the unit tests and the
// stories run until one of them fails. A break that no test sees has survived: the survivors are
// listed last, and only when there are none is the exit status 0. A break whose place is not found
// exactly once in its file ends with 2: the table is to be kept true.
//
//   --only TEXT   only breaks whose file or sentence contains TEXT
//   --jobs N      copies worked on at once (as many as there are processors)
//   --list        the breaks, and nothing else
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const TEST_MINUTES = 5 // of one break: one that hangs has been seen

function options() {
	try {
		return parseArgs({ options: { only: { type: 'string' }, jobs: { type: 'string' },
			list: { type: 'boolean' }, help: { type: 'boolean' } } }).values
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
		let text = ''
		try {
			text = readFileSync(join(root, b.file), 'utf8')
		} catch {}
		if (broken(text, b) !== null) continue
		console.error(`mutate: not exactly once in ${b.file}: ${JSON.stringify(b.find)}`)
		stale++
	}
	if (stale > 0) process.exit(2)
}

function copyTree(dir) {
	const files = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'],
		{ cwd: root, encoding: 'utf8' }).stdout.split('\n').filter(Boolean)
	for (const file of files) {
		mkdirSync(dirname(join(dir, file)), { recursive: true })
		try {
			cpSync(join(root, file), join(dir, file), { preserveTimestamps: true })
		} catch (e) {
			if (e.code !== 'ENOENT') throw e // deleted and not yet committed
		}
	}
}

function run(dir, minutes, command, ...args) {
	return new Promise(done => {
		const child = spawn(command, args, { cwd: dir, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
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

const build = dir => run(dir, 20, 'cmake', '--build', 'build/mutate')
// Live servers are not asked: what is to be seen here is seen without them.
const test = dir => run(dir, TEST_MINUTES, 'ctest', '--test-dir', 'build/mutate', '--stop-on-failure',
	'--no-tests=error', '--timeout', '60', '--output-on-failure', '-E', '_live_test$')

async function prepare(dir) {
	copyTree(dir)
	for (const step of [
		await run(dir, 5, 'cmake', '-S', '.', '-B', 'build/mutate', '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Debug',
			'-DCMAKE_C_FLAGS_DEBUG=-O0'),
		await build(dir), await test(dir)])
		if (!step.ok) {
			console.error(step.out)
			console.error('mutate: the tree does not build or its tests fail without a break')
			process.exit(2)
		}
}

/* What saw it: the first failed test, or the compiler. */
async function seenBy(dir, b) {
	const path = join(dir, b.file)
	const whole = readFileSync(path, 'utf8')
	writeFileSync(path, broken(whole, b))
	try {
		if (!(await build(dir)).ok) return 'the compiler'
		const result = await test(dir)
		if (result.ok) return null
		return /\d+ - (\S+) \(/.exec(result.out)?.[1] ?? 'the time'
	} finally {
		writeFileSync(path, whole)
	}
}

async function work(dir, queue, survivors) {
	await prepare(dir)
	for (let b; (b = queue.shift());) {
		const by = await seenBy(dir, b)
		if (by === null) survivors.push(b)
		console.log(`${by === null ? 'SURVIVED' : 'seen'}  ${b.breaks}  (${b.file}${by ? `; ${by}` : ''})`)
	}
}

const o = options()
if (o.help) {
	console.log(readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n')
		.filter(l => l.startsWith('//')).map(l => l.slice(3)).join('\n'))
	process.exit(0)
}
const breaks = (await readBreaks()).filter(b => !o.only || `${b.file} ${b.breaks}`.includes(o.only))
mustMatch(breaks)
if (o.list || breaks.length === 0) {
	for (const b of breaks) console.log(`${b.file}: ${b.breaks}`)
	process.exit(breaks.length === 0 ? 2 : 0)
}
const queue = [...breaks]
const survivors = []
const jobs = Math.min(Number(o.jobs ?? availableParallelism()), breaks.length)
const space = join(root, 'build/mutate')
rmSync(space, { recursive: true, force: true })
await Promise.all(Array.from({ length: jobs }, (_, i) => work(join(space, `${i}`), queue, survivors)))
console.log(`mutate: ${breaks.length} breaks, ${breaks.length - survivors.length} seen, ${survivors.length} survived`)
for (const b of survivors) console.log(`  ${b.file}: ${b.breaks}`)
process.exit(survivors.length === 0 ? 0 : 1)
