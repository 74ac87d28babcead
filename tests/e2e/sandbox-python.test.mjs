// Slack's official client for Python against the sandbox, where that client is installed: see requirements.txt.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { READER, startSandbox, talkTo } from './sandbox.mjs'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const python = (...args) => spawnSync('python3', args, {
	encoding: 'utf8', timeout: 60000, env: { ...process.env, PYTHONPATH: here('../../build/python') },
})
const isInstalled = python('-c', 'import slack_sdk').status === 0

test('the official client for Python', { skip: isInstalled ? false : 'slack_sdk is not in build/python' }, async () => {
	const sandbox = await startSandbox(['--no-rate-limit'])
	const { fresh } = await talkTo(sandbox)
	await fresh('C2PYTHON')
	const { stdout, stderr, status } = python(here('sandbox_client.py'), `${sandbox.url}/api/`, READER)
	assert.equal(await sandbox.stop(), 0)
	assert.equal(status, 0, stderr)
	const seen = JSON.parse(stdout)
	assert.equal(seen.team, 'T0SANDBOX')
	assert.deepEqual([seen.message.app_id, seen.message.blocks[0].type, seen.message.attachments[0].blocks[0].type],
		['A0SANDBOX', 'header', 'divider'])
	assert.equal(seen.thread_ts_is_the_parent, true)
	assert.equal(seen.updated, 'Resolved')
	assert.deepEqual(seen.history, [['Resolved', { event_type: 'alert', event_payload: { id: 'a' } }, 1]])
	assert.equal(seen.replies[0], 'Resolved')
	assert.ok(seen.replies.includes('still'))
	assert.equal(seen.late_thread_ts, null)
	assert.deepEqual([seen.invalid_attachments.error, seen.invalid_attachments.errors], ['invalid_attachments', [
		'failed to match all allowed schemas [json-pointer:/attachments/0/blocks/1/fields/0]',
		'must be less than 2001 characters [json-pointer:/attachments/0/blocks/1/fields/0/text]',
	]])
	assert.equal(seen.thread_not_found, 'thread_not_found')
	assert.ok(seen.channels.includes('alerts') && seen.channels.includes('c2python'))
})
