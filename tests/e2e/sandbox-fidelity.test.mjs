// Where a stand-in is easily kinder than Slack, or otherwise different: each test is one such place, with the
// answer that Slack's documentation, its engineers or recorded answers show.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { LogLevel, WebClient } from '@slack/web-api'
import { READER, TOKEN, divider, red, section, startSandbox, talkTo } from './sandbox.mjs'

let sandbox, slack, control, world, raw, call, form, fresh, post, update, messages

before(async () => {
	sandbox = await startSandbox(['--burst', '40'])
	slack = new WebClient(TOKEN, {
		slackApiUrl: `${sandbox.url}/api/`, logLevel: LogLevel.ERROR, retryConfig: { retries: 0 },
		rejectRateLimitedCalls: true,
	});
	({ control, world, raw, call, form, fresh, post, update, messages } = await talkTo(sandbox))
})
after(async () => assert.equal(await sandbox.stop(), 0))

// --- what is refused ---------------------------------------------------------------------------

test('a bad block inside an attachment is an invalid attachment, told in full', async () => {
	const answer = await post('C0ALERTS', {
		attachments: red(divider, { type: 'section', fields: [{ type: 'mrkdwn', text: 'x'.repeat(2001) }] }),
	})
	const errors = [
		'failed to match all allowed schemas [json-pointer:/attachments/0/blocks/1/fields/0]',
		'must be less than 2001 characters [json-pointer:/attachments/0/blocks/1/fields/0/text]',
	]
	assert.deepEqual(answer, {
		ok: false, error: 'invalid_attachments', errors,
		response_metadata: { messages: errors.map(text => `[ERROR] ${text}`) },
	})
})

test('so are 51 blocks in one, keys of the older kind beside blocks, and a second table', async () => {
	const table = { type: 'table', rows: [[{ type: 'raw_text', text: 'a' }]] }
	const many = await post('C0ALERTS', { attachments: red(...Array(51).fill(divider)) })
	assert.deepEqual([many.error, many.errors],
		['invalid_attachments', ['no more than 50 items allowed [json-pointer:/attachments/0/blocks]']])
	for (const [attachments, message] of [
		[[{ blocks: [divider], title: 'hi' }], '[ERROR] invalid_keys'],
		[[{ blocks: [divider], indent: false }], '[ERROR] invalid_keys'],
		[red(table, table), '[ERROR] only_one_table_allowed'],
	]) {
		assert.deepEqual(await post('C0ALERTS', { attachments }),
			{ ok: false, error: 'invalid_attachments', response_metadata: { messages: [message] } })
	}
	assert.equal((await post('C0ALERTS', { blocks: [table], attachments: red(table) })).error, 'invalid_attachments')
	assert.equal((await post('C0ALERTS', { attachments: [{ blocks: [], title: 'hi' }] })).ok, true)
})

test('the first message is the general one, the cause comes after it', async () => {
	await assert.rejects(slack.chat.postMessage({ channel: 'C0ALERTS', text: 't', blocks: [section('')] }), error => {
		assert.deepEqual(error.data.response_metadata.messages, [
			'[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]',
			'[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]',
		])
		assert.deepEqual(error.data.errors, error.data.response_metadata.messages.map(m => m.replace('[ERROR] ', '')))
		return true
	})
})

test('an image that cannot be fetched is refused, by its host or because it is told to fail', async () => {
	const channel = await fresh('C2IMAGE')
	const image = url => ({ type: 'image', image_url: url, alt_text: 'i' })
	const refused = {
		ok: false, error: 'invalid_blocks', errors: ['downloading image failed [json-pointer:/blocks/0/image_url]'],
		response_metadata: { messages: ['[ERROR] downloading image failed [json-pointer:/blocks/0/image_url]'] },
	}
	assert.deepEqual(await post(channel, { blocks: [image('http://localhost:8080/foo/baa')] }), refused)
	await control('faults', { match: { channel }, action: { kind: 'image' }, times: 2 })
	assert.equal((await post(channel, { blocks: [section('no image')] })).ok, true)
	assert.deepEqual(await post(channel, { blocks: [image('https://example.com/i.png')] }), refused)
	assert.equal((await post(channel, { attachments: red(image('https://example.com/i.png')) })).error,
		'invalid_attachments')
	assert.equal((await post(channel, { blocks: [image('https://example.com/i.png')] })).ok, true)
	const accessory = { ...section('s'), accessory: image('http://localhost/i.png') }
	assert.equal((await post(channel, { blocks: [accessory] })).ok, true)
})

