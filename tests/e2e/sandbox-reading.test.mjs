// What the sandbox tells of messages: to an app that asks for history, and to a person who looks.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { LogLevel, WebClient } from '@slack/web-api'
import { READER, TOKEN, divider, red, section, startSandbox, talkTo } from './sandbox.mjs'

let sandbox, control, world, raw, call, form, fresh, post, update, messages

before(async () => {
	sandbox = await startSandbox(['--burst', '40']);
	({ control, world, raw, call, form, fresh, post, update, messages } = await talkTo(sandbox))
})
after(async () => assert.equal(await sandbox.stop(), 0))

// --- reading -----------------------------------------------------------------------------------

test('conversations.history tells of messages, the newest first, but not of replies', async () => {
	const channel = await fresh('C2HISTORY')
	const metadata = { event_type: 'carillon_delivery', event_payload: { delivery: 'd1' } }
	const root = await post(channel, { text: 'root', metadata })
	await post(channel, { text: 'reply', thread_ts: root.ts })
	await post(channel, { text: 'seen by all', thread_ts: root.ts, reply_broadcast: true })
	await world({ say: { channel, text: 'a person\'s' } })
	const history = await form('conversations.history', { channel })
	assert.deepEqual(history.messages.map(m => [m.text, m.subtype, m.reply_count]),
		[['a person\'s', undefined, undefined], ['seen by all', 'thread_broadcast', undefined], ['root', undefined, 2]])
	assert.equal(history.has_more, false)
	assert.deepEqual(history.messages[2].metadata, { event_type: 'carillon_delivery' })
	const whole = await form('conversations.history', { channel, include_all_metadata: true })
	assert.deepEqual(whole.messages[2].metadata, metadata)
	const thread = await form('conversations.replies', { channel, ts: root.ts })
	assert.deepEqual(thread.messages.map(m => m.text), ['root', 'reply', 'seen by all'])
	assert.equal((await form('conversations.replies', { channel, ts: '1700000000.000001' })).error, 'thread_not_found')
})

test('history has bounds, pages, and what it does not take', async () => {
	const channel = await fresh('C2BOUNDS')
	const posts = []
	for (let i = 0; i < 5; i++) posts.push(await post(channel, { text: `m${i}` }))
	const texts = async args => (await form('conversations.history', { channel, ...args })).messages.map(m => m.text)
	const [, one, two, three] = posts.map(answer => answer.ts)
	assert.deepEqual(await texts({ oldest: one, latest: three }), ['m2'])
	assert.deepEqual(await texts({ oldest: one, latest: three, inclusive: true }), ['m3', 'm2', 'm1'])
	assert.deepEqual(await texts({ oldest: one, inclusive: true, limit: 1, latest: one }), ['m1'])
	const seen = []
	let cursor = ''
	do {
		const page = await form('conversations.history', { channel, limit: 2, cursor })
		seen.push(...page.messages.map(m => m.ts))
		cursor = page.has_more ? page.response_metadata.next_cursor : ''
	} while (cursor)
	assert.deepEqual(seen, posts.map(answer => answer.ts).reverse())
	for (const [args, error] of [[{ oldest: 'x' }, 'invalid_ts_oldest'], [{ latest: 'x' }, 'invalid_ts_latest'],
		[{ cursor: 'x' }, 'invalid_cursor'], [{ limit: 1000 }, 'invalid_limit']]) {
		assert.equal((await form('conversations.history', { channel, ...args })).error, error)
	}
	assert.ok(two)
})

test('history needs its scope and a membership', async () => {
	const channel = await fresh('C2OUTSIDE', { member: false })
	assert.equal((await form('conversations.history', { channel })).error, 'not_in_channel')
	const answer = await form('conversations.history', { channel }, TOKEN)
	assert.deepEqual([answer.error, answer.needed], ['missing_scope', 'channels:history'])
})

test('history may lag behind, and be told to an app outside the marketplace slowly', async () => {
	const channel = await fresh('C2LAG')
	for (let i = 0; i < 16; i++) await post(channel)
	await world({ history: { lag_ms: 3600000 } })
	assert.equal((await form('conversations.history', { channel })).messages.length, 0)
	await world({ history: { lag_ms: 0, page: 15 }, limits: { history: 1 } })
	const page = await form('conversations.history', { channel, limit: 100 })
	assert.deepEqual([page.messages.length, page.has_more], [15, true])
	const limited = await raw('conversations.history', `channel=${channel}`,
		{ token: READER, type: 'application/x-www-form-urlencoded' })
	assert.equal(limited.status, 429)
	assert.ok(Number(limited.headers.get('retry-after')) >= 1)
	await world({ history: { page: 0 }, limits: { history: 0 } })
})

test('the other methods of an integration', async () => {
	const reader = new WebClient(READER, { slackApiUrl: `${sandbox.url}/api/`, logLevel: LogLevel.ERROR })
	const { ts } = await post('C0ALERTS')
	const link = await reader.chat.getPermalink({ channel: 'C0ALERTS', message_ts: ts })
	assert.equal(link.permalink, `https://T0SANDBOX.slack.com/archives/C0ALERTS/p${ts.replace('.', '')}`)
	const { members } = await reader.conversations.members({ channel: 'C0ALERTS' })
	assert.ok(members.includes('U0SANDBOX'))
	assert.equal((await reader.team.info()).team.name, 'Sandbox')
	assert.equal((await reader.bots.info({ bot: 'B0SANDBOX' })).bot.name, 'carillon')
	assert.equal((await reader.users.info({ user: 'U0SANDBOX' })).user.is_bot, true)
	assert.equal((await form('users.info', { user: 'U0NONE' })).error, 'user_not_found')
})

