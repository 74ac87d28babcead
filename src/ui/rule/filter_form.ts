/**
 * A filter as the form has it: conditions joined by all or any, with groups one level deep. What
 * the form cannot say back word by word it does not take.
 */
import type { Filter } from '../api/types';
import { OPS, type Choice } from './operators';

export interface Cond { field: string; choice: Choice; value: unknown; hasValue: boolean }
export interface Group { match: 'all' | 'any'; items: Cond[] }
export interface Form { match: 'all' | 'any'; isWrapped: boolean; items: (Cond | Group)[] }

export const isGroup = (item: Cond | Group): item is Group => 'items' in item;
export const emptyForm = (): Form => ({ match: 'all', isWrapped: false, items: [] });

type Json = Record<string, unknown>;
const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const isScalar = (v: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof v) || v === null;

function readCond(v: Json): Cond | null {
	const keys = Object.keys(v);
	if (typeof v.field !== 'string' || typeof v.op !== 'string' || !OPS.includes(v.op)) return null;
	if (keys.some((key) => !['field', 'op', 'value'].includes(key))) return null;
	const hasValue = 'value' in v;
	if (v.op === 'exists') {
		if (hasValue && typeof v.value !== 'boolean') return null;
		return { field: v.field, choice: v.value === false ? 'missing' : 'present', value: v.value, hasValue };
	}
	const isList = v.op === 'in' || v.op === 'not_in';
	if (!hasValue || (isList ? !Array.isArray(v.value) || !v.value.every(isScalar) : !isScalar(v.value))) return null;
	return { field: v.field, choice: v.op as Choice, value: v.value, hasValue };
}

function matchOf(v: Json): 'all' | 'any' | null {
	const keys = Object.keys(v);
	return keys.length === 1 && (keys[0] === 'all' || keys[0] === 'any') && Array.isArray(v[keys[0]]) ? keys[0] : null;
}

function readItem(v: unknown): Cond | Group | null {
	if (!isObject(v)) return null;
	const match = matchOf(v);
	if (!match) return readCond(v);
	const items = (v[match] as unknown[]).map((item) => (isObject(item) ? readCond(item) : null));
	return items.includes(null) ? null : { match, items: items as Cond[] };
}

function writeCond(c: Cond): Json {
	if (c.choice === 'present') return { field: c.field, op: 'exists', ...(c.hasValue ? { value: true } : {}) };
	if (c.choice === 'missing') return { field: c.field, op: 'exists', value: false };
	return { field: c.field, op: c.choice, value: c.value };
}

export function toFilter(form: Form): Filter | null {
	const items = form.items.map((item) => (isGroup(item) ? { [item.match]: item.items.map(writeCond) } : writeCond(item)));
	if (!form.isWrapped && items.length === 0) return null;
	if (!form.isWrapped && items.length === 1 && !isGroup(form.items[0]!)) return items[0] as Filter;
	return { [form.match]: items } as Filter;
}

/** Members in one order, so that the same filter is the same text. */
export const same = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
function canonical(v: unknown): string {
	if (Array.isArray(v)) return `[${v.map(canonical).join()}]`;
	if (isObject(v)) return `{${Object.keys(v).sort().map((key) => `${JSON.stringify(key)}:${canonical(v[key])}`).join()}}`;
	return JSON.stringify(v) ?? 'null';
}

/** Null when only text can say it. */
export function toForm(filter: Filter | null): Form | null {
	if (filter === null || filter === undefined) return emptyForm();
	if (!isObject(filter)) return null;
	const match = matchOf(filter);
	let form: Form;
	if (match) {
		const items = ((filter as Json)[match] as unknown[]).map(readItem);
		if (items.includes(null)) return null;
		form = { match, isWrapped: true, items: items as (Cond | Group)[] };
	} else {
		const one = readCond(filter);
		if (!one) return null;
		form = { match: 'all', isWrapped: false, items: [one] };
	}
	return same(toFilter(form), filter) ? form : null;
}

/** What is typed, as the kind of field has it. A number that would lose digits stays text. */
export function typed(text: string, kind: string): unknown {
	const isNumber = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text.trim());
	if ((kind === 'number' || kind === 'any') && isNumber && String(Number(text)) === text.trim()) return Number(text);
	return text;
}
