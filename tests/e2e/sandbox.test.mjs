// The Slack sandbox, asked over HTTP with nothing but what Node has. It shares nothing with the product.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import http from 'node:http'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSandbox } from './sandbox.mjs'

const TOKEN = 'xoxb-sandbox-token-1'
let sandbox
const scratch = mkdtempSync(join(tmpdir(), 'sandbox-test-'))
const journalFile = join(scratch, 'journal')

before(async () => {
	sandbox = await startSandbox(['--burst', '3', '--journal-file', journalFile])
})
after(async () => {
	assert.equal(await sandbox.stop(), 0)
	rmSync(scratch, { recursive: true })
})

const control = async (path, body, method = body ? 'POST' : 'GET') => {
	const answer = await fetch(`${sandbox.url}/sandbox/${path}`, { method, body: body && JSON.stringify(body) })
	return answer.json()
}
const call = async (method, args, { token = TOKEN, type = 'application/json; charset=utf-8', ...rest } = {}) => {
	const answer = await fetch(`${sandbox.url}/api/${method}`, {
		method: 'POST',
		headers: { 'content-type': type, ...(token ? { authorization: `Bearer ${token}` } : {}) },
		body: typeof args === 'string' ? args : JSON.stringify(args ?? {}),
		...rest,
	})
	return { status: answer.status, headers: answer.headers, ...(await answer.json()) }
}
const form = (method, args = {}, token = TOKEN) => call(method, new URLSearchParams(args).toString(),
	{ token, type: 'application/x-www-form-urlencoded' })
const fresh = async (id, more = {}) => {
	await control('world', { channels: [{ id, name: id.toLowerCase(), ...more }] })
	return id
}
const postedIn = async channel => (await control(`messages?channel=${channel}`)).count
const fault = (channel, action, more = {}) => control('faults', { match: { channel }, action, ...more })
const post = (channel, more = {}) => call('chat.postMessage', { channel, text: 'hello', ...more })

test('auth.test says whose token it is', async () => {
	const answer = await call('auth.test')
	assert.equal(answer.ok, true)
	assert.equal(answer.team_id, 'T0SANDBOX')
	assert.equal(answer.team, 'Sandbox')
	assert.match(answer.url, /^https:/)
	assert.ok(answer.user_id && answer.bot_id && answer.user)
	assert.match(answer.headers.get('x-oauth-scopes'), /chat:write/)
	assert.ok(answer.headers.get('x-slack-req-id'))
})

test('a call without a token, with an unknown one, or with a dead one is refused', async () => {
	assert.equal((await call('auth.test', {}, { token: '' })).error, 'not_authed')
	assert.equal((await call('auth.test', {}, { token: 'xoxb-test-none' })).error, 'invalid_auth')
	await control('world', { token: 'xoxb-test-dead' })
	for (const [verb, error] of [['revoke', 'token_revoked'], ['deactivate', 'account_inactive'],
		['expire', 'token_expired']]) {
		await control('world', { [verb]: 'xoxb-test-dead' })
		assert.equal((await call('auth.test', {}, { token: 'xoxb-test-dead' })).error, error)
	}
	await control('world', { restore: 'xoxb-test-dead' })
	assert.equal((await call('auth.test', {}, { token: 'xoxb-test-dead' })).ok, true)
})

test('a message comes back as Slack would show it, with a timestamp of its own', async () => {
	const channel = await fresh('C1SHAPE')
	const blocks = [{ type: 'divider' }]
	const first = await post(channel, { blocks })
	const second = await post(channel)
	assert.equal(first.ok, true)
	assert.equal(first.channel, channel)
	assert.match(first.ts, /^\d{10}\.\d{6}$/)
	assert.notEqual(first.ts, second.ts)
	assert.equal(first.message.ts, first.ts)
	assert.equal(first.message.type, 'message')
	assert.ok(first.message.bot_id && first.message.blocks[0].block_id)
})

