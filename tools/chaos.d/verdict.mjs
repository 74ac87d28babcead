// What became of every event: the sandbox's journal (what arrived), the history stream (what the
// service recorded, record by record) and the index as `carillon delivery list` shows it.
import { OUTCOME_DELIVERED, STATE, decodeHistory, stateName } from './protobuf.mjs'

const PAGE = 200
const SHOWN = 200 // repeats that are also looked up by `carillon delivery show`

const isPutAside = state => [STATE.SENDING, STATE.RETRYING, STATE.PARKED, STATE.HELD].includes(state)
const isFinal = state => [STATE.DELIVERED, STATE.FAILED, STATE.CANCELED, STATE.SKIPPED].includes(state)

// Follows the history stream by a consumer of its own, which can be asked again and again.
export class History {
	deliveries = new Map() // "event channel" -> {seq, state, workspace, rule, attempts, ...}
	#texts = new Map() // one copy of each: a long run has millions of records

	constructor(world) { this.world = world }

	async read() {
		if (!this.consumer) {
			const answer = await this.world.api('CONSUMER.CREATE.CARILLON_HISTORY', JSON.stringify({
				stream_name: 'CARILLON_HISTORY', config: { ack_policy: 'none', deliver_policy: 'all', inactive_threshold: 3600e9 },
			}))
			if (answer.error) throw new Error(`the history cannot be read: ${answer.error.description}`)
			this.consumer = answer.name
		}
		while (await this.#readPage());
		return this
	}

	// False at the end: the server says so with a status.
	async #readPage() {
		let n = 0, isEnd = false
		const isTaken = await this.world.nats.pull(`$JS.API.CONSUMER.MSG.NEXT.CARILLON_HISTORY.${this.consumer}`,
			JSON.stringify({ batch: PAGE, no_wait: true }), 5000, ({ status, data }) => {
				isEnd = status >= 400
				if (!isEnd) this.#apply(data)
				return isEnd || ++n === PAGE
			})
		if (!isTaken) throw new Error('the history stream does not answer')
		return !isEnd
	}

	#apply(data) {
		for (const entry of decodeHistory(data))
			for (const record of entry.deliveries ?? []) this.#applyOne(record)
	}

	#applyOne(record) {
		const key = `${record.event} ${record.channel}`, before = this.deliveries.get(key)
		const attempts = record.attempts ?? [], last = attempts.at(-1)
		for (const name of ['workspace', 'channel', 'rule']) record[name] = this.#share(record[name])
		const known = { ...record, attempts, wasPutAside: before?.wasPutAside || isPutAside(record.state), ends: before?.ends ?? [] }
		// The same batch can be in the stream twice; a second end has another attempt.
		if (isFinal(record.state) && !known.ends.includes(last?.startedMs)) known.ends = [...known.ends, last?.startedMs]
		this.deliveries.set(key, known)
	}

	#share(text) {
		if (!this.#texts.has(text)) this.#texts.set(text, text)
		return this.#texts.get(text)
	}

	open() {
		let n = 0
		for (const d of this.deliveries.values()) n += isFinal(d.state) ? 0 : 1
		return n
	}
}

const dueDeliveries = world => [...world.published].flatMap(([event, { workspace }]) =>
	workspace.rules.map(rule => ({ key: `${event} ${rule.channel}`, event, workspace: workspace.id, rule: rule.id })))

// The customer must be told: the last attempt says that it may be a repeat, and of those that may
// have been posted only the first does not say so. Attempts of killed processes have no record.
function isFlagged(record) {
	const posted = record?.attempts.filter(a => a.outcome === OUTCOME_DELIVERED || a.ambiguous) ?? []
	return posted.at(-1)?.possibleDuplicate === 1 && posted.slice(1).every(a => a.possibleDuplicate)
}

// Deliveries that have a place in their lane: posted once, at the first attempt, never put aside
// nor under doubt. By the sandbox's count of posts: clocks would lie under load.
function lanesOf(deliveries, arrived) {
	const lanes = new Map()
	for (const [key, d] of deliveries) {
		const posts = arrived.get(key) ?? []
		if (posts.length !== 1 || d.wasPutAside || d.attempts.length !== 1 || d.attempts[0].possibleDuplicate) continue
		if (!lanes.has(d.channel)) lanes.set(d.channel, [])
		lanes.get(d.channel).push({ key, seq: d.seq, post: posts[0].seq })
	}
	return lanes.values()
}

/*
 * Requests of a lane start in the stream's order, and no more than its window are in flight; so a
 * message is posted before at most `window - 1` earlier ones of the same life of the service, and
 * before none of another life.
 */
