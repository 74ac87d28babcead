/** Two saved the same rule: what only one of them changed is taken, the rest is asked. */
import type { Rule } from '../api/types';
import { same } from '../rule/filter_form';

export const MEMBERS = [
	'name', 'event_type', 'filter', 'connection', 'channel', 'template', 'active', 'on_unknown', 'on_message_error', 'on_burst',
	'thread_key', 'thread_hours', 'update_key', 'dedupe_key', 'dedupe_minutes', 'quiet_hours', 'retry',
] as const;
export type Member = (typeof MEMBERS)[number];

/** What a client may write of a rule. */
export function writable(rule: Rule): Partial<Rule> {
	return Object.fromEntries([['id', rule.id], ...MEMBERS.map((member) => [member, rule[member]])].filter(([, value]) => value !== undefined)) as Partial<Rule>;
}
export const isChanged = (a: Rule, b: Rule): boolean => MEMBERS.some((member) => !same(a[member], b[member]));

/** `clash` names what both changed, each in its way; there `merged` has mine. */
export function merge(base: Rule, mine: Rule, theirs: Rule): { merged: Rule; clash: Member[] } {
	const merged = { ...theirs };
	const clash: Member[] = [];
	const put = merged as unknown as Record<string, unknown>;
	for (const member of MEMBERS) {
		if (same(mine[member], base[member])) continue;
		if (!same(theirs[member], base[member]) && !same(theirs[member], mine[member])) {
			const slots = member === 'template' ? mergeSlots(base.template, mine.template, theirs.template) : null;
			if (slots) {
				put.template = slots;
				continue;
			}
			clash.push(member);
		}
		put[member] = mine[member];
	}
	return { merged, clash };
}

/** A template slot by slot; null if both changed one. */
function mergeSlots(base: Rule['template'], mine: Rule['template'], theirs: Rule['template']): Rule['template'] {
	if (!base || !mine || !theirs) return null;
	const out: Record<string, unknown> = {};
	for (const slot of new Set([...Object.keys(base), ...Object.keys(mine), ...Object.keys(theirs)])) {
		const isMine = !same(mine[slot], base[slot]);
		const isTheirs = !same(theirs[slot], base[slot]);
		if (isMine && isTheirs && !same(mine[slot], theirs[slot])) return null;
		const value = isMine ? mine[slot] : theirs[slot];
		if (value !== undefined) out[slot] = value;
	}
	return out;
}
