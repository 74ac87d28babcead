// The sandbox over HTTPS: with the official client, and with everything that may go wrong under TLS.
import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import tls from 'node:tls'
import { LogLevel, WebClient } from '@slack/web-api'
import { TOKEN, binDir, startSandbox } from './sandbox.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'sandbox-tls-'))
const [cert, key] = ['cert.pem', 'key.pem'].map(name => join(scratch, name))
let sandbox, ca

before(async () => {
	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
		'-days', '2', '-subj', '/CN=sandbox', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
	{ stdio: 'ignore' })
	ca = readFileSync(cert)
	sandbox = await startSandbox(['--tls-cert', cert, '--tls-key', key, '--no-rate-limit'])
})
after(async () => {
	assert.equal(await sandbox.stop(), 0)
	rmSync(scratch, { recursive: true })
})

// An answer's JSON, or the code of the error.
const ask = (path, body, agent = new https.Agent({ ca })) => new Promise(resolve => {
	const request = https.request(sandbox.url + path, {
		method: body ? 'POST' : 'GET', agent,
		headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json; charset=utf-8' },
	}, answer => {
		let text = ''
		answer.setEncoding('utf8').on('data', chunk => (text += chunk)).on('end', () => resolve(JSON.parse(text)))
		answer.on('error', error => resolve(error.code))
	})
	request.on('error', error => resolve(error.code))
	request.end(body && JSON.stringify(body))
})

test('the official client speaks to it over HTTPS', async () => {
	assert.match(sandbox.url, /^https:/)
	const slack = new WebClient(TOKEN, {
		slackApiUrl: `${sandbox.url}/api/`, logLevel: LogLevel.ERROR, agent: new https.Agent({ ca, keepAlive: true }),
	})
	const posted = await Promise.all(Array.from({ length: 30 }, (_, i) =>
		slack.chat.postMessage({ channel: 'C0ALERTS', text: `m${i} ${'x'.repeat(20000)}` })))
	assert.equal(new Set(posted.map(answer => answer.ts)).size, 30)
	assert.equal((await ask('/sandbox/messages?channel=C0ALERTS')).count, 30)
})

test('a client that does not know the certificate does not speak to it, nor does one without TLS', async () => {
	assert.equal(await ask('/sandbox/stats', undefined, new https.Agent()), 'DEPTH_ZERO_SELF_SIGNED_CERT')
	await assert.rejects(fetch(sandbox.url.replace('https:', 'http:')))
})

test('answers are late, reset and cut under TLS too', async () => {
	for (const action of [{ kind: 'latency', ms: 50 }, { kind: 'reset' }, { kind: 'truncated' }]) {
		await ask('/sandbox/faults', { match: { method: 'auth.test' }, action })
	}
	assert.equal((await ask('/api/auth.test', {})).ok, true)
	assert.equal(await ask('/api/auth.test', {}), 'ECONNRESET')
	assert.equal(await ask('/api/auth.test', {}), 'ECONNRESET') // in the middle of the body
	assert.equal((await ask('/api/auth.test', {})).ok, true)
})

test('a client that leaves a silent answer is let go', async () => {
	await ask('/sandbox/faults', { match: { method: 'api.test' }, action: { kind: 'hang' } })
	const { port } = new URL(sandbox.url)
	const socket = tls.connect({ port: Number(port), host: '127.0.0.1', ca })
	socket.write('POST /api/api.test HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n')
	while ((await ask('/sandbox/journal?limit=10000')).entries.every(entry => entry.method !== 'api.test'));
	const closed = new Promise(resolve => socket.once('close', resolve))
	socket.resume()
	socket.end()
	await closed
})

test('a certificate without its key, or a file that is none, is told', () => {
	const run = (...options) => spawnSync(join(binDir, 'slack-sandbox'), options, { encoding: 'utf8', timeout: 20000 })
	assert.match(run('--tls-cert', cert).stderr, /--tls-cert and --tls-key go together/)
	assert.match(run('--tls-cert', cert, '--tls-key', join(scratch, 'none')).stderr, /none: No such file/)
	const swapped = run('--tls-cert', key, '--tls-key', cert)
	assert.match(swapped.stderr, /certificate fits the key/)
	assert.equal(swapped.status, 1)
})
