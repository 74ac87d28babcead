/** What a browser loads, compressed as the service does: script, style, English; and the host kit. */
import fs from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const KB = 1024;
const LIMITS = { 'app.js': 52 * KB, 'app.css': 9 * KB, 'en.json': 7 * KB, 'de.json': 7.5 * KB, all: 60 * KB, 'embed.js': 3 * KB, 'embed.mjs': 3 * KB };

const dir = process.argv[2];
const sizes = {};
for (const name of fs.readdirSync(dir)) {
	const plain = name.replace(/-[0-9a-f]{10}\./, '.');
	if (plain in LIMITS) sizes[plain] = gzipSync(fs.readFileSync(path.join(dir, name)), { level: 9 }).length;
}
sizes.all = sizes['app.js'] + sizes['app.css'] + sizes['en.json'];
let bad = 0;
for (const [name, limit] of Object.entries(LIMITS)) {
	const isOver = !(sizes[name] <= limit);
	bad += isOver;
	console.log(`${isOver ? 'OVER ' : 'ok   '} ${name.padEnd(10)} ${(sizes[name] / KB).toFixed(1)} KB of ${limit / KB}`);
}
process.exit(bad > 0 ? 1 : 0);