test('each block after the first costs 125 characters of all the text', async () => {
	const channel = await fresh('C2LONG')
	const text = chars => Array.from({ length: 5 }, (_, i) =>
		section('x'.repeat(i < 4 ? 2600 : chars - 4 * 2600)))
	const most = 13296 - 4 * 125
	assert.equal((await post(channel, { blocks: text(most) })).ok, true)
	assert.equal((await post(channel, { blocks: text(most + 1) })).error, 'msg_blocks_too_long')
	assert.equal((await post(channel, { blocks: [...text(most), divider] })).error, 'msg_blocks_too_long')
})

test('the blocks of 2026 are taken, and alerts are not', async () => {
	const channel = await fresh('C2NEW')
	const plain = text => ({ type: 'plain_text', text })
	const blocks = [
		{ type: 'header', level: 2, text: plain('h') },
		{ type: 'container', title: plain('c'), child_blocks: [section('inside')] },
		{ type: 'card', title: { type: 'mrkdwn', text: 't' }, actions: [{ type: 'button', text: plain('b') }] },
		{ type: 'carousel', elements: [{ type: 'card', body: { type: 'mrkdwn', text: 'b' } }] },
		{ type: 'data_table', caption: 'd', rows: [[{ type: 'raw_text', text: 'h' }], [{ type: 'raw_number', value: 1, text: '1' }]] },
		{ type: 'data_visualization' },
		{ type: 'plan', title: 'p', tasks: [{ type: 'task_card', task_id: '1', title: 't', status: 'pending' }] },
		{ type: 'context_actions', elements: [{ type: 'icon_button', icon: 'trash', text: plain('x') }] },
	]
	assert.equal((await post(channel, { blocks })).ok, true)
	assert.deepEqual((await post(channel, { blocks: [{ type: 'alert', text: plain('a') }] })).errors,
		['unsupported type: alert [json-pointer:/blocks/0/type]'])
	assert.match((await post(channel, { blocks: [{ type: 'header', level: 5, text: plain('h') }] })).errors[0],
		/\/blocks\/0\/level/)
})

test('loose shapes are refused', async () => {
	const button = { type: 'button', action_id: 'same', text: { type: 'plain_text', text: 'b' } }
	const confirm = { text: { type: 'mrkdwn', text: 'x'.repeat(301) } }
	for (const [block, pattern] of [
		[{ type: 'video' }, /missing required field: title/],
		[{ type: 'table', rows: [7] }, /must provide an array/],
		[{ type: 'table', rows: [[7]] }, /must provide an object/],
		[{ type: 'actions', elements: [button, button] }, /`action_id` already exists: same/],
		[{ type: 'actions', elements: [{ ...button, confirm }] }, /failed to match all allowed schemas/],
	]) {
		const answer = await post('C0ALERTS', { blocks: [block] })
		assert.equal(answer.error, 'invalid_blocks')
		assert.match(answer.errors[0], pattern)
	}
	const video = {
		type: 'video', title: { type: 'plain_text', text: 't' }, alt_text: 'a',
		video_url: 'https://example.com/v', thumbnail_url: 'https://example.com/t.png',
	}
	const answer = await post('C0ALERTS', { blocks: [video] })
	assert.deepEqual([answer.error, answer.needed], ['missing_scope', 'links.embed:write'])
	assert.equal((await post('C0ALERTS', { blocks: [video] }, { token: READER })).ok, true)
})

