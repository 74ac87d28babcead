/* The sandbox's OAuth, webhooks and events, tried by Slack's own libraries: @slack/oauth installs,
 * @slack/web-api calls, @slack/bolt checks what is signed. */
import assert from 'node:assert/strict'
import http from 'node:http'
import { createRequire } from 'node:module'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { InstallProvider, LogLevel } from '@slack/oauth'
import { WebClient } from '@slack/web-api'
import { startSandbox, talkTo } from './sandbox.mjs'
import { until } from './lib.mjs'

const require = createRequire(import.meta.url)
const { verifySlackRequest } = require('@slack/bolt/dist/receivers/verify-request.js')

const CLIENT = { client_id: '1.sandbox', client_secret: 'test-client-secret' }
const REDIRECT = 'http://127.0.0.1:9/callback'

/** The hidden and chosen values of a consent page, as a browser would send them. */
export function formOf(html) {
	const unescape = text => text.replace(/&quot;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')
	const values = {}
	for (const [, name, value] of html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)) values[name] = unescape(value)
	for (const [, name, options] of html.matchAll(/<select name="(\w+)">([^]*?)<\/select>/g)) {
		values[name] = unescape(/<option value="([^"]*)">/.exec(options)?.[1] ?? '')
	}
	return values
}

describe('OAuth of the sandbox', () => {
	let sandbox, slack
	before(async () => {
		sandbox = await startSandbox(['--no-rate-limit'])
		slack = await talkTo(sandbox)
		await slack.world({ team: { id: 'T0OTHER', name: 'Other Inc.' } })
	})
	after(async () => assert.equal(await sandbox.stop(), 0))

	const authorizeUrl = (more = {}) => `${sandbox.url}/oauth/v2/authorize?` + new URLSearchParams({
		client_id: '1.sandbox', scope: 'chat:write', redirect_uri: REDIRECT, state: 's&"1', ...more })
	const page = async (more) => (await fetch(authorizeUrl(more))).text()
	const decide = async (values, decision = 'allow') => fetch(`${sandbox.url}/oauth/v2/authorize`, {
		method: 'POST', redirect: 'manual', body: new URLSearchParams({ ...values, decision }) })
	const landed = async (values, decision) => new URL((await decide(values, decision)).headers.get('location')).searchParams
	const codeFor = async (more = {}, values = {}) => (await landed({ ...formOf(await page(more)), ...values })).get('code')
	const access = (args, basic = CLIENT) => fetch(`${sandbox.url}/api/oauth.v2.access`, {
		method: 'POST', body: new URLSearchParams(args),
		headers: { authorization: `Basic ${Buffer.from(`${basic.client_id}:${basic.client_secret}`).toString('base64')}` },
	}).then(r => r.json())
	const exchange = (code, more = {}) => access({ code, redirect_uri: REDIRECT, ...more })

	test('a page asks, and what it is told travels back with the state', async () => {
		const html = await page({ scope: 'incoming-webhook,chat:write' })
		assert.match(html, /Carillon asks for permission/)
		assert.match(html, /<select name="channel">/)
		const form = formOf(html)
		assert.equal(form.state, 's&"1')
		const allowed = await landed(form)
		assert.equal(allowed.get('state'), 's&"1')
		assert.match(allowed.get('code'), /^code\./)
		const denied = await landed(form, 'cancel')
		assert.equal(denied.get('error'), 'access_denied')
		assert.equal(denied.get('state'), 's&"1')
	})

	test('what is asked wrongly is a page of Slack\'s, or told to the app', async () => {
		assert.match(await page({ client_id: 'x' }), /invalid_client_id/)
		await slack.world({ app: { redirects: 'http://127.0.0.1:9/' } })
		assert.match(await page({ redirect_uri: 'https://evil.example/' }), /bad_redirect_uri/)
		assert.doesNotMatch(await page({ scope: '<script>' }), /<script>/)
		await slack.world({ app: { scopes: 'chat:write,incoming-webhook,channels:read,groups:read' } })
		const answer = await fetch(authorizeUrl({ scope: 'admin' }), { redirect: 'manual' })
		assert.match(answer.headers.get('location'), /error=invalid_scope/)
		await slack.world({ app: { scopes: '' } })
	})

	test('a code counts once, with the right secret and address', async () => {
		const code = await codeFor()
		assert.equal((await access({ code, redirect_uri: REDIRECT }, { ...CLIENT, client_secret: 'x' })).error, 'bad_client_secret')
		assert.equal((await access({ code, redirect_uri: REDIRECT }, { ...CLIENT, client_id: 'x' })).error, 'invalid_client_id')
		assert.equal((await exchange(code, { redirect_uri: 'http://127.0.0.1:9/other' })).error, 'bad_redirect_uri')
		const granted = await exchange(code)
		assert.equal(granted.ok, true)
		assert.deepEqual(granted.team, { id: 'T0SANDBOX', name: 'Sandbox' })
		assert.equal(granted.refresh_token, undefined)
		assert.equal((await exchange(code)).error, 'invalid_code')
		assert.equal((await exchange('code.none')).error, 'invalid_code')
		const client = new WebClient(granted.access_token, { slackApiUrl: `${sandbox.url}/api/` })
		assert.equal((await client.auth.test()).team_id, 'T0SANDBOX')
	})

	test('scopes add up, and one team has one token', async () => {
		const first = await exchange(await codeFor({ scope: 'chat:write' }))
		const second = await exchange(await codeFor({ scope: 'channels:read' }))
		assert.equal(second.access_token, first.access_token)
		assert.deepEqual(second.scope.split(',').sort(), ['channels:read', 'chat:write'])
		const other = await exchange(await codeFor({}, { team: 'T0OTHER' }))
		assert.notEqual(other.access_token, first.access_token)
	})

	test('@slack/oauth installs, and renews what ends', async () => {
		await slack.world({ app: { rotation_s: 43200 } })
		const store = new Map()
		const installer = new InstallProvider({
			clientId: CLIENT.client_id, clientSecret: CLIENT.client_secret, stateSecret: 'test-state-secret',
			stateVerification: false, legacyStateVerification: true, logLevel: LogLevel.ERROR,
			authorizationUrl: `${sandbox.url}/oauth/v2/authorize`,
			clientOptions: { slackApiUrl: `${sandbox.url}/api/` },
			installationStore: {
				storeInstallation: async installation => store.set(installation.team.id, installation),
				fetchInstallation: async query => store.get(query.teamId),
				deleteInstallation: async query => store.delete(query.teamId),
			},
		})
		const url = await installer.generateInstallUrl({ scopes: ['chat:write', 'incoming-webhook'], redirectUri: REDIRECT }, false)
		const form = formOf(await (await fetch(url)).text())
		const where = new URL((await decide({ ...form, channel: 'C0GENERAL' })).headers.get('location'))
		const outcome = await new Promise((resolve, reject) => {
			const req = Object.assign(new http.IncomingMessage(null), { url: where.pathname + where.search, headers: { host: where.host } })
			installer.handleCallback(req, new http.ServerResponse(req), {
				success: resolve, failure: reject,
			}, { scopes: ['chat:write', 'incoming-webhook'], redirectUri: REDIRECT })
		})
		assert.equal(outcome.team.id, 'T0SANDBOX')
		assert.equal(outcome.incomingWebhook.channelId, 'C0GENERAL')
		assert.match(outcome.bot.refreshToken, /^xoxe-test-/)
		const before_ = outcome.bot.token
		store.get('T0SANDBOX').bot.expiresAt = Math.floor(Date.now() / 1000) + 60 // near its end
		const authorized = await installer.authorize({ teamId: 'T0SANDBOX', isEnterpriseInstall: false })
		assert.notEqual(authorized.botToken, before_)
		const client = new WebClient(authorized.botToken, { slackApiUrl: `${sandbox.url}/api/` })
		assert.equal((await client.auth.test()).ok, true)
		await slack.world({ app: { rotation_s: 0 } })
	})

	test('what renews counts once; a token ends; the end is token_expired', async () => {
		await slack.world({ app: { rotation_s: 1 } })
		const granted = await exchange(await codeFor())
		assert.equal(granted.expires_in, 1)
		const renewed = await access({ grant_type: 'refresh_token', refresh_token: granted.refresh_token })
		assert.equal(renewed.ok, true)
		assert.notEqual(renewed.access_token, granted.access_token)
		assert.equal((await access({ grant_type: 'refresh_token', refresh_token: granted.refresh_token })).error, 'invalid_refresh_token')
		await until('the end', async () => (await slack.form('auth.test', {}, renewed.access_token)).error === 'token_expired')
		await slack.world({ app: { rotation_s: 0 } })
		assert.equal((await access({ grant_type: 'refresh_token', refresh_token: renewed.refresh_token })).error, 'invalid_grant_type')
		assert.equal((await access({ grant_type: 'other' })).error, 'invalid_grant_type')
	})

	test('an administrator may have to approve; a whole organization is no team', async () => {
		await slack.world({ app: { needs_approval: true } })
		const form = formOf(await page())
		const asked = await decide(form, 'request')
		assert.equal(asked.status, 200)
		assert.match(await asked.text(), /administrators were asked/)
		assert.equal((await decide(form)).status, 200) // there is no way around it
		await slack.world({ app: { needs_approval: false, offers_org: true } })
		const org = await exchange(await codeFor({}, { team: 'E0SANDBOX' }))
		assert.equal(org.team, null)
		assert.equal(org.is_enterprise_install, true)
		await slack.world({ app: { offers_org: false } })
	})

	test('the page may cut itself off from who opened it', async () => {
		assert.equal((await fetch(authorizeUrl())).headers.get('cross-origin-opener-policy'), null)
		await slack.world({ app: { coop: true } })
		assert.equal((await fetch(authorizeUrl())).headers.get('cross-origin-opener-policy'), 'same-origin')
		await slack.world({ app: { coop: false } })
	})

	test('an incoming webhook posts where the bot is no member, and ends with the app', async () => {
		await slack.world({ channels: [{ id: 'G0HOOK', name: 'hook', private: true, member: false }] })
		const { incoming_webhook: hook } = await exchange(await codeFor({ scope: 'incoming-webhook,chat:write' }, { channel: 'G0HOOK' }))
		assert.equal(hook.channel_id, 'G0HOOK')
		const say = (body, type = 'application/json') => fetch(hook.url, { method: 'POST', headers: { 'content-type': type }, body })
		const fine = await say(JSON.stringify({ text: 'from a webhook' }))
		assert.equal(fine.status, 200)
		assert.equal(await fine.text(), 'ok')
		assert.equal((await slack.messages('G0HOOK'))[0].text, 'from a webhook')
		for (const [body, code, status] of [['{', 'invalid_payload', 400], ['{}', 'no_text', 400],
			['{"blocks":[{"type":"nope"}]}', 'invalid_blocks', 400]]) {
			const answer = await say(body)
			assert.equal(await answer.text(), code)
			assert.equal(answer.status, status)
		}
		await slack.world({ archive: 'G0HOOK' })
		assert.equal((await say('{"text":"x"}')).status, 410)
		await slack.world({ uninstall: 'T0SANDBOX' })
		const gone = await say('{"text":"x"}')
		assert.equal(gone.status, 404)
		assert.equal(await gone.text(), 'no_service')
	})

	test('an app that is removed has no token that counts', async () => {
		const granted = await exchange(await codeFor())
		const client = new WebClient(granted.access_token, { slackApiUrl: `${sandbox.url}/api/` })
		await assert.rejects(client.apps.uninstall({ ...CLIENT, client_secret: 'x' }), /bad_client_secret/)
		assert.equal((await client.apps.uninstall(CLIENT)).ok, true)
		await assert.rejects(client.auth.test(), /token_revoked/)
		const again = await exchange(await codeFor({ scope: 'chat:write' }))
		assert.equal(again.scope, 'chat:write') // nothing of before
		const next = new WebClient(again.access_token, { slackApiUrl: `${sandbox.url}/api/` })
		assert.equal((await next.auth.revoke()).revoked, true)
		await assert.rejects(next.auth.test(), /token_revoked/)
	})

	test('10,000 channels come in pages, no faster than the tier', async () => {
		const many = await startSandbox()
		try {
			const control = await talkTo(many)
			await control.world({ many: 10000 })
			await control.world({ limits: { tier_2: 0 } })
			const client = new WebClient('xoxb-sandbox-token-1', { slackApiUrl: `${many.url}/api/` })
			const seen = new Set()
			let pages = 0
			for await (const page_ of client.paginate('conversations.list', { limit: 999, exclude_archived: true })) {
				pages++
				for (const channel of page_.channels) seen.add(channel.id)
			}
			assert.equal(seen.size, 10002)
			assert.ok(pages >= 40)
			await control.world({ limits: { tier_2: 20 } })
			const answers = []
			for (let i = 0; i < 25; i++) answers.push(await control.raw('conversations.list', '', { type: 'application/x-www-form-urlencoded' }))
			const slow = answers.find(answer => answer.status === 429)
			assert.ok(Number(slow.headers.get('retry-after')) >= 1)
		} finally {
			await many.stop()
		}
	})

	test('events are signed as @slack/bolt checks them, and tried again', async () => {
		const heard = []
		let status = 200
		const server = http.createServer(async (req, res) => {
			const chunks = []
			for await (const chunk of req) chunks.push(chunk)
			const body = Buffer.concat(chunks).toString()
			heard.push({ headers: req.headers, body })
			verifySlackRequest({ signingSecret: 'test-signing-secret', body, headers: req.headers })
			assert.throws(() => verifySlackRequest({ signingSecret: 'test-signing-secret', body: body + ' ', headers: req.headers }))
			res.writeHead(status).end(JSON.parse(body).challenge ?? '')
		})
		server.listen(0, '127.0.0.1')
		await once(server, 'listening')
		try {
			await slack.world({ app: { events_url: `http://127.0.0.1:${server.address().port}/`, retry_ms: [0, 10, 10] } })
			const events = async () => (await slack.control('events')).events
			await slack.world({ event: { type: 'url_verification' } })
			await until('the challenge', async () => (await events()).some(e => e.type === 'url_verification' && e.status === 200 && e.answer === 'test-challenge-42'))
			await slack.world({ archive: 'C0GENERAL' })
			await slack.world({ unarchive: 'C0GENERAL' })
			await slack.world({ invite: 'C0GENERAL' })
			await slack.world({ channels: [{ id: 'C0GENERAL', name: 'lobby' }] })
			await slack.world({ kick: 'C0GENERAL' })
			await slack.world({ uninstall: 'T0SANDBOX' })
			const types = ['channel_archive', 'channel_unarchive', 'member_joined_channel', 'channel_rename', 'channel_left', 'tokens_revoked', 'app_uninstalled']
			await until('all of them', async () => types.every(type => heard.some(h => JSON.parse(h.body).event?.type === type)))
			for (const { body } of heard.slice(1)) {
				const { team_id, api_app_id, type, event_id } = JSON.parse(body)
				assert.equal(team_id, 'T0SANDBOX')
				assert.equal(api_app_id, 'A0SANDBOX')
				assert.equal(type, 'event_callback')
				assert.match(event_id, /^Ev/)
			}
			heard.length = 0
			status = 500
			await slack.world({ event: { type: 'channel_deleted', channel: 'C0GENERAL' } })
			await until('four tries', async () => heard.length === 4)
			assert.deepEqual(heard.map(h => h.headers['x-slack-retry-num']), [undefined, '1', '2', '3'])
			assert.equal(new Set(heard.map(h => JSON.parse(h.body).event_id)).size, 1)
		} finally {
			server.close()
		}
	})
})
