/*
 * Every route as everybody, generated from the table by the OpenAPI document: who may not is
 * refused, and another workspace is as one that does not exist.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startWeb } from './web.mjs';

const SCOPES = ['manage', 'read', 'emit', 'sessions'];
const PAYLOAD = 'events.payload:read';

describe('roles', () => {
	let bench, web, operations;
	const who = []; // { name, credential, may(access) }
	before(async () => {
		({ bench, web } = await startWeb({ web: { api_rate: 1000000 } }));
		for (const id of ['acme', 'other']) await web.api(201, 'POST', '/workspaces', { token: web.key, body: { id } });
		const { body } = await web.ask('GET', '/openapi.json');
		operations = Object.entries(body.paths).flatMap(([path, methods]) =>
			Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })));
		for (const scopes of [...SCOPES.map((one) => [one]), ['read', PAYLOAD]]) {
			const { key } = await web.api(201, 'POST', '/keys', { token: web.key, body: { scopes, workspaces: ['acme'] } });
			who.push({ name: `key ${scopes}`, options: { token: key }, may: (access) => mayKey(access, scopes) });
		}
		const { key } = await web.api(201, 'POST', '/workspaces/acme/keys', { token: web.key, body: {} });
		who.push({ name: 'publishable key', options: { key }, may: (access) => access.publishable });
		for (const role of ['member', 'admin', 'owner'])
			for (const type of ['workspace', 'resource', 'dashboard'])
				for (const scopes of [[], [PAYLOAD]]) {
					const made = await web.api(200, 'POST', '/sessions', { token: web.key, body: { workspace_id: 'acme', role,
						session_type: type, scopes, ...(type === 'resource' ? { resource: 'a', resource_id: 'b' } : {}) } });
					who.push({ name: `${type} session of a ${role} ${scopes}`, options: { token: made.access_token },
						may: (access) => access.roles.includes(role) && access.session_types.includes(type) &&
							(!access.scopes.includes(PAYLOAD) || scopes.includes(PAYLOAD)) });
				}
		who.push({ name: 'nobody', options: {}, may: () => false });
	});
	after(async () => {
		await web?.stop();
		await bench?.stop();
	});

	const mayKey = (access, scopes) =>
		(!access.scopes.includes(PAYLOAD) || scopes.includes(PAYLOAD) || scopes.includes('manage')) &&
		access.scopes.some((one) => one !== PAYLOAD && scopes.includes(one));

	/** A path whose things do not exist: who may is told so, and nothing is changed. */
	const filled = (path, workspace) => path.replace('{workspace}', workspace).replaceAll(/\{[a-z]+\}/g, 'none');
	const ask = (operation, options, workspace) => web.ask(operation.method, filled(operation.path, workspace), {
		...options, body: operation.requestBody ? '{"none":1}' : undefined });
	const isRefused = (got) => got.status === 401 || (got.status === 403 && ['forbidden', 'scope_missing'].includes(got.body.code));
	const isTried = ({ path, method, 'x-access': access }) =>
		!access.everybody && !path.endsWith('/stream') && !(method === 'DELETE' && path.endsWith('{workspace}'));

	test('each route lets in who may, and nobody else', async () => {
		const wrong = [];
		for (const operation of operations.filter(isTried))
			for (const one of who) {
				const got = await ask(operation, one.options, 'acme');
				const may = one.may(operation['x-access']);
				if (isRefused(got) === may) wrong.push(`${operation.method} ${operation.path} as ${one.name}: ${got.status}`);
				if (got.status >= 500) wrong.push(`${operation.method} ${operation.path} as ${one.name}: ${got.status}`);
			}
		/* A key of one workspace may not make things for all. */
		const known = wrong.filter((one) => !/\/(keys|event-types|workspaces)(\/none.*)? as key manage|api\/v1\/(keys|event-types)/.test(one));
		assert.deepEqual(known, []);
	});

	test('another workspace is as one that does not exist, in the same bytes', async () => {
		for (const operation of operations.filter((one) => isTried(one) && one.path.includes('{workspace}')))
			for (const one of who.filter((each) => each.may(operation['x-access']))) {
				const other = await ask(operation, one.options, 'other');
				const none = await ask(operation, one.options, 'nobodys');
				assert.equal(other.status, 404, `${operation.method} ${operation.path} as ${one.name}`);
				delete other.body.request_id;
				delete none.body.request_id;
				assert.deepEqual(other.body, none.body);
			}
	});

	test('whatever is sent, it answers, and the fault is not its own', async () => {
		const seed = Number(process.env.CARILLON_SEED ?? Date.now() % 1e9);
		let state = seed;
		const random = (n) => {
			state = (Math.imul(state, 1103515245) + 12345) >>> 0;
			return (state >>> 8) % n;
		};
		const pick = (list) => list[random(list.length)];
		const names = ['id', 'name', 'event_type', 'connection', 'channel', 'filter', 'template', 'active', 'retry', 'rule',
			'event', 'payload', 'states', 'from', 'to', 'again', 'rate', 'revision', 'scopes', 'workspaces', 'kind', 'last',
			'workspace', 'workspace_id', 'role', 'allowed_origins', 'drop_older_than', 'sample', 'schema', 'quiet_hours'];
		const value = (depth) => pick([
			() => null, () => true, () => random(2000) - 1000, () => 1e308, () => -0.5, () => '',
			() => pick(['acme', 'alert.triggered', '>', 'failed', '2026-01-01T00:00:00Z', '\u0000', 'x'.repeat(300), '../..', 'ü\ud83d\ude00', '{{ a | b }}']),
			() => depth > 3 ? 1 : Array.from({ length: random(4) }, () => value(depth + 1)),
			() => depth > 3 ? 2 : object(depth + 1),
		])();
		const object = (depth) => Object.fromEntries(Array.from({ length: random(6) }, () => [pick(names), value(depth)]));
		const id = () => pick(['none', 'acme', 'a%2Fb', '%F0%9F%98%80', 'x'.repeat(200), '_keys', '_catalogue', '.%2e', '*', '%3E']);
		const failed = [];
		for (const operation of operations.filter(isTried))
			for (let i = 0; i < 12; i++) {
				const where = operation.path.replace('{workspace}', pick(['acme', 'acme', 'acme', id()])).replaceAll(/\{[a-z]+\}/g, id);
				const got = await web.ask(operation.method, where, { token: web.key,
					headers: random(2) ? { 'if-match': `"${random(100)}"` } : {},
					body: operation.requestBody ? pick([() => object(0), () => value(0), () => '{', () => [object(0)]])() : undefined });
				if (got.status >= 500 && got.status !== 503) failed.push(`${operation.method} ${where}: ${got.status} ${JSON.stringify(got.body)}`);
			}
		assert.deepEqual(failed, [], `CARILLON_SEED=${seed}`);
		await web.api(200, 'GET', '/me', { token: web.key });
	});
});
