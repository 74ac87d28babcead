/**
 * A small SaaS product, "Pulse", with two customers: what a product has to do to have Carillon's UI
 * in its own pages, and nothing else. Node 18, no dependency. docs/embedding.md goes through it.
 *
 *     CARILLON_URL=http://127.0.0.1:8080 CARILLON_SECRET_KEY=carillon_sk_... node server.mjs
 *
 *     PORT           where it listens (0: any free port)
 *     CUSTOMERS      workspaces of the two customers, as id:Name,id:Name (casterly:...,winterfell:...)
 *     READY_FILE     the address is written there once it listens
 *     COOP, COEP     sends these headers, to see that the UI works under them
 */
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';

const carillon = process.env.CARILLON_URL ?? 'http://127.0.0.1:8080';
const key = process.env.CARILLON_SECRET_KEY ?? '';
const customers = (process.env.CUSTOMERS ?? 'casterly:Casterly Rock,winterfell:Winterfell').split(',').map((one) => {
	const [workspace, name] = one.split(':');
	return { workspace, name: name ?? workspace };
});
const PEOPLE = { owner: 'Tyrion', admin: 'Cersei', member: 'Podrick' };
const here = fileURLToPath(new URL('.', import.meta.url));
const logins = new Map(); // cookie -> { customer, role }

/** Asks Carillon as the product: the secret key never leaves this process. */
async function ask(method, path, body) {
	const answer = await fetch(`${carillon}/api/v1${path}`, {
		method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify(body),
	});
	const seen = await answer.json().catch(() => ({}));
	if (!answer.ok) throw new Error(`Carillon: ${answer.status} ${seen.title ?? ''} ${seen.detail ?? ''}`);
	return seen;
}

/** The one thing that embedding takes: a session for whoever is signed in here. */
async function session(login, origin) {
	const made = await ask('POST', '/sessions', {
		workspace_id: login.customer.workspace,
		role: login.role,
		external_user_id: `pulse-${PEOPLE[login.role].toLowerCase()}`,
		external_name: PEOPLE[login.role],
		allowed_origins: [origin],
		scopes: ['events.payload:read'],
	});
	return { launch_url: made.launch_url, access_token: made.access_token, expires_at: made.expires_at };
}

/** What a product does all day: something happens to a customer, and it says so. */
function alert(login) {
	const value = 1000 + Math.round(Math.random() * 2000);
	const id = `alrt_${crypto.randomBytes(4).toString('hex')}`;
	return ask('POST', '/events', {
		workspace: login.customer.workspace, event: 'alert.triggered', resource: 'alert', resource_id: id,
		payload: {
			alert_id: id, account_id: `acc_${login.customer.workspace}`, severity: ['medium', 'high', 'critical'][value % 3],
			resource: ['api_latency_p95', 'disk_full', 'queue_depth'][value % 3], value, threshold: 1000, triggered_at: new Date().toISOString(),
		},
	});
}

function loginOf(request) {
	const id = /(?:^|;\s*)pulse=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1];
	return logins.get(id) ?? { customer: customers[0], role: 'owner' };
}

function signIn(url, response) {
	const customer = customers.find((one) => one.workspace === url.searchParams.get('customer')) ?? customers[0];
	const role = url.searchParams.get('role') in PEOPLE ? url.searchParams.get('role') : 'owner';
	const id = crypto.randomBytes(16).toString('hex');
	logins.set(id, { customer, role });
	response.writeHead(303, { location: '/', 'set-cookie': `pulse=${id}; HttpOnly; SameSite=Lax; Path=/` }).end();
}

function page(request, response) {
	const login = loginOf(request);
	const html = fs.readFileSync(`${here}page.html`, 'utf8').replace('"@DATA@"', () => JSON.stringify({
		carillon, customers, customer: login.customer, role: login.role, person: PEOPLE[login.role],
	}).replace(/</g, '\\u003c')).replaceAll('@CARILLON@', carillon);
	const headers = { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' };
	if (process.env.COOP) headers['cross-origin-opener-policy'] = process.env.COOP;
	if (process.env.COEP) headers['cross-origin-embedder-policy'] = process.env.COEP;
	response.writeHead(200, headers).end(html);
}

const json = (response, status, body) => response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));

const server = http.createServer(async (request, response) => {
	const url = new URL(request.url, 'http://localhost');
	const origin = `http://${request.headers.host}`;
	// Another site must not make a session in the name of who is signed in here.
	const isOwn = ['same-origin', undefined].includes(request.headers['sec-fetch-site']);
	try {
		if (request.method === 'GET' && url.pathname === '/') page(request, response);
		else if (request.method === 'GET' && url.pathname === '/sign-in') signIn(url, response);
		else if (request.method === 'POST' && url.pathname === '/carillon/session' && isOwn) json(response, 200, await session(loginOf(request), origin));
		else if (request.method === 'POST' && url.pathname === '/alert' && isOwn) json(response, 201, await alert(loginOf(request)));
		else json(response, 404, { error: 'nothing here' });
	} catch (error) {
		json(response, 502, { error: error.message });
	}
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
	const address = `http://localhost:${server.address().port}`;
	if (process.env.READY_FILE) fs.writeFileSync(process.env.READY_FILE, `${address}\n`);
	console.log(`demo-host listening on ${address}`);
});
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
