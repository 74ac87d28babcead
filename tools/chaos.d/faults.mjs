// What can go wrong, by name. Each fault breaks something, makes sure that it is broken, waits,
// and repairs it, as an operator or a service manager would; the load goes on meanwhile. It says
// what it saw of its effect, or throws NoEffect: a fault that did nothing proves nothing.
// `r` is the seeded random source; `restarts` marks those that end the service's life.
import { existsSync, readdirSync, rmSync, statSync, statfsSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PATIENCE_MS, stateOf, until } from './parts.mjs'
import { SCALE } from './world.mjs'

const CONSUMER = 'CARILLON_EVENTS.dispatch-0'
const DOWN_MS = 10 * 60_000 / SCALE
const SYNC_DELAY_MS = 100
const NAME_DELAY_MS = 4000
const GARBAGE = 'chaos', UNREADABLE = /record\.unreadable/
const RESETS = [{ kind: 'reset' }, { kind: 'reset_after' }]
const MISHAPS = [
	{ kind: 'stall' }, { kind: 'hang' }, { kind: 'garbage' }, { kind: 'truncated' },
	{ kind: 'latency', ms: 1000 }, { kind: 'status', status: 500 }, { kind: 'status', status: 503 },
	{ kind: 'status', status: 429, retry_after: 1 }, { kind: 'error', error: 'internal_error' },
]

export class NoEffect extends Error {}

function must(isSo, what) {
	if (!isSo) throw new NoEffect(what)
}

const bites = (what, condition) => until(what, condition).catch(error => {
	throw new NoEffect(error.message)
})

const seconds = ms => `${(ms / 1000).toFixed(1)} s`

// Ends a part by SIGKILL, and makes sure that it was alive until then.
async function kill(part) {
	const { pid } = part, code = await part.end('SIGKILL')
	must(code === 'SIGKILL' && stateOf(pid) === '', `${part.name} ended with ${code} instead of being killed`)
	return pid
}

async function stopAwhile(world, part, ms) {
	part.signal('SIGSTOP')
	await until(`${part.name} to stop`, () => stateOf(part.pid) === 'T')
	await sleep(ms / 2) // what the sandbox has already is posted
	const posts = world.readJournal()
	await sleep(ms / 2)
	const isStill = stateOf(part.pid) === 'T', more = world.readJournal() - posts
	part.signal('SIGCONT')
	must(isStill, `${part.name} went on by itself`)
	return `stopped for ${seconds(ms)}, ${more} posts in the latter half`
}

async function drain(world) {
	const { pid } = world.service, code = await world.service.end('SIGTERM')
	if (code !== 0) world.service.ends.push({ at: new Date().toISOString(), code, when: 'SIGTERM' })
	return pid
}

const isRefused = port => new Promise(resolve => {
	const socket = net.connect(port, '127.0.0.1')
	socket.on('connect', () => resolve(false)).on('error', error => resolve(error.code === 'ECONNREFUSED'))
		.on('close', () => socket.destroy())
	socket.once('connect', () => socket.destroy())
})

// The service must notice that its connection is gone: its log says so.
const untilNoticed = (world, since) => until('the service to notice that the broker is away',
	() => world.logged(/broker\.disconnected/, since) > 0)

async function misbehave(world, r, actions) {
	const action = r.pick(actions), isWide = r.chance(0.3), times = Math.ceil(r.between(5, isWide ? 200 : 40))
	const match = isWide ? {} : { channel: r.pick(world.workspaces).rules[0].channel }
	const id = await world.setFault({ method: 'chat.postMessage', ...match }, action, times)
	await sleep(r.between(1500, 4000))
	const hits = await bites(`${action.kind} to meet a request`, () => world.faultHits(id, times))
	await world.clearFaults()
	return `${action.kind}${action.status ?? ''}${isWide ? ' everywhere' : ''}: ${hits} requests`
}

// The disk of the index is as large as what is on it: the next page does not fit.
function fillDisk(world) {
	if (!world.isMounted) {
		const sizes = readdirSync(world.dataDir).map(name => statSync(join(world.dataDir, name)).size)
		return world.limitFiles(Math.max(...sizes))
	}
	const { bsize, blocks, bfree } = statfsSync(world.dataDir)
	return world.resizeDisk(Math.max(bsize, (blocks - bfree) * bsize))
}

const freeDisk = world => world.isMounted ? world.resizeDisk() : world.limitFiles()

