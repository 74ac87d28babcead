'use strict'
// Shows the channels as Slack would. Whatever comes from a message becomes text nodes, never markup.

const POLL_MS = 1000
const SHOWN = 100 // messages of a channel

const at = id => document.getElementById(id)
const make = (tag, className, ...children) => {
	const node = document.createElement(tag)
	if (className) node.className = className
	node.append(...children.filter(child => child !== null && child !== undefined))
	return node
}

// --- mrkdwn ---------------------------------------------------------------------------------

const EMOJI = {
	rotating_light: '🚨', warning: '⚠️', bell: '🔔', fire: '🔥', white_check_mark: '✅', x: '❌',
	red_circle: '🔴', large_orange_circle: '🟠', large_yellow_circle: '🟡', large_green_circle: '🟢',
	large_blue_circle: '🔵', information_source: 'ℹ️', tada: '🎉', eyes: '👀', hourglass: '⌛', link: '🔗',
	chart_with_upwards_trend: '📈', chart_with_downwards_trend: '📉', exclamation: '❗', zap: '⚡',
}

const unescape = text => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')
const withEmoji = text => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole)
const plain = text => withEmoji(unescape(text))

const DAY_MS = 24 * 3600 * 1000

function dayOf(date, options, isPretty) {
	const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / DAY_MS)
	const words = { '-1': 'tomorrow', 0: 'today', 1: 'yesterday' }
	return isPretty && words[days] ? words[days] : date.toLocaleDateString(undefined, options)
}

// <!date^1712345678^{date_short_pretty} at {time}|fallback>
function slackDate(seconds, format, fallback) {
	const date = new Date(Number(seconds) * 1000)
	if (Number.isNaN(date.getTime())) return document.createTextNode(unescape(fallback ?? ''))
	const tokens = {
		date_num: () => date.toISOString().slice(0, 10),
		date: isPretty => dayOf(date, { year: 'numeric', month: 'long', day: 'numeric' }, isPretty),
		date_short: isPretty => dayOf(date, { year: 'numeric', month: 'short', day: 'numeric' }, isPretty),
		date_long: isPretty =>
			dayOf(date, { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }, isPretty),
		time: () => date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' }),
		time_secs: () => date.toLocaleTimeString(),
	}
	const text = format.replace(/\{([a-z_]+)\}/g, (whole, name) => {
		const base = name.replace(/_pretty$/, '')
		return tokens[base] ? tokens[base](base !== name) : whole
	})
	const node = make('time', '', unescape(text))
	node.dateTime = date.toISOString()
	node.title = date.toString()
	return node
}

function linkTo(url, children) {
	if (!/^(https?|mailto):/i.test(url)) return make('span', '', ...children)
	const link = make('a', '', ...children)
	link.href = url
	link.target = '_blank'
	link.rel = 'noopener noreferrer'
	return link
}

// What stands between < and >.
function reference(inside) {
	const bar = inside.indexOf('|')
	const target = bar < 0 ? inside : inside.slice(0, bar)
	const label = bar < 0 ? null : inside.slice(bar + 1)
	const date = /^!date\^(-?\d+)\^([^^]*)(?:\^(.*))?$/.exec(target)
	if (date) {
		const node = slackDate(date[1], date[2], label)
		return date[3] ? linkTo(unescape(date[3]), [node]) : node
	}
	const call = /^!(here|channel|everyone)$/.exec(target)
	if (call) return make('span', 'mention all', `@${call[1]}`)
	if (target.startsWith('!')) return make('span', 'mention', plain(label ?? target))
	if (target.startsWith('@')) return make('span', 'mention', plain(label ? `@${label}` : target))
	if (target.startsWith('#')) return make('span', 'mention', plain(`#${label ?? target.slice(1)}`))
	return linkTo(unescape(target), [plain(label ?? target)])
}

const MARKS = new RegExp(
	['```\\n?([\\s\\S]+?)```', '`([^`\\n]+)`', '<([^<>\\n]+)>',
		'(?<![\\w*])\\*(\\S(?:[^*\\n]*\\S)?)\\*(?![\\w*])',
		'(?<![\\w_])_(\\S(?:[^_\\n]*\\S)?)_(?![\\w_])',
		'(?<![\\w~])~(\\S(?:[^~\\n]*\\S)?)~(?![\\w~])'].join('|'), 'g')

function inline(text, parent) {
	let done = 0
	const words = upTo => {
		text.slice(done, upTo).split('\n').forEach((line, i) => {
			if (i) parent.append(make('br'))
			if (line) parent.append(plain(line))
		})
	}
	for (const found of text.matchAll(MARKS)) {
		const [whole, block, code, inside, bold, italic, struck] = found
		words(found.index)
		done = found.index + whole.length
		if (block !== undefined) parent.append(make('pre', '', unescape(block)))
		else if (code !== undefined) parent.append(make('code', '', unescape(code)))
		else if (inside !== undefined) parent.append(reference(inside))
		else if (bold !== undefined) parent.append(inline(bold, make('b')))
		else if (italic !== undefined) parent.append(inline(italic, make('i')))
		else parent.append(inline(struck, make('s')))
	}
	words(text.length)
	return parent
}

function mrkdwn(text, parent) {
	let run = []
	const flush = () => {
		if (run.length) inline(run.join('\n'), parent)
		run = []
	}
	for (const line of text.split('\n')) {
		const quote = /^(?:&gt;|>) ?(.*)$/.exec(line)
		if (!quote) {
			run.push(line)
			continue
		}
		flush()
		parent.append(inline(quote[1], make('blockquote')))
	}
	flush()
	return parent
}

// --- blocks ---------------------------------------------------------------------------------

