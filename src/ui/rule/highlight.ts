/** What lies behind a slot's text: its places of values and tags, and where a mistake is. */
import type { FieldError } from '../api/types';

export interface Piece { text: string; kind: '' | 'value' | 'tag' | 'error' }

/** The offset of a line and column, both from 1. */
export function offsetOf(text: string, line = 1, column = 1): number {
	let at = 0;
	for (let i = 1; i < line; i++) {
		const next = text.indexOf('\n', at);
		if (next < 0) break;
		at = next + 1;
	}
	return Math.min(text.length, at + [...text.slice(at)].slice(0, column - 1).join('').length);
}

/** The word of the mistake: the name that the sentence quotes, if it stands there. */
export function wrongWord(text: string, error: FieldError): [number, number] {
	const from = offsetOf(text, error.line, error.column);
	const quoted = /"([^"]+)"/.exec(error.detail ?? '')?.[1];
	const at = quoted ? text.indexOf(quoted, Math.max(0, from - quoted.length)) : -1;
	if (quoted && at >= 0) return [at, at + quoted.length];
	const rest = /^[^\s|}%]+/.exec(text.slice(from))?.[0] ?? text.slice(from, from + 1);
	return rest ? [from, from + rest.length] : [Math.max(0, from - 1), from];
}

export function pieces(text: string, errors: FieldError[]): Piece[] {
	const out: Piece[] = [];
	const wrong = errors.filter((error) => error.line).map((error) => wrongWord(text, error));
	let at = 0;
	const put = (to: number, kind: Piece['kind']): void => {
		while (at < to) {
			const inside = wrong.find(([from, end]) => at >= from && at < end);
			const next = wrong.map(([from]) => from).filter((from) => from > at && from < to).sort((a, b) => a - b)[0];
			const stop = Math.min(to, inside ? inside[1] : (next ?? to));
			out.push({ text: text.slice(at, stop), kind: inside ? 'error' : kind });
			at = stop;
		}
	};
	for (const found of text.matchAll(/\{\{.*?(?:\}\}|$)|\{%.*?(?:%\}|$)/gs)) {
		put(found.index, '');
		put(found.index + found[0].length, found[0][1] === '{' ? 'value' : 'tag');
	}
	put(text.length, '');
	return out;
}

/** The text with the word of a mistake replaced by what was suggested. */
export function corrected(text: string, error: FieldError): string {
	const [from, to] = wrongWord(text, error);
	return text.slice(0, from) + (error.suggestion ?? '') + text.slice(to);
}
