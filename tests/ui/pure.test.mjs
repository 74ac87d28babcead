/** What needs no browser: filters as a form, mrkdwn, merging, mistakes at their place, colours. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { load } from './units.mjs';

const { toForm, toFilter, same, typed, mrkdwn, textOf, merge, corrected, wrongWord, pieces, readable, contrast, channelId } =
	await load('rule/filter_form.ts', 'slack/mrkdwn.ts', 'state/merge.ts', 'rule/highlight.ts', 'host/theme.ts', 'rule/channel_picker.tsx');

const scalar = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
const field = fc.stringMatching(/^[a-z][a-z_.]{0,12}$/);
const condition = fc.oneof(
	fc.record({ field, op: fc.constantFrom('eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'contains', 'starts_with', 'at_least'), value: scalar }),
	fc.record({ field, op: fc.constantFrom('in', 'not_in'), value: fc.array(scalar, { maxLength: 4 }) }),
	fc.record({ field, op: fc.constant('exists') }),
	fc.record({ field, op: fc.constant('exists'), value: fc.boolean() }));
const group = fc.oneof(fc.record({ all: fc.array(condition, { maxLength: 4 }) }), fc.record({ any: fc.array(condition, { maxLength: 4 }) }));
const filter = fc.oneof(condition, fc.record({ all: fc.array(fc.oneof(condition, group), { maxLength: 5 }) }), fc.record({ any: fc.array(fc.oneof(condition, group), { maxLength: 5 }) }));

test('a filter that the form takes comes back the same', () => {
	fc.assert(fc.property(filter, (one) => {
		const form = toForm(one);
		assert.notEqual(form, null, 'one level of groups is what the form has');
		assert.ok(same(toFilter(form), one));
	}), { numRuns: 2000 });
});

test('what the form cannot say it does not take', () => {
	for (const one of [
		{ not: { field: 'a', op: 'eq', value: 1 } }, { all: [{ any: [{ all: [] }] }] }, { field: 'a', op: 'matches', value: 'x' },
		{ field: 'a', op: 'eq', value: { b: 1 } }, { field: 'a', op: 'eq' }, { all: [], any: [] }, { field: 'a', op: 'eq', value: 1, note: 'x' }, [], 'x', { all: [null] },
	]) assert.equal(toForm(one), null, JSON.stringify(one));
	const form = toForm(null);
	assert.equal(toFilter(form), null);
});

test('anything at all is taken and said back the same, or not taken', () => {
	fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), (one) => {
		const form = toForm(one);
		if (form !== null) assert.ok(same(toFilter(form), one ?? null));
	}), { numRuns: 2000 });
});

test('a number that would lose digits stays text', () => {
	assert.equal(typed('1000', 'number'), 1000);
	assert.equal(typed('-1.5', 'number'), -1.5);
	assert.equal(typed('1234567890123456789', 'number'), '1234567890123456789');
	assert.equal(typed('1.10', 'number'), '1.10');
	assert.equal(typed('007', 'number'), '007');
	assert.equal(typed('12', 'text'), '12');
});

const GOLDEN = [
	['*bold* and _italic_ and ~gone~ and `code`', 'bold and italic and gone and code', ['b', 'i', 's', 'code']],
	['a*b*c snake_case_name 2*3*4', 'a*b*c snake_case_name 2*3*4', []],
	['*a*_b_', 'ab', ['b', 'i']],
	['* no* *no *', '* no* *no *', []],
	['<https://example.com|Open> <https://example.com>', 'Open https://example.com', ['link']],
	['<javascript:alert(1)|Open>', 'Open', []],
	['a &amp; b &lt;c&gt; &copy;', 'a & b <c> &copy;', []],
	['<@U1|tyrion> <#C1|ops> <!here> <!subteam^S1|@team>', '@tyrion #ops @here @team', ['mention']],
	['```a *b* c```', 'a *b* c', ['pre']],
	['`*not bold*`', '*not bold*', ['code']],
	['> quoted\nnot', 'quotednot', ['quote']],
	['&gt; quoted', 'quoted', ['quote']],
	['one\ntwo', 'one\ntwo', ['br']],
	[':fire: :unknown_one: 12:30:15', '🔥 :unknown_one: 12:30:15', ['emoji']],
	['https://example.com #ops @tyrion', 'https://example.com #ops @tyrion', []],
	['*bold\nnot*', '*bold\nnot*', ['br']],
	['`open', '`open', []],
	['<never closed', '<never closed', []],
	['<!date^1776441720^{date_num}|x>', '2026-04-17', ['date']],
	['<!date^99999999999999^{date}|fallback>', 'fallback', ['date']],
	['<!date^1776441720^{nonsense} {date_num}|x>', '{nonsense} 2026-04-17', ['date']],
];
const kinds = (nodes) => nodes.flatMap((node) => [node.kind, ...(node.of ? kinds(node.of) : [])]);
for (const [text, shown, wanted] of GOLDEN) {
	test(`mrkdwn: ${JSON.stringify(text)}`, () => {
		const nodes = mrkdwn(text);
		assert.equal(textOf(nodes), shown);
		const found = kinds(nodes);
		for (const kind of wanted) assert.ok(found.includes(kind), `${kind} in ${found}`);
		if (wanted.length === 0) assert.deepEqual(found.filter((kind) => kind !== 'text'), []);
	});
}

test('mrkdwn: any text is read to its end, and no link goes anywhere but out', () => {
	fc.assert(fc.property(fc.string({ unit: fc.constantFrom('*', '_', '~', '`', '<', '>', '|', '&', ';', '\n', ' ', 'a', ':', '^', '!', '@', '#', 'javascript:', 'https://x', 'ü'), maxLength: 60 }), (text) => {
		const links = (nodes) => nodes.flatMap((node) => [...(node.href ? [node.href] : []), ...(node.of ? links(node.of) : [])]);
		for (const href of links(mrkdwn(text))) assert.match(href, /^(https?:\/\/|mailto:)/i);
	}), { numRuns: 3000 });
});

test('two who change different things are merged, the same is asked', () => {
	const base = { name: 'a', channel: 'C1', filter: null, template: { header: 'h', body: 'b' } };
	const clean = merge(base, { ...base, name: 'mine' }, { ...base, channel: 'C2' });
	assert.deepEqual([clean.merged.name, clean.merged.channel, clean.clash], ['mine', 'C2', []]);
	const slots = merge(base, { ...base, template: { header: 'mine', body: 'b' } }, { ...base, template: { header: 'h', body: 'theirs' } });
	assert.deepEqual([slots.merged.template, slots.clash], [{ header: 'mine', body: 'theirs' }, []]);
	const clash = merge(base, { ...base, name: 'mine' }, { ...base, name: 'theirs' });
	assert.deepEqual([clash.merged.name, clash.clash], ['mine', ['name']]);
	assert.deepEqual(merge(base, { ...base, name: 'x' }, { ...base, name: 'x' }).clash, []);
});

test('a mistake is marked at its word, and corrected there', () => {
	const text = 'x {{ event.severity | upcse }} y';
	const error = { slot: 'header', line: 1, column: 23, detail: 'unknown filter "upcse"', suggestion: 'upcase' };
	assert.equal(text.slice(...wrongWord(text, error)), 'upcse');
	assert.equal(corrected(text, error), 'x {{ event.severity | upcase }} y');
	assert.equal(pieces(text, [error]).map((piece) => piece.text).join(''), text);
	assert.deepEqual(pieces(text, [error]).filter((piece) => piece.kind === 'error').map((piece) => piece.text), ['upcse']);
	const two = 'ä\n{{ "ü" | nope }}';
	assert.equal(two.slice(...wrongWord(two, { line: 2, column: 11, detail: 'unknown filter "nope"' })), 'nope');
});

test('whatever is typed, the marks behind it have the same text', () => {
	fc.assert(fc.property(fc.string({ unit: fc.constantFrom('{{', '}}', '{%', '%}', 'a', '\n', '|', ' ', '"'), maxLength: 40 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 }), (text, line, column) => {
		assert.equal(pieces(text, [{ line, column, detail: 'x' }]).map((piece) => piece.text).join(''), text);
	}), { numRuns: 2000 });
});

test('an accent of any colour can be read in light and in dark', () => {
	fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffff }), fc.constantFrom('#ffffff', '#17191d'), (n, background) => {
		assert.ok(contrast(readable(`#${n.toString(16).padStart(6, '0')}`, background), background) >= 4.5);
	}), { numRuns: 500 });
});

test('a channel is found by what people paste', () => {
	assert.equal(channelId('C0123ABCD'), 'C0123ABCD');
	assert.equal(channelId('<#C0123ABCD|ops>'), 'C0123ABCD');
	assert.equal(channelId(' https://acme.slack.com/archives/C0123ABCD/p17 '), 'C0123ABCD');
	assert.equal(channelId('Coffee'), '');
	assert.equal(channelId('ops'), '');
});
