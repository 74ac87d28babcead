// A NATS client of one page, by the wire protocol: connects again for ever, and publishes an
// event again, with the same Nats-Msg-Id, until the stream has answered that it is stored.
import net from 'node:net'
import { randomBytes } from 'node:crypto'

const AGAIN_AFTER_MS = 2000 // without an answer
const LOOK_EVERY_MS = 100
const CONNECT_PAUSE_MS = 100
const EMPTY = Buffer.alloc(0)

export class Nats {
	#inbox = `_INBOX.${randomBytes(8).toString('hex')}`
	#socket = null
	#isUp = false
	#isClosed = false
	#rest = EMPTY
	#waiting = new Map() // token of a reply subject -> what is done with the answer
	#unacked = new Map() // the same, of publications: {send, at}
	#tokens = 1 // also ids of subscriptions; 1 is that of all acknowledgements

	constructor(port) {
		this.port = port
		this.#connect()
		this.timer = setInterval(() => this.#sendAgain(), LOOK_EVERY_MS)
	}

	get isUp() { return this.#isUp }
	get unacked() { return this.#unacked.size }

	close() {
		this.#isClosed = true
		clearInterval(this.timer)
		this.#socket?.destroy()
	}

	// Resolves with the stream's sequence once the event is stored.
	publish(subject, id, data) {
		const token = ++this.#tokens
		const head = Buffer.from(`NATS/1.0\r\nNats-Msg-Id: ${id}\r\n\r\n`)
		const line = `HPUB ${subject} ${this.#inbox}.${token} ${head.length} ${head.length + data.length}\r\n`
		const bytes = Buffer.concat([Buffer.from(line), head, data, Buffer.from('\r\n')])
		return new Promise(resolve => {
			const publication = { bytes, at: Date.now() }
			this.#unacked.set(token, publication)
			this.#waiting.set(token, answer => {
				const ack = answer.data.length > 0 ? JSON.parse(answer.data) : {}
				if (ack.seq === undefined) return // no JetStream just now: again, later
				this.#unacked.delete(token)
				this.#waiting.delete(token)
				resolve(ack.seq)
			})
			this.#write(bytes)
		})
	}

	// The answer to one request; throws if there is none.
	request(subject, body = '', waitMs = 2000) {
		return new Promise((resolve, reject) => {
			this.pull(subject, body, waitMs, answer => {
				resolve(JSON.parse(answer.data.length > 0 ? answer.data : '{}'))
				return true
			}).then(isAnswered => isAnswered || reject(new Error(`${subject}: no answer`)))
		})
	}

	// Hands each answer to `take` until that returns true (then true) or none comes (then false).
	pull(subject, body, waitMs, take) {
		const token = ++this.#tokens
		return new Promise(resolve => {
			let timer
			const end = isTaken => {
				clearTimeout(timer)
				this.#waiting.delete(token)
				this.#write(`UNSUB ${token}\r\n`)
				resolve(isTaken)
			}
			timer = setTimeout(end, waitMs, false)
			this.#waiting.set(token, answer => {
				timer.refresh()
				if (take(answer)) end(true)
			})
			// A message of a stream comes with its own subject: only the subscription tells whose it is.
			this.#write(`SUB ${this.#inbox}-${token} ${token}\r\n` +
				`PUB ${subject} ${this.#inbox}-${token} ${Buffer.byteLength(body)}\r\n${body}\r\n`)
		})
	}

	#write(bytes) {
		if (this.#isUp) this.#socket.write(bytes)
	}

	#sendAgain() {
		const now = Date.now()
		if (!this.#isUp) return
		for (const publication of this.#unacked.values()) {
			if (now - publication.at < AGAIN_AFTER_MS) continue
			publication.at = now
			this.#write(publication.bytes)
		}
	}

	#connect() {
		const socket = net.connect(this.port, '127.0.0.1')
		this.#socket = socket
		this.#rest = EMPTY
		socket.setNoDelay(true)
		socket.on('data', chunk => this.#read(chunk))
		socket.on('error', () => {})
		socket.on('close', () => {
			this.#isUp = false
			if (!this.#isClosed) setTimeout(() => this.#isClosed || this.#connect(), CONNECT_PAUSE_MS)
		})
	}

	#greet() {
		this.#socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true,"lang":"chaos","version":"1"}\r\n` +
			`SUB ${this.#inbox}.* 1\r\n`)
		this.#isUp = true
		for (const publication of this.#unacked.values()) publication.at = 0
	}

	#read(chunk) {
		this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
		for (;;) {
			const end = this.#rest.indexOf('\r\n')
			if (end < 0) return
			const words = this.#rest.toString('latin1', 0, end).split(' ')
			const isMessage = words[0] === 'MSG' || words[0] === 'HMSG'
			const total = isMessage ? Number(words.at(-1)) : -2
			if (this.#rest.length < end + 2 + total + 2) return
			const body = this.#rest.subarray(end + 2, end + 2 + total)
			this.#rest = this.#rest.subarray(end + 2 + total + 2)
			if (isMessage) this.#take(words, body)
			else if (words[0] === 'INFO' && !this.#isUp) this.#greet()
			else if (words[0] === 'PING') this.#socket.write('PONG\r\n')
		}
	}

	#take(words, body) {
		const headLength = words[0] === 'HMSG' ? Number(words.at(-2)) : 0
		const head = body.toString('latin1', 0, headLength)
		const token = words[2] === '1' ? words[1].slice(words[1].lastIndexOf('.') + 1) : words[2]
		this.#waiting.get(Number(token))?.({
			status: Number(/^NATS\/1\.0 (\d+)/.exec(head)?.[1] ?? 0),
			data: body.subarray(headLength),
		})
	}
}
