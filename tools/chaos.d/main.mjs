// usage: tools/chaos --rounds N [--seed S] [--rate EVENTS_PER_S] [--only FAULT,...] [--workspaces N]
//                    [--json] [--bin DIR] [--keep]
//
// Runs the real parts under load: nats-server with JetStream, the Slack sandbox, `carillon serve`,
// and a producer that repeats what is not acknowledged. Each round breaks one thing at a random
// moment, repairs it, and waits until messages arrive again. In the end everything published must
// settle; then the sandbox's journal, the history stream and `carillon delivery` are compared.
//
//   --rounds N      faults (20), dealt like cards, so that each kind has its turn
//   --seed S        which faults, when, how long (random; printed)
//   --rate N        events a second (500); one workspace in four makes two messages of each
//   --only A,B      only these faults
//   --workspaces N  customers, each with a team, a connection and one or two channels (20)
//   --json          one JSON object on stdout; the rest goes to stderr in any case
//   --bin DIR       where carillon and slack-sandbox are (build/release)
//   --keep          leave the directory with data, logs and journal; it is left on failure anyway
//
// Exits with 1 if one of these is not 0:
//   lost                   events published (the stream acknowledged them) that did not reach
//                          every channel they were due in
//   repeats_unflagged      messages posted again without an attempt flagged possible_duplicate
//   repeats_not_in_flight  messages posted again after the history had their end: they were not
//                          in flight when something was killed
//   order_breaks           in a lane (a channel; it has one request in flight here), of the
//                          deliveries that were posted once, at the first attempt, never put
//                          aside (retried, parked, held) nor under doubt after a kill: those
//                          posted after a later event of the stream
//   unsettled, unknown_posts, index_differences   history and index agree with what arrived
//   unacknowledged         events the broker still waits for when nothing moves any more
//   exits                  times the service ended by itself, or not with 0 on SIGTERM
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FAULTS } from './faults.mjs'
import { until, usage } from './parts.mjs'
import { randomSource } from './random.mjs'
import { History, judge } from './verdict.mjs'
import { World } from './world.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SETTLE_LOOK_MS = 500
const STUCK_MS = 150_000 // no progress for so long: twice the longest pause of the retry schedule
const SHOWN = 5 // offenders in full on stderr; all are in the directory
const MUST_BE_ZERO = ['lost', 'repeats_unflagged', 'repeats_not_in_flight', 'order_breaks', 'unsettled', 'unknown_posts',
	'index_differences', 'unacknowledged', 'exits']

const say = text => process.stderr.write(`${text}\n`)

class UsageError extends Error {}

function helpText() {
	const lines = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n')
	return lines.slice(0, lines.findIndex(line => !line.startsWith('//'))).map(line => line.slice(3)).join('\n')
}

function readNumber(name, text) {
	const number = Number(text)
	if (!Number.isInteger(number) || number < 1) throw new UsageError(`--${name} ${text}: give a number from 1`)
	return number
}

function readOptions() {
	const text = { type: 'string' }, flag = { type: 'boolean', default: false }
	let values
	try {
		({ values } = parseArgs({ options: { rounds: text, seed: text, rate: text, only: text, workspaces: text, bin: text, json: flag, keep: flag, help: flag } }))
	} catch (error) {
		throw new UsageError(error.message)
	}
	const only = values.only?.split(',') ?? Object.keys(FAULTS)
	const unknown = only.find(name => !FAULTS[name])
	if (unknown) throw new UsageError(`--only ${unknown}: there are ${Object.keys(FAULTS).join(', ')}`)
	return {
		...values, only,
		rounds: readNumber('rounds', values.rounds ?? '20'),
		rate: readNumber('rate', values.rate ?? '500'),
		workspaces: readNumber('workspaces', values.workspaces ?? '20'),
		seed: readNumber('seed', values.seed ?? String(1 + Math.floor(Math.random() * 0xfffffffe))),
		bin: resolve(values.bin ?? join(root, 'build', 'release')),
	}
}

// --- rounds

// As many faults as rounds, each kind equally often. What this machine cannot do is said.
function dealFaults(world, { only, rounds }, random) {
	const possible = only.filter(name => {
		const why = FAULTS[name].why?.(world)
		if (why) say(`chaos: SKIPPED ${name}: ${why}`)
		return !why
	})
	if (possible.length === 0) throw new UsageError('no fault is left to try')
	const dealt = []
	while (dealt.length < rounds) dealt.push(...random.shuffled(possible))
	return dealt.slice(0, rounds)
}

// Until half a second's worth of messages has arrived.
async function untilThingsMove(world) {
	const enough = world.readJournal() + world.rate / 2
	await until('messages to arrive again', () => world.readJournal() >= enough)
}

// Memory and descriptors of the service, a life at a time.
class Watch {
	lives = new Map()

