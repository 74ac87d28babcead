// What can go wrong, by name. Each fault breaks something, waits, and repairs it, as an operator
// or a service manager would; the load goes on meanwhile. `r` is the seeded random source.
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from './parts.mjs'

const CONSUMER = 'CARILLON_EVENTS.dispatch-0'
const SLACK_FAULTS = [
	{ kind: 'reset' }, { kind: 'reset_after' }, { kind: 'stall' }, { kind: 'hang' }, { kind: 'garbage' }, { kind: 'truncated' },
	{ kind: 'latency', ms: 1000 }, { kind: 'status', status: 500 }, { kind: 'status', status: 503 },
	{ kind: 'status', status: 429, retry_after: 1 }, { kind: 'error', error: 'internal_error' },
]

async function stopAwhile(part, ms) {
	part.signal('SIGSTOP')
	await sleep(ms)
	part.signal('SIGCONT')
}

async function drain(world) {
	const code = await world.service.end('SIGTERM')
	if (code !== 0) world.service.ends.push({ at: new Date().toISOString(), code, when: 'SIGTERM' })
}

export const FAULTS = {
	'kill-service': {
		async run({ service, startService }) {
			await service.end('SIGKILL')
			await startService()
		},
	},
	'kill-broker': {
		async run({ broker }) {
			await broker.end('SIGKILL')
			await broker.start()
		},
	},
	'kill-both': {
		async run({ service, broker, startService }, r) {
			await Promise.all(r.chance(0.5) ? [service.end('SIGKILL'), broker.end('SIGKILL')] : [broker.end('SIGKILL'), service.end('SIGKILL')])
			await broker.start()
			await startService()
		},
	},
	'stop-service': { run: ({ service }, r) => stopAwhile(service, r.between(1000, 8000)) },
	'stop-broker': { run: ({ broker }, r) => stopAwhile(broker, r.between(1000, 8000)) },
	// 10 minutes, scaled: several times ack_wait, and most of the retry schedule.
	'broker-down': {
		async run({ broker }, r) {
			await broker.end(r.chance(0.5) ? 'SIGKILL' : 'SIGTERM')
			await sleep(r.between(5000, 20_000))
			await broker.start()
		},
	},
	drain: {
		async run(world) {
			await drain(world)
			await world.startService()
		},
	},
	'delete-consumer': {
		async run(world) {
			await world.api(`CONSUMER.DELETE.${CONSUMER}`)
			await until('the consumer to be made again', () =>
				world.api(`CONSUMER.INFO.${CONSUMER}`).then(answer => !answer.error, () => false))
		},
	},
	'delete-index': {
		async run(world, r) {
			await (r.chance(0.5) ? drain(world) : world.service.end('SIGKILL'))
			for (const name of readdirSync(world.dataDir)) rmSync(join(world.dataDir, name), { recursive: true })
			await world.startService()
		},
	},
	slack: {
		async run(world, r) {
			const action = r.pick(SLACK_FAULTS), isWide = r.chance(0.3)
			const match = isWide ? {} : { channel: r.pick(world.workspaces).rules[0].channel }
			await world.setFault({ method: 'chat.postMessage', ...match }, action, Math.ceil(r.between(5, isWide ? 200 : 40)))
			await sleep(r.between(1500, 4000))
			await world.clearFaults()
			return `${action.kind}${action.status ?? ''}${isWide ? ' everywhere' : ''}`
		},
	},
	// The disk of the index is as large as what is on it: the next page does not fit.
	'disk-full': {
		why: world => world.isMounted ? '' : 'a tmpfs cannot be mounted here (needs root)',
		async run(world, r) {
			// It may grow meanwhile, and less than what is used is refused.
			await until('the disk to be full', () => {
				const { bsize, blocks, bfree } = statfsSync(world.dataDir)
				return world.resizeDisk(Math.max(bsize, (blocks - bfree) * bsize))
			})
			await sleep(r.between(2000, 6000))
			if (!world.resizeDisk()) throw new Error('the tmpfs cannot be made large again')
		},
	},
	// Each sync of the service takes 100 ms longer.
	'slow-sync': {
		why: () => spawnSync('strace', ['-V']).status === 0 ? '' : 'there is no strace',
		async run({ service }, r) {
			const calls = 'fdatasync,fsync,msync'
			const tracer = spawn('strace', ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`,
				'-e', `inject=${calls}:delay_exit=100000`, '-p', String(service.pid)], { stdio: 'ignore' })
			const ended = new Promise(resolve => tracer.once('exit', resolve))
			await sleep(r.between(2000, 5000))
			tracer.kill('SIGINT')
			await ended
		},
	},
}
