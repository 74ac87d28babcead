/* `carillon web`: keys, sessions, what is configured, by HTTP, beside a real service. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from './lib.mjs';
import { Contract } from './openapi.mjs';
import { startWeb, Web } from './web.mjs';

const withoutId = ({ request_id, ...rest }) => rest;

describe('web', () => {
	let bench, web;
	before(async () => {
		({ bench, web } = await startWeb());
		await bench.provision('acme');
		await bench.provision('other');
		await bench.rule('acme', 'alerts');
		await until('the rule', async () =>
			(await web.ask('GET', '/api/v1/workspaces/acme/rules/alerts', { token: web.key })).status === 200);
	});
	after(async () => {
		const how = await web?.stop();
		await bench?.stop();
		assert.equal(how?.code, 0, web.child.output);
	});

	const session = (body = {}) => web.api(200, 'POST', '/sessions',
		{ token: web.key, body: { workspace_id: 'acme', allowed_origins: ['https://app.example.com'], ...body } });

	test('the admin port tells that it runs and is ready', async () => {
		for (const where of ['/healthz', '/readyz', '/metrics']) {
			assert.equal((await fetch(web.adminUrl + where)).status, 200, where);
		}
	});

	test('without a credential nothing is told, with a wrong one neither', async () => {
		const otherEnd = web.key.slice(0, -2) + (web.key.at(-2) === 'A' ? 'B' : 'A') + web.key.at(-1);
		for (const token of [undefined, 'nonsense', `${web.key}x`, otherEnd, 'carillon_sk_none_AAAA']) {
			const got = await web.ask('GET', '/api/v1/workspaces', { token });
			assert.equal(got.status, 401);
			assert.equal(got.body.code, 'unauthenticated');
			assert.equal(got.headers.get('content-type'), 'application/problem+json');
		}
	});

	test('what is configured is shown as the command line shows it', async () => {
		const rule = await web.api(200, 'GET', '/workspaces/acme/rules/alerts', { token: web.key });
		assert.deepEqual(rule, await bench.json('rule', 'show', 'acme', 'alerts'));
		const { records } = await web.api(200, 'GET', '/workspaces/acme/connections', { token: web.key });
		assert.deepEqual(records.map((one) => one.id), ['slack']);
		assert.equal('sealed' in records[0], false);
		const all = await web.api(200, 'GET', '/workspaces', { token: web.key });
		assert.deepEqual(all.records.map((one) => one.id), ['acme', 'other']);
	});

	test('a list goes on where it ended, and only this list', async () => {
		const first = await web.api(200, 'GET', '/workspaces?limit=1', { token: web.key });
		assert.deepEqual(first.records.map((one) => one.id), ['acme']);
		const cursor = encodeURIComponent(first.next_cursor);
		const second = await web.api(200, 'GET', `/workspaces?limit=1&cursor=${cursor}`, { token: web.key });
		assert.deepEqual(second.records.map((one) => one.id), ['other']);
		assert.equal(second.next_cursor, null);
		await web.api(400, 'GET', `/workspaces/acme/rules?cursor=${cursor}`, { token: web.key });
		await web.api(400, 'GET', '/workspaces?limit=1&cursor=AAAA', { token: web.key });
		await web.api(400, 'GET', '/workspaces?limits=1', { token: web.key });
	});

	test('a list of one workspace goes on in this one only', async () => {
		await bench.rule('acme', 'more');
		const cursor = await until('the second page', async () =>
			(await web.api(200, 'GET', '/workspaces/acme/rules?limit=1', { token: web.key })).next_cursor);
		const where = (workspace) => `/workspaces/${workspace}/rules?limit=1&cursor=${encodeURIComponent(cursor)}`;
		const second = await web.api(200, 'GET', where('acme'), { token: web.key });
		assert.deepEqual(second.records.map((one) => one.id), ['more']);
		await web.api(400, 'GET', where('other'), { token: web.key });
	});

	test('a session sees its workspace; another is as one that does not exist', async () => {
		const { access_token: token } = await session({ role: 'admin' });
		const me = await web.api(200, 'GET', '/me', { token });
		assert.equal(me.workspace, 'acme');
		assert.equal(me.role, 'admin');
		await web.api(200, 'GET', '/workspaces/acme/rules', { token });
		const other = await web.api(404, 'GET', '/workspaces/other/rules', { token });
		const none = await web.api(404, 'GET', '/workspaces/none/rules', { token });
		assert.deepEqual(withoutId(other), withoutId(none));
		assert.deepEqual(withoutId(other),
			withoutId(await web.api(404, 'GET', '/workspaces/acme/rules/none', { token })));
		await web.api(403, 'GET', '/keys', { token });
	});

	test('a session is refreshed, the old token counts a little, and revoked it ends', async () => {
		const made = await session();
		const fresh = await web.api(200, 'POST', `/sessions/${made.session_id}/refresh`, { token: web.key, body: {} });
		assert.notEqual(fresh.access_token, made.access_token);
		for (const token of [made.access_token, fresh.access_token]) await web.api(200, 'GET', '/me', { token });
		await web.api(200, 'DELETE', `/sessions/${made.session_id}`, { token: web.key });
		const got = await web.api(401, 'GET', '/me', { token: fresh.access_token });
		assert.equal(got.code, 'session_expired');
		const { records } = await web.api(200, 'GET', '/sessions?status=revoked', { token: web.key });
		assert.equal(records.some((one) => one.session_id === made.session_id), true);
	});

	test('another web process knows the session, and its end', async () => {
		const second = await new Web(bench).start();
		try {
			const made = await session();
			const me = () => second.ask('GET', '/api/v1/me', { token: made.access_token });
			await until('the session', async () => (await me()).status === 200);
			await web.api(200, 'DELETE', `/sessions/${made.session_id}`, { token: web.key });
			await until('its end', async () => (await me()).status === 401, 1000);
		} finally {
			await second.stop();
		}
	});

	test('a launch URL opens the document once, framed by the session\'s pages only', async () => {
		const made = await session();
		const first = await fetch(made.launch_url);
		assert.equal(first.status, 200);
		assert.match(first.headers.get('content-security-policy'), /frame-ancestors https:\/\/app\.example\.com$/);
		const again = await fetch(made.launch_url);
		assert.equal(again.status, 410);
		assert.match(await again.text(), /launch_used/);
	});

	test('what is wrong with a session is told with its places', async () => {
		const got = await web.api(422, 'POST', '/sessions', { token: web.key,
			body: { workspace_id: 'acme', role: 'boss', ttl_seconds: 1, allowed_origins: ['javascript:x'] } });
		assert.deepEqual(got.errors.map((one) => one.pointer), ['/role', '/ttl_seconds', '/allowed_origins/0']);
		const unknown = await web.api(422, 'POST', '/sessions', { token: web.key, body: { workspace: 'acme' } });
		assert.equal(unknown.code, 'unknown_member');
		assert.equal(unknown.errors[0].suggestion, 'workspace_id');
	});

	test('a key is made, may what its scopes say, is replaced, and ends', async () => {
		const made = await web.api(201, 'POST', '/keys', { token: web.key, body: { name: 'reader', scopes: ['read'] } });
		await web.api(200, 'GET', '/workspaces', { token: made.key });
		const refused = await web.api(403, 'POST', '/keys', { token: made.key, body: { scopes: ['manage'] } });
		assert.equal(refused.code, 'scope_missing');
		const fresh = await web.api(201, 'POST', `/keys/${made.id}/rotate`, { token: web.key, body: { overlap_hours: 0 } });
		await web.api(200, 'GET', '/workspaces', { token: fresh.key });
		await web.api(401, 'GET', '/workspaces', { token: made.key });
		await web.api(204, 'DELETE', `/keys/${fresh.id}`, { token: web.key });
		await web.api(401, 'GET', '/workspaces', { token: fresh.key });
	});

	test('a key of one workspace sees no other', async () => {
		const made = await web.api(201, 'POST', '/keys', { token: web.key, body: { scopes: ['manage'], workspaces: ['acme'] } });
		const { records } = await web.api(200, 'GET', '/workspaces', { token: made.key });
		assert.deepEqual(records.map((one) => one.id), ['acme']);
		await web.api(404, 'GET', '/workspaces/other', { token: made.key });
		await web.api(403, 'POST', '/keys', { token: made.key, body: { scopes: ['manage'] } });
	});

	test('a publishable key has the form that clients know, and does nothing but emit', async () => {
		const made = await web.api(201, 'POST', '/workspaces/acme/keys', { token: web.key, body: {} });
		assert.match(made.key, /^mesh_pub_([A-Za-z0-9\-.]+)_([A-Za-z0-9\-.]+)_([^_]+)$/);
		await web.api(403, 'GET', '/workspaces/acme', { key: made.key });
		await web.api(204, 'DELETE', `/workspaces/acme/keys/${made.id}`, { token: web.key });
		await web.api(401, 'GET', '/workspaces/acme', { key: made.key });
	});

	test('changes are told as they happen', async () => {
		const heard = await listen();
		const event = await bench.publish('acme');
		const text = await heard((all) => all.includes(`["${event}","alerts","delivered"]`) && /id: .*\n\n$/s.test(all));
		assert.match(text, /event: delivery\n/);
	});

	/** Opens the stream; resolves to a function that reads on until it has heard enough, and closes it. */
	const listen = async (lastId) => {
		const controller = new AbortController();
		const answer = await fetch(`${web.url}/api/v1/workspaces/acme/stream`,
			{ headers: { authorization: `Bearer ${web.key}`, ...(lastId ? { 'last-event-id': lastId } : {}) }, signal: controller.signal });
		assert.equal(answer.headers.get('content-type'), 'text/event-stream');
		return async (isEnough) => {
			let text = '';
			for await (const chunk of answer.body) {
				text += Buffer.from(chunk).toString();
				if (isEnough(text)) break;
			}
			controller.abort();
			return text;
		};
	};

	test('who comes back learns what came meanwhile; after too long it looks at everything', async () => {
		const listening = await listen();
		const first = await bench.publish('acme');
		const heard = await listening((all) => all.includes(`["${first}","alerts","delivered"]`) && all.includes('id: '));
		const lastId = /id: (\d+\.\d+)/.exec(heard)[1];
		const second = await bench.publish('acme');
		await bench.deliveries('acme', second);
		await until('the delivery here, too', async () => (await web.api(200, 'GET', `/workspaces/acme/events/${second}/rules/alerts`, { token: web.key })).state === 'delivered');
		const text = await (await listen(lastId))((all) => all.includes(`["${second}","alerts","delivered"]`) || all.includes('resync'));
		assert.doesNotMatch(text, /resync/);
		assert.match(text, /event: delivery\n/);
		for (const wrong of ['nothing', '1']) await (await listen(wrong))((all) => all.includes('event: resync'));
	});

	test('the document of the API and the pages of its errors are there', async () => {
		const { body } = await web.ask('GET', '/openapi.json');
		assert.equal(body.openapi, '3.1.0');
		const contract = new Contract(body);
		for (const [path, item] of Object.entries(body.paths))
			for (const [method, operation] of Object.entries(item)) {
				const schemas = [...Object.values(operation.responses), operation.requestBody].flatMap((one) => Object.values(one?.content ?? {}).map((content) => content.schema));
				assert.ok(schemas.length > 0, `${method} ${path}`);
				schemas.forEach((schema, i) => contract.schema(`${operation.operationId} ${i}`, schema));
			}
		assert.match(contract.complaint('GET', '/api/v1/me', { status: 200, type: 'application/json', body: { kind: 'key' } }), /must have required property 'id'/);
		assert.equal((await web.ask('GET', '/problems/not_found')).status, 200);
		assert.equal((await web.ask('GET', '/problems/none')).status, 404);
		const wrong = await web.ask('PUT', '/api/v1/me', { token: web.key });
		assert.equal(wrong.status, 405);
		assert.equal(wrong.headers.get('allow'), 'GET, HEAD');
	});
});