	look(pid) {
		const now = usage(pid)
		if (!now) return null
		const life = this.lives.get(pid)
		if (!life) this.lives.set(pid, { looks: 1, first: now, last: now, most: now })
		else Object.assign(life, { looks: life.looks + 1, last: now, most: now.rssMb > life.most.rssMb ? now : life.most })
		return now
	}

	// Of the longest life: growth shows only there.
	figures() {
		const [life] = [...this.lives.values()].sort((a, b) => b.looks - a.looks)
		if (!life) return {}
		const { first, last, most } = life
		return {
			rss_first_mb: first.rssMb, rss_last_mb: last.rssMb, rss_most_mb: most.rssMb,
			fds_first: first.fds - first.sockets, fds_last: last.fds - last.sockets, sockets_first: first.sockets, sockets_last: last.sockets,
		}
	}
}

async function runRounds(world, options, random, watch) {
	const counts = {}
	let round = 0
	for (const name of dealFaults(world, options, random)) {
		await sleep(random.between(200, 1500))
		const before = Date.now(), what = await FAULTS[name].run(world, random)
		await untilThingsMove(world)
		counts[name] = (counts[name] ?? 0) + 1
		const rss = watch.look(world.service.pid)?.rssMb
		say(`chaos: round ${++round}/${options.rounds} ${name}${what ? ` (${what})` : ''}: ${((Date.now() - before) / 1000).toFixed(1)} s, ` +
			`${world.published.size} published, ${world.posts} posts, ${rss} MB`)
	}
	return counts
}

// --- the end

// Until the broker has every acknowledgement, everything due has arrived and nothing is open; or
// until nothing changes any more. Returns how many events the broker still waits for.
async function settle(world, history) {
	let last = '', since = Date.now()
	await world.clearFaults()
	for (;;) {
		const { num_pending: pending, num_ack_pending: unacked } = await world.api('CONSUMER.INFO.CARILLON_EVENTS.dispatch-0')
		world.readJournal()
		await history.read()
		const left = { pending, unacked, missing: world.due - world.arrived.size, open: history.open() }
		if (Object.values(left).every(n => n === 0)) return 0
		const now = JSON.stringify({ ...left, posts: world.posts })
		if (now !== last) since = Date.now()
		last = now
		if (Date.now() - since > STUCK_MS) {
			say(`chaos: stuck: ${now}`)
			return pending + unacked
		}
		await sleep(SETTLE_LOOK_MS)
	}
}

async function run(world, options) {
	const random = randomSource(options.seed), watch = new Watch(), history = new History(world)
	const began = Date.now()
	await world.start()
	world.startLoad()
	await untilThingsMove(world)
	watch.look(world.service.pid)
	const faults = await runRounds(world, options, random, watch)
	await world.endLoad()
	say('chaos: waiting until all is settled')
	const unacknowledged = await settle(world, history)
	watch.look(world.service.pid)
	const code = await world.service.end('SIGTERM')
	if (code !== 0) world.service.ends.push({ at: new Date().toISOString(), code, when: 'the end' })
	world.readJournal()
	const { figures, offenders } = await judge(world, await history.read())
	return {
		report: {
			rounds: options.rounds, ...figures, unacknowledged, exits: world.service.ends.length, seed: options.seed, rate: options.rate,
			seconds: Math.round((Date.now() - began) / 1000), faults, ...watch.figures(),
		},
		offenders,
	}
}

function sayFailure(world, { offenders }) {
	const file = join(world.dir, 'offenders.json')
	writeFileSync(file, JSON.stringify(offenders, null, '\t'))
	for (const o of offenders.slice(0, SHOWN)) say(`chaos: ${o.why}: ${JSON.stringify(o)}`)
	for (const end of world.service.ends) say(`chaos: the service ended by itself: ${JSON.stringify(end)}`)
	say(`chaos: ${offenders.length} offenders with their history: ${file}`)
}

async function main() {
	const options = readOptions()
	if (options.help) return console.log(helpText())
	const dir = mkdtempSync(join(tmpdir(), 'carillon-chaos-'))
	const world = new World({ ...options, dir, wantsSmallDisk: options.only.includes('disk-full') })
	let isFine = false
	const stop = () => world.stop().finally(() => process.exit(130))
	process.once('SIGINT', stop).once('SIGTERM', stop)
	say(`chaos: ${options.rounds} rounds, seed ${options.seed}, in ${dir}`)
	try {
		const result = await run(world, options)
		isFine = MUST_BE_ZERO.every(name => result.report[name] === 0)
		if (options.json) console.log(JSON.stringify(result.report))
		else for (const [name, value] of Object.entries(result.report)) console.log(`${name.padEnd(22)} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
		if (!isFine) sayFailure(world, result)
	} finally {
		await world.stop()
		if (isFine && !options.keep) rmSync(dir, { recursive: true })
		else say(`chaos: everything is in ${dir}`)
	}
	process.exitCode = isFine ? 0 : 1
}

main().catch(error => {
	say(`chaos: ${error.message}`)
	process.exitCode = error instanceof UsageError ? 2 : 1
})