const textObject = (object, node) =>
	object?.type === 'mrkdwn' ? mrkdwn(object.text, node) : (node.append(withEmoji(object?.text ?? '')), node)

const picture = block => make('div', 'picture', 'Image: ',
	linkTo(block.image_url ?? '', [block.title?.text ?? block.alt_text ?? 'image']))

function element(item) {
	if (item.type === 'image') return picture(item)
	const label = item.text?.text ?? item.placeholder?.text ?? item.type
	const style = ['primary', 'danger'].includes(item.style) ? ` ${item.style}` : ''
	const node = linkTo(item.url ?? '', [withEmoji(label)])
	node.className = `button${style}`
	return node
}

function richLeaf(item) {
	const styled = ['bold', 'italic', 'strike', 'code'].filter(name => item.style?.[name])
	const tags = { bold: 'b', italic: 'i', strike: 's', code: 'code' }
	let node
	if (item.type === 'link') node = linkTo(item.url, [item.text ?? item.url])
	else if (item.type === 'emoji') node = make('span', '', EMOJI[item.name] ?? `:${item.name}:`)
	else if (item.type === 'date') node = slackDate(item.timestamp, item.format, item.fallback)
	else if (item.type === 'broadcast') node = make('span', 'mention all', `@${item.range}`)
	else if (item.type === 'user') node = make('span', 'mention', `@${item.user_id}`)
	else if (item.type === 'usergroup') node = make('span', 'mention', `@${item.usergroup_id}`)
	else if (item.type === 'channel') node = make('span', 'mention', `#${item.channel_id}`)
	else node = make('span', '', item.text ?? '')
	node.style?.setProperty('white-space', 'pre-wrap')
	return styled.reduce((inner, name) => make(tags[name], '', inner), node)
}

function rich(item) {
	if (item.type === 'rich_text_list') {
		return make(item.style === 'ordered' ? 'ol' : 'ul', '',
			...item.elements.map(line => make('li', '', ...line.elements.map(richLeaf))))
	}
	const tag = { rich_text_preformatted: 'pre', rich_text_quote: 'blockquote' }[item.type] ?? 'div'
	return make(tag, '', ...item.elements.map(richLeaf))
}

const BLOCKS = {
	header: block => make('h3', '', withEmoji(block.text.text)),
	divider: () => make('hr'),
	image: picture,
	markdown: block => mrkdwn(block.text, make('div')),
	rich_text: block => make('div', '', ...block.elements.map(rich)),
	actions: block => make('div', 'actions', ...block.elements.map(element)),
	context: block => make('div', 'context', ...block.elements.map(item =>
		item.type === 'image' ? picture(item) : textObject(item, make('span')))),
	section: block => make('div', 'section',
		make('div', 'words',
			block.text ? textObject(block.text, make('div')) : null,
			block.fields
				? make('div', 'fields', ...block.fields.map(field => textObject(field, make('div'))))
				: null),
		block.accessory ? element(block.accessory) : null),
}

function blockNode(block) {
	try {
		return (BLOCKS[block.type] ?? (() => make('p', 'unknown', `[${block.type}]`)))(block)
	} catch {
		return make('p', 'unknown', `[${block?.type}: not shown]`)
	}
}

const NAMED = { good: '#2eb67d', warning: '#ecb22e', danger: '#e01e5a' }

function attachmentNode(attachment) {
	const node = make('div', 'attachment',
		attachment.pretext ? mrkdwn(attachment.pretext, make('div')) : null,
		attachment.title ? make('b', '', plain(attachment.title)) : null,
		attachment.text ? mrkdwn(attachment.text, make('div')) : null,
		...(attachment.blocks ?? []).map(blockNode))
	const color = NAMED[attachment.color] ?? attachment.color
	if (/^#?[0-9a-f]{6}$/i.test(color ?? '')) node.style.borderLeftColor = color.replace(/^#?/, '#')
	return node
}

function messageNode(message) {
	const when = new Date(message.time_ms)
	const time = make('time', '', when.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' }))
	time.dateTime = when.toISOString()
	time.title = `${when.toLocaleString()} · ts ${message.ts}`
	const body = make('div', 'body')
	if (message.blocks?.length) body.append(...message.blocks.map(blockNode))
	else if (message.text) body.append(mrkdwn(message.text, make('div')))
	else if (!message.attachments) body.append(make('p', 'unknown', 'The body of this message was not kept.'))
	body.append(...(message.attachments ?? []).map(attachmentNode))
	const face = make('div', 'face', 'C')
	face.setAttribute('aria-hidden', 'true')
	return make('article', message.thread_ts ? 'message reply' : 'message', face, make('div', '',
		make('div', 'who', make('b', '', 'carillon'), make('span', 'app', 'APP'), time,
			message.edited ? make('span', 'edited', '(edited)') : null,
			message.thread_ts ? make('span', 'edited', 'in a thread') : null),
		body))
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
	about.push(channel.member ? 'the bot is a member' : 'the bot is not a member')
	at('about').textContent = about.join(' · ')
	at('empty').hidden = channel.count > 0
	at('messages').hidden = channel.count === 0
	document.title = `${channel.name} – Slack sandbox`
}

function showMessages(messages) {
	const list = at('messages')
	const wasAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80
	const current = new Set(messages.map(message => message.ts))
	for (const [ts, shown] of state.shown) {
		if (current.has(ts)) continue
		shown.node.remove()
		state.shown.delete(ts)
	}
	for (const message of messages) {
		const shown = state.shown.get(message.ts)
		if (shown?.seq === message.seq) continue
		const node = messageNode(message)
		if (shown) shown.node.replaceWith(node)
		else list.append(node)
		state.shown.set(message.ts, { node, seq: message.seq })
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
	const query = new URLSearchParams({ team: team.id, channel: channel.id, limit: SHOWN })
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