test('what Slack would refuse in blocks is refused with its pointer', async () => {
	const answer = await post('C0ALERTS', {
		blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(3001) } }],
	})
	assert.equal(answer.status, 200)
	assert.equal(answer.error, 'invalid_blocks')
	assert.deepEqual(answer.response_metadata.messages, [
		'[ERROR] failed to match all allowed schemas [json-pointer:/blocks/0/text]',
		'[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]',
	])
})

test('each mistake in a message has its code', async () => {
	const channel = await fresh('C1CODES')
	const cases = {
		no_text: { text: '' },
		invalid_blocks_format: { blocks: '{' },
		too_many_attachments: { attachments: Array(101).fill({ text: 'x' }) },
		msg_too_long: { text: '', markdown_text: 'x'.repeat(12001) },
		invalid_metadata_format: { metadata: { event_type: '' } },
		invalid_thread_ts: { thread_ts: '0' },
		msg_blocks_too_long: {
			blocks: Array(5).fill({ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(2900) } }),
		},
	}
	for (const [error, more] of Object.entries(cases)) assert.equal((await post(channel, more)).error, error)
	assert.equal(await postedIn(channel), 0)
})

test('each channel the bot may not post to has its code', async () => {
	assert.equal((await post('C0NONE')).error, 'channel_not_found')
	assert.equal((await post('G0SECRET')).error, 'channel_not_found')
	assert.equal((await post('C0OLD')).error, 'is_archived')
	assert.equal((await call('chat.postMessage', { text: 'x' })).error, 'invalid_arguments')
	assert.equal((await post('C0GENERAL')).ok, true) // chat:write.public
	await control('world', { token: 'xoxb-test-narrow', scopes: 'chat:write' })
	const narrow = { token: 'xoxb-test-narrow' }
	assert.equal((await call('chat.postMessage', { channel: 'C0GENERAL', text: 'x' }, narrow)).error,
		'not_in_channel')
	const missing = await call('conversations.list', {}, narrow)
	assert.equal(missing.error, 'missing_scope')
	assert.equal(missing.needed, 'channels:read')
	assert.equal(missing.provided, 'chat:write')
})

test('a body that is no JSON, no form or nothing known is refused', async () => {
	assert.equal((await call('chat.postMessage', '{"channel":')).error, 'invalid_json')
	assert.equal((await call('chat.postMessage', '[]')).error, 'json_not_object')
	assert.equal((await call('chat.postMessage', 'a=%zz', { type: 'application/x-www-form-urlencoded' })).error,
		'invalid_form_data')
	assert.equal((await call('chat.postMessage', 'x', { type: 'text/xml' })).error, 'invalid_post_type')
	assert.equal((await call('chat.nothing')).error, 'unknown_method')
})

test('JSON without a charset is taken with a warning', async () => {
	const answer = await call('auth.test', {}, { type: 'application/json' })
	assert.equal(answer.ok, true)
	assert.equal(answer.warning, 'missing_charset')
	assert.deepEqual(answer.response_metadata.warnings, ['missing_charset'])
})

test('conversations.info reads a form and ignores JSON, as Slack does', async () => {
	assert.equal((await form('conversations.info', { channel: 'C0ALERTS' })).channel.name, 'alerts')
	assert.equal((await call('conversations.info', { channel: 'C0ALERTS' })).error, 'invalid_arguments')
})

test('a form may carry blocks as a string, and the token', async () => {
	const channel = await fresh('C1FORM')
	const answer = await form('chat.postMessage',
		{ channel, token: TOKEN, blocks: JSON.stringify([{ type: 'divider' }]), text: 'a & b + ü' }, '')
	assert.equal(answer.ok, true)
	assert.equal(answer.message.text, 'a & b + ü')
})

