/** Edits that were not saved: in memory, and in this tab's storage where the browser lets us. */
import type { Rule } from '../api/types';

export interface Draft { rule: Rule; base: Rule | null; etag: string; at: number }

const memory = new Map<string, Draft>();
const name = (id: string): string => `carillon.draft.${id}`;

export function keepDraft(id: string, draft: Draft): void {
	memory.set(id, draft);
	try {
		sessionStorage.setItem(name(id), JSON.stringify(draft));
	} catch { /* a sandboxed frame has no storage */ }
}

export function findDraft(id: string): Draft | null {
	const found = memory.get(id);
	if (found) return found;
	try {
		const text = sessionStorage.getItem(name(id));
		return text ? (JSON.parse(text) as Draft) : null;
	} catch {
		return null;
	}
}

export function dropDraft(id: string): void {
	memory.delete(id);
	try {
		sessionStorage.removeItem(name(id));
	} catch { /* as above */ }
}