test('blocks.validate says what is wrong without a token', async () => {
	const validate = args => call('blocks.validate', args, { token: '' })
	assert.deepEqual(await validate({ blocks: [divider] }), { ok: true })
	assert.deepEqual(await validate({ blocks: JSON.stringify([{ type: 'section', text: { type: 'invalid', text: 'x' } }]) }), {
		ok: false, error: 'invalid_blocks', errors: [
			{ code: 'failed_constraint', message: 'failed to match all allowed schemas', pointer: '/0/text', constraint: { type: 'all_of' } },
			{ code: 'failed_constraint', message: 'unsupported type: invalid', pointer: '/0/text/type', constraint: { type: 'enum', expected: ['plain_text', 'mrkdwn'] } },
		],
	})
	assert.equal((await validate({ message: { text: 'x' } })).error, 'invalid_message')
	assert.equal((await validate({ message: { attachments: red(divider) } })).ok, true)
	const both = await validate({ blocks: [], message: {} })
	assert.equal(both.error, 'invalid_arguments')
})

// --- what a person sees ------------------------------------------------------------------------

test('the text is the body when blocks stand only in an attachment, and is read twice', async () => {
	const channel = await fresh('C2TWICE')
	const header = { type: 'header', text: { type: 'plain_text', text: 'High: api' } }
	await post(channel, { text: 'High: api', attachments: red(header) })
	await post(channel, { text: 'only told', blocks: [header] })
	const [coloured, plain] = await messages(channel)
	assert.equal(coloured.shown, 'High: api\nHigh: api')
	assert.equal(plain.shown, 'High: api')
	assert.deepEqual(plain.notification, { desktop: 'High: api', mobile: 'only told' })
	const { entries } = await control(`journal?channel=${channel}`)
	assert.deepEqual(entries.map(entry => entry.shown), [coloured.shown, plain.shown])
})

test('a long coloured attachment is folded', async () => {
	const channel = await fresh('C2FOLD')
	await post(channel, { attachments: red(section('x'.repeat(699))) })
	await post(channel, { attachments: red(section('x'.repeat(700))) })
	const folded = (await messages(channel, '&view=1')).map(m => m.view.of.at(-1).number)
	assert.deepEqual(folded, [undefined, 1])
})

test('every date token, in the zone of who looks', async () => {
	const channel = await fresh('C2DATE')
	const tokens = ['date_num', 'date_slash', 'date', 'date_short', 'date_long', 'date_long_full', 'day_divider_pretty', 'time', 'time_secs']
	await post(channel, { text: `<!date^1596929405^${tokens.map(name => `{${name}}`).join('; ')}|fallback>` })
	const shown = async zone => (await messages(channel, `&zone=${zone}`))[0].shown
	assert.equal(await shown('UTC'), '2020-08-08; 08/08/2020; August 8; Aug 8, 2020; Saturday, August 8th, 2020; ' +
		'August 8, 2020; Saturday, August 8th, 2020; 11:30 PM; 11:30:05 PM')
	assert.match(await shown('Europe/Warsaw'), /^2020-08-09; .*; 1:30 AM; 1:30:05 AM$/)
})

test('a mark beside a letter of any script is no mark; verbatim keeps an address as text', async () => {
	const channel = await fresh('C2MARKS')
	await post(channel, { text: 'é*x* *y*' })
	await post(channel, { blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'https://example.com', verbatim: true } }, section('https://example.com')] })
	const [marks, links] = await messages(channel, '&view=1')
	assert.deepEqual(marks.view.of[0].of, ['é*x* ', { tag: 'b', of: ['y'] }])
	assert.deepEqual(links.view.of.map(block => block.of[0].of), [['https://example.com'],
		[{ tag: 'link', target: 'https://example.com', of: ['https://example.com'] }]])
})

test('the journal tells what was sent: parts, the other arguments, and no token', async () => {
	const channel = await fresh('C2SENT')
	const { ts } = await post(channel)
	await update(channel, ts, { text: 'x', attachments: [], parse: 'none', token: TOKEN })
	const { entries } = await control(`journal?channel=${channel}`)
	assert.deepEqual(entries.at(-1).sent, ['text', 'attachments'])
	assert.deepEqual(entries.at(-1).args, { channel, ts, parse: 'none' })
	assert.ok(!JSON.stringify(entries).includes('xoxb'))
})

test('a client that says goodbye to a silent answer frees its place', async () => {
	const channel = await fresh('C2BYE')
	await control('faults', { match: { channel }, action: { kind: 'hang' } })
	const { port } = new URL(sandbox.url)
	const body = JSON.stringify({ channel, text: 'x' })
	const socket = connect(Number(port), '127.0.0.1')
	socket.write(`POST /api/chat.postMessage HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n` +
		`content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
	while ((await control(`journal?channel=${channel}`)).entries.length === 0);
	const closed = new Promise(resolve => socket.once('close', resolve))
	socket.end()
	socket.resume()
	await closed
})
