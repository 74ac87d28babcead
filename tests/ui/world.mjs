/** What the stand-in knows: a workspace in the middle of its life, and how a rule reads there. */

const HOUR = 3_600_000;
const iso = (ms) => new Date(ms).toISOString();

const TITLES = [
	['HIGH: api_latency_p95', 'alert.triggered'], ['HIGH: disk_full on db-3', 'alert.triggered'], ['CRITICAL: checkout is failing', 'alert.triggered'],
	['Invoice INV-2041 was paid', 'billing.invoice_paid'], ['Login from a new country', 'security.login'], ['Release 4.12.0 is live', 'deploy.finished'],
];

export function makeWorld({ kind = 'busy', role = 'owner', sessionType = 'workspace', deliveries = 60, scopes = ['events.payload:read'], channels = 240 } = {}) {
	const now = Date.now();
	const isEmpty = kind === 'empty';
	const isBroken = kind === 'broken';
	const world = { revision: 200, token: 'carillon_st_test_1', ttl_ms: 30 * 60_000, authorizations: new Map(), testState: null };
	world.me = { kind: 'session', role, session_type: sessionType, workspace: 'acme', workspace_name: 'Acme', external_name: 'Tyrion', scopes, product_name: 'Pulse', app_name: 'Pulse', ...(sessionType === 'resource' ? { resource: 'alert', resource_id: 'a1' } : {}) };
	world.types = [
		{
			name: 'alert.triggered', description: 'A threshold was passed', default_template: null, default_rules: [{ name: 'The loud ones', filter: { field: 'severity', op: 'at_least', value: 'high' } }], severity_order: [],
			sample: { alert_id: 'alrt_tyrion_42', account_id: 'acc_casterly', severity: 'high', resource: 'api_latency_p95', value: 1840, threshold: 1000, triggered_at: '2026-04-17T16:02:00Z', customer: { plan: 'enterprise' }, tags: ['prod', 'eu'], muted: false },
			fields: [['severity', 'string', 'high'], ['resource', 'string', 'api_latency_p95'], ['value', 'number', 1840], ['threshold', 'number', 1000], ['account_id', 'string', 'acc_casterly'], ['alert_id', 'string', 'alrt_tyrion_42'], ['triggered_at', 'string', '2026-04-17T16:02:00Z'], ['customer.plan', 'string', 'enterprise', ['free', 'team', 'enterprise']], ['tags', 'array', ['prod', 'eu']], ['muted', 'boolean', false]]
				.map(([p, type, example, values]) => ({ path: p, type, example, ...(values ? { enum: values } : {}) })),
		},
		{ name: 'billing.invoice_paid', description: 'An invoice was paid', sample: { invoice: 'INV-2041', amount: 1200.5, currency: 'EUR' }, fields: [{ path: 'invoice', type: 'string', example: 'INV-2041' }, { path: 'amount', type: 'number', example: 1200.5 }] },
		{ name: 'deploy.finished', description: 'A release went live', sample: { version: '4.12.0' }, fields: [{ path: 'version', type: 'string', example: '4.12.0' }] },
		{ name: 'security.login', description: '', sample: { user: 'cersei', country: 'DE' }, fields: [] },
	];
	world.channels = [
		{ id: 'C0OPS', name: 'ops', private: false, member: true, archived: false, used_by: 2 }, { id: 'C0FIN', name: 'finance', private: false, member: true, archived: false, used_by: 1 },
		{ id: 'G0INC', name: 'incidents', private: true, member: true, archived: false }, { id: 'C0REL', name: 'releases', private: false, member: true, archived: isBroken, used_by: 1 },
		...Array.from({ length: channels }, (_, i) => ({ id: `C1${String(i).padStart(5, '0')}`, name: `team-${String(i).padStart(3, '0')}`, private: false, member: false, archived: i % 17 === 0 })),
	];
	world.index = { state: 'complete', read: channels, at: iso(now - 5 * 60_000), next_refresh_at: null };
	const connection = (id, team, more = {}) => ({
		id, destination: 'slack', name: team, status: 'active', status_reason: '', status_code: '', repair: '', team_id: `T0${id}`, team_name: team, team_url: 'https://acme.slack.com/',
		channels: [{ id: 'C0OPS', name: 'ops', member: true }, { id: 'G0INC', name: 'incidents', private: true, member: false }], created_at: '2026-03-03T09:12:00Z', updated_at: iso(now), connected_by: 'Tyrion', last_message_at: iso(now - 120_000), held: { count: 0, oldest_at: null }, revision: 7, ...more,
	});
	world.connections = isEmpty ? [] : [
		connection('c1', 'Acme Inc.', isBroken ? { status: 'needs_reconnect', status_code: 'account_inactive', repair: 'reconnect', held: { count: 14, oldest_at: iso(now - 20 * 60_000) } } : {}),
		...(kind === 'busy' || isBroken ? [connection('c2', 'Acme EU', { channels: [], last_message_at: iso(now - 3 * HOUR) })] : []),
	];
	world.blank = () => ({
		id: '', name: '', event_type: 'alert.triggered', filter: null, connection: 'c1', channel: '', channel_name: '', template: null, active: true, hold_reason: '', hold_code: '', repair: null, on_unknown: 'prefer_duplicate', on_message_error: 'plain_text', on_burst: 'queue',
		thread_key: '', thread_hours: 0, update_key: '', dedupe_key: '', dedupe_minutes: 0, quiet_hours: null, retry: [], created_at: '2026-03-03T09:12:00Z', updated_at: iso(now - 2 * HOUR), updated_by: { kind: 'session', name: 'Tyrion' }, held: { count: 0, oldest_at: null }, last_24h: { delivered: 0, failed: 0 }, revision: 118,
	});
	world.rules = isEmpty ? [] : [
		{ ...world.blank(), id: 'r1', name: 'High alerts', channel: 'C0OPS', channel_name: 'ops', last_24h: { delivered: 41, failed: 0 }, filter: { all: [{ field: 'severity', op: 'at_least', value: 'high' }, { field: 'value', op: 'gt', value: 1000 }] }, template: { header: '{{ event.severity | upcase }}: {{ payload.resource }}', body: 'Above the limit by *{{ payload.value }}*.', fields: 'auto', link: 'https://app.example.com/alerts/{{ payload.alert_id }}', link_label: 'Open the alert' } },
		{ ...world.blank(), id: 'r2', name: 'Money', event_type: 'billing.>', channel: 'C0FIN', channel_name: 'finance', last_24h: { delivered: 3, failed: 1 } },
		{ ...world.blank(), id: 'r3', name: '', event_type: 'deploy.finished', channel: 'C0REL', channel_name: 'releases', last_24h: { delivered: 2, failed: 0 }, ...(isBroken ? { repair: { code: 'pick_channel', rule: 'r3' }, hold_code: 'is_archived', hold_reason: 'the channel is archived', held: { count: 3, oldest_at: iso(now - HOUR) } } : {}) },
		{ ...world.blank(), id: 'r4', name: 'Logins to look at', event_type: 'security.login', active: false },
	];
	world.versions = world.rules.flatMap((rule) => [
		{ rule: rule.id, revision: 118, at: iso(now - 2 * HOUR), by: { kind: 'session', id: 'u_7', name: 'Tyrion' }, what: 'changed', record: rule, changes: [{ member: 'name', was: `${rule.name || rule.event_type} (old)`, is: rule.name }, { member: 'filter', was: { field: 'severity', op: 'at_least', value: 'critical' }, is: rule.filter }, { member: 'updated_at', was: 1, is: 2 }] },
		{ rule: rule.id, revision: 90, at: iso(now - 50 * HOUR), by: { kind: 'session', id: 'u_8', name: 'Cersei' }, what: 'created', changes: [], record: { ...rule, filter: { field: 'severity', op: 'at_least', value: 'critical' }, name: `${rule.name || rule.event_type} (old)` } },
	]);
	world.events = [];
	world.deliveries = [];
	let count = 0;
	world.addDelivery = (more = {}) => {
		const i = count++;
		const [title, type] = TITLES[i % TITLES.length];
		const at = more.created_at ?? iso(Date.now());
		const rule = world.rules[i % 3] ?? world.blank();
		const event = { id: `evt_${String(i).padStart(6, '0')}`, type, resource: 'alert', resource_id: `alrt_${i}`, severity: 'high', matched: 1, title, received_at: at, reason: '' };
		const d = {
			event_id: event.id, rule: rule.id, rule_name: rule.name, connection: 'c1', channel: rule.channel, channel_name: rule.channel_name, title, state: 'delivered', reason: '', action: '', repair: null, degraded: false, possible_duplicate: false, created_at: at, updated_at: at, due_at: null,
			failures_counted: 0, attempt_count: 1, attempts_planned: 9, message_url: 'https://acme.slack.com/archives/C0OPS/p1', attempts: [{ number: 1, started_at: at, duration_ms: 212, outcome: 'delivered', possible_duplicate: false, http_status: 200, error_code: '', reason: '', request_id: '000001a21f80c227' }], ...more,
		};
		if (!('channel_name' in more) && more.channel) d.channel_name = world.channels.find((c) => c.id === more.channel)?.name;
		world.events.unshift(event);
		world.deliveries.unshift(d);
		return d;
	};
	const fails = {
		held: { state: 'held', repair: { code: 'reconnect', connection: 'c1' }, reason: 'the app was removed from the Slack workspace', message_url: null, attempts: [{ number: 1, started_at: iso(now), duration_ms: 204, outcome: 'auth_failed', possible_duplicate: false, http_status: 200, error_code: 'account_inactive', reason: "Slack refused the app's access", request_id: '9a1f00c227' }] },
		retrying: { state: 'retrying', repair: { code: 'wait' }, due_at: iso(now + 180_000), failures_counted: 1, reason: 'Slack is temporarily unavailable', message_url: null, attempts: [{ number: 1, started_at: iso(now), duration_ms: 15_000, outcome: 'timeout', possible_duplicate: true, http_status: 0, error_code: '', reason: 'Slack did not answer in time', request_id: '9a1f00c228' }] },
		failed: { state: 'failed', repair: { code: 'edit_message', rule: 'r1', slot: 'body', line: 1 }, reason: 'Slack refused the layout of the message', message_url: null, attempts: [{ number: 1, started_at: iso(now), duration_ms: 180, outcome: 'rejected_client_error', possible_duplicate: false, http_status: 200, error_code: 'invalid_blocks', reason: 'Slack refused the layout of the message', slot: 'body', request_id: '9a1f00c229' }] },
	};
	if (!isEmpty) {
		for (let i = deliveries; i > 0; i--) {
			const at = iso(now - i * (20 * HOUR / deliveries));
			const kindOf = i % 13 === 5 ? 'retrying' : i % 17 === 3 ? 'failed' : isBroken && i < 6 ? 'held' : '';
			const attempts = kindOf ? fails[kindOf].attempts.map((a) => ({ ...a, started_at: at })) : undefined;
			world.addDelivery({ created_at: at, updated_at: at, ...(kindOf ? { ...fails[kindOf], attempts } : {}) });
		}
		world.events.unshift({ id: 'evt_unmatched', type: 'security.login', resource: 'user', resource_id: 'cersei', severity: '', matched: 0, title: 'Login from a new country', received_at: iso(now - 60_000), reason: 'no rule wanted it' });
	}
	world.replay = { id: 'rp_1', action: 'send', status: 'running', selected: 37, sent: 12, skipped: 3, failed: 1, failures: [{ reason: 'the channel is archived', count: 1 }], from: iso(now - 24 * HOUR), to: iso(now), created_at: iso(now), updated_at: iso(now), event_id: '', revision: 3 };
	world.newAuthorization = () => {
		const id = `az${world.authorizations.size + 1}`;
		const one = { id, status: 'waiting', url: `/oauth/slack/start?ticket=${id}`, proof: 'p', code: '', detail: '', connection: null, team: null, previous_team: null, expires_at: iso(Date.now() + 600_000) };
		world.authorizations.set(id, one);
		return one;
	};
	world.overview = () => ({
		needs: world.overviewNeeds ?? [
			...world.connections.filter((c) => c.status === 'needs_reconnect').map((c) => ({ code: 'reconnect', connection: c.id, count: c.held.count, oldest_at: c.held.oldest_at, rules: 3 })),
			...world.rules.filter((r) => r.repair).map((r) => ({ code: r.repair.code, rule: r.id, connection: r.connection, count: r.held.count, oldest_at: r.held.oldest_at, rules: 1 })),
		],
		hours: Array.from({ length: 24 }, (_, i) => {
			const n = isEmpty ? 0 : Math.round(14 + 12 * Math.sin(i / 3) + (i % 5));
			return { at: iso(Math.floor(now / HOUR) * HOUR - (23 - i) * HOUR), delivered: n, retrying: i === 23 && !isEmpty ? 2 : 0, held: isBroken && i > 21 ? 7 : 0, failed: !isEmpty && i % 9 === 4 ? 2 : 0 };
		}),
		connections: world.connections, last_event_at: isEmpty ? null : iso(now - 120_000),
	});
	return world;
}

