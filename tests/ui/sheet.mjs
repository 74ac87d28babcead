/**
 * Makes the contact sheet: every page and state, light and dark, wide and narrow, into a directory.
 *
 *     node sheet.mjs DIRECTORY [PATTERN [LOOKS]]      such as: docs/ui '' light-1280,dark-400
 */
import fs from 'node:fs';
import path from 'node:path';
import { closeBrowser, open, sleep } from './browser.mjs';
import { standIn } from './stand_in.mjs';

const [out = 'sheet', pattern = '', looks = 'light-1280,dark-1280,light-400,dark-400'] = process.argv.slice(2);
fs.mkdirSync(out, { recursive: true });

export const PAGES = [
	['overview', 'busy', '/'], ['overview-broken', 'broken', '/'], ['overview-empty', 'empty', '/'],
	['connections', 'broken', '/connections'], ['connection', 'busy', '/connections/c1'], ['connections-empty', 'empty', '/connections'],
	['rules', 'broken', '/rules'], ['rules-empty', 'empty', '/rules'], ['rule', 'busy', '/rules/r1'], ['rule-new', 'busy', '/rules/new'], ['rule-history', 'busy', '/rules/r1/history'],
	['activity', 'broken', '/activity'], ['activity-unmatched', 'busy', '/activity?state=unmatched'], ['activity-none', 'busy', '/activity?q=zzz'], ['replay', 'busy', '/replays/rp_1'],
	['delivery-held', 'broken', '@held'], ['delivery-failed', 'busy', '@failed'], ['delivery-delivered', 'busy', '@delivered'],
];

async function shoot() {
	for (const [name, kind, wanted] of PAGES) {
		if (!new RegExp(pattern).test(name)) continue;
		const server = await standIn({ kind });
		const d = wanted.startsWith('@') && server.world.deliveries.find((one) => one.state === wanted.slice(1));
		const route = d ? `/activity/${d.event_id}/${d.rule}` : wanted;
		for (const [mode, width] of looks.split(',').map((look) => look.split('-')).map(([m, w]) => [m, Number(w)])) {
			const ui = await open(server, { page: route, width, mode, height: width === 400 ? 800 : 860 });
			await sleep(250);
			await ui.tab.screenshot({ path: path.join(out, `${name}-${mode}-${width}.png`) });
			if (ui.complaints.length > 0) console.log(name, mode, width, ui.complaints);
			const over = await ui.overflow();
			if (over > 0) console.log(name, mode, width, `overflows by ${over}`);
			await ui.close();
		}
		await server.stop();
	}
	await closeBrowser();
}
await shoot();