test('conversations.list pages through what the bot may know', async () => {
	const token = 'xoxb-test-pages'
	await control('world', {
		team: 'T1PAGES', token,
		channels: Array.from({ length: 25 }, (_, i) => ({ id: `C1P${i}`, name: `p${i}`, archived: i === 3 }))
			.concat([{ id: 'G1IN', name: 'in', private: true }, { id: 'G1OUT', name: 'out', private: true, member: false }]),
	})
	const seen = []
	let cursor = '', pages = 0
	do {
		const page = await form('conversations.list',
			{ limit: 10, cursor, types: 'public_channel,private_channel', exclude_archived: true }, token)
		assert.equal(page.ok, true)
		seen.push(...page.channels.map(channel => channel.id))
		cursor = page.response_metadata.next_cursor
		pages++
	} while (cursor)
	assert.equal(pages, 3)
	assert.equal(new Set(seen).size, 25) // 24 public that are not archived, and the private one
	assert.ok(seen.includes('G1IN') && !seen.includes('G1OUT') && !seen.includes('C1P3'))
})

test('the bot joins public channels only', async () => {
	const channel = await fresh('C1JOIN', { member: false })
	assert.equal((await call('conversations.join', { channel })).channel.is_member, true)
	assert.equal((await call('conversations.join', { channel })).warning, 'already_in_channel')
	await control('world', { invite: 'G0SECRET' })
	assert.equal((await call('conversations.join', { channel: 'G0SECRET' })).error,
		'method_not_supported_for_channel_type')
	await control('world', { kick: 'G0SECRET' })
})

test('an archived channel takes messages again once unarchived', async () => {
	const channel = await fresh('C1ARCH')
	await control('world', { archive: channel })
	assert.equal((await post(channel)).error, 'is_archived')
	await control('world', { unarchive: channel })
	assert.equal((await post(channel)).ok, true)
})

test('a channel takes its burst, then 429 with Retry-After, and others go on', async () => {
	const [one, other] = [await fresh('C1RATE'), await fresh('C1CALM')]
	await control('world', { rate: { per_second: 0.01, burst: 3 } })
	for (let i = 0; i < 3; i++) assert.equal((await post(one)).ok, true)
	const limited = await post(one)
	assert.equal(limited.status, 429)
	assert.equal(limited.error, 'ratelimited')
	assert.match(limited.headers.get('retry-after'), /^[1-9]\d*$/)
	assert.equal((await post(other)).ok, true)
	assert.equal(await postedIn(one), 3)
	await control('world', { rate: { per_second: 0 } })
	assert.equal((await post(one)).ok, true)
	await control('world', { rate: { per_second: 1, burst: 3 } })
})

test('a thread hangs on a message, and a reply takes no replies', async () => {
	const channel = await fresh('C1THREAD')
	const parent = await post(channel)
	const reply = await post(channel, { thread_ts: parent.ts })
	assert.equal(reply.message.thread_ts, parent.ts)
	assert.equal((await post(channel, { thread_ts: reply.ts })).error, 'cannot_reply_to_message')
})

test('chat.update changes the message in place', async () => {
	const channel = await fresh('C1UPDATE')
	const { ts } = await post(channel)
	assert.equal((await call('chat.update', { channel, ts, text: 'changed' })).ok, true)
	assert.equal((await call('chat.update', { channel, ts: '1.000000', text: 'x' })).error, 'message_not_found')
	const { messages } = await control(`messages?channel=${channel}`)
	assert.equal(messages.length, 1)
	assert.equal(messages[0].text, 'changed')
	assert.equal(messages[0].edited, true)
})

for (const [kind, posted] of Object.entries({ stall: 1, hang: 0 })) {
	test(`${kind}: no answer, ${posted} message`, async () => {
		const channel = await fresh(`C1F${kind.toUpperCase()}`)
		await fault(channel, { kind })
		await assert.rejects(call('chat.postMessage', { channel, text: 'x' }, { signal: AbortSignal.timeout(300) }),
			{ name: 'TimeoutError' })
		assert.equal(await postedIn(channel), posted)
		assert.equal((await post(channel)).ok, true) // once only
	})
}

for (const [kind, posted] of Object.entries({ reset: 0, reset_after: 1 })) {
	test(`${kind}: the connection is reset, ${posted} message`, async () => {
		const channel = await fresh(`C1F${kind.toUpperCase()}`)
		await fault(channel, { kind })
		const code = await new Promise(resolve => {
			const request = http.request(`${sandbox.url}/api/chat.postMessage`, {
				method: 'POST', agent: false,
				headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
			}, () => resolve('answered'))
			request.on('error', error => resolve(error.code))
			request.end(JSON.stringify({ channel, text: 'x' }))
		})
		assert.equal(code, 'ECONNRESET')
		assert.equal(await postedIn(channel), posted)
	})
}

