// Slack's own client against the sandbox: what it cannot read, the sandbox says wrongly.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { LogLevel, WebClient } from '@slack/web-api'
import { startSandbox } from './sandbox.mjs'

let sandbox, slack

const clientOf = (token, more = {}) => new WebClient(token, {
	slackApiUrl: `${sandbox.url}/api/`, logLevel: LogLevel.ERROR, retryConfig: { retries: 0 }, ...more,
})

before(async () => {
	sandbox = await startSandbox(['--burst', '4'])
	slack = clientOf('xoxb-sandbox-token-1')
})
after(async () => assert.equal(await sandbox.stop(), 0))

const control = (path, body) =>
	fetch(`${sandbox.url}/sandbox/${path}`, { method: 'POST', body: JSON.stringify(body) })

test('auth.test', async () => {
	const me = await slack.auth.test()
	assert.equal(me.ok, true)
	assert.equal(me.team_id, 'T0SANDBOX')
	assert.ok(me.response_metadata.scopes.includes('chat:write'))
})

test('chat.postMessage with blocks and attachments, and chat.update of it', async () => {
	const posted = await slack.chat.postMessage({
		channel: 'C0ALERTS', text: 'High: api_latency_p95',
		blocks: [
			{ type: 'header', text: { type: 'plain_text', text: 'High' } },
			{ type: 'section', text: { type: 'mrkdwn', text: '*api_latency_p95*' } },
		],
		attachments: [{ color: '#d92d20', blocks: [{ type: 'divider' }] }],
		metadata: { event_type: 'alert', event_payload: { id: 'a' } },
		unfurl_links: false,
	})
	assert.equal(posted.message.blocks.length, 2)
	const updated = await slack.chat.update({ channel: posted.channel, ts: posted.ts, text: 'Resolved' })
	assert.equal(updated.ts, posted.ts)
	assert.equal(updated.text, 'Resolved')
})

test('an error carries the code and the pointers', async () => {
	await assert.rejects(
		slack.chat.postMessage({ channel: 'C0ALERTS', text: 'x', blocks: [{ type: 'nope' }] }),
		error => {
			assert.equal(error.code, 'slack_webapi_platform_error')
			assert.equal(error.data.error, 'invalid_blocks')
			assert.match(error.data.response_metadata.messages[0], /json-pointer:\/blocks\/0\/type/)
			return true
		})
})

test('the pages of conversations.list, by the client\'s own paging', async () => {
	await control('world', { channels: Array.from({ length: 7 }, (_, i) => ({ id: `C7${i}`, name: `seven-${i}` })) })
	const names = []
	for await (const page of slack.paginate('conversations.list', { limit: 3, exclude_archived: true })) {
		names.push(...page.channels.map(channel => channel.name))
	}
	assert.equal(names.filter(name => name.startsWith('seven-')).length, 7)
	assert.ok(names.includes('alerts') && !names.includes('old') && !names.includes('secret'))
})

test('conversations.info and conversations.join', async () => {
	assert.equal((await slack.conversations.info({ channel: 'C0GENERAL' })).channel.is_member, false)
	assert.equal((await slack.conversations.join({ channel: 'C0GENERAL' })).channel.is_member, true)
})

test('a rate limit is seen as one, with the wait', async () => {
	await control('world', { channels: [{ id: 'C8', name: 'eight' }], rate: { per_second: 0.01, burst: 4 } })
	const strict = clientOf('xoxb-sandbox-token-1', { rejectRateLimitedCalls: true })
	for (let i = 0; i < 4; i++) await strict.chat.postMessage({ channel: 'C8', text: 'x' })
	await assert.rejects(strict.chat.postMessage({ channel: 'C8', text: 'x' }), error => {
		assert.equal(error.code, 'slack_webapi_rate_limited_error')
		assert.ok(error.retryAfter >= 1)
		return true
	})
	await control('world', { rate: { per_second: 0 } })
})

test('a revoked token is refused', async () => {
	await control('world', { token: 'xoxb-test-short' })
	const short = clientOf('xoxb-test-short')
	assert.equal((await short.auth.revoke()).revoked, true)
	await assert.rejects(short.auth.test(), error => error.data.error === 'token_revoked')
})

test('a server error is one to the client, too', async () => {
	await control('faults', { match: { method: 'auth.test' }, action: { kind: 'status', status: 503 } })
	await assert.rejects(slack.auth.test(), error => /503/.test(error.message))
	assert.equal((await slack.auth.test()).ok, true)
})
