/*
 * How what products send reads under the built-in template, as Slack shows it: tests/samples has an
 * event of each shape, and beside it what is on the screen. With CARILLON_SAMPLES_WRITE=1 that is
 * written instead of compared.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ROOT, start } from './lib.mjs';

const DIR = path.join(ROOT, 'tests', 'samples');
const NAMES = fs.readdirSync(DIR).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5)).sort();

describe('samples', () => {
	let bench;
	before(async () => {
		bench = await start();
		await bench.provision();
	});
	after(() => bench?.stop());

	for (const [i, name] of NAMES.entries()) {
		test(name, async () => {
			const channel = `C0SAMPLE${i}`;
			await bench.sandbox.post('/sandbox/world', { channels: [{ id: channel, name: `sample-${i}` }] });
			const event = JSON.parse(fs.readFileSync(path.join(DIR, `${name}.json`), 'utf8'));
			await bench.rule('acme', `sample${i}`, { type: event.type, channel });
			// The file itself: to parse its numbers here would round them.
			await bench.cli('event', 'publish', 'acme', '--file', path.join(DIR, `${name}.json`), '--id', name);
			await bench.deliveries('acme', name);
			await bench.cli('rule', 'delete', 'acme', `sample${i}`, '--yes');
			const { messages: [message] } = await bench.sandbox.get(`/sandbox/messages?channel=${channel}&zone=UTC`);
			const bar = message.attachments?.[0]?.color ?? 'none';
			const seen = `(colour: ${bar})\n${message.shown}\n(notification: ${message.notification.mobile})\n`
				.replace(/[\u034f\u00ad]/g, '');
			const file = path.join(DIR, `${name}.txt`);
			if (process.env.CARILLON_SAMPLES_WRITE) fs.writeFileSync(file, seen);
			assert.equal(seen, fs.readFileSync(file, 'utf8'));
		});
	}
});
