// Everything that is running in one chaos run: broker, sandbox, service; workspaces with their
// rules; the load; and what the sandbox saw, as it comes.
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { encodeEvent } from './protobuf.mjs'
import { Nats } from './nats.mjs'
import { Part, findPrograms, freePort, until } from './parts.mjs'

const TYPE = 'alert.triggered'
const TICK_MS = 20
const UNACKED_MAX = 1000 // then producers wait, as they would
const TMPFS_SIZE = '8g' // a bound, not what is used
export const SCALE = 20 // what takes so long in life takes a unit here; seconds are the smallest of settings

// One workspace in four has a second rule, to a channel of its own.
export function makeWorkspaces(n) {
	return Array.from({ length: n }, (_, i) => ({
		id: `chaos-${i}`,
		team: `T0CHAOS${i}`,
		token: `xoxb-test-chaos-${i}`,
		rules: (i % 4 === 0 ? ['first', 'second'] : ['first']).map((id, j) => ({ id, channel: `C0CHAOS${i}X${j}` })),
	}))
}

export class World {
	arrived = new Map() // "event channel" -> [{seq, at, ts}], what the sandbox posted
	posts = 0
	due = 0 // deliveries of what was published
	published = new Map() // event id -> {workspace, seq: the stream's answer, or 0}
	lives = [] // {window, since: sequence of the sandbox's last post before it}: each start of the service
	lastPost = 0
	isInterrupted = false
	withoutEffect = [] // what faults that had none say
	troubles = [] // why the rounds ended early
	isMounted = false
	delayed = {} // syncs and names so far

	constructor({ dir, bin, rate, workspaces, window, wantsSmallDisk }) {
		Object.assign(this, { dir, bin, rate, window, wantsSmallDisk })
		this.workspaces = makeWorkspaces(workspaces)
		this.journal = join(dir, 'journal')
		this.dataDir = join(dir, 'data')
	}

	// --- start

