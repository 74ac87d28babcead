/**
 * The messages: every key that the code names is there in every language with the same slots, none
 * is there for nothing, and no component writes words of its own. Returns which are named in whole,
 * and how those begin that are put together.
 */
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

function sources(dir) {
	return fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
		const where = path.join(dir, entry.name);
		if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : sources(where);
		return /\.tsx?$/.test(entry.name) ? [where] : [];
	});
}

/** The words between the tags of a component. */
function written(file, text) {
	const found = [];
	const look = (node) => {
		if (ts.isJsxText(node) && /[A-Za-z]{2}/.test(node.text)) found.push(node.text.trim());
		ts.forEachChild(node, look);
	};
	look(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
	return found;
}

const slotsOf = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join(' ');
export const withoutPlural = (key) => key.replace(/\.(zero|one|two|few|many|other)$/, '');

export function checkWords(here, languages) {
	const problems = [];
	const messages = Object.fromEntries(languages.map((language) =>
		[language, JSON.parse(fs.readFileSync(path.join(here, 'words', `${language}.json`), 'utf8'))]));
	const all = sources(here).map((file) => [path.relative(here, file), fs.readFileSync(file, 'utf8')]);
	const code = all.map(([, text]) => text).join('\n');
	const named = new Set([...code.matchAll(/['"`]([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)['"`]/g)].map((m) => m[1]));
	const prefixes = [...code.matchAll(/`([a-z][a-z0-9_]*\.[a-z0-9_.]*)\$\{/g)].map((m) => m[1]);
	const first = messages[languages[0]];
	for (const key of Object.keys(first)) {
		const base = withoutPlural(key);
		if (!named.has(key) && !named.has(base) && !prefixes.some((prefix) => key.startsWith(prefix)))
			problems.push(`${key} is not used`);
	}
	for (const language of languages.slice(1)) {
		for (const key of Object.keys(first)) {
			const other = messages[language][key];
			if (other === undefined) problems.push(`${language}: ${key} is missing`);
			else if (!key.endsWith('.one') && slotsOf(other) !== slotsOf(first[key]))
				problems.push(`${language}: ${key} has other slots`);
		}
		for (const key of Object.keys(messages[language]))
			if (!(key in first)) problems.push(`${language}: ${key} is unknown`);
	}
	for (const [file, text] of all.filter(([name]) => name.endsWith('.tsx')))
		for (const words of written(file, text)) problems.push(`${file}: "${words}" is written in a component`);
	if (problems.length > 0) throw new Error(`messages:\n  ${problems.join('\n  ')}`);
	return { whole: named, beginnings: prefixes };
}
