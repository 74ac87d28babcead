/**
 * Makes dist: the UI, the host kit and the document around the UI. The same sources give the same
 * bytes on any machine, so that dist is committed and building the service needs no Node.
 *
 *     node build.mjs [DIRECTORY]      (dist beside this file)
 *
 * Names with a hash in them may be kept for ever; index.html has places for what a session decides.
 */
import { build } from 'esbuild';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { minify } from 'terser';
import { checkWords, withoutPlural } from './check_words.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(process.argv[2] ?? path.join(here, 'dist'));
const LANGUAGES = ['en', 'de'];
const write = (name, content) => fs.writeFileSync(path.join(out, name), content);

/** Writes an asset under a name that its content decides, so that it may be kept for ever. */
function put(stem, extension, content) {
	const hash = crypto.createHash('sha256').update(content).digest('hex').slice(0, 10);
	const name = `${stem}-${hash}.${extension}`;
	write(name, content);
	return name;
}

async function bundle(entry, options = {}) {
	const made = await build({
		absWorkingDir: here,
		entryPoints: [entry],
		bundle: true,
		minify: true,
		write: false,
		format: 'esm',
		target: 'es2021',
		tsconfigRaw: { compilerOptions: { jsx: 'react', jsxFactory: 'makeElement', jsxFragmentFactory: 'MakeFragment' } },
		inject: entry.endsWith('x') ? ['jsx.ts'] : [],
		legalComments: 'none',
		charset: 'utf8',
		outdir: 'made',
		logLevel: 'warning',
		...options,
	});
	const text = made.outputFiles[0].text;
	if (!entry.endsWith('x')) return text;
	// Makes it 3 % smaller once more.
	const smaller = await minify(text, { module: true, compress: { passes: 3, ecma: 2020 }, format: { ecma: 2020 } });
	return smaller.code;
}

/**
 * Messages that the code names in whole are called by short names in what is sent; those that it
 * puts together keep theirs.
 */
function shortNames(messages) {
	const { whole, beginnings } = checkWords(here, LANGUAGES);
	const bases = [...new Set(Object.keys(messages).map(withoutPlural))].sort();
	const short = bases.filter((base) => whole.has(base) && !beginnings.some((start) => base.startsWith(start)));
	return new Map(short.map((base, i) => [base, `~${i.toString(36)}`]));
}

fs.rmSync(out, { recursive: true, force: true });
fs.mkdirSync(out, { recursive: true });

const read = (language) => JSON.parse(fs.readFileSync(path.join(here, 'words', `${language}.json`), 'utf8'));
const names = shortNames(read(LANGUAGES[0]));
/** The messages with short names as a list, in its order, the others by name; see words.ts. */
function packWords(messages) {
	const list = [...names.values()].map(() => '');
	const rest = {};
	for (const [key, text] of Object.entries(messages)) {
		const base = withoutPlural(key);
		const at = [...names.keys()].indexOf(base);
		const rule = key.slice(base.length + 1);
		if (at < 0) rest[key] = text;
		else if (rule) list[at] = { ...list[at], [rule]: text };
		else list[at] = text;
	}
	return JSON.stringify({ ...rest, '~': list });
}
const words = {};
for (const language of LANGUAGES) words[language] = put(language, 'json', packWords(read(language)));
const naming = {
	name: 'short names',
	setup: (made) => made.onLoad({ filter: /\.tsx?$/ }, ({ path: file }) => ({
		contents: fs.readFileSync(file, 'utf8').replace(/'([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)'/g, (whole, key) => (names.has(key) ? `'${names.get(key)}'` : whole)),
		loader: file.endsWith('x') ? 'tsx' : 'ts',
	})),
};
const script = put('app', 'js', await bundle('main.tsx', { define: { WORDS: JSON.stringify(words) }, plugins: [naming] }));
const style = put('app', 'css', await bundle('css/app.css'));
write('embed.js', await bundle('embed/global.ts', { format: 'iife' }));
write('embed.mjs', await bundle('embed/embed.ts'));

const index = fs.readFileSync(path.join(here, 'index.html'), 'utf8');
write('index.html', index.replace('@SCRIPT@', script).replace('@STYLE@', style));
