#!/usr/bin/env node
/**
 * tools/bench/isolation [--json] [--bin DIR] [--seconds N] [--rounds N] [--rate N] [SHAPE ...]
 *
 * How long do 50 quiet workspaces wait while others are a burden? Each shape (--help lists them)
 * has a new broker and a new service; the quiet ones publish all the time, in turns without and
 * with the disturbance: A B A B. The same once more without the service, only a consumer that
 * acknowledges: what is slow then is the broker and the machine, and no service could undo it.
 *
 * Stamps are the kernel's, of packets on loopback (needs root): an event was due, it went to the
 * broker, the broker wrote it to the service's socket, its request went to the sink. The service's
 * own share is between the last two. Bars: of what was due while the disturbance lasts all is
 * posted within 2 s; the service's share p50 at most 1.2 times as undisturbed, p99 at most 1.2
 * times or 1 ms more; never over half of the broker's places taken.
 *
 * Last, or as shape one-hangs: one of 51 destinations hangs, beside the consumer that a team would write
 * itself (peers/go; needs go).
 *
 *     --rate N      events a second of all the quiet together (1000, then 100)
 *     --seconds N   each turn (8); --rounds N: pairs of turns (2)
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { IN_TIME_US, judge, shares } from './figures.mjs'
import { shapes } from './shapes.mjs'
import { World, canSeePackets } from './world.mjs'
import { findPrograms } from '../../chaos.d/parts.mjs'

const QUIET = 50, ONE_HANGS = 'one-hangs'
const NOISE_IDS = 1_000_000_000
const IN_FLIGHT = 64, HANG_RATE = 20, HANG_OTHERS_RATE = 500
const options = { bin: 'build/release', seconds: 8, rounds: 2, rates: [1000, 100], json: false, names: [] }

function readArguments(args) {
	const number = { '--seconds': 'seconds', '--rounds': 'rounds' }
	for (let i = 0; i < args.length; i++) {
		if (args[i] === '--json') options.json = true
		else if (args[i] === '--bin') options.bin = args[++i]
		else if (args[i] === '--rate') options.rates = [Number(args[++i])]
		else if (number[args[i]]) options[number[args[i]]] = Number(args[++i])
		else if (args[i] === '--help' || args[i] === '-h') help()
		else if (args[i] === ONE_HANGS || shapes.some(shape => shape.name === args[i])) options.names.push(args[i])
		else {
			console.error(`isolation: ${args[i]} is no shape and no option (see --help)`)
			process.exit(2)
		}
	}
}

function help() {
	const text = readFileSync(new URL(import.meta.url), 'utf8').split('*/')[0]
	console.log(text.split('\n').slice(2).map(line => line.replace(/^ \* ?/, '')).join('\n'))
	for (const shape of shapes) console.log(`    ${shape.name.padEnd(12)} ${shape.says}`)
	process.exit(0)
}

async function provision(world, first, count, rules) {
	for (let i = first; i < first + count; i++) {
		const workspace = `bench-${i}`
		await world.cli(['workspace', 'create', workspace])
		await world.cli(['connection', 'add', workspace, '--slack', '--token-stdin', '--channel', rules[0].channel,
			'--id', 'slack', '--no-test'], 'xoxb-bench-not-a-token\n')
		for (const [j, { channel, filter }] of rules.entries())
			await world.cli(['rule', 'add', workspace, '--type', 'alert.triggered', '--connection', 'slack', '--channel', channel,
				'--id', `r${j}`, '--no-test', ...(filter ? ['--filter', JSON.stringify(filter)] : [])])
	}
}

// What the quiet ones publish for one turn. Resolves with the turn's window in ns.
async function turn(world, rate, seconds, firstId) {
	const from = Date.now() * 1e6
	await world.publish([], { workspaces: QUIET, events: rate * seconds, rate, firstId, firstWorkspace: 0 })
	return [from, Date.now() * 1e6]
}

const noiseOf = (shape, round) => QUIET + round * shape.workspaces
const each = (shape, round, what) => Promise.all(Array.from({ length: shape.workspaces }, (_, i) => what(`bench-${noiseOf(shape, round) + i}`)))

function disturb(world, shape, round) {
	return world.publish(['--noise', ...(shape.options ?? [])], { workspaces: shape.workspaces, ...shape.load(options.seconds),
		firstId: NOISE_IDS * (round + 1), firstWorkspace: noiseOf(shape, round) })
}

// What is held is held before the turn in which it is released.
async function prepare(world, shape, round) {
	if (!shape.isHeld) return
	await each(shape, round, workspace => world.cli(['workspace', 'pause', workspace]))
	await disturb(world, shape, round)
	await world.isQuiet()
}

async function disturbedTurn(world, shape, round, rate, isServed) {
	const noise = !shape.isHeld ? disturb(world, shape, round)
		: isServed ? each(shape, round, workspace => world.cli(['workspace', 'resume', workspace])) : Promise.resolve()
	const [from, to] = await turn(world, rate, options.seconds, 500_000_000 + round * 1_000_000)
	await noise
	return [from, Math.min(to, from + (shape.lasts ?? options.seconds) * 1e9)]
}

