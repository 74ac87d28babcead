/** Slack's mrkdwn, read as Slack reads it: into a tree, from which elements are made; never markup. */
import { emojiOf } from './emoji';
import { slackDate } from './dates';

export type Node =
	| { kind: 'text' | 'emoji' | 'mention' | 'date'; text: string; title?: string; href?: string }
	| { kind: 'br' }
	| { kind: 'code' | 'pre'; text: string }
	| { kind: 'b' | 'i' | 's' | 'quote'; of: Node[] }
	| { kind: 'link'; href: string; of: Node[] };

const KINDS = { '*': 'b', _: 'i', '~': 's' } as const;
const isSpace = (c: string | undefined): boolean => c === ' ' || c === '\t' || c === '\n';
const isWord = (c: string | undefined): boolean => c !== undefined && /[\p{L}\p{N}]/u.test(c);
const before = (s: string, i: number): string | undefined => (i > 0 ? [...s.slice(Math.max(0, i - 2), i)].pop() : undefined);
const after = (s: string, i: number): string | undefined => (i < s.length ? String.fromCodePoint(s.codePointAt(i)!) : undefined);

export function unescape(s: string): string {
	return s.replace(/&(amp|lt|gt);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>' })[name]!);
}
export const isSafe = (url: string): boolean => /^(https?:\/\/|mailto:)/i.test(url);

/** Where the mark at `i` is closed, or 0 if it opens nothing. */
function closing(s: string, i: number): number {
	const mark = s[i]!;
	if (i + 2 >= s.length || isSpace(s[i + 1]) || s[i + 1] === mark) return 0;
	if (i > 0 && (s[i - 1] === mark || isWord(before(s, i)))) return 0;
	for (let k = i + 1; k < s.length && s[k] !== '\n'; k++) {
		if (s[k] !== mark) continue;
		return !isSpace(s[k - 1]) && !isWord(after(s, k + 1)) && s[k + 1] !== mark ? k : 0;
	}
	return 0;
}

function angle(inside: string): Node {
	const [target = '', ...labels] = inside.split('|');
	const label = labels.join('|');
	const date = /^!date\^(-?\d+)\^([^^]*)(?:\^(.*))?$/s.exec(target);
	if (date) {
		const href = date[3] && isSafe(unescape(date[3])) ? unescape(date[3]) : undefined;
		return { kind: 'date', text: slackDate(Number(date[1]), unescape(date[2]!), unescape(label)), title: unescape(label), href };
	}
	if (target.startsWith('!subteam^')) return { kind: 'mention', text: unescape(label) || '@group', title: target };
	if (target.startsWith('!')) return { kind: 'mention', text: `@${unescape(label || target.slice(1))}`.replace('@@', '@') };
	if (target.startsWith('@')) return { kind: 'mention', text: `@${unescape(label || target.slice(1))}` };
	if (target.startsWith('#')) return { kind: 'mention', text: `#${unescape(label || target.slice(1))}` };
	const href = unescape(target);
	const of: Node[] = label ? inline(label) : [{ kind: 'text', text: href.replace(/^mailto:/, '') }];
	return isSafe(href) ? { kind: 'link', href, of } : { kind: 'text', text: unescape(label) || href };
}

function special(s: string, i: number): [Node, number] | null {
	const c = s[i]!;
	if (c === '\n') return [{ kind: 'br' }, 1];
	if (c === '`') {
		const end = /^`([^`\n]+)`/.exec(s.slice(i));
		return end ? [{ kind: 'code', text: unescape(end[1]!) }, end[0].length] : null;
	}
	if (c === '<') {
		const end = s.indexOf('>', i);
		return end > i + 1 ? [angle(s.slice(i + 1, end)), end - i + 1] : null;
	}
	if (c === ':') {
		const found = /^:([a-z0-9_+'-]+):/.exec(s.slice(i, i + 60));
		if (!found || isWord(before(s, i))) return null;
		return [{ kind: 'emoji', text: emojiOf(found[1]!) ?? found[0], title: found[0] }, found[0].length];
	}
	const end = c === '*' || c === '_' || c === '~' ? closing(s, i) : 0;
	return end ? [{ kind: KINDS[c as '*'], of: inline(s.slice(i + 1, end)) }, end - i + 1] : null;
}

function inline(s: string): Node[] {
	const out: Node[] = [];
	let plain = '';
	const flush = (): void => {
		if (plain) out.push({ kind: 'text', text: unescape(plain) });
		plain = '';
	};
	for (let i = 0; i < s.length;) {
		const found = special(s, i);
		if (!found) {
			plain += s[i++];
			continue;
		}
		flush();
		out.push(found[0]);
		i += found[1];
	}
	flush();
	return out;
}

/** Whole texts: what stands between three back ticks, then lines, of which some are quotes. */
export function mrkdwn(s: string): Node[] {
	const out: Node[] = [];
	s.split(/```/).forEach((part, i, all) => {
		if (i % 2 === 1 && i < all.length - 1) {
			out.push({ kind: 'pre', text: unescape(part.replace(/^\n/, '')) });
			return;
		}
		const text = i % 2 === 1 ? `\`\`\`${part}` : part;
		let lines: string[] = [];
		let quoted: string[] = [];
		const flush = (): void => {
			if (quoted.length > 0) out.push({ kind: 'quote', of: inline(quoted.join('\n')) });
			if (lines.length > 0) out.push(...inline(lines.join('\n')));
			lines = [];
			quoted = [];
		};
		for (const line of text.split('\n')) {
			const quote = /^(?:&gt;|>) ?(.*)$/s.exec(line);
			if (quote) {
				if (lines.length > 0) flush();
				quoted.push(quote[1]!);
			} else {
				if (quoted.length > 0) flush();
				lines.push(line);
			}
		}
		flush();
	});
	return out;
}

/** What a reader sees, as text: the same that the elements show. */
export function textOf(nodes: Node[]): string {
	return nodes.map((node) => {
		if ('of' in node) return textOf(node.of);
		return node.kind === 'br' ? '\n' : node.text;
	}).join('');
}
