/** Modules of the UI for tests without a browser: bundled by the UI's own esbuild. */
import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const UI = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../src/ui');
const { build } = createRequire(path.join(UI, 'package.json'))('esbuild');

export async function load(...files) {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'carillon-ui-'));
	const outfile = path.join(dir, 'units.mjs');
	const contents = files.map((file) => `export * from ${JSON.stringify(path.join(UI, file))};`).join('\n');
	await build({ stdin: { contents, resolveDir: UI }, bundle: true, format: 'esm', platform: 'node', outfile, define: { WORDS: '{}' }, banner: { js: 'globalThis.location ??= new URL("http://x/"); globalThis.window ??= globalThis; globalThis.matchMedia ??= () => ({ matches: false, addEventListener() {} });globalThis.document ??= { querySelector: () => null, referrer: "" };' } });
	const found = await import(pathToFileURL(outfile));
	fs.rmSync(dir, { recursive: true, force: true });
	return found;
}
