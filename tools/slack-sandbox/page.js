'use strict'
// Shows the channels as Slack would. The sandbox has read the messages already (view.c): what comes
// is a tree, of which this makes elements. Whatever stands in a message becomes text, never markup.

const POLL_MS = 1000
const SHOWN = 100 // messages of a channel
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

const at = id => document.getElementById(id)
const make = (tag, className, ...children) => {
	const node = document.createElement(tag)
	if (className) node.className = className
	node.append(...children.filter(child => child !== null && child !== undefined))
	return node
}

// --- what a message is made of ----------------------------------------------------------------

const all = node => (node.of ?? []).map(draw)

function linkTo(url, children) {
	if (!/^(https?|mailto):/i.test(url ?? '')) return make('span', '', ...children)
	const link = make('a', '', ...children)
	link.href = url
	link.target = '_blank'
	link.rel = 'noopener noreferrer'
	return link
}

function titled(node, title) {
	node.title = title
	return node
}

function dateNode(node) {
	const time = make('time', '', node.text)
	const date = new Date((node.number ?? 0) * 1000)
	time.dateTime = date.toISOString()
	time.title = `${date.toLocaleString()} (${ZONE})`
	return node.target ? linkTo(node.target, [time]) : time
}

function buttonNode(node) {
	const button = linkTo(node.target, [node.text])
	button.className = ['primary', 'danger'].includes(node.note) ? `button ${node.note}` : 'button'
	return button
}

const imageNode = node => make('div', 'picture', node.note ? make('b', '', node.note) : null,
	make('span', '', 'Image: ', linkTo(node.target, [node.text || 'without a description'])))

// Slack hides what is long in an attachment behind a link.
function attachmentNode(node) {
	const content = make('div', 'content', ...all(node))
	const box = make('div', 'attachment', content)
	if (node.target) box.style.borderLeftColor = node.target
	if (!node.number) return box
	const more = make('button', 'more', 'Show more')
	more.type = 'button'
	more.setAttribute('aria-expanded', 'false')
	more.addEventListener('click', () => {
		const isOpen = content.classList.toggle('open')
		more.textContent = isOpen ? 'Show less' : 'Show more'
		more.setAttribute('aria-expanded', String(isOpen))
	})
	content.classList.add('folded')
	box.append(more)
	return box
}

// Text and accessory stand side by side, the fields below the text.
function sectionNode(node) {
	const parts = node.of ?? []
	const isWords = part => ['p', 'fields'].includes(part.tag)
	return make('div', 'section',
		make('div', 'words', ...parts.filter(isWords).map(draw)),
		...parts.filter(part => !isWords(part)).map(draw))
}

const element = (tag, className) => node => make(tag, className, ...all(node))
const mention = className => node => titled(make('span', className, node.text), node.target)

const DRAW = {
	br: element('br', ''), b: element('b', ''), i: element('i', ''), s: element('s', ''),
	code: element('code', ''), pre: element('pre', ''), quote: element('blockquote', ''),
	p: element('div', 'p'), bullets: element('ul', ''), numbers: element('ol', ''), item: element('li', ''),
	header: element('h3', ''), divider: element('hr', ''), section: sectionNode,
	fields: element('div', 'fields'), field: element('div', ''),
	context: element('div', 'context'), note: element('span', ''),
	actions: element('div', 'actions'), button: buttonNode, image: imageNode,
	table: element('table', ''), row: element('tr', ''), cell: element('td', ''), card: element('div', 'card'),
	link: node => linkTo(node.target, all(node)), date: dateNode,
	emoji: node => titled(make('span', 'emoji', node.text), `:${node.target}:`),
	user: mention('mention'), usergroup: mention('mention'), channel: mention('mention'),
	broadcast: mention('mention all'), attachment: attachmentNode,
	unknown: node => make('p', 'unknown', `[${node.text}: not drawn here]`),
}

function draw(node) {
	if (typeof node === 'string') return document.createTextNode(node)
	return (DRAW[node.tag] ?? element('span', 'unknown'))(node)
}

// --- messages ---------------------------------------------------------------------------------