for (const [kind, posted] of Object.entries({ garbage: 0, truncated: 1 })) {
	test(`${kind}: an answer nobody can read, ${posted} message`, async () => {
		const channel = await fresh(`C1F${kind.toUpperCase()}`)
		await fault(channel, { kind })
		await assert.rejects(post(channel))
		assert.equal(await postedIn(channel), posted)
	})
}

test('status: the HTTP status asked for, posted only if told so', async () => {
	const channel = await fresh('C1FSTATUS')
	await fault(channel, { kind: 'status', status: 503 })
	await fault(channel, { kind: 'status', status: 500, post: true })
	await fault(channel, { kind: 'status', status: 429, retry_after: 7 })
	const raw = () => fetch(`${sandbox.url}/api/chat.postMessage`, {
		method: 'POST', headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json; charset=utf-8' },
		body: JSON.stringify({ channel, text: 'x' }),
	})
	assert.equal((await raw()).status, 503)
	assert.equal(await postedIn(channel), 0)
	assert.equal((await raw()).status, 500)
	assert.equal(await postedIn(channel), 1)
	const limited = await raw()
	assert.equal(limited.status, 429)
	assert.equal(limited.headers.get('retry-after'), '7')
})

test('error: any code, as many times as asked, then no more', async () => {
	const channel = await fresh('C1FERROR')
	const { id } = await fault(channel, { kind: 'error', error: 'fatal_error' }, { times: 2 })
	assert.equal((await post(channel)).error, 'fatal_error')
	const listed = (await control('faults')).faults.find(one => one.id === id)
	assert.deepEqual([listed.hits, listed.times_left], [1, 1])
	assert.equal((await post(channel)).error, 'fatal_error')
	assert.equal((await post(channel)).ok, true)
})

test('a fault for ever lasts until it is removed', async () => {
	const channel = await fresh('C1FEVER')
	const { id } = await fault(channel, { kind: 'error', error: 'internal_error' }, { times: 0 })
	for (let i = 0; i < 5; i++) assert.equal((await post(channel)).error, 'internal_error')
	assert.equal((await control(`faults/${id}`, undefined, 'DELETE')).removed, 1)
	assert.equal((await post(channel)).ok, true)
})

test('a probable fault hits some', async () => {
	const channel = await fresh('C1FSOME')
	const { id } = await fault(channel, { kind: 'error', error: 'x' }, { times: 0, probability: 0.5 })
	let hits = 0
	for (let i = 0; i < 40; i++) hits += (await post(channel)).error === 'x' ? 1 : 0
	await control(`faults/${id}`, undefined, 'DELETE')
	assert.ok(hits > 0 && hits < 40, `${hits} of 40`)
})

test('a fault or a change that says nothing known is refused with a sentence', async () => {
	assert.match((await control('faults', { action: { kind: 'nope' } })).error, /no fault is called "nope"/)
	assert.match((await control('faults', { action: { kind: 'status', status: 12 } })).error, /300 to 599/)
	assert.match((await control('faults', { match: { tokn: 'x' }, action: { kind: 'hang' } })).error, /tokn/)
	assert.match((await control('world', { archieve: 'C0ALERTS' })).error, /archieve/)
	assert.match((await control('world', { revoke: 'xoxb-test-unknown' })).error, /no such token/)
})

test('many delayed answers wait without holding up the others', async () => {
	const channel = await fresh('C1SLOW')
	const { id } = await fault(channel, { kind: 'latency', ms: 3000, post: false }, { times: 0 })
	let answered = 0
	const slow = Array.from({ length: 200 }, () => post(channel).then(() => answered++))
	await control('stats')
	assert.equal((await call('auth.test')).ok, true)
	assert.equal(answered, 0)
	await Promise.all(slow)
	await control(`faults/${id}`, undefined, 'DELETE')
})