test('a markdown block counts as the blocks that it becomes', async () => {
	const channel = await fresh('C2MARKDOWN')
	const markdown = parts => ({ type: 'markdown', text: Array(parts).fill('# h').join('\n') })
	assert.equal((await post(channel, { blocks: [markdown(50)] })).ok, true)
	assert.deepEqual((await post(channel, { blocks: [markdown(50), divider] })).errors,
		['no more than 50 items allowed [json-pointer:/blocks]'])
})

test('the validator speaks as Slack\'s own', async () => {
	const button = more => ({ type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'b' }, ...more }] })
	for (const [block, error] of [
		[{ type: 'section' }, 'must define either `text` or `fields` [json-pointer:/blocks/0/type]'],
		[button({ style: 'red' }), 'must be a valid enum value [json-pointer:/blocks/0/elements/0/style]'],
		[button({ url: 'javascript:x' }), 'invalid url [json-pointer:/blocks/0/elements/0/url]'],
		[{ type: 'context', elements: [] }, 'must provide at least 1 items [json-pointer:/blocks/0/elements]'],
		[{ ...section('t'), expand: 1 }, 'must be a boolean [json-pointer:/blocks/0/expand]'],
	]) assert.deepEqual((await post('C0ALERTS', { blocks: [block] })).errors, [error])
	const text = await (await raw('chat.postMessage', { channel: 'C0ALERTS', blocks: [{ type: 'section' }] })).text()
	assert.ok(text.includes('json-pointer:\\/blocks\\/0\\/type'), text)
})

// --- threads -----------------------------------------------------------------------------------

test('a reply to a message that is gone is posted at top level, and only its answer tells', async () => {
	const channel = await fresh('C2GONE')
	const parent = await post(channel)
	assert.equal((await post(channel, { thread_ts: parent.ts })).message.thread_ts, parent.ts)
	await world({ delete: { channel, ts: parent.ts } })
	for (const thread_ts of [parent.ts, '1700000000.000001']) {
		const answer = await post(channel, { thread_ts, text: 'late' })
		assert.equal(answer.ok, true)
		assert.equal(answer.message.thread_ts, undefined)
	}
	const seen = await messages(channel)
	assert.deepEqual(seen.map(message => [message.shown, message.thread_ts, message.deleted]), [
		['This message was deleted.', undefined, true], // it has a reply
		['hello', parent.ts, false],
		['late', undefined, false], ['late', undefined, false],
	])
})

test('a thread_ts that is none is refused with what it is', async () => {
	assert.deepEqual(await post('C0ALERTS', { thread_ts: '0' }), {
		ok: false, error: 'invalid_thread_ts', response_metadata: { messages: ['[ERROR] 0 is not a valid thread_ts'] },
	})
})

test('chat.delete takes the caller\'s own messages only', async () => {
	const channel = await fresh('C2DELETE')
	const { ts } = await slack.chat.postMessage({ channel, text: 'x' })
	assert.equal((await slack.chat.delete({ channel, ts })).ts, ts)
	assert.equal((await call('chat.delete', { channel, ts })).error, 'message_not_found')
	assert.equal((await update(channel, ts, { text: 'x' })).error, 'message_not_found')
	assert.equal((await messages(channel)).length, 0)
	await world({ say: { channel, text: 'a person\'s' } })
	const [said] = await messages(channel)
	assert.equal((await call('chat.delete', { channel, ts: said.ts })).error, 'cant_delete_message')
	assert.equal((await update(channel, said.ts, { text: 'x' })).error, 'cant_update_message')
})

