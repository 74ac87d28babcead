/**
 * A producer in every language, as its users would write it: classes made from proto/, a credential
 * of its own, and nothing of ours. Each program does two things:
 *
 *     conformance FILE                 reads and writes the vectors again: a line "ok NAME" for each
 *     publish URL CREDS WORKSPACE      an event that is acknowledged; one of another workspace, that is
 *                                      refused; one whose answer does not come, and which is sent again
 *
 * And the example that `carillon producer creds --example` prints is run as it stands.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BIN_DIR, ROOT, allFinal, run, start } from '../e2e/lib.mjs';

const HERE = path.join(ROOT, 'tests/producers');
const BUILT = path.join(ROOT, 'build/producers');
const PROTO = path.join(ROOT, 'proto');
const VECTORS = path.join(HERE, 'vectors.tsv');
/* Seconds of each command of a build. What was built by then stays, and counts the next time. */
const BUILD_S = Number(process.env.CARILLON_PRODUCERS_BUILD_S ?? 1200);
const RUN_S = 60;
const TIMED_OUT = 124; // timeout's
const EVENT_PROTO = 'carillon/v1/event.proto';

/** { needs, files, build: [command...], producer, example: { file, build, run } }, in its directory. */
const LANGUAGES = {
	python: {
		needs: ['python3'],
		files: ['requirements.txt', 'producer.py'],
		build: [
			'python3 -m venv venv',
			'venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt',
			`venv/bin/python -m grpc_tools.protoc -I${PROTO} --python_out=. ${PROTO}/${EVENT_PROTO}`,
		],
		producer: 'venv/bin/python producer.py',
		example: { file: 'example.py', run: 'venv/bin/python example.py' },
	},
	go: {
		needs: ['go', 'protoc'],
		files: ['go.mod', 'go.sum', 'main.go'],
		build: [
			'GOBIN=$PWD go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.10',
			`protoc -I${PROTO} --plugin=./protoc-gen-go --go_out=. --go_opt=module=producer --go_opt=M${EVENT_PROTO}=producer/carillonv1 ${PROTO}/${EVENT_PROTO}`,
			'go build -o producer .',
		],
		producer: './producer',
		example: { file: 'example/main.go', build: 'go build -o example/example ./example', run: './example/example' },
	},
	node: {
		needs: ['npm'],
		files: ['.npmrc', 'package.json', 'package-lock.json', 'tsconfig.json', 'producer.ts'],
		build: [
			'npm ci --no-audit --no-fund --ignore-scripts',
			// As in the example, but with the compiler of the tests.
			`PATH=$PWD/node_modules/.bin:$PATH npx buf generate ${PROTO} --template '{"version":"v2","plugins":[{"local":"protoc-gen-es","out":".","opt":"target=js+dts"}]}'`,
			'npx tsc',
		],
		producer: 'node producer.js',
		example: { file: 'example.mjs', run: 'node example.mjs' },
	},
	java: {
		needs: ['javac', 'mvn', 'protoc'],
		files: ['pom.xml', 'Conformance.java'],
		build: [
			'mvn --quiet --batch-mode dependency:copy-dependencies -DoutputDirectory=lib',
			`protoc -I${PROTO} --java_out=. ${PROTO}/${EVENT_PROTO}`,
			'javac -cp "lib/*:." -d out Conformance.java',
		],
		producer: 'java -cp "lib/*:out" Conformance',
		example: { file: 'Producer.java', build: 'javac -cp "lib/*:." -d out Producer.java', run: 'java -cp "lib/*:out" Producer' },
	},
	rust: {
		needs: ['cargo'],
		files: ['Cargo.toml', 'build.rs', 'src/main.rs'],
		build: [`ln -sfn ${PROTO} proto`, 'cargo build --quiet --bin producer'],
		producer: './target/debug/producer',
		example: {
			file: 'src/bin/example.rs',
			build: 'cargo build --quiet --bin example',
			run: './target/debug/example',
		},
	},
	c: {
		needs: ['cc', 'protoc', 'protoc-gen-c', 'pkg-config'],
		files: ['producer.c'],
		build: [
			`protoc -I${PROTO} -I/usr/include --c_out=. ${PROTO}/${EVENT_PROTO}`,
			'protoc -I/usr/include --c_out=. google/protobuf/timestamp.proto',
			'cc -O1 -Wall -Wextra -I. -o producer producer.c carillon/v1/event.pb-c.c google/protobuf/timestamp.pb-c.c $(pkg-config --cflags --libs libnats libprotobuf-c)',
		],
		producer: './producer',
		example: {
			file: 'example.c',
			build: 'cc -I. -o example example.c carillon/v1/event.pb-c.c google/protobuf/timestamp.pb-c.c -lnats -lprotobuf-c',
			run: './example',
		},
	},
};