export function judgeOrder(deliveries, arrived, lives) {
	const lifeOf = post => lives.findLast(life => life.since < post) ?? lives[0]
	const breaks = [], checked = { order_checked: 0, order_checked_exactly: 0, order_passed_most: 0 }
	for (const lane of lanesOf(deliveries, arrived)) {
		const later = [] // those posted later, the first of the stream last
		lane.sort((a, b) => b.post - a.post)
		for (const d of lane) {
			const life = lifeOf(d.post)
			let at = later.length, strangers = 0
			for (; at > 0 && later[at - 1].seq < d.seq; at--) strangers += later[at - 1].life !== life
			const passed = later.length - at
			later.splice(at, 0, { seq: d.seq, life })
			checked.order_checked++
			checked.order_checked_exactly += life.window === 1
			checked.order_passed_most = Math.max(checked.order_passed_most, passed)
			if (strangers > 0 || passed >= life.window)
				breaks.push({ key: d.key, why: `out of order: posted before ${passed} earlier ones, ${strangers} of them of a later life; the window is ${life.window}` })
		}
	}
	return { breaks, checked }
}

async function countInIndex(world, workspace) {
	const states = {}
	let before
	do {
		const page = JSON.parse(await world.carillon(['delivery', 'list', workspace, '--json', '--limit', '1000', ...(before ? ['--before', String(before)] : [])]))
		for (const { state } of page.records) states[state] = (states[state] ?? 0) + 1
		before = page.next
	} while (before)
	return states
}

// Workspaces whose index says something else than the stream it is made from.
async function indexDifferences(world, history) {
	const wanted = new Map(world.workspaces.map(w => [w.id, {}])), differences = []
	for (const d of history.deliveries.values()) {
		const states = wanted.get(d.workspace), name = stateName(d.state)
		states[name] = (states[name] ?? 0) + 1
	}
	for (const [workspace, want] of wanted) {
		const have = await countInIndex(world, workspace)
		if (Object.keys({ ...have, ...want }).some(name => have[name] !== want[name]))
			differences.push({ key: workspace, why: `the index has ${JSON.stringify(have)}, the stream ${JSON.stringify(want)}` })
	}
	return differences
}

// The same flag, as a customer sees it.
async function isShownFlagged(world, d) {
	const shown = JSON.parse(await world.carillon(['delivery', 'show', d.workspace, d.event, d.rule, '--json']))
	return shown.attempts.some(a => a.possible_duplicate)
}

async function repeatsOf(world, history, due) {
	const offenders = []
	let repeats = 0, unflagged = 0, notInFlight = 0, shown = 0
	for (const d of due) {
		const posts = world.arrived.get(d.key), record = history.deliveries.get(d.key)
		const extra = (posts?.length ?? 0) - 1
		if (extra <= 0) continue
		repeats += extra
		const flagged = isFlagged(record) && (shown++ >= SHOWN || await isShownFlagged(world, d))
		if (!flagged) unflagged += extra
		if (!flagged) offenders.push({ key: d.key, why: 'repeated without a flag' })
		if (record?.ends.length > 1) notInFlight += extra
		if (record?.ends.length > 1) offenders.push({ key: d.key, why: 'repeated after its end was in the history' })
	}
	return { repeats, unflagged, notInFlight, offenders }
}

// The figures, and every delivery that is not as it must be: {key, why, posts, record}.
export async function judge(world, history) {
	const due = dueDeliveries(world), { arrived } = world
	const lost = due.filter(d => !arrived.has(d.key))
	const unsettled = due.filter(d => arrived.has(d.key) && history.deliveries.get(d.key)?.state !== STATE.DELIVERED)
	const known = new Set(due.map(d => d.key))
	const strange = [...arrived.keys()].filter(key => !known.has(key))
	const order = judgeOrder(history.deliveries, arrived, world.lives)
	const repeated = await repeatsOf(world, history, due)
	const index = await indexDifferences(world, history)
	const lostEvents = new Set(lost.map(d => d.event)).size
	const offenders = [
		...lost.map(({ key }) => ({ key, why: 'lost' })),
		...unsettled.map(({ key }) => ({ key, why: 'arrived, but the history does not say so' })),
		...strange.map(key => ({ key, why: 'arrived, but nobody published it' })),
		...repeated.offenders, ...order.breaks, ...index,
	].map(o => ({ ...o, posts: arrived.get(o.key), record: history.deliveries.get(o.key), published: world.published.get(o.key.split(' ')[0])?.seq }))
	return {
		figures: {
			published: world.published.size,
			delivered: world.published.size - lostEvents,
			lost: lostEvents,
			repeats: repeated.repeats,
			repeats_unflagged: repeated.unflagged,
			repeats_not_in_flight: repeated.notInFlight,
			order_breaks: order.breaks.length,
			...order.checked,
			deliveries: due.length,
			posts: world.posts,
			unsettled: unsettled.length,
			unknown_posts: strange.length,
			index_differences: index.length,
		},
		offenders,
	}
}