test('a broadcast reply is of its own kind; another name needs a scope', async () => {
	const channel = await fresh('C2CAST')
	const { ts } = await post(channel)
	const reply = await post(channel, { thread_ts: ts, reply_broadcast: true })
	assert.equal(reply.message.subtype, 'thread_broadcast')
	assert.equal((await messages(channel))[1].broadcast, true)
	for (const more of [{ username: 'x' }, { icon_emoji: ':fire:' }, { icon_url: 'https://example.com/i.png' }]) {
		const answer = await post(channel, more)
		assert.deepEqual([answer.error, answer.needed], ['missing_scope', 'chat:write.customize'])
	}
	assert.equal((await post(channel, { username: 'x' }, { token: READER })).message.username, 'x')
})

// --- changing ----------------------------------------------------------------------------------

test('chat.update keeps attachments and metadata that it does not name, and drops blocks for a text', async () => {
	const channel = await fresh('C2KEEP')
	const metadata = { event_type: 'carillon_delivery', event_payload: { delivery: 'd' } }
	const { ts } = await post(channel, { text: 'firing', blocks: [section('*firing*')], attachments: red(divider), metadata })
	const now = async () => (await messages(channel))[0]
	await update(channel, ts, { text: 'new' })
	let message = await now()
	assert.deepEqual([message.text, message.blocks, message.attachments, message.metadata],
		['new', undefined, red(divider), metadata])
	await update(channel, ts, { text: 'new', blocks: [divider], attachments: [], metadata: {} })
	message = await now()
	assert.deepEqual([message.blocks, message.attachments, message.metadata], [[divider], [], undefined])
	await update(channel, ts, { attachments: red(divider) })
	message = await now()
	assert.deepEqual([message.text, message.blocks.length, message.attachments.length], ['new', 1, 1])
	assert.equal((await update(channel, ts, { metadata: {} })).error, 'no_text')
})

test('only who reads the text sees that it was edited', async () => {
	const channel = await fresh('C2EDIT')
	const { ts } = await post(channel)
	assert.match((await update(channel, ts, { text: 'x' })).message.edited.ts, /^\d{10}\.000000$/)
	assert.equal((await messages(channel))[0].edited, true)
	assert.equal((await update(channel, ts, { text: 'x', blocks: [divider] })).message.edited, undefined)
	assert.equal((await messages(channel))[0].edited, false)
})

test('chat.update takes its text as typed unless parse is none', async () => {
	const channel = await fresh('C2PARSE')
	const { ts, message } = await post(channel, { text: '<https://example.com|label> &lt;' })
	assert.equal(message.text, '<https://example.com|label> &lt;')
	const text = '<https://example.com|label> &lt;'
	assert.equal((await update(channel, ts, { text })).text, '&lt;https://example.com|label&gt; &amp;lt;')
	assert.equal((await update(channel, ts, { text, parse: 'none' })).text, text)
	assert.equal((await messages(channel))[0].shown, 'label <')
})

test('a long text is refused in chat.update and cut with a warning in chat.postMessage', async () => {
	const channel = await fresh('C2TEXT')
	const posted = await post(channel, { text: 'x'.repeat(40001) })
	assert.equal(posted.message.text.length, 40000)
	assert.equal(posted.warning, 'message_truncated')
	assert.equal((await update(channel, posted.ts, { text: 'x'.repeat(4001) })).error, 'msg_too_long')
	assert.equal((await update(channel, posted.ts, { text: 'x'.repeat(4000) })).ok, true)
})

test('a name is good for chat.postMessage only', async () => {
	const { channel, ts } = await post('#alerts')
	assert.equal(channel, 'C0ALERTS')
	assert.equal((await update('alerts', ts, { text: 'x' })).error, 'channel_not_found')
	assert.equal((await form('conversations.info', { channel: 'alerts' })).error, 'channel_not_found')
})

test('a message in an archived or frozen channel is inactive', async () => {
	const channel = await fresh('C2STILL')
	const { ts } = await post(channel)
	await world({ channels: [{ id: channel, states: ['frozen'] }] })
	assert.equal((await update(channel, ts, { text: 'x' })).error, 'is_inactive')
	await world({ channels: [{ id: channel, states: [], archived: true }] })
	assert.equal((await update(channel, ts, { text: 'x' })).error, 'is_inactive')
})