/* --- how a rule reads: as much of it as the stories need --- */

const FILTERS = { upcase: (v) => String(v).toUpperCase(), downcase: (v) => String(v).toLowerCase(), capitalize: (v) => String(v)[0]?.toUpperCase() + String(v).slice(1), number: (v) => Number(v).toLocaleString('en-US'), date: (v) => `<!date^${Math.floor(Date.parse(v) / 1000)}^{date_short_pretty} at {time}|${v}>`, default: (v, a) => v || a, join: (v, a) => [].concat(v).join(a), percent: (v) => `${Math.round(v * 100)}%` };

function place(text, at) {
	const before = text.slice(0, at).split('\n');
	return { line: before.length, column: [...before.at(-1)].length + 1 };
}

function fill(slot, text, scope, errors) {
	return String(text).replace(/\{\{(.*?)(\}\}|$)/gs, (whole, inside, end, at) => {
		if (!end) {
			errors.push({ code: 'template', pointer: `/template/${slot}`, slot, ...place(text, at), detail: '{{ is never closed; add }}' });
			return '';
		}
		const [path, ...filters] = inside.split('|').map((part) => part.trim());
		let value = path.split('.').reduce((v, name) => v?.[name], scope);
		if (!/^(payload|event)\./.test(path)) errors.push({ code: 'template', pointer: `/template/${slot}`, slot, ...place(text, at + whole.indexOf(path)), detail: `unknown name "${path}"; write payload.${path}` });
		for (const filter of filters) {
			const [name, argument = ''] = filter.split(':').map((part) => part.trim());
			if (!FILTERS[name]) {
				const near = Object.keys(FILTERS).find((one) => one.startsWith(name.slice(0, 3)));
				errors.push({ code: 'template', pointer: `/template/${slot}`, slot, ...place(text, at + whole.indexOf(name)), detail: `unknown filter "${name}"`, ...(near ? { suggestion: near } : {}) });
			} else {
				value = FILTERS[name](value, argument.replace(/^"|"$/g, ''));
			}
		}
		return value ?? '';
	});
}

