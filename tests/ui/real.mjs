/** Everything for real: `carillon web` and `serve`, the Slack sandbox, a session that a product's server made. */
import { startWeb } from '../e2e/web.mjs';
import { ALERT, TOKEN, until } from '../e2e/lib.mjs';

export { ALERT, until };
export const TYPE = {
	name: 'alert.triggered',
	description: 'A threshold was passed',
	schema: { type: 'object', properties: { severity: { type: 'string' }, value: { type: 'number' }, resource: { type: 'string' } } },
	sample: ALERT.payload,
};

export async function startReal({ workspaces = ['acme'], ...options } = {}) {
	const { bench, web } = await startWeb(options);
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