// --- channels ----------------------------------------------------------------------------------

test('a channel\'s own refusals are its own', async () => {
	const channel = await fresh('C2STATES')
	const root = await post(channel)
	const states = async (...names) => world({ channels: [{ id: channel, states: names }] })
	const codes = async () => [(await post(channel)).error, (await post(channel, { thread_ts: root.ts })).error]
	await states('read_only')
	assert.deepEqual(await codes(), Array(2).fill('restricted_action_read_only_channel'))
	await states('thread_only')
	assert.deepEqual(await codes(), ['restricted_action_thread_only_channel', undefined])
	await states('non_threadable')
	assert.deepEqual(await codes(), [undefined, 'restricted_action_non_threadable_channel'])
	await states('ekm')
	assert.deepEqual(await codes(), Array(2).fill('ekm_access_denied'))
	assert.equal((await update(channel, root.ts, { text: 'x' })).error, 'ekm_access_denied')
	assert.equal((await post('C0ALERTS')).ok, true)
	await states()
	for (const refuses of ['no_permission', 'access_denied']) {
		await world({ channels: [{ id: channel, refuses }] })
		assert.deepEqual(await codes(), [refuses, refuses])
	}
})

test('conversations.info tells what the channel is', async () => {
	const channel = await fresh('C2INFO', { states: ['ext_shared', 'thread_only'] })
	await world({ channels: [{ id: channel, name: 'renamed' }] })
	const { channel: info } = await form('conversations.info', { channel, include_num_members: true })
	assert.deepEqual(
		[info.name, info.previous_names, info.is_ext_shared, info.is_shared, info.is_org_shared, info.is_read_only,
			info.is_thread_only, info.is_frozen, info.num_members, info.shared_team_ids],
		['renamed', ['c2info'], true, true, false, false, true, false, 2, ['T0SANDBOX']])
	await world({ channels: [{ id: channel, states: ['limited_access'] }] })
	assert.equal((await form('conversations.info', { channel })).error, 'channel_is_limited_access')
})

test('conversations.list refuses what it does not know, and its pages are short', async () => {
	assert.equal((await form('conversations.list', { types: 'bogus' })).error, 'invalid_types')
	assert.equal((await form('conversations.list', { limit: 1000 })).error, 'invalid_limit')
	await world({
		team: 'T2BIG', token: 'xoxb-test-big',
		channels: Array.from({ length: 260 }, (_, i) => ({ id: `C2B${i}`, name: `b${i}`, member: i === 7 })),
	})
	const page = await form('conversations.list', { limit: 999 }, 'xoxb-test-big')
	assert.equal(page.channels.length, 250)
	assert.ok(page.response_metadata.next_cursor)
	const joined = await form('users.conversations', { limit: 999 }, 'xoxb-test-big')
	assert.deepEqual(joined.channels.map(channel => channel.id), ['C2B7'])
})

test('without a channel the arguments are invalid', async () => {
	const answer = await form('conversations.info', {})
	assert.deepEqual([answer.error, answer.response_metadata.messages],
		['invalid_arguments', ['[ERROR] missing required field: channel']])
})

// --- limits ------------------------------------------------------------------------------------

test('chat.update has a limit of its own for the workspace, whatever the channel', async () => {
	const [one, other] = [await fresh('C2TIER1'), await fresh('C2TIER2')]
	await world({ limits: { tier_3: 50 } }) // filled again
	const posts = [await post(one), await post(other)]
	let taken = 0, limited
	while (!limited && taken < 500) {
		const { channel, ts } = posts[taken % 2]
		const answer = await raw('chat.update', { channel, ts, text: 'x' })
		if (answer.status === 200) taken++
		else limited = answer
	}
	assert.ok(taken >= 50, `${taken}`) // and a little more on a slow machine
	assert.equal(limited.status, 429)
	const wait = Number(limited.headers.get('retry-after'))
	assert.ok(wait >= 1 && wait <= 10, `${wait}`)
	assert.deepEqual(await limited.json(), { ok: false, error: 'ratelimited' })
	await assert.rejects(slack.chat.update({ ...posts[0], text: 'x' }), { code: 'slack_webapi_rate_limited_error' })
	assert.equal((await post(one)).ok, true)
	await world({ limits: { tier_3: 0 } })
	assert.equal((await update(one, posts[0].ts, { text: 'x' })).ok, true)
})