test('the journal has keys and mentions, and never a token', async () => {
	const channel = await fresh('C1JOURNAL')
	const since = (await control('stats')).last
	await post(channel, { text: 'see ref:evt-1 <!channel>' })
	await post(channel, { blocks: [{ type: 'context', elements: [{ type: 'mrkdwn', text: 'ref:evt_2.x &lt;!here&gt;' }] }] })
	await call('auth.test', {}, { token: 'xoxb-test-none' })
	const { entries } = await control(`journal?since=${since}`)
	assert.deepEqual(entries.map(entry => [entry.method, entry.key, entry.posted, entry.error, entry.mentions]), [
		['chat.postMessage', 'evt-1', true, undefined, ['channel']],
		['chat.postMessage', 'evt_2.x', true, undefined, []],
		['auth.test', undefined, false, 'invalid_auth', []],
	])
	assert.equal(entries[0].team, 'T0SANDBOX')
	assert.equal(entries[1].blocks[0].type, 'context')
	assert.ok(!JSON.stringify(entries).includes('xoxb'))
	const text = await (await fetch(`${sandbox.url}/sandbox/journal.txt?since=${since}`)).text()
	assert.deepEqual(text.trim().split('\n').map(line => line.split(' ').slice(2)),
		entries.slice(0, 2).map(entry => [channel, entry.ts, entry.key]))
	assert.ok(readFileSync(journalFile, 'utf8').endsWith(text))
})

test('a cleared journal is empty and its sequence goes on', async () => {
	const channel = await fresh('C1CLEAR')
	await post(channel)
	const { last } = await control('stats')
	await control('journal', undefined, 'DELETE')
	assert.equal(await postedIn(channel), 0)
	await post(channel)
	const { entries } = await control('journal')
	assert.deepEqual(entries.map(entry => entry.seq), [last + 1])
})

test('the page loads nothing from elsewhere', async () => {
	for (const path of ['/', '/page.css', '/page.js']) {
		const answer = await fetch(sandbox.url + path)
		assert.equal(answer.status, 200)
		assert.match(answer.headers.get('content-security-policy'), /default-src 'none'/)
		const text = await answer.text()
		assert.doesNotMatch(text, /https?:\/\/[a-z]/)
		assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write/)
	}
	assert.equal((await fetch(`${sandbox.url}/nowhere`)).status, 404)
})

test('the server stops at once although connections wait', async () => {
	const other = await startSandbox(['--latency-ms', '60000'])
	const waiting = Array.from({ length: 50 }, () => fetch(`${other.url}/api/auth.test`).catch(error => error))
	while ((await (await fetch(`${other.url}/sandbox/stats`)).json()).requests < 50);
	assert.equal(await other.stop(), 0)
	for (const end of await Promise.all(waiting)) assert.ok(end instanceof Error)
})

test('a bare sink answers everything and counts', async () => {
	const other = await startSandbox(['--bare'])
	const answer = await (await fetch(`${other.url}/api/chat.postMessage`, { method: 'POST', body: 'anything' })).json()
	assert.equal(answer.ok, true)
	assert.match(answer.ts, /^\d{10}\.\d{6}$/)
	assert.equal((await (await fetch(`${other.url}/sandbox/stats`)).json()).posted, 1)
	assert.equal(await other.stop(), 0)
})

test('options make another world', async () => {
	const other = await startSandbox(['--team', 'T9:Acme', '--token', 'xoxb-test-acme', '--channel', 'C9:ops'])
	const answer = await (await fetch(`${other.url}/api/auth.test`, {
		method: 'POST', headers: { authorization: 'Bearer xoxb-test-acme' },
	})).json()
	assert.equal(answer.team, 'Acme')
	const { teams } = await (await fetch(`${other.url}/sandbox/world`)).json()
	assert.deepEqual(teams.map(team => [team.id, team.channels.map(channel => channel.name)]), [['T9', ['ops']]])
	assert.equal(await other.stop(), 0)
})
