// A broker, a sink, the service, and who watches them: new ones for each shape.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Part, until } from '../../chaos.d/parts.mjs'

const PEER = fileURLToPath(new URL('../peers/go', import.meta.url))
const STREAM = 'CARILLON_EVENTS'
const CONSUMER = 'dispatch-0'
const ACK_PENDING_MAX = 20_000
const LOOK_EVERY_MS = 100
// A lane of 25 a second lets a quiet tenant's 20 through, and holds a greedy one's burst up.
const SETTINGS = {
	CARILLON_SLACK_CHANNEL_RATE_MILLI: '25000', CARILLON_SLACK_CHANNEL_BURST: '50',
	CARILLON_SLACK_TEAM_RATE_MILLI: '1000000000', CARILLON_SLACK_TEAM_BURST: '1000000',
	CARILLON_ACK_PENDING_MAX: String(ACK_PENDING_MAX), CARILLON_LOG_LEVEL: 'warn',
}

export class World {
	#parts = []
	#mostPending = 0
	settings = {} // beside those of all

	constructor(bin) {
		this.bin = bin
		this.dir = mkdtempSync(join(tmpdir(), 'carillon-isolation.'))
	}

	file(name) { return join(this.dir, name) }

	async start() {
		mkdirSync(this.file('ports'))
		await this.#part('nats', 'nats-server', ['-js', '-sd', this.file('nats'), '-a', '127.0.0.1',
			'-p', '-1', '-m', '-1', '--ports_file_dir', this.file('ports')], () => readdirSync(this.file('ports')).length > 0)
		const ports = JSON.parse(readFileSync(join(this.file('ports'), readdirSync(this.file('ports'))[0]), 'utf8'))
		this.natsUrl = ports.nats[0]
		this.monitor = ports.monitoring[0]
		await this.#part('sink', `${this.bin}/bench-sink`, [this.file('sink.port')],
			() => existsSync(this.file('sink.port')) && readFileSync(this.file('sink.port'), 'utf8').endsWith('\n'))
		this.sink = `http://127.0.0.1:${readFileSync(this.file('sink.port'), 'utf8').trim()}`
		this.env = { ...process.env, ...SETTINGS, ...this.settings, CARILLON_NATS_URL: this.natsUrl, CARILLON_SLACK_API_URL: `${this.sink}/api`,
			CARILLON_DATA_DIR: this.file('data'), CARILLON_MASTER_KEY_FILE: this.file('master.key') }
		await this.cli(['vault', 'init'])
		this.stamps = await this.#part('stamps', `${this.bin}/bench-stamps`,
			[new URL(this.natsUrl).port, new URL(this.sink).port, this.file('stamps.ready')], () => existsSync(this.file('stamps.ready')))
	}

	async #part(name, command, args, isReady) {
		const part = new Part(name, { command: [command], args, env: this.env ?? {}, log: this.file(`${name}.log`), isReady })
		await part.start()
		this.#parts.push(part)
		return part
	}

	async serve() {
		rmSync(this.file('ready'), { force: true })
		this.service = await this.#part('service', `${this.bin}/carillon`,
			['serve', '--ready-file', this.file('ready')], () => existsSync(this.file('ready')))
	}

	// The same load with nobody behind it: what is slow then is broker and machine.
	async listen() {
		if (this.service === undefined) await this.serve() // which makes the streams
		await this.service.end('SIGTERM')
		await this.#part('listener', `${this.bin}/bench-listener`,
			[this.natsUrl, STREAM, this.file('listener.ready')], () => existsSync(this.file('listener.ready')))
	}

	// What a team would write itself, in the service's place.
	async servePeer(inFlight, hanging) {
		const build = this.file('peer')
		await run('go', ['build', '-C', PEER, '-o', build, '.'], process.env)
		if (this.service === undefined) await this.serve()
		await this.service.end('SIGTERM')
		await this.#part('peer', build, [this.natsUrl, `${this.sink}/api`, String(inFlight), hanging],
			() => readFileSync(this.file('peer.log'), 'utf8').includes('ready'))
	}

	cli(args, input = '') {
		return run(`${this.bin}/carillon`, args, this.env, input)
	}

	publish(options, { workspaces = 1, events, rate, firstId, firstWorkspace }) {
		return run(`${this.bin}/bench-producer`,
			[...options, this.natsUrl, workspaces, events, rate, firstId, firstWorkspace].map(String), this.env)
	}

	async sinkRequests() {
		return (await (await fetch(`${this.sink}/stats`)).json()).requests
	}

	// Until nothing was posted for a while: what waits now waits for a person or for long.
	async isQuiet() {
		let before = -1, since = Date.now()
		await until('the disturbance to be over', async () => {
			const now = await this.sinkRequests()
			if (now !== before) since = Date.now()
			before = now
			return Date.now() - since > 1500
		})
	}

	// The largest share of the consumer's places that was taken while `what` went on.
	async watchPending(what) {
		let isOver = false
		const done = what.finally(() => { isOver = true })
		while (!isOver) {
			await this.#lookAtPending()
			await Promise.race([done.catch(() => {}), new Promise(r => setTimeout(r, LOOK_EVERY_MS))])
		}
		return done
	}

	async #lookAtPending() {
		const jsz = await (await fetch(`${this.monitor}/jsz?consumers=true&streams=true`)).json()
		for (const account of jsz.account_details ?? [])
			for (const stream of account.stream_detail ?? [])
				for (const consumer of stream.consumer_detail ?? [])
					if (consumer.name === CONSUMER)
						this.#mostPending = Math.max(this.#mostPending, consumer.num_ack_pending)
	}

	get pendingShare() { return this.#mostPending / ACK_PENDING_MAX }

	// Ends everything; resolves with all marks, as [due, published, handed, posted] in us.
	async end() {
		await this.stamps.end('SIGTERM')
		const lines = readFileSync(this.file('stamps.log'), 'utf8').split('\n')
		const dropped = Number(/^dropped (\d+)/m.exec(lines.join('\n'))?.[1])
		for (const part of this.#parts.reverse()) await part.end()
		rmSync(this.dir, { recursive: true })
		if (dropped !== 0) throw new Error(`the kernel dropped ${dropped} packets before they were looked at: no figures`)
		return lines.filter(line => /^\d+ /.test(line)).map(line => line.split(' ').map(Number))
	}

	async abandon() {
		for (const part of this.#parts.reverse()) await part.end()
	}
}

function run(command, args, env, input = '') {
	return new Promise((resolve, reject) => {
		const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
		let out = '', err = ''
		child.stdout.on('data', data => { out += data })
		child.stderr.on('data', data => { err += data })
		child.on('error', reject)
		child.on('exit', code => code === 0 ? resolve(out) : reject(new Error(`${command} ${args.slice(0, 3).join(' ')} ...: ${err || code}`)))
		child.stdin.on('error', () => {}) // it ended without reading: its words say why
		child.stdin.end(input)
	})
}

export const canSeePackets = bin =>
	spawnSync(`${bin}/bench-stamps`, ['1', '1', '/dev/null'], { timeout: 500, killSignal: 'SIGTERM' }).status !== 77