const clock = ms => new Date(ms).toLocaleTimeString('en-US', { hour: 'numeric', minute: '2-digit' })
const seconds = ts => Number(ts) * 1000

function timeNode(ms, title) {
	const time = make('time', '', clock(ms))
	time.dateTime = new Date(ms).toISOString()
	time.title = title
	return time
}

function noticeNode({ desktop, mobile }) {
	const line = (sign, where, text) =>
		make('span', '', titled(make('span', 'sign', sign), `Notification on ${where}`), ' ', text)
	if (desktop === mobile) return make('p', 'notice', line('🔔', 'desktop and telephone', desktop))
	return make('p', 'notice', line('🖥', 'a desktop', desktop), line('📱', 'a telephone', mobile))
}

function bodyNode(message) {
	if (message.deleted) return make('div', 'body', make('p', 'unknown', message.shown))
	if (!message.view) return make('div', 'body', make('p', 'unknown', 'The body of this message was not kept.'))
	return make('div', 'body', ...all(message.view))
}

// "(edited)" ends the text, or stands below what is not a text.
function withEdited(body, message) {
	if (!message.edited) return body
	const mark = make('span', 'edited', ' (edited)')
	const first = body.firstElementChild
	if (first?.classList.contains('p')) first.append(mark)
	else body.append(mark)
	return body
}

// `about` stands above what is said; null: nothing does.
function messageNode(message, about) {
	const who = message.person ? 'A person' : message.args?.username || 'carillon'
	const face = make('div', message.person ? 'face person' : 'face', message.deleted ? '' : who[0].toUpperCase())
	face.setAttribute('aria-hidden', 'true')
	const head = message.deleted ? null : make('div', 'who', make('b', '', who),
		message.person ? null : make('span', 'app', 'APP'),
		timeNode(message.time_ms, `${new Date(message.time_ms).toLocaleString()} · ts ${message.ts}`))
	return make('article', message.deleted ? 'message gone' : 'message', face, make('div', '',
		head,
		about ? make('p', 'about', about) : null,
		withEdited(bodyNode(message), message),
		message.notification && !message.deleted ? noticeNode(message.notification) : null))
}

function repliesNode(message) {
	if (!message.replies) return null
	const count = message.replies === 1 ? '1 reply' : `${message.replies} replies`
	return make('p', 'replies', make('b', '', count), ' ',
		make('span', '', `Last reply at ${clock(seconds(message.latest_reply))}`))
}

// --- the page -------------------------------------------------------------------------------

const state = { key: null, changed: -1, epoch: 0, shown: new Map(), seen: new Map(), sidebar: '' }
const keyOf = (team, channel) => `${team.id}/${channel.id}`

function choose(key) {
	state.key = key
	state.changed = -1
	state.epoch++
	state.shown.clear()
	at('messages').replaceChildren()
	history.replaceState(null, '', `#${key}`)
	poll()
}

function channelButton(team, channel) {
	const key = keyOf(team, channel)
	const isCurrent = key === state.key
	const kind = channel.archived ? 'archived' : channel.private ? 'private' : null
	const button = make('button', '', make('span', '', '#'), make('span', 'name', channel.name),
		kind ? make('span', 'kind', kind) : null,
		channel.count ? make('span', 'count', channel.count.toLocaleString()) : null)
	button.type = 'button'
	if (isCurrent) button.setAttribute('aria-current', 'page')
	else if (channel.changed > (state.seen.get(key) ?? 0)) button.classList.add('unread')
	button.addEventListener('click', () => choose(key))
	return make('li', '', button)
}

function showSidebar(teams) {
	const drawn = JSON.stringify([teams, state.key, [...state.seen]])
	if (drawn === state.sidebar) return
	state.sidebar = drawn
	const focused = [...document.querySelectorAll('nav button')].indexOf(document.activeElement)
	at('teams').replaceChildren(...teams.flatMap(team => [
		make('h2', '', team.name),
		make('ul', '', ...team.channels.map(channel => channelButton(team, channel))),
	]))
	if (focused >= 0) document.querySelectorAll('nav button')[focused]?.focus()
}

