/** Everything for real: `carillon web` and `serve`, the Slack sandbox, a session that a product's server made. */
import fs from 'node:fs';
import path from 'node:path';
import { startWeb } from '../e2e/web.mjs';
import { ALERT, TOKEN, freePort, temporaryDirectory, until } from '../e2e/lib.mjs';

export { ALERT, until };
export const TYPE = {
	name: 'alert.triggered',
	description: 'A threshold was passed',
	schema: { type: 'object', properties: { severity: { type: 'string' }, value: { type: 'number' }, resource: { type: 'string' } } },
	sample: ALERT.payload,
};

export async function startReal({ workspaces = ['acme'], ...options } = {}) {
	// Where a person is sent who connects Slack is the sandbox, so its port is known before it is up.
	const port = await freePort();
	const secret = path.join(temporaryDirectory(), 'client-secret');
	fs.writeFileSync(secret, 'test-client-secret\n', { mode: 0o600 });
	const { bench, web } = await startWeb({
		...options,
		sandboxArgs: ['--port', String(port), '--no-rate-limit'],
		settings: { slack_client_id: '1.sandbox', slack_client_secret_file: secret, slack_authorize_url: `http://127.0.0.1:${port}/oauth/v2/authorize`, product_name: 'Pulse' },
	});
	const api = (method, where, body, status = undefined, headers = {}) => web.ask(method, `/api/v1${where}`, { token: web.key, body, headers }).then((got) => {
		if (status ? got.status !== status : got.status >= 400) throw new Error(`${method} ${where}: ${got.status} ${JSON.stringify(got.body)}`);
		return got.body;
	});
	await api('PUT', '/event-types/alert.triggered', TYPE).catch(() => bench.cli('type', 'put', '--file', bench.file('type.json', TYPE)));
	for (const id of workspaces) {
		await bench.cli('workspace', 'create', id);
		await bench.cliWith({ input: `${TOKEN}\n` }, 'connection', 'add', id, '--slack', '--token-stdin', '--id', 'slack', '--name', `Slack of ${id}`, '--channel', 'C0ALERTS', '--channel', 'C0GENERAL');
	}
	await until('the workspaces', async () => (await web.ask('GET', `/api/v1/workspaces/${workspaces.at(-1)}/connections`, { token: web.key })).body.count === 1);
	return {
		bench, web, url: web.url, api,
		/** As the backend of a product makes it. */
		session: async (origins, more = {}) => {
			const made = await api('POST', '/sessions', { workspace_id: workspaces[0], role: 'owner', external_user_id: 'u_7', external_name: 'Tyrion', allowed_origins: origins, scopes: ['events.payload:read'], ...more });
			return { launch_url: made.launch_url, access_token: made.access_token, expires_at: made.expires_at };
		},
		async stop() {
			await web.stop();
			await bench.stop();
		},
	};
}
