// The parts under test: how they are started, watched, killed and started again.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const LOOK_EVERY_MS = 20
const RESTART_PAUSE_MS = 300
export const PATIENCE_MS = 300_000 // for anything that must happen, on a slow machine too

export async function until(what, condition, patienceMs = PATIENCE_MS) {
	const deadline = Date.now() + patienceMs
	for (;;) {
		const value = await condition()
		if (value) return value
		if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
		await sleep(LOOK_EVERY_MS)
	}
}

export const freePort = () => new Promise((resolve, reject) => {
	const server = net.createServer()
	server.on('error', reject)
	server.listen(0, '127.0.0.1', () => {
		const { port } = server.address()
		server.close(() => resolve(port))
	})
})

// One process, restarted as a service manager would when it ends without having been told to.
export class Part {
	#child = null
	#isMeant = true // whether its end is ours
	ends = [] // {at, code}: those that were not

	constructor(name, { command, args, env, log, isReady }) {
		Object.assign(this, { name, command, args, env, log, isReady })
	}

	get pid() { return this.#child?.pid }
	get isRunning() { return this.#child !== null }

	#spawn() {
		const log = openSync(this.log, 'a')
		// A group of its own, so that Ctrl-C asks only us; and it ends when we do, however we do.
		const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...this.command, ...this.args],
			{ env: { ...process.env, ...this.env }, stdio: ['ignore', log, log], detached: true })
		closeSync(log)
		this.#child = child
		this.#isMeant = false
		this.ended = new Promise(resolve => {
			child.once('error', error => resolve(error.code))
			child.once('exit', (code, signal) => resolve(code ?? signal))
		}).then(code => {
			this.#child = null
			if (!this.#isMeant) this.#restart(code)
			return code
		})
	}

	#restart(code) {
		this.ends.push({ at: new Date().toISOString(), code })
		setTimeout(() => this.#isMeant || this.isRunning || this.#spawn(), RESTART_PAUSE_MS)
	}

	async start() {
		this.#spawn()
		await until(`${this.name} to be ready (see ${this.log})`, () => this.isRunning && this.isReady())
	}

	// Ends it by a signal; resolves with what it ended with.
	async end(signal = 'SIGKILL') {
		this.#isMeant = true
		if (!this.isRunning) return null
		const { ended } = this
		this.#child.kill(signal)
		if (signal !== 'SIGTERM') return ended
		const code = await Promise.race([ended, sleep(PATIENCE_MS, 'would not end', { ref: false })])
		this.#child?.kill('SIGKILL')
		await ended
		return code
	}

	signal(signal) { this.#child?.kill(signal) }
}

// "S" sleeps, "T" is stopped, ...; "" when it is gone.
export function stateOf(pid) {
	try {
		return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))[1]
	} catch {
		return ''
	}
}

export function findPrograms(bin, names) {
	for (const name of names)
		if (!existsSync(`${bin}/${name}`)) throw new Error(`${bin}/${name} is missing: build it first, or name the build directory with --bin`)
}