const LEVELS = ['info', 'low', 'medium', 'high', 'critical'];
const holds = (c, actual) => {
	switch (c.op) {
		case 'eq': return actual === c.value;
		case 'ne': return actual !== undefined && actual !== c.value;
		case 'gt': return actual > c.value;
		case 'gte': return actual >= c.value;
		case 'lt': return actual < c.value;
		case 'lte': return actual <= c.value;
		case 'at_least': return LEVELS.indexOf(actual) >= LEVELS.indexOf(c.value);
		case 'in': return c.value.includes(actual);
		case 'contains': return String(actual).includes(c.value);
		case 'exists': return (actual !== undefined) === (c.value !== false);
		default: return false;
	}
};

function explain(filter, payload, pointer, out, depth = 0) {
	if (!filter) return true;
	for (const match of ['all', 'any']) {
		if (!filter[match]) continue;
		const results = filter[match].map((one, i) => explain(one, payload, `${pointer}/${match}/${i}`, out, depth + 1));
		return match === 'all' ? results.every(Boolean) : results.some(Boolean);
	}
	if (filter.not) return !explain(filter.not, payload, `${pointer}/not`, out, depth + 1);
	const actual = String(filter.field).split('.').reduce((v, name) => v?.[name], payload);
	const result = holds(filter, actual);
	out.push({ pointer, depth, result, sentence: `${filter.field} ${filter.op} ${filter.value}`, op: filter.op, field: filter.field, value: filter.value, actual, missing: actual === undefined });
	return result;
}

