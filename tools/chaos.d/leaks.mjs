// Memory and descriptors of the service, looked at after every round, a life (process) at a time.
//
// Descriptors: those that are no sockets must stay as many as they were after the start; a socket
// that the other side has closed must not stay open from one look to the next. Both are steady,
// so that one leaked in each round shows after few. Memory: its own (RssAnon) rises until the
// hand has been full once, and then moves by some MB; the longest life is judged by the medians of
// its second and its last quarter, so that some 100 bytes an event show in a long run. In a short
// one the hand may fill up as late as in the last quarter.
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'

const TABLES = ['tcp', 'tcp6', 'udp', 'udp6', 'unix', 'netlink']
const CLOSE_WAIT = '08'
const NOISE_KB = 6 * 1024
const HAND_KB = 32 * 1024 // all that it holds when it is full
const BYTES_PER_EVENT = 50
const LOOKS_MIN = 8 // a shorter life says nothing about memory
const LOOKS_LONG = 40 // the hand was full in its first quarter

// Inodes of sockets that are of use: everything but those whose other side has closed.
function socketsInUse(pid) {
	const inodes = new Set()
	for (const table of TABLES) {
		const path = `/proc/${pid}/net/${table}`
		if (!existsSync(path)) continue
		for (const line of readFileSync(path, 'utf8').split('\n').slice(1)) {
			const words = line.trim().split(/\s+/)
			if (!table.startsWith('tcp') || words[3] !== CLOSE_WAIT) inodes.add(words[table === 'unix' ? 6 : 9])
		}
	}
	return inodes
}

function linkOf(pid, fd) {
	try {
		return readlinkSync(`/proc/${pid}/fd/${fd}`)
	} catch {
		return '' // closed meanwhile
	}
}

// {pid, rssKb, fds, files: descriptors that are no sockets, dead: inodes of sockets of no use}; null when
// the process is gone.
export function usage(pid) {
	try {
		const status = readFileSync(`/proc/${pid}/status`, 'utf8')
		const links = readdirSync(`/proc/${pid}/fd`).map(fd => linkOf(pid, fd)).filter(link => link)
		const inUse = socketsInUse(pid)
		const sockets = links.map(link => /^socket:\[(\d+)\]/.exec(link)?.[1]).filter(inode => inode)
		return {
			pid, rssKb: Number(/RssAnon:\s+(\d+)/.exec(status)[1]), fds: links.length,
			files: links.length - sockets.length, dead: new Set(sockets.filter(inode => !inUse.has(inode))),
		}
	} catch {
		return null
	}
}

// A sanitizer keeps what was freed for a while: memory says nothing then.
export const isSanitized = pid => /lib[at]san/.test(readFileSync(`/proc/${pid}/maps`, 'latin1'))

const median = numbers => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

function livesOf(looks) {
	const lives = new Map()
	for (const look of looks) lives.set(look.pid, [...(lives.get(look.pid) ?? []), look])
	return [...lives.values()]
}

// One a round would be as many as there are steps from look to look of one life.
export function judgeDescriptors(looks) {
	let leaked = 0, steps = 0
	for (const life of livesOf(looks)) {
		const last = life.at(-1), before = life.at(-2)
		steps += life.length - 1
		leaked += last.files - life[0].files
		leaked += before ? [...last.dead].filter(inode => before.dead.has(inode)).length : 0
	}
	return { fds_leaked: leaked, isLeaking: leaked > 2 + steps / 4 }
}

export function judgeMemory(looks) {
	const life = livesOf(looks).sort((a, b) => b.length - a.length)[0] ?? []
	if (life.length < LOOKS_MIN) return { rss_growth_kb: 0, rss_events: 0, isLeaking: false }
	const quarter = Math.floor(life.length / 4)
	const noise = life.length < LOOKS_LONG ? HAND_KB : NOISE_KB
	const early = life.slice(quarter, 2 * quarter), late = life.slice(-quarter)
	const growth = median(late.map(l => l.rssKb)) - median(early.map(l => l.rssKb))
	const events = median(late.map(l => l.events)) - median(early.map(l => l.events))
	return { rss_growth_kb: growth, rss_events: events, isLeaking: growth > noise + events * BYTES_PER_EVENT / 1024 }
}

// Looks have {events: published so far} besides what usage() says.
export function judgeLeaks(looks, isMemoryJudged) {
	const { isLeaking: ofDescriptors, ...descriptors } = judgeDescriptors(looks)
	const { isLeaking: ofMemory, ...memory } = judgeMemory(looks)
	return { rss_kb: looks.at(-1)?.rssKb ?? 0, ...memory, fds: looks.at(-1)?.fds ?? 0, ...descriptors, leaks: ofDescriptors + (isMemoryJudged && ofMemory) }
}
