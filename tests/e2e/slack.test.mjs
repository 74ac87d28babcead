/* What the service does of what Slack does: whole paths through `serve` to the sandbox. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { start, until } from './lib.mjs';

const TYPE = 'pl.x';
const RED = { severity: 'critical', title: 'down' };

describe('slack', () => {
	let bench;
	let count = 0;
	before(async () => {
		bench = await start();
		await bench.provision();
	});
	after(() => bench?.stop());

	/** A channel, a type and a rule of their own. */
	const scene = async (...args) => {
		const n = ++count;
		const channel = `C0SCENE${n}`;
		await bench.sandbox.post('/sandbox/world', { channels: [{ id: channel, name: `scene-${n}` }] });
		await bench.rule('acme', `scene${n}`, { type: `${TYPE}${n}`, channel, args });
		const deliver = async (payload) => {
			const id = await bench.publish('acme', { type: `${TYPE}${n}`, payload });
			return (await bench.deliveries('acme', id))[0];
		};
		const seen = () => bench.sandbox.messages(channel);
		const calls = async () => (await bench.sandbox.journal()).filter((entry) => entry.channel === channel && entry.method.startsWith('chat.'));
		const fault = (action, more = {}) => bench.sandbox.faults({ match: { channel }, action, ...more });
		return { channel, rule: `scene${n}`, deliver, seen, calls, fault };
	};
	const template = (slots) => ['--template', JSON.stringify(slots)];

	test('a headline is read once: above the bar, with the rest beside it', async () => {
		const { deliver, seen } = await scene(...template({ header: '{{ payload.title }}', body: 'It broke.',
			context: 'since noon', text: '{{ payload.title }} broke' }));
		await deliver(RED);
		const [message] = await seen();
		assert.equal(message.shown, 'down\nIt broke.\nsince noon');
		assert.equal(message.notification.mobile, 'down broke');
		assert.match(message.notification.desktop, /^down/);
		assert.equal(message.attachments[0].color, '#d92d20');
	});

	test('a header and a body: the body stands beside the colour', async () => {
		const { deliver, seen } = await scene(...template({ header: '{{ payload.title }}', body: 'It broke.' }));
		await deliver(RED);
		const [message] = await seen();
		assert.equal(message.shown, 'down\nIt broke.');
		assert.deepEqual([message.blocks.length, message.attachments[0].blocks.length], [1, 1]);
	});

	test('a reply whose parent was deleted says so, and later replies go under it', async () => {
		const { channel, deliver, seen } = await scene('--thread-key', '{{ payload.id }}', ...template({ body: '{{ payload.n }}' }));
		const first = await deliver({ id: 'a', n: 1 });
		await bench.sandbox.post('/sandbox/world', { delete: { channel, ts: first.message_id } });
		const second = await deliver({ id: 'a', n: 2 });
		assert.equal(second.state, 'delivered');
		assert.match(second.reason, /message to reply to was deleted in Slack/);
		assert.equal(second.attempts.length, 1);
		const third = await deliver({ id: 'a', n: 3 });
		assert.equal(third.reason ?? '', '');
		const reply = (await seen()).find((message) => message.ts === third.message_id);
		assert.equal(reply.thread_ts, second.message_id);
	});

	test('a change without colour takes the red bar away, and its text is not read as typed', async () => {
		const { deliver, seen } = await scene('--update-key', '{{ payload.id }}',
			...template({ header: '{{ payload.title }}', body: 'a & b <https://example.com|link>', text: '{{ payload.title }} & co' }));
		const first = await deliver({ id: 'a', ...RED });
		assert.equal((await seen())[0].attachments.length, 1);
		const second = await deliver({ id: 'a', title: 'fine <again>' });
		assert.equal(second.message_id, first.message_id);
		const [message] = await seen();
		assert.deepEqual(message.attachments ?? [], []);
		assert.equal(message.shown, 'fine <again>\na & b link');
		assert.equal(message.notification.mobile, 'fine <again> & co');
	});

	test('one channel that is closed to the app holds its rule and no other', async () => {
		const closed = await scene();
		const open = await scene();
		await closed.fault({ kind: 'error', error: 'ekm_access_denied' }, { times: 0 });
		const id = await bench.publish('acme', { type: `${TYPE}${count - 1}`, payload: RED });
		await bench.deliveries('acme', id, (all) => all.length === 1 && all[0].state === 'held');
		assert.equal((await bench.json('connection', 'show', 'acme', 'slack')).status, 'active');
		assert.equal((await open.deliver(RED)).state, 'delivered');
		await bench.sandbox.clearFaults();
	});

	test('a redirect is not followed, and not the end', async () => {
		const { deliver, fault, seen } = await scene('--retry', '0,0,0');
		await fault({ kind: 'status', status: 302 });
		const [first, second, ...more] = (await deliver(RED)).attempts;
		assert.equal(first.http_status, 302);
		assert.match(first.reason, /never followed/);
		assert.equal(second.http_status, 200);
		assert.equal(more.length, 0);
		assert.equal((await seen()).length, 1);
	});

	test('a pause is heeded at 503 as at 429, and counts as no attempt', async () => {
		for (const status of [503, 429]) {
			const { deliver, fault } = await scene('--retry', '0');
			await fault({ kind: 'status', status, retry_after: 1 }, { times: 2 });
			const delivery = await deliver(RED);
			assert.equal(delivery.state, 'delivered', delivery.reason);
			assert.equal(delivery.attempts.length, 3);
			const [a, b] = delivery.attempts.map((attempt) => Date.parse(attempt.started_at));
			assert.ok(b - a >= 900, `${b - a} ms`);
		}
	});

	test('what is too large goes as plain text next', async () => {
		const { deliver, fault, calls } = await scene();
		await fault({ kind: 'status', status: 413 });
		const delivery = await deliver(RED);
		assert.equal(delivery.state, 'delivered');
		assert.match(delivery.attempts[0].reason, /too large/);
		const [large, small] = await calls();
		assert.ok(large.blocks && !small.blocks && small.text);
	});

	test('an image that Slack cannot fetch costs the image, not the layout', async () => {
		const { deliver, fault, calls, seen } = await scene(...template({ blocks: [
			{ type: 'header', text: { type: 'plain_text', text: '{{ payload.title }}' } },
			{ type: 'image', image_url: 'https://example.com/a.png', alt_text: 'a chart' }], text: 'down' }));
		await fault({ kind: 'image' }, { times: 2 });
		const delivery = await deliver({ title: 'down' });
		assert.equal(delivery.state, 'delivered');
		assert.equal(delivery.attempts.length, 3);
		assert.match(delivery.reason, /could not fetch an image/);
		assert.equal((await seen())[0].shown, 'down');
		assert.deepEqual((await calls()).map((call) => call.blocks.length), [2, 2, 1]);
	});

	test('an image that Slack fetches the second time stays', async () => {
		const { deliver, fault, seen } = await scene(...template({ blocks: [
			{ type: 'image', image_url: 'https://example.com/a.png', alt_text: 'a chart' }], text: 'down' }));
		await fault({ kind: 'image' });
		assert.equal((await deliver({ title: 'down' })).attempts.length, 2);
		assert.equal((await seen())[0].blocks[0].type, 'image');
	});

	test('a header may have a level', async () => {
		const { deliver, seen } = await scene(...template({ blocks: [
			{ type: 'header', level: 2, text: { type: 'plain_text', text: '{{ payload.title }}' } }], text: 'down' }));
		assert.equal((await deliver({ title: 'down' })).attempts.length, 1);
		assert.equal((await seen())[0].blocks[0].level, 2);
	});

	test('what stays within its own limits stays within those of the whole', async () => {
		const blocks = Array.from({ length: 49 }, (_, i) =>
			({ type: 'section', text: { type: 'mrkdwn', text: `${i} ${'x'.repeat(200)}` } }));
		const { deliver, seen } = await scene(...template({ blocks, text: 'many' }));
		const delivery = await deliver({});
		assert.equal(delivery.attempts.length, 1, JSON.stringify(delivery.attempts));
		assert.ok((await until('the message', seen))[0].blocks.length > 30);
	});

	/** Every kind of node on the screen, of all messages of a channel. */
	const kinds = async (channel) => {
		const { messages } = await bench.sandbox.get(`/sandbox/messages?channel=${channel}&view=1`);
		const found = new Set();
		const walk = (node) => {
			if (node?.tag) found.add(node.tag);
			if (node && typeof node === 'object') Object.values(node).forEach(walk);
		};
		walk(messages);
		return found;
	};
	const visible = (text) => text.replace(/[\u034f\u00ad]/g, '');

	test('a value is text: marks, emoji, quotes, mentions', async () => {
		const hostile = ['*x*', '_x_', '~x~', ':100:', ':tada:', '*.example.com and *.example.org', '**x**', '_*~x~*_',
			'> x', '<!channel>', '<@U1>', '<https://a.b|c>', '2 * 3 * 4', 'snake_case_name', '*', '&lt;', '(*x*)', 'é*x*'];
		const { channel, deliver, seen } = await scene(...template({ header: '{{ payload.x }}', body: 'a {{ payload.x }} b', context: '{{ payload.x }}' }));
		for (const x of hostile) await deliver({ x });
		const messages = await seen();
		assert.deepEqual(messages.map((message) => visible(message.shown)), hostile.map((x) => `${x}\na ${x} b\n${x}`));
		const found = await kinds(channel);
		for (const kind of ['b', 'i', 's', 'emoji', 'quote', 'code', 'pre', 'link', 'user', 'broadcast']) {
			assert.ok(!found.has(kind), `${kind}: ${[...found]}`);
		}
	});

	test('a link goes to the page of the id, and its words are as they were written', async () => {
		const { channel, deliver, seen } = await scene(...template({ body: 'x',
			link: 'https://app.example.com/x/{{ payload.id }}', link_label: '{{ payload.words }}' }));
		await deliver({ id: 'a b/c?d=e&f#g', words: 'p95 > 800ms & err <1% | api' });
		assert.equal((await seen())[0].shown, 'x\np95 > 800ms & err <1% | api');
		const { messages } = await bench.sandbox.get(`/sandbox/messages?channel=${channel}&view=1`);
		assert.match(JSON.stringify(messages[0]), /https:\/\/app\.example\.com\/x\/a%20b%2Fc%3Fd%3De%26f%23g"/);
	});

	test('what is open at a cut is closed', async () => {
		const { channel, deliver, seen } = await scene(...template({ body: 'Log: ```{{ payload.p }}``` End' }));
		await deliver({ p: 'line of a log\n'.repeat(400) });
		assert.match((await seen())[0].blocks[0].text.text, /…```$/);
		assert.ok((await kinds(channel)).has('pre'));
		await deliver({ p: 'y'.repeat(60000) });
		assert.match((await seen())[1].blocks[0].text.text, /y…```$/);
	});
});