export function render(world, rule, eventId) {
	const event = world.events.find((one) => one.id === eventId);
	const type = world.types.find((one) => one.name === (event?.type ?? rule.event_type)) ?? world.types[0];
	const payload = world.payload ?? type.sample ?? {};
	const scope = { payload, event: { type: type.name, severity: payload.severity, resource: 'alert', resource_id: 'alrt_tyrion_42', id: eventId ?? 'sample', time: '2026-04-17T16:02:00Z' } };
	const errors = [];
	const conditions = [];
	const matched = explain(rule.filter, payload, '', conditions);
	const template = rule.template ?? { header: '🔴 {{ event.severity | default: "info" }}: {{ event.type }}', body: '*{{ payload.resource | default: "-" }}*', timestamp: '{{ event.time | date }}' };
	if (template.blocks) return { matched, reason: '', conditions, channel: rule.channel, text: String(template.text ?? ''), color: '', blocks: template.blocks, warnings: [], errors };
	const text = Object.fromEntries(Object.entries(template).map(([slot, value]) => [slot, fill(slot, value, scope, errors)]));
	const blocks = [];
	const warnings = [];
	if (text.header) blocks.push({ type: 'header', text: { type: 'plain_text', text: text.header.slice(0, 150), emoji: true } });
	if ((text.header ?? '').length > 150) warnings.push({ code: 'cut', slot: 'header', max: 150, sentence: 'the header was cut' });
	if (text.body) blocks.push({ type: 'section', text: { type: 'mrkdwn', text: text.body, verbatim: true } });
	if (text.fields === 'auto') blocks.push({ type: 'section', fields: Object.entries(payload).filter(([, v]) => typeof v !== 'object').slice(0, 6).map(([k, v]) => ({ type: 'mrkdwn', text: `*${k}*\n${String(v).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')}` })) });
	const small = [text.context, text.reference, text.timestamp].filter(Boolean);
	if (small.length > 0) blocks.push({ type: 'context', elements: small.map((one) => ({ type: 'mrkdwn', text: one })) });
	if (text.link) blocks.push({ type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: text.link_label || text.link }, url: text.link }] });
	return {
		matched, reason: matched ? '' : 'the filter does not accept it', conditions, channel: rule.channel, text: text.text || `${text.header ?? ''} ${payload.resource ?? ''}`.trim(), color: '#d92d20', blocks, thread_key: '', update_key: '', dedupe_key: '', warnings, errors,
		lengths: { header: { used: (text.header ?? '').length, max: 150 } },
	};
}