function showHeader(channel) {
	at('title').textContent = `# ${channel.name}`
	const about = [channel.id]
	if (channel.private) about.push('private')
	if (channel.archived) about.push('archived')
	about.push(...(channel.states ?? []).map(name => name.replaceAll('_', ' ')))
	if (channel.refuses) about.push(`refuses with ${channel.refuses}`)
	about.push(channel.member ? 'the bot is a member' : 'the bot is not a member')
	at('about').textContent = about.join(' · ')
	at('empty').hidden = channel.count > 0
	at('messages').hidden = channel.count === 0
	document.title = `${channel.name} – Slack sandbox`
}

const versionOf = message => JSON.stringify([message.seq, message.replies, message.deleted, message.latest_reply])

// A message and its thread. A reply whose message is not among those shown stands alone. A reply
// that was sent to the channel too stands in both.
function place(message, list) {
	const item = { boxes: [make('div', 'item')], thread: make('div', 'thread'), version: '' }
	const parent = message.thread_ts && state.shown.get(message.thread_ts)
	const [box] = item.boxes
	if (message.thread_ts && !parent) box.classList.add('stray')
	box.append(item.thread)
	const home = parent ? parent.thread : list
	home.append(box)
	if (parent && message.broadcast) {
		item.boxes.push(make('div', 'item'))
		list.append(item.boxes[1])
	}
	state.shown.set(message.ts, item)
	return item
}

function redraw(item, message, messages) {
	const [box, copy] = item.boxes
	for (const old of box.querySelectorAll(':scope > .message, :scope > .replies')) old.remove()
	const about = message.broadcast ? 'also sent to the channel' : message.thread_ts && !copy &&
		box.classList.contains('stray') ? 'replied to a thread' : null
	item.thread.before(...[messageNode(message, about), repliesNode(message)].filter(node => node))
	if (!copy) return
	const parent = messages.find(other => other.ts === message.thread_ts)
	copy.replaceChildren(messageNode(message, `replied to a thread: ${parent?.notification?.mobile ?? '…'}`))
}

function showMessages(messages) {
	const list = at('messages')
	const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80
	const current = new Set(messages.map(message => message.ts))
	for (const [ts, item] of state.shown) {
		if (current.has(ts)) continue
		for (const box of item.boxes) box.remove()
		state.shown.delete(ts)
	}
	for (const message of messages) {
		const item = state.shown.get(message.ts) ?? place(message, list)
		const version = versionOf(message)
		if (item.version === version) continue
		item.version = version
		redraw(item, message, messages)
	}
	if (wasAtEnd) list.scrollTop = list.scrollHeight
}

const get = async path => {
	const answer = await fetch(path, { cache: 'no-store' })
	if (!answer.ok) throw new Error(path)
	return answer.json()
}

const signature = channel => `${channel.changed}:${channel.count}`

async function refresh() {
	const { teams } = await get('/sandbox/world')
	const all = teams.flatMap(team => team.channels.map(channel => ({ team, channel })))
	if (!all.length) return
	const wanted = all.find(({ team, channel }) => keyOf(team, channel) === state.key) ?? all[0]
	const { team, channel } = wanted
	state.key = keyOf(team, channel)
	state.seen.set(state.key, channel.changed)
	showSidebar(teams)
	showHeader(channel)
	if (signature(channel) === state.changed) return
	const epoch = state.epoch
	const query = new URLSearchParams({ team: team.id, channel: channel.id, limit: SHOWN, view: 1, zone: ZONE })
	const { messages } = await get(`/sandbox/messages?${query}`)
	if (epoch !== state.epoch) return // another channel was chosen meanwhile
	showMessages(messages)
	state.changed = signature(channel)
}

let timer = 0
async function poll() {
	clearTimeout(timer)
	try {
		if (!document.hidden) await refresh()
		at('lost').hidden = true
	} catch {
		at('lost').hidden = false
	}
	clearTimeout(timer)
	timer = setTimeout(poll, POLL_MS)
}

state.key = decodeURIComponent(location.hash.slice(1)) || null
document.addEventListener('visibilitychange', poll)
poll()