test('conversations.list takes twenty calls a minute, and a workspace so many messages', async () => {
	await world({ limits: { tier_2: 20 } })
	let listed = 0, answer
	while ((answer = await form('conversations.list', { limit: 1 })).ok && listed < 200) listed++
	assert.ok(listed >= 20, `${listed}`)
	assert.equal(answer.error, 'ratelimited')
	await world({ limits: { tier_2: 0, workspace: 3 } })
	const channels = await Promise.all(['C2W1', 'C2W2'].map(id => fresh(id)))
	const posts = []
	for (let i = 0; i < 4; i++) posts.push(await post(channels[i % 2]))
	assert.deepEqual(posts.map(answer => answer.ok), [true, true, true, false])
	await world({ limits: { workspace: 0 } })
})

// --- answers -----------------------------------------------------------------------------------

test('the answer has the message as Slack keeps it', async () => {
	const answer = await post('C0ALERTS', { text: '*High* <https://example.com|link> :fire: <!here>' })
	const { message } = answer
	assert.deepEqual([message.type, message.user, message.bot_id, message.app_id, message.team, message.subtype, message.username],
		['message', 'U0SANDBOX', 'B0SANDBOX', 'A0SANDBOX', 'T0SANDBOX', undefined, undefined])
	assert.deepEqual([message.bot_profile.id, message.bot_profile.app_id, message.bot_profile.name, message.bot_profile.team_id],
		['B0SANDBOX', 'A0SANDBOX', 'carillon', 'T0SANDBOX'])
	const [block] = message.blocks
	assert.equal(block.type, 'rich_text')
	assert.deepEqual(block.elements[0].elements, [
		{ type: 'text', text: 'High', style: { bold: true } }, { type: 'text', text: ' ' },
		{ type: 'link', url: 'https://example.com', text: 'link' }, { type: 'text', text: ' ' },
		{ type: 'emoji', name: 'fire' }, { type: 'text', text: ' ' }, { type: 'broadcast', range: 'here' },
	])
	const [attachment] = (await post('C0ALERTS', { attachments: red(divider) })).message.attachments
	assert.deepEqual([attachment.id, attachment.color, attachment.fallback], [1, 'd92d20', '[no preview available]'])
})

test('what Slack warns of', async () => {
	const channel = await fresh('C2WARN')
	const silent = await call('chat.postMessage', { channel, blocks: [divider] }, { type: 'application/json' })
	assert.equal(silent.warning, 'missing_charset,missing_text_in_message')
	assert.deepEqual(silent.response_metadata.warnings, ['missing_charset', 'missing_text_in_message'])
	const charset = await call('auth.test', 'x=1', { type: 'application/x-www-form-urlencoded; charset=utf-8' })
	assert.equal(charset.warning, 'superfluous_charset')
})

test('metadata of a strange type is left off with a warning, and too much of it refused', async () => {
	const channel = await fresh('C2META')
	const strange = await post(channel, { metadata: { event_type: 'a.b c', event_payload: {} } })
	assert.deepEqual([strange.ok, strange.message.metadata, strange.warning], [true, undefined, 'invalid_metadata_schema'])
	const large = { event_type: 'a', event_payload: { p: 'x'.repeat(100000) } }
	assert.equal((await post(channel, { metadata: large })).error, 'metadata_too_large')
})

test('every answer has an id under both of its names', async () => {
	const { headers } = await raw('auth.test', {})
	assert.ok(headers.get('x-slack-req-id'))
	assert.ok(headers.get('x-slack-unique-id'))
})
