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