export const FAULTS = {
	'kill-service': {
		restarts: true,
		async run(world) {
			const pid = await kill(world.service)
			await world.startService()
			return `process ${pid}, then ${world.service.pid}`
		},
	},
	'kill-broker': {
		async run(world) {
			const since = world.logSize(), pid = await kill(world.broker)
			await world.broker.start()
			await untilNoticed(world, since)
			return `process ${pid}, then ${world.broker.pid}`
		},
	},
	'kill-both': {
		restarts: true,
		async run(world, r) {
			const parts = [world.service, world.broker]
			const pids = await Promise.all((r.chance(0.5) ? parts : parts.reverse()).map(kill))
			await world.broker.start()
			await world.startService()
			return `processes ${pids.join(' and ')}`
		},
	},
	'stop-service': { run: (world, r) => stopAwhile(world, world.service, r.between(1000, 8000)) },
	'stop-broker': { run: (world, r) => stopAwhile(world, world.broker, r.between(1000, 8000)) },
	'broker-down': {
		async run(world, r) {
			const since = world.logSize()
			await world.broker.end(r.chance(0.5) ? 'SIGKILL' : 'SIGTERM')
			must(await isRefused(world.natsPort), 'somebody else listens on the broker\'s port')
			await sleep(DOWN_MS)
			await untilNoticed(world, since)
			const waiting = world.nats.unacked
			must(waiting > 0, 'no event waits for the broker')
			await world.broker.start()
			return `${seconds(DOWN_MS)}, which stand for ${DOWN_MS * SCALE / 60_000} min; ${waiting} events waited at the producers`
		},
	},
	drain: {
		restarts: true,
		async run(world) {
			const pid = await drain(world)
			await world.startService()
			return `process ${pid}, then ${world.service.pid}`
		},
	},
	'delete-consumer': {
		async run(world) {
			const { created } = await world.api(`CONSUMER.INFO.${CONSUMER}`)
			must((await world.api(`CONSUMER.DELETE.${CONSUMER}`)).success, 'the consumer could not be deleted')
			const again = await until('the consumer to be made again', () =>
				world.api(`CONSUMER.INFO.${CONSUMER}`).then(answer => !answer.error && answer.created, () => false))
			must(created && again !== created, 'the consumer is the one it was')
			return `of ${created.slice(11, 23)}, then of ${again.slice(11, 23)}`
		},
	},
	'delete-index': {
		restarts: true,
		async run(world, r) {
			await (r.chance(0.5) ? drain(world) : kill(world.service))
			const size = world.indexSize()
			for (const name of readdirSync(world.dataDir)) rmSync(join(world.dataDir, name), { recursive: true })
			must(size > 0 && world.indexSize() === 0, 'there was no index to delete')
			await world.startService()
			return `${(size / 2 ** 20).toFixed(1)} MiB, rebuilt`
		},
	},
	'slack-reset': { run: (world, r) => misbehave(world, r, RESETS) },
	slack: { run: (world, r) => misbehave(world, r, MISHAPS) },
	'disk-full': {
		instead: world => world.isMounted ? '' : 'a tmpfs cannot be mounted here: the service\'s files may not grow instead',
		async run(world, r) {
			const since = world.logSize()
			// It may grow meanwhile, and less than what is used is refused.
			await until('the disk to be full', () => fillDisk(world))
			const deadline = Date.now() + PATIENCE_MS
			while (world.logged(/scribe\.index/, since) === 0 && Date.now() < deadline) await sleep(100)
			const isFelt = world.logged(/scribe\.index/, since) > 0
			if (isFelt) await sleep(r.between(2000, 6000))
			if (!freeDisk(world)) throw new Error('the disk cannot be made large again')
			must(isFelt, 'no write to the index failed')
			return world.isMounted ? 'tmpfs; a write failed' : 'limit of file sizes; a write failed'
		},
	},
	'slow-sync': {
		why: world => existsSync(join(world.bin, 'slow-sync.so')) ? '' : 'slow-sync.so is not built',
		async run(world, r) {
			world.delay('sync', SYNC_DELAY_MS)
			await sleep(r.between(2000, 5000))
			let n = 0
			await bites('a sync to be slow', () => (n += world.delay('sync', SYNC_DELAY_MS)) > 0)
			n += world.delay('sync', 0)
			return `${n} syncs of ${SYNC_DELAY_MS} ms more`
		},
	},
	// A new process knows no name yet. Longer than a connection may take: requests fail meanwhile.
	'slow-names': {
		restarts: true,
		why: world => existsSync(join(world.bin, 'slow-names.so')) ? '' : 'slow-names.so is not built',
		async run(world) {
			world.delay('names', NAME_DELAY_MS)
			await kill(world.service)
			await world.startService()
			let n = 0
			await bites('a name to be slow', () => (n += world.delay('names', NAME_DELAY_MS)) > 0)
			await sleep(NAME_DELAY_MS / 2)
			n += world.delay('names', 0)
			return `${n} names of ${seconds(NAME_DELAY_MS)} more, in a new process`
		},
	},
	'garbage-rule': {
		async run(world, r) {
			const since = world.logSize(), { id } = r.pick(world.workspaces)
			const { seq } = await world.nats.request(`$KV.carillon_state.${id}.rule.${GARBAGE}`, '\xff no rule')
			must(seq > 0, 'the bucket took no garbage')
			await bites('the service to say that it cannot read it', () => world.logged(UNREADABLE, since) > 0)
			await sleep(r.between(1000, 3000))
			await world.carillon(['rule', 'delete', id, GARBAGE, '--yes'])
			return `of ${id}, which goes on with the rules that can be read`
		},
	},
}

// As many as rounds, each kind equally often. The last third are those that the service's process
// must survive: leaks show in a long life.
export function dealFaults(names, rounds, random) {
	const dealt = [], mixed = [], last = []
	while (dealt.length < rounds) dealt.push(...random.shuffled(names))
	dealt.length = rounds
	for (const name of dealt.reverse()) (FAULTS[name].restarts || last.length >= rounds / 3 ? mixed : last).push(name)
	return [...mixed.reverse(), ...last.reverse()]
}
