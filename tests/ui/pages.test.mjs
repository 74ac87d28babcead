/** Every page in a real browser: no violation of accessibility, nothing wider than the frame, no complaint. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import test, { after } from 'node:test';
import { CHROMIUM, closeBrowser, open } from './browser.mjs';
import { standIn } from './stand_in.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const skip = CHROMIUM ? false : 'there is no chromium here';
after(closeBrowser);

const PAGES = [
	['overview', 'busy', '/'], ['overview, broken', 'broken', '/'], ['overview, new', 'empty', '/'], ['connections', 'broken', '/connections'], ['no connections', 'empty', '/connections'],
	['a connection', 'busy', '/connections/c1'], ['rules', 'broken', '/rules'], ['no rules', 'empty', '/rules'], ['a rule', 'busy', '/rules/r1'], ['a new rule', 'busy', '/rules/new'],
	['versions', 'busy', '/rules/r1/history'], ['activity', 'broken', '/activity'], ['not matched', 'busy', '/activity?state=unmatched'], ['a delivery that waits', 'broken', '@held'],
	['a delivery that failed', 'busy', '@failed'], ['a replay', 'busy', '/replays/rp_1'], ['nowhere', 'busy', '/nowhere'], ['a rule that is gone', 'busy', '/rules/none'],
];

async function violations(ui) {
	await ui.frame.evaluate(axe);
	const found = await ui.frame.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
	return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.any?.[0]?.message ?? ''}`).join(' | ').slice(0, 300)}`);
}

const SIZES = [['light', 1280], ['dark', 1280], ['light', 400], ['dark', 400]];
for (const [name, kind, wanted] of PAGES) {
	test(name, { skip, timeout: 180_000 }, async () => {
		const server = await standIn({ kind });
		const d = wanted.startsWith('@') && server.world.deliveries.find((one) => one.state === wanted.slice(1));
		const page = d ? `/activity/${d.event_id}/${d.rule}` : wanted;
		const ui = await open(server, { page });
		try {
			for (const [mode, width] of SIZES) {
				await ui.tab.setViewport({ width, height: 860 });
				await ui.tab.evaluate((m) => window.mounted.setTheme({ mode: m }), mode);
				await ui.frame.waitForFunction((m) => document.documentElement.dataset.mode === m, {}, mode);
				await ui.settled();
				assert.deepEqual(await violations(ui), [], `${mode} ${width}`);
				assert.equal(await ui.overflow(), 0, `${mode} ${width}: wider than the frame`);
			}
			for (const width of [320, 640, 900, 1600]) {
				await ui.tab.setViewport({ width, height: 860 });
				await ui.settled();
				assert.equal(await ui.overflow(), 0, `${width}: wider than the frame`);
			}
			assert.deepEqual(ui.complaints, []);
		} finally {
			await ui.close();
			await server.stop();
		}
	});
}

for (const locale of ['en-XA', 'de']) {
	test(`in ${locale === 'de' ? 'German' : 'a language 40 % longer'}`, { skip, timeout: 300_000 }, async () => {
		const server = await standIn({ kind: 'broken', pseudo: locale === 'en-XA' });
		const ui = await open(server, { locale: locale.slice(0, 2), width: 400 });
		try {
			for (const page of ['/', '/connections', '/rules', '/rules/r1', '/activity', '/rules/r1/history']) {
				await ui.go(page);
				await ui.settled();
				assert.equal(await ui.overflow(), 0, page);
				assert.deepEqual(await violations(ui), [], page);
			}
			assert.match(await ui.text(), locale === 'de' ? /Verlauf der Änderungen/ : /\[Hístörý öf çháñgés/);
			assert.deepEqual(ui.complaints, []);
		} finally {
			await ui.close();
			await server.stop();
		}
	});
}
