// Starts the built Slack sandbox on a free port of loopback.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const binDir = process.env.CARILLON_BIN_DIR ?? join(root, 'build', 'release')

export async function startSandbox(options = []) {
	const program = join(binDir, 'slack-sandbox')
	if (!existsSync(program)) throw new Error(`${program} is missing: build it, or set CARILLON_BIN_DIR`)
	const child = spawn(program, ['--port', '0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
	const ended = new Promise(resolve => child.once('exit', (code, signal) => resolve(code ?? signal)))
	const url = await new Promise((resolve, reject) => {
		let text = ''
		child.stdout.on('data', chunk => {
			text += chunk
			const found = /listening on (\S+)/.exec(text)
			if (found) resolve(found[1])
		})
		ended.then(code => reject(new Error(`slack-sandbox ended with ${code}`)))
	})
	return {
		url,
		pid: child.pid,
		// What it ended with: 0 when all is well.
		stop() {
			child.kill('SIGTERM')
			return ended
		},
	}
}

export const TOKEN = 'xoxb-sandbox-token-1'
/** A token with scopes that the default one does not have; talkTo() puts it there. */
export const READER = 'xoxb-test-reader'
const READER_SCOPES = 'chat:write,channels:read,groups:read,channels:history,groups:history,users:read,team:read,' +
	'chat:write.customize,links.embed:write'

/** Short ways to ask the sandbox that startSandbox() began. */
export async function talkTo(sandbox) {
	const control = async (path, body) => {
		const answer = await fetch(`${sandbox.url}/sandbox/${path}`,
			body ? { method: 'POST', body: JSON.stringify(body) } : {})
		return answer.json()
	}
	const world = async change => {
		const answer = await control('world', change)
		if (!answer.ok) throw new Error(answer.error)
	}
	const raw = (method, args, { token = TOKEN, type = 'application/json; charset=utf-8' } = {}) =>
		fetch(`${sandbox.url}/api/${method}`, {
			method: 'POST', headers: { 'content-type': type, authorization: `Bearer ${token}` },
			body: typeof args === 'string' ? args : JSON.stringify(args),
		})
	const call = async (method, args, options) => (await raw(method, args, options)).json()
	const form = (method, args = {}, token = READER) => call(method, new URLSearchParams(args).toString(),
		{ token, type: 'application/x-www-form-urlencoded' })
	/** A channel of this id, which the bot is in; returns the id. */
	const fresh = async (id, more = {}) => {
		await world({ channels: [{ id, name: id.toLowerCase(), ...more }] })
		return id
	}
	const post = (channel, more = {}, options = {}) => call('chat.postMessage', { channel, text: 'hello', ...more }, options)
	const update = (channel, ts, more) => call('chat.update', { channel, ts, ...more })
	const messages = async (channel, query = '') => (await control(`messages?channel=${channel}${query}`)).messages
	await world({ token: READER, scopes: READER_SCOPES })
	return { control, world, raw, call, form, fresh, post, update, messages }
}

/** Blocks and attachments that tests need again and again. */
export const section = (text, type = 'mrkdwn') => ({ type: 'section', text: { type, text } })
export const divider = { type: 'divider' }
export const red = (...blocks) => [{ color: '#d92d20', blocks }]