	async start() {
		findPrograms(this.bin, ['carillon', 'slack-sandbox'])
		mkdirSync(this.dataDir)
		if (this.wantsSmallDisk)
			this.isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_SIZE}`, 'tmpfs', this.dataDir]).status === 0
		await this.#startBroker()
		await this.#startSandbox()
		await this.#makeService()
		await this.#provision()
		await this.startService()
	}

	async #startBroker() {
		this.natsPort = await freePort()
		this.nats = new Nats(this.natsPort)
		this.broker = new Part('nats-server', {
			command: ['nats-server'],
			args: ['-js', '-sd', join(this.dir, 'nats'), '-a', '127.0.0.1', '-p', String(this.natsPort)],
			log: join(this.dir, 'nats.log'),
			isReady: () => this.nats.isUp && this.api('INFO').then(answer => !answer.error, () => false),
		})
		await this.broker.start()
	}

	async #startSandbox() {
		const port = await freePort()
		this.slack = `http://127.0.0.1:${port}`
		this.sandbox = new Part('slack-sandbox', {
			command: [join(this.bin, 'slack-sandbox')],
			args: ['--port', String(port), '--no-rate-limit', '--latency-ms', '15', '--journal-file', this.journal,
				'--journal-mib', '1', ...this.workspaces.flatMap(w => ['--team', `${w.team}:${w.id}`, '--token', w.token,
					...w.rules.flatMap(r => ['--channel', `${r.channel}:${r.id}`])])],
			log: join(this.dir, 'sandbox.log'),
			isReady: () => fetch(`${this.slack}/sandbox/stats`).then(() => true, () => false),
		})
		await this.sandbox.start()
		this.journalFd = openSync(this.journal, 'r')
	}

	async #makeService() {
		const ready = join(this.dir, 'ready')
		this.serviceLog = join(this.dir, 'service.log')
		this.env = {
			CARILLON_NATS_URL: `nats://127.0.0.1:${this.natsPort}`,
			// By a name, which has to be looked up.
			CARILLON_SLACK_API_URL: `${this.slack.replace('127.0.0.1', 'localhost')}/api`,
			CARILLON_DATA_DIR: this.dataDir,
			CARILLON_MASTER_KEY_FILE: join(this.dir, 'master.key'),
			// The defaults by SCALE, in whole seconds; requests get 2 s, for slow machines.
			CARILLON_ACK_WAIT_S: '2',
			CARILLON_NAK_DELAY_MAX_S: '2',
			CARILLON_RETRY_SCHEDULE_S: '0,1,2,6,30,30,30,30,30,30',
			CARILLON_LANE_SHUT_MAX_MS: '3000',
			CARILLON_CONNECT_TIMEOUT_MS: '1000',
			CARILLON_REQUEST_TIMEOUT_MS: '2000',
			// Slack's limits are not what is tried here.
			CARILLON_SLACK_CHANNEL_RATE_MILLI: '1000000000', CARILLON_SLACK_CHANNEL_BURST: '100000',
			CARILLON_SLACK_TEAM_RATE_MILLI: '1000000000', CARILLON_SLACK_TEAM_BURST: '100000',
		}
		this.defaultWindow = Number(/^lane_window_max: (\d+)/m.exec(await this.carillon(['check', '--print']))[1])
		this.service = new Part('carillon serve', {
			// Beyond the limit that stands in for a full disk, writes shall fail, not kill.
			command: ['env', '--ignore-signal=XFSZ', join(this.bin, 'carillon')],
			args: ['serve', '--ready-file', ready],
			// Its descriptors are looked at, which a hardened process allows root only.
			env: { ...this.env, ...this.#slowness(), CARILLON_ALLOW_CORE: '1' },
			log: this.serviceLog,
			isReady: () => existsSync(ready),
		})
		this.startService = () => {
			rmSync(ready, { force: true })
			this.#beginLife()
			return this.service.start()
		}
	}

	// Each life has the window that the service has by default, or one request at a time: the one
	// that had fewer posts so far. See verdict.mjs for what order that promises.
	#beginLife() {
		this.readJournal()
		const window = this.window ?? (this.#postsWith(this.defaultWindow) <= this.#postsWith(1) ? this.defaultWindow : 1)
		this.lives.push({ window, since: this.lastPost })
		this.service.env.CARILLON_LANE_WINDOW_MAX = String(window)
	}

	#postsWith(window) {
		const ends = [...this.lives.slice(1).map(life => life.since), this.lastPost]
		return this.lives.reduce((sum, life, i) => sum + (life.window === window ? ends[i] - life.since : 0), 0)
	}

	// What makes syncs and names slow, by a file each that says how slow they are now.
	#slowness() {
		const built = ['sync', 'names'].filter(what => existsSync(join(this.bin, `slow-${what}.so`)))
		if (built.length === 0) return {}
		for (const what of built) writeFileSync(join(this.dir, `slow-${what}`), Buffer.alloc(16))
		return {
			LD_PRELOAD: built.map(what => join(this.bin, `slow-${what}.so`)).join(':'),
			...Object.fromEntries(built.map(what => [`SLOW_${what.toUpperCase()}_FILE`, join(this.dir, `slow-${what}`)])),
			ASAN_OPTIONS: `verify_asan_link_order=0:${process.env.ASAN_OPTIONS ?? ''}`,
		}
	}

	async #provision() {
		await this.carillon(['vault', 'init'])
		for (const { id, token, rules } of this.workspaces) {
			await this.carillon(['workspace', 'create', id])
			await this.carillon(['connection', 'add', id, '--slack', '--token-stdin', '--id', 'slack', '--no-test',
				...rules.flatMap(r => ['--channel', r.channel])], token)
			for (const r of rules)
				await this.carillon(['rule', 'add', id, '--type', TYPE, '--connection', 'slack', '--channel', r.channel, '--id', r.id])
		}
	}

	// --- asking

	// What a verb prints; throws with its sentence.
	carillon(args, input = '') {
		return new Promise((resolve, reject) => {
			const child = spawn(join(this.bin, 'carillon'), args, { env: { ...process.env, ...this.env } })
			const out = [], err = []
			child.stdout.on('data', chunk => out.push(chunk))
			child.stderr.on('data', chunk => err.push(chunk))
			child.on('error', reject)
			child.on('close', code => code === 0 ? resolve(Buffer.concat(out).toString())
				: reject(new Error(`carillon ${args.join(' ')}: ${Buffer.concat(err).toString().trim()}`)))
			child.stdin.on('error', () => {})
			child.stdin.end(input)
		})
	}

	api(what, body = '') { return this.nats.request(`$JS.API.${what}`, body) }

	async setFault(match, action, times) {
		const answer = await fetch(`${this.slack}/sandbox/faults`, { method: 'POST', body: JSON.stringify({ match, action, times }) })
		if (!answer.ok) throw new Error(`the sandbox refuses a fault: ${await answer.text()}`)
		return (await answer.json()).id
	}

	clearFaults() { return fetch(`${this.slack}/sandbox/faults`, { method: 'DELETE' }) }

	// How often a fault was met so far; one that was met `times` times is gone.
	async faultHits(id, times) {
		const answer = await (await fetch(`${this.slack}/sandbox/faults`)).json()
		return (answer.faults ?? answer).find(fault => fault.id === id)?.hits ?? times
	}

	// How often the service's log says so after the position, which is where it ended.
	logSize() { return existsSync(this.serviceLog) ? statSync(this.serviceLog).size : 0 }

	logged(pattern, since) {
		const text = readFileSync(this.serviceLog).subarray(since).toString('latin1')
		return text.split('\n').filter(line => pattern.test(line)).length
	}

	// Takes what the sandbox has written since: lines "seq ms channel ts key".
	readJournal() {
		const chunk = Buffer.alloc(1 << 20)
		let length
		while ((length = readSync(this.journalFd, chunk, 0, chunk.length, null)) > 0) {
			const lines = ((this.journalRest ?? '') + chunk.toString('latin1', 0, length)).split('\n')
			this.journalRest = lines.pop()
			for (const line of lines) {
				const [seq, ms, channel, ts, event] = line.split(' '), key = `${event} ${channel}`
				const post = { seq: Number(seq), at: Number(ms), ts }
				this.lastPost = post.seq
				if (this.arrived.has(key)) this.arrived.get(key).push(post)
				else this.arrived.set(key, [post])
				this.posts++
			}
		}
		return this.posts
	}

	// --- load

	// Publishes at the rate until the load is ended; what is refused or unanswered is sent again.
	startLoad() {
		let due = 0, last = Date.now()
		this.ticker = setInterval(() => {
			const now = Date.now()
			due = Math.min(due + (now - last) * this.rate / 1000, this.rate)
			last = now
			for (; due >= 1 && this.nats.unacked < UNACKED_MAX; due--) this.#publishOne()
		}, TICK_MS)
	}

	async endLoad() {
		clearInterval(this.ticker)
		await until('all events to be stored in the stream', () => this.nats.unacked === 0)
	}

	// The sandbox finds the event's id by the marker "ref:", wherever the template puts the account.
	async #publishOne() {
		const n = this.published.size + 1, id = `e${n}`
		const workspace = this.workspaces[n % this.workspaces.length]
		const record = { workspace, seq: 0 }
		this.published.set(id, record)
		this.due += workspace.rules.length
		record.seq = await this.nats.publish(`carillon.events.${workspace.id}.${TYPE}`, `${workspace.id}:${id}`, encodeEvent({
			id, type: TYPE, resource: 'alert', resourceId: id,
			text: JSON.stringify({
				alert_id: id, account_id: `ref:${id}`, severity: 'high', resource: 'api_latency_p95',
				value: 1840, threshold: 1000, triggered_at: '2026-04-17T16:02:00Z',
			}),
		}))
	}

	// --- the disk of the index

	indexSize() {
		return readdirSync(this.dataDir).reduce((sum, name) => sum + statSync(join(this.dataDir, name)).size, 0)
	}

	resizeDisk(size = TMPFS_SIZE) {
		return spawnSync('mount', ['-o', `remount,size=${size}`, this.dataDir]).status === 0
	}

	// No file of the service may become larger than this, or as large as before it was limited:
	// what can be had of a full disk without the right to mount one.
	limitFiles(bytes) {
		const prlimit = (...args) => spawnSync('prlimit', ['--pid', String(this.service.pid), ...args])
		this.filesMax ??= prlimit('--fsize', '--noheadings', '--raw', '--output', 'SOFT').stdout.toString().trim()
		return prlimit(`--fsize=${bytes ?? this.filesMax}:`).status === 0
	}

	// Each sync, or each name, takes so much longer from now on; says how many did since the last
	// call.
	delay(what, ms) {
		const fd = openSync(join(this.dir, `slow-${what}`), 'r+'), numbers = Buffer.alloc(16)
		readSync(fd, numbers, 0, 16, 0)
		const done = numbers.readBigUInt64LE(8), before = this.delayed[what] ?? 0n
		numbers.writeBigUInt64LE(BigInt(ms * 1000))
		writeSync(fd, numbers, 0, 8, 0)
		closeSync(fd)
		this.delayed[what] = done
		return Number(done - before)
	}

	// --- end

	async stop() {
		clearInterval(this.ticker)
		this.nats?.close()
		for (const part of [this.service, this.sandbox, this.broker]) {
			part?.signal('SIGCONT')
			await part?.end('SIGKILL')
		}
		if (this.journalFd !== undefined) closeSync(this.journalFd)
		if (this.isMounted) spawnSync('umount', ['-l', this.dataDir])
	}
}
