// usage: tools/chaos --rounds N [--seed S] [--rate EVENTS_PER_S] [--only FAULT,...] [--workspaces N]
//                    [--window N] [--json] [--bin DIR] [--keep]
//
// Runs the real parts under load: nats-server with JetStream, the Slack sandbox, `carillon serve`,
// and a producer that repeats what is not acknowledged. Each round breaks one thing at a random
// moment, sees to it that it is broken, repairs it, and waits until messages arrive again. In the
// end everything published must settle; then the sandbox's journal, the history stream and
// `carillon delivery` are compared. Ctrl-C ends the rounds after this one and judges what was; a
// second one, and SIGTERM, end everything at once.
//
//   --rounds N      faults (20), dealt like cards, so that each kind has its turn; those of the last
//                   third leave the service's process alive: its memory is watched
//   --seed S        which faults, when, how long (random; printed)
//   --rate N        events a second (500); one workspace in four makes two messages of each
//   --only A,B      only these faults
//   --workspaces N  customers, each with a team, a connection and one or two channels (20)
//   --window N      lane_window_max throughout; without, each life of the service has the default
//                   and 1 by turns
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
//   order_breaks           of a lane's (a channel's) deliveries that were posted once, at the first
//                          attempt, never put aside (retried, parked, held) nor under doubt after
//                          a kill: those posted before as many earlier ones of the stream as the
//                          lane's window, or more. With a window of 1 that is exact
//   leaks                  of memory or descriptors in one life of the service (leaks.mjs)
//   without_effect         faults of which nothing was to be seen
//   unsettled, unknown_posts, index_differences   history and index agree with what arrived
//   unacknowledged         events the broker still waits for when nothing moves any more
//   exits                  times the service ended by itself, or not with 0 on SIGTERM
//   troubles               rounds that did not come to their end; there is none after such a one
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { FAULTS, NoEffect, dealFaults } from './faults.mjs'
import { isSanitized, judgeLeaks, usage } from './leaks.mjs'
import { until } from './parts.mjs'
import { randomSource } from './random.mjs'
import { History, judge } from './verdict.mjs'
import { World } from './world.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SETTLE_LOOK_MS = 500
const STUCK_MS = 300_000 // no progress for so long: many times the longest pause of the retry schedule
const SHOWN = 5 // offenders in full on stderr; all are in the directory
const MUST_BE_ZERO = ['lost', 'repeats_unflagged', 'repeats_not_in_flight', 'order_breaks', 'unsettled', 'unknown_posts',
	'index_differences', 'unacknowledged', 'exits', 'leaks', 'without_effect', 'troubles']

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
		({ values } = parseArgs({ options: { rounds: text, seed: text, rate: text, only: text, workspaces: text, window: text, bin: text, json: flag, keep: flag, help: flag } }))
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
		window: values.window && readNumber('window', values.window),
		bin: resolve(values.bin ?? join(root, 'build', 'release')),
	}
}

// --- rounds

// What this machine cannot do is said, and what it can do only in another way.
function possibleFaults(world, names) {
	const possible = names.filter(name => {
		const why = FAULTS[name].why?.(world), instead = FAULTS[name].instead?.(world)
		if (why) say(`chaos: SKIPPED ${name}: ${why}`)
		else if (instead) say(`chaos: DEGRADED ${name}: ${instead}`)
		return !why
	})
	if (possible.length === 0) throw new UsageError('no fault is left to try')
	return possible
}

// Until half a second's worth of messages has arrived.
async function untilThingsMove(world) {
	const enough = world.readJournal() + world.rate / 2
	await until('messages to arrive again', () => world.readJournal() >= enough)
}

// One round; what the fault says of its effect.
async function runRound(world, name, random) {
	await sleep(random.between(200, 1500))
	let what
	try {
		what = await FAULTS[name].run(world, random)
	} catch (error) {
		if (!(error instanceof NoEffect)) throw error
		world.withoutEffect.push(what = `WITHOUT EFFECT: ${error.message}`)
		await world.clearFaults()
	}
	await untilThingsMove(world)
	return what
}

async function runRounds(world, options, random, looks) {
	const counts = {}
	let round = 0
	for (const name of dealFaults(possibleFaults(world, options.only), options.rounds, random)) {
		const before = Date.now()
		if (world.isInterrupted) break
		try {
			const what = await runRound(world, name, random)
			const look = lookAt(world, looks)
			counts[name] = (counts[name] ?? 0) + 1
			say(`chaos: round ${++round}/${options.rounds} ${name} (${what}): ${((Date.now() - before) / 1000).toFixed(1)} s, ` +
				`${world.published.size} published, ${world.posts} posts${look ? `, ${look.rssKb} KiB, ${look.fds} descriptors` : ''}`)
		} catch (error) {
			say(`chaos: round ${round + 1}, ${name}: TROUBLE: ${error.message}`)
			world.troubles.push(`${name}: ${error.message}`)
			break
		}
	}
	return counts
}

function lookAt(world, looks) {
	const now = usage(world.service.pid)
	if (now) looks.push({ ...now, events: world.published.size })
	else if (!world.isUnseen) say('chaos: SKIPPED leaks: the service\'s descriptors cannot be looked at here')
	world.isUnseen ||= !now
	return now
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
	const random = randomSource(options.seed), looks = [], history = new History(world)
	const began = Date.now()
	await world.start()
	world.startLoad()
	await untilThingsMove(world)
	lookAt(world, looks)
	const isMemoryJudged = looks.length > 0 && !isSanitized(world.service.pid)
	if (looks.length > 0 && !isMemoryJudged) say('chaos: SKIPPED memory: the service is built with a sanitizer')
	const faults = await runRounds(world, options, random, looks)
	await world.endLoad()
	say('chaos: waiting until all is settled')
	const unacknowledged = await settle(world, history)
	const code = await world.service.end('SIGTERM')
	if (code !== 0) world.service.ends.push({ at: new Date().toISOString(), code, when: 'the end' })
	world.readJournal()
	const { figures, offenders } = await judge(world, await history.read())
	return {
		report: {
			rounds: Object.values(faults).reduce((sum, n) => sum + n, 0), ...figures, unacknowledged, exits: world.service.ends.length,
			without_effect: world.withoutEffect.length, troubles: world.troubles.length, ...judgeLeaks(looks, isMemoryJudged),
			lives: world.lives.length, seed: options.seed, rate: options.rate,
			seconds: Math.round((Date.now() - began) / 1000), faults,
		},
		offenders, looks,
	}
}

function sayFailure(world, { offenders, looks }) {
	const file = join(world.dir, 'offenders.json')
	writeFileSync(file, JSON.stringify(offenders, null, '\t'))
	writeFileSync(join(world.dir, 'looks.json'), looks.map(look => `${JSON.stringify({ ...look, dead: [...look.dead] })}\n`).join(''))
	for (const o of offenders.slice(0, SHOWN)) say(`chaos: ${o.why}: ${JSON.stringify(o)}`)
	for (const trouble of [...world.withoutEffect, ...world.troubles]) say(`chaos: ${trouble}`)
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
	const interrupt = () => {
		if (world.isInterrupted) return stop()
		world.isInterrupted = true
		say('chaos: interrupted: what was is judged after this round')
	}
	process.on('SIGINT', interrupt).once('SIGTERM', stop)
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
