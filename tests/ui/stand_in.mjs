/**
 * A server that speaks as `carillon web` does, for what a real one is not easily brought to: slow,
 * failing and hostile answers, ten thousand rows, a Slack that changes under one's hands. What the
 * routes say is docs/api.md's; nothing is kept but in memory.
 *
 *     const server = await standIn();       // { url, world, hits, fault(), stream(), host() }
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { makeWorld, render } from './world.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const DIST = path.join(ROOT, 'src/ui/dist');
const TYPES = { '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json', '.html': 'text/html; charset=utf-8' };

const policy = (origins) => [
	"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:", "font-src 'self'",
	"base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'", `frame-ancestors ${origins.join(' ') || "'none'"}`,
].join('; ');

const problem = (status, code, title, more = {}) => ({ status, body: { type: `/problems/${code}`, code, title, status, request_id: 'r-9a1f', ...more } });
const ok = (body, etag) => ({ status: 200, body, etag });
const page = (records, query) => {
	const limit = Number(query.get('limit') ?? 50);
	const from = Number(query.get('cursor') ?? 0);
	const some = records.slice(from, from + limit);
	return ok({ count: some.length, limit, next_cursor: from + limit < records.length ? String(from + limit) : null, records: some });
};
const tagOf = (record) => `"${record.revision}"`;

export async function standIn(options = {}) {
	const world = makeWorld(options);
	const streams = new Set();
	const faults = [];
	const hits = [];
	const launches = new Map();
	let history = 1;

	const push = (event, changes) => {
		for (const response of streams) response.write(`id: ${++history}.1\nevent: ${event}\ndata: ${JSON.stringify({ changes })}\n\n`);
	};

	function saveRule(rule, change, { replace = false } = {}) {
		const errors = render(world, { ...rule, ...change }, null).errors;
		if (errors.length > 0) return problem(422, 'invalid_rule', 'The rule cannot be saved', { errors });
		const before = { ...rule };
		Object.assign(rule, replace ? change : change, { revision: ++world.revision, updated_at: new Date().toISOString(), updated_by: { kind: 'session', name: 'Tyrion' } });
		if (change.channel && change.channel !== before.channel) Object.assign(rule, { repair: null, hold_code: '', hold_reason: '', held: { count: 0, oldest_at: null }, channel_name: world.channels.find((c) => c.id === change.channel)?.name });
		world.versions.unshift({ rule: rule.id, revision: rule.revision, at: rule.updated_at, by: { kind: 'session', name: 'Tyrion' }, what: 'changed', changes: [], record: { ...rule } });
		push('rule', [[rule.id]]);
		return ok(rule, tagOf(rule));
	}
	const checked = (record, request, then) => {
		const given = request.headers['if-match'];
		if (!given) return problem(428, 'precondition_required', 'If-Match is missing');
		return given === tagOf(record) ? then() : problem(412, 'changed_meanwhile', 'It was changed meanwhile', { current: record });
	};
	const rowsOf = (query) => world.deliveries.filter((d) =>
		(!query.get('state') || d.state === query.get('state')) && (!query.get('rule') || d.rule === query.get('rule')) &&
		(!query.get('q') || `${d.title} ${d.event_id}`.toLowerCase().includes(query.get('q').toLowerCase())));

	/* One table: method, path, what it answers. */
	const routes = [
		['GET', /^\/me$/, () => ok(world.me)],
		['GET', /^\/overview$/, () => ok(world.overview())],
		['GET', /^\/connections$/, (m, q) => page(world.connections, q)],
		['GET', /^\/connections\/([^/]+)$/, (m) => found(world.connections, m[1])],
		['PATCH', /^\/connections\/([^/]+)$/, (m, q, b) => one(world.connections, m[1], (c) => {
			Object.assign(c, b, { revision: ++world.revision });
			return ok(c, tagOf(c));
		})],
		['POST', /^\/connections\/([^/]+)\/(enable|disable)$/, (m) => one(world.connections, m[1], (c) => {
			Object.assign(c, { status: m[2] === 'enable' ? 'active' : 'disabled', revision: ++world.revision });
			return ok(c, tagOf(c));
		})],
		['DELETE', /^\/connections\/([^/]+)$/, (m) => { world.connections = world.connections.filter((c) => c.id !== m[1]); return { status: 204 }; }],
		['POST', /^\/connections\/([^/]+)\/check$/, () => ok({})],
		['POST', /^\/connections\/([^/]+)\/release$/, (m) => one(world.connections, m[1], (c) => { const n = c.held.count; c.held = { count: 0, oldest_at: null }; return ok({ released: { count: n, dropped: 0 } }); })],
		['GET', /^\/connections\/([^/]+)\/channels$/, (m, q) => {
			const wanted = (q.get('q') ?? '').toLowerCase();
			const all = world.channels.filter((c) => !c.archived && (!c.private || c.member) && c.name.includes(wanted));
			const answer = page(all, q);
			return { ...answer, body: { ...answer.body, index: world.index } };
		}],
		['POST', /^\/connections\/([^/]+)\/channels\/refresh$/, () => problem(429, 'rate_limited', 'Slack allows this once a minute', { retry_after: 12 })],
		['GET', /^\/connections\/([^/]+)\/channels\/([^/]+)$/, (m) => { const c = world.channels.find((x) => x.id === m[2]); return c ? ok(c) : problem(404, 'not_found', 'There is no such channel'); }],
		['GET', /^\/event-types$/, (m, q) => page(world.types, q)],
		['GET', /^\/event-types\/([^/]+)$/, (m) => { const t = world.types.find((x) => x.name === m[1]); return t ? ok(t) : problem(404, 'not_found', 'There is no such type'); }],
		['GET', /^\/rules$/, (m, q) => page(world.rules, q)],
		['POST', /^\/rules$/, (m, q, b) => {
			const rule = { ...world.blank(), ...b, id: b.id ?? `r${world.rules.length + 1}`, created_at: new Date().toISOString(), held: { count: 0, oldest_at: null } };
			const answer = saveRule(rule, {});
			if (answer.status === 200) world.rules.push(rule);
			return answer;
		}],
		['POST', /^\/rules\/preview$/, (m, q, b) => {
			if (typeof b.rule !== 'object') return problem(422, 'invalid_value', '"rule" must be an object');
			return ok(render(world, b.rule, b.event?.payload ? undefined : b.event?.id));
		}],
		['POST', /^\/rules\/dry-run$/, () => ok({ examined: 100, matched: 7, would_post: 7, not_why: {}, events: world.events.slice(0, 7).map((e) => ({ id: e.id, type: e.type, received_at: e.received_at })) })],
		['POST', /^\/rules\/test$/, (m, q, b) => {
			const rule = b.rule ?? world.rules.find((r) => r.id === b.rule_id);
			const d = world.addDelivery({ rule: b.rule_id ?? 'test_1', channel: rule.channel, state: world.testState ?? 'delivered', test: true, title: 'Test', repair: world.testState ? { code: 'invite' } : null });
			setTimeout(() => push('delivery', [[d.event_id, d.rule, d.state]]), 50);
			return { status: 202, body: { event_id: d.event_id, rule_id: d.rule } };
		}],
		['GET', /^\/rules\/([^/]+)$/, (m) => found(world.rules, m[1])],
		['PUT', /^\/rules\/([^/]+)$/, (m, q, b, r) => one(world.rules, m[1], (rule) => checked(rule, r, () => saveRule(rule, b, { replace: true })))],
		['PATCH', /^\/rules\/([^/]+)$/, (m, q, b, r) => one(world.rules, m[1], (rule) => checked(rule, r, () => saveRule(rule, b)))],
		['DELETE', /^\/rules\/([^/]+)$/, (m, q, b, r) => one(world.rules, m[1], (rule) => checked(rule, r, () => { world.rules = world.rules.filter((x) => x !== rule); push('rule', [[rule.id]]); return { status: 204 }; }))],
		['POST', /^\/rules\/([^/]+)\/(enable|disable)$/, (m) => one(world.rules, m[1], (rule) => saveRule(rule, { active: m[2] === 'enable' }))],
		['GET', /^\/rules\/([^/]+)\/versions$/, (m, q) => page(world.versions.filter((v) => v.rule === m[1]), q)],
		['POST', /^\/rules\/([^/]+)\/revert$/, (m, q, b) => one(world.rules, m[1], (rule) => saveRule(rule, { ...world.versions.find((v) => v.revision === b.revision).record }))],
		['GET', /^\/events$/, (m, q) => page(world.events.filter((e) => (!q.get('type') || e.type === q.get('type')) && (q.get('status') !== 'unmatched' || e.matched === 0)), q)],
		['GET', /^\/events\/([^/]+)$/, (m) => { const e = world.events.find((x) => x.id === m[1]); return e ? ok({ ...e, deliveries: world.deliveries.filter((d) => d.event_id === e.id) }) : problem(404, 'not_found', 'There is no such event'); }],
		['GET', /^\/events\/([^/]+)\/payload$/, () => ok({ payload: world.types[0].sample })],
		['GET', /^\/deliveries$/, (m, q) => { const answer = page(rowsOf(q), q); return { ...answer, body: { ...answer.body, looked_back_to: answer.body.next_cursor ? answer.body.records.at(-1).created_at : null } }; }],
		['GET', /^\/events\/([^/]+)\/rules\/([^/]+)$/, (m) => { const d = world.deliveries.find((x) => x.event_id === m[1] && x.rule === m[2]); return d ? ok(d) : problem(404, 'not_found', 'There is no such delivery'); }],
		['POST', /^\/events\/([^/]+)\/rules\/([^/]+)\/retry$/, (m) => {
			const d = world.deliveries.find((x) => x.event_id === m[1] && x.rule === m[2]);
			if (['retrying', 'sending', 'pending'].includes(d.state)) return problem(425, 'attempt_imminent', 'An attempt is under way');
			Object.assign(d, { state: 'delivered', repair: null, reason: '', updated_at: new Date().toISOString() });
			push('delivery', [[d.event_id, d.rule, d.state]]);
			return { status: 202, body: { replay: 'rp_1' } };
		}],
		['POST', /^\/events\/([^/]+)\/rules\/([^/]+)\/cancel$/, () => ({ status: 202, body: {} })],
		['POST', /^\/replays\/count$/, (m, q, b) => ok({ selected: b.states.length === 0 ? 0 : 37, is_at_least: false, delivered_left_out: 3, seconds_at_least: 40, groups: [{ state: 'failed', rule: 'r1', connection: 'c1', channel: 'C0OPS', count: 30 }, { channel: 'G0INC', count: 5 }, { channel: 'C0FIN', count: 2 }] })],
		['POST', /^\/replays$/, () => ok(world.replay)],
		['GET', /^\/replays\/([^/]+)$/, () => ok(world.replay)],
		['POST', /^\/replays\/([^/]+)\/(pause|resume|cancel)$/, (m) => { world.replay.status = { pause: 'paused', resume: 'running', cancel: 'canceled' }[m[2]]; return ok(world.replay); }],
		['POST', /^\/slack\/authorizations$/, () => { const a = world.newAuthorization(); return ok(a); }],
		['GET', /^\/slack\/authorizations\/([^/]+)$/, (m) => ok(world.authorizations.get(m[1]))],
		['POST', /^\/slack\/authorizations\/([^/]+)\/choose$/, () => ok({})],
		['POST', /^\/(pause|resume)$/, () => ok({ released: { count: 0, dropped: 0 } })],
	];
	const one = (list, id, then) => { const it = list.find((x) => x.id === id); return it ? then(it) : problem(404, 'not_found', 'There is no such thing'); };
	const found = (list, id) => one(list, id, (it) => ok(it, tagOf(it)));

	async function api(request, response, url) {
		const method = request.method;
		const where = url.pathname.slice('/api/v1'.length);
		let body = '';
		for await (const chunk of request) body += chunk;
		hits.push({ method, path: where, query: url.search, body: body ? JSON.parse(body) : null, key: request.headers['idempotency-key'], auth: request.headers.authorization });
		const fault = faults.find((f) => f.times > 0 && f.match.test(`${method} ${where}`));
		if (fault) {
			fault.times--;
			if (fault.delay) await new Promise((resolve) => setTimeout(resolve, fault.delay));
			if (fault.drop) return response.destroy();
			if (fault.status) return answer(response, problem(fault.status, fault.code ?? 'internal', 'It failed', { detail: 'for the test', retry_after: fault.retry_after, errors: fault.errors }));
		}
		if (request.headers.authorization !== `Bearer ${world.token}`) return answer(response, problem(401, 'session_expired', 'The session has ended'));
		const inside = /^\/workspaces\/([^/]+)(\/.*)?$/.exec(where);
		if (inside && inside[1] !== world.me.workspace) return answer(response, problem(404, 'not_found', 'There is no such workspace'));
		const rest = inside ? (inside[2] ?? '/') : where;
		if (rest === '/stream') return openStream(request, response);
		const writes = method !== 'GET' && !/preview|dry-run|replays\/count/.test(rest);
		if (writes && world.me.session_type === 'dashboard') return answer(response, problem(403, 'forbidden', 'This session only reads'));
		for (const [verb, pattern, handler] of routes) {
			const match = verb === method && pattern.exec(rest);
			if (match) return answer(response, handler(match.map((part) => part && decodeURIComponent(part)), url.searchParams, body ? JSON.parse(body) : {}, request));
		}
		return answer(response, problem(404, 'not_found', 'There is nothing here'));
	}
	function answer(response, { status, body, etag }) {
		const headers = { 'content-type': status >= 400 ? 'application/problem+json' : 'application/json' };
		if (etag) headers.etag = etag;
		if (body?.retry_after) headers['retry-after'] = String(body.retry_after);
		response.writeHead(status, headers).end(body === undefined ? '' : JSON.stringify(body));
	}
	function openStream(request, response) {
		response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
		response.write(`retry: 3000\n\n`);
		streams.add(response);
		response.on('close', () => streams.delete(response));
	}
	function embed(response, url) {
		const launch = launches.get(url.searchParams.get('launch'));
		const origins = launch?.origins ?? [];
		const isUsed = !launch || launch.used;
		if (launch) launch.used = true;
		const html = fs.readFileSync(path.join(DIST, 'index.html'), 'utf8').replace('@ORIGINS@', origins.join(' ')).replace('@ERROR@', isUsed ? 'launch_used' : '').replace(/@(PAGE|LOCALE|THEME)@/g, '');
		response.writeHead(200, {
			'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(origins), 'cache-control': 'no-store', 'referrer-policy': 'no-referrer',
			'x-content-type-options': 'nosniff', 'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'cross-origin',
		}).end(html);
	}
	/** English with accents and 40 % more letters: shows what has no room. */
	function longer(json) {
		const accents = { a: 'á', e: 'é', i: 'í', o: 'ö', u: 'ü', n: 'ñ', c: 'ç', y: 'ý' };
		const change = (text) => `[${text.replace(/(\{\w+\})|([aeioncuy])/g, (_, slot, letter) => slot ?? accents[letter])}${' one two'.repeat(Math.ceil(text.length / 20)).slice(0, Math.ceil(text.length * 0.4))}]`;
		return Buffer.from(JSON.stringify(JSON.parse(json, (key, value) => (typeof value === 'string' ? change(value) : value))));
	}
	function file(request, response, name) {
		const where = path.join(DIST, path.basename(name));
		if (!fs.existsSync(where)) return response.writeHead(404).end();
		response.writeHead(200, { 'content-type': TYPES[path.extname(where)] ?? 'text/plain', 'content-encoding': 'gzip', 'cross-origin-resource-policy': name === 'embed.js' ? 'cross-origin' : 'same-origin', 'cache-control': 'no-cache' });
		const content = fs.readFileSync(where);
		response.end(gzipSync(options.pseudo && path.basename(name).startsWith('en-') ? longer(content) : content));
	}
	const server = http.createServer((request, response) => {
		const url = new URL(request.url, 'http://127.0.0.1');
		if (url.pathname.startsWith('/api/')) api(request, response, url).catch((error) => { console.error(error); response.destroy(); });
		else if (url.pathname === '/embed') embed(response, url);
		else if (url.pathname === '/embed.js') file(request, response, 'embed.js');
		else if (url.pathname.startsWith('/embed/')) file(request, response, url.pathname);
		else if (url.pathname.startsWith('/oauth/')) response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Slack</title><h1>Slack would ask here</h1>');
		else response.writeHead(404).end();
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	const url = `http://127.0.0.1:${server.address().port}`;
	return {
		url, world, hits, push,
		fault: (match, how) => faults.push({ match, times: 1, ...how }),
		clearFaults: () => faults.splice(0),
		session(origins) {
			const launch = `l${launches.size + 1}-${Math.random().toString(36).slice(2)}`;
			launches.set(launch, { origins, used: false });
			return { launch_url: `${url}/embed?launch=${launch}`, access_token: world.token, expires_at: new Date(Date.now() + world.ttl_ms).toISOString() };
		},
		cutStreams() {
			for (const response of streams) response.destroy();
		},
		get streams() {
			return streams.size;
		},
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