let passed = 0, failed = 0, skipped = 0;
const ok = (what) => (passed++, console.log(`ok    ${what}`));
const skip = (what, why) => (skipped++, console.log(`SKIPPED  ${what}: ${why}`));
async function check(what, body) {
	try {
		await body();
		ok(what);
		return true;
	} catch (error) {
		failed++;
		console.log(`FAIL  ${what}\n      ${String(error.message).replaceAll('\n', '\n      ').slice(0, 2000)}`);
		return false;
	}
}

const isThere = (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

/** Runs a line of shell in the language's directory; its output. */
async function shell(language, line, waitS = RUN_S) {
	const limited = ['--kill-after=5', String(waitS), 'sh', '-c', line];
	const got = await run('timeout', limited, { cwd: path.join(BUILT, language), env: process.env, waitMs: (waitS + 30) * 1000 });
	if (got.code === TIMED_OUT) throw Object.assign(new Error(`${line}\ntook longer than ${waitS} s`), { timedOut: true });
	if (got.code !== 0) throw new Error(`${line}\nended with ${got.code}\n${got.out}${got.err}`);
	return got.out;
}

async function build(language, { files, build }) {
	for (const file of files) {
		const to = path.join(BUILT, language, file);
		fs.mkdirSync(path.dirname(to), { recursive: true });
		fs.copyFileSync(path.join(HERE, language, file), to);
	}
	for (const line of build) await shell(language, line, BUILD_S);
}

const vectors = () => fs.readFileSync(VECTORS, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'))
	.map((line) => line.split('\t')).map(([name, hex, verdict, id]) => ({ name, bytes: Buffer.from(hex, 'hex'), verdict, id }));

async function conforms(language, { producer }) {
	const lines = (await shell(language, `${producer} conformance ${VECTORS}`)).trim().split('\n').map((line) => line.trim());
	const wanted = vectors().map(({ name }) => `ok ${name}`);
	const differs = lines.filter((line) => !wanted.includes(line));
	if (differs.length > 0 || lines.length !== wanted.length) throw new Error(differs.join('\n') || `${lines.length} lines`);
}

function expect(condition, what) {
	if (!condition) throw new Error(what);
}

async function publishes(bench, workspace, language, { producer }) {
	const creds = await bench.producerCreds(workspace);
	const out = await shell(language, `${producer} publish ${bench.nats.url} ${creds} ${workspace}`);
	const lines = out.trim().split('\n');
	expect(lines.length === 4, out);
	expect(/^acked \d+/.test(lines[0]), out);
	expect(/^refused .*(permissions|violation)/i.test(lines[1]), `a refusal that says why: ${out}`);
	expect(/^timeout/.test(lines[2]), `an event whose answer does not come: ${out}`);
	expect(/^again \d+/.test(lines[3]), out);
	for (const id of ['order-1', 'order-2']) {
		const [delivery, ...more] = await bench.deliveries(workspace, id, allFinal);
		expect(delivery.state === 'delivered' && more.length === 0, `${id}: ${JSON.stringify(delivery)}`);
	}
	const { records } = await bench.json('event', 'list', workspace);
	expect(records.length === 2, `sent twice is one event: ${JSON.stringify(records)}`);
}

async function exampleWorks(bench, workspace, language, { example }) {
	const dir = path.join(BUILT, language);
	const creds = path.join(bench.dir, `${workspace}-example.creds`);
	const text = await bench.cli('producer', 'creds', workspace, '--name', 'example', '--out', creds, '--example', language);
	fs.mkdirSync(path.dirname(path.join(dir, example.file)), { recursive: true });
	fs.writeFileSync(path.join(dir, example.file), `${text}\n`);
	if (example.build) await shell(language, example.build, BUILD_S);
	const out = await shell(language, example.run);
	expect(/^stored as \d+/m.test(out), out);
	const [delivery] = await bench.deliveries(workspace, 'order-1001', allFinal);
	expect(delivery.state === 'delivered', JSON.stringify(delivery));
}

/* What Carillon says of the vectors, so that the suite is about the service, too. */
async function judges(bench) {
	const { Producer } = await import('../e2e/lib.mjs');
	const producer = await new Producer(bench).open();
	for (const { name, bytes, verdict } of vectors()) {
		const seq = await producer.publishRaw('vectors', 'order.created', bytes);
		let record;
		for (let i = 0; i < 200 && !record; i++) {
			record = (await bench.json('event', 'list', 'vectors', '--limit', '1000')).records.find((r) => r.sequence === seq);
			if (!record) await new Promise((resolve) => setTimeout(resolve, 50));
		}
		expect(record, `${name}: is not recorded`);
		const said = record.status === 'failed' ? record.reason : 'ok';
		expect(verdict === 'ok' ? said === 'ok' : said.includes(verdict), `${name}: wanted "${verdict}", got "${said}"`);
	}
	producer.close();
}

/* buf comes with the TypeScript producer. */
async function schema() {
	const buf = path.join(BUILT, 'node/node_modules/.bin/buf');
	if (!fs.existsSync(buf)) {
		skip('the schema\'s lint and its comparison with the last release', 'buf comes with the producer in TypeScript');
		return;
	}
	const proto = (line) => shell('node', `cd ${PROTO} && ${buf} ${line}`);
	const against = `--against ${HERE}/released.binpb`;
	await check('the schema passes buf lint', () => proto('lint'));
	await check('the schema breaks no producer that has the last release\'s', () =>
		proto(`breaking --path ${EVENT_PROTO} ${against}`));
	await check('what is stored by the last release can be read', () =>
		proto(`breaking --config '{"version":"v2","breaking":{"use":["WIRE"]}}' ${against}`));
}

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(LANGUAGES);
console.log(`producers in ${wanted.join(', ')}; binaries of ${BIN_DIR}`);
const bench = await start();
try {
	await bench.provision('vectors');
	await check('the service accepts and refuses the vectors as they say', () => judges(bench));
	for (const language of wanted) {
		const spec = LANGUAGES[language];
		const missing = spec.needs.filter((tool) => !isThere(tool));
		if (missing.length > 0) {
			skip(language, `there is no ${missing.join(', ')}`);
			continue;
		}
		let late = false;
		const built = await check(`${language}: builds`, () => build(language, spec).catch((error) => {
			late = error.timedOut;
			if (!late) throw error;
		}));
		if (late) {
			passed--;
			skip(language, `LOUD: not built within ${BUILD_S} s; what is built stays: tests/producers/run ${language}`);
		}
		if (!built || late) continue;
		await bench.provision(language);
		await bench.rule(language, 'all', { type: 'order.>' });
		await check(`${language}: the conformance suite`, () => conforms(language, spec));
		await check(`${language}: acknowledged, refused, timed out, and sent again`, () => publishes(bench, language, language, spec));
		await check(`${language}: the example as it is printed`, () => exampleWorks(bench, language, language, spec));
	}
	await schema();
} finally {
	await bench.stop();
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