// All turns of a shape, with the service or with a consumer that only acknowledges.
async function turns(shape, rate, isServed) {
	const world = new World(options.bin)
	const calm = [], disturbed = []
	try {
		await world.start()
		if (isServed) {
			await provision(world, 0, QUIET, [{ channel: 'C0QUIET' }])
			await provision(world, QUIET, shape.workspaces * options.rounds, shape.rules)
			await world.serve()
		} else {
			await world.listen()
		}
		await turn(world, rate, 2, 900_000_000) // warm
		for (let round = 0; round < options.rounds; round++) {
			if (isServed) await prepare(world, shape, round)
			calm.push(await turn(world, rate, options.seconds, round * 1_000_000))
			disturbed.push(await world.watchPending(disturbedTurn(world, shape, round, rate, isServed)))
			if (!isServed) continue
			if (shape.stays) await each(shape, round, workspace => world.cli(['workspace', 'pause', workspace]))
			await world.isQuiet()
		}
		const marks = await world.end()
		return { calm: shares(marks, calm), disturbed: shares(marks, disturbed), pendingShare: world.pendingShare }
	} catch (error) {
		await world.abandon()
		throw error
	}
}

async function measure(shape, rate) {
	const served = await turns(shape, rate, true)
	const nobody = await turns(shape, rate, false)
	return judge(`${shape.name}@${rate / QUIET}`, served.calm, served.disturbed, served.pendingShare, nobody.calm, nobody.disturbed)
}

// What a buyer asks: one of 51 customers' destinations hangs, 64 requests may be under way. How
// many of the others' messages come in time, and how many where nobody keeps customers apart?
async function oneHangs(isOurs) {
	const world = new World(options.bin)
	try {
		world.settings = { CARILLON_IN_FLIGHT_MAX: String(IN_FLIGHT) }
		await world.start()
		await provision(world, 0, QUIET, [{ channel: 'C0QUIET' }])
		await provision(world, QUIET, 1, [{ channel: 'C0HANGS' }])
		await (isOurs ? world.serve() : world.servePeer(IN_FLIGHT, `bench-${QUIET}`))
		const noise = world.publish(['--noise'], { events: HANG_RATE * options.seconds, rate: HANG_RATE, firstId: NOISE_IDS, firstWorkspace: QUIET })
		const window = await turn(world, HANG_OTHERS_RATE, options.seconds, 0)
		await noise
		await new Promise(resolve => setTimeout(resolve, IN_TIME_US / 1000))
		const { inTime, due } = shares(await world.end(), [window])
		return Number((inTime / due).toFixed(4))
	} catch (error) {
		await world.abandon()
		throw error
	}
}

function hasGo() {
	return spawnSync('go', ['version']).status === 0
}

async function compare() {
	return { carillon: await oneHangs(true), go_consumer: hasGo() ? await oneHangs(false) : null }
}

function print(row) {
	const columns = [row.in_time_share, row.service_p50_ratio, row.service_p99_undisturbed_ms, row.service_p99_ms,
		row.total_p99_undisturbed_ms, row.total_p99_ms, row.null_p99_undisturbed_ms, row.null_p99_ms, row.ack_pending_max_share]
	console.log(row.name.padEnd(16), ...columns.map(value => String(value).padStart(9)), row.met ? ' met' : ' NOT MET')
}

readArguments(process.argv.slice(2))
findPrograms(options.bin, ['carillon', 'bench-sink', 'bench-producer', 'bench-listener', 'bench-stamps'])
if (!canSeePackets(options.bin)) {
	console.error("isolation: packets of loopback are root's to see: run it as root, or give bench-stamps CAP_NET_RAW")
	process.exit(77)
}
if (!options.json)
	console.log('shape@events/s'.padEnd(16), ...['in time', 'svc p50 x', 'svc p99', 'disturbed', 'all p99', 'disturbed', 'null p99', 'disturbed', 'places'].map(w => w.padStart(9)))
const cases = []
for (const rate of options.rates)
	for (const shape of shapes.filter(s => options.names.length === 0 || options.names.includes(s.name))) {
		const row = await measure(shape, rate)
		cases.push(row)
		if (!options.json) print(row)
	}
const hangs = options.names.length === 0 || options.names.includes(ONE_HANGS) ? await compare() : undefined
if (options.json) {
	console.log(JSON.stringify({ seconds: options.seconds, rounds: options.rounds, cases, one_of_51_hangs_in_time: hangs }))
} else if (hangs) {
	console.log(`one of 51 destinations hangs, ${IN_FLIGHT} in flight: of the others' messages in time: carillon ${hangs.carillon}, ` +
		`a Go consumer of a hundred lines ${hangs.go_consumer ?? '(no go here)'}`)
}
