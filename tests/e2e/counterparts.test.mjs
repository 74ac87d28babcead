/* Parts that other people wrote agree with ours: a fake Slack (emulate), Slack's own client, the
 * NATS client and protobufjs of a producer, and messages in the shape of CloudEvents. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { LogLevel, WebClient } from '@slack/web-api';
import { createEmulator } from 'emulate';
import { connect, credsAuthenticator } from 'nats';
import protobuf from 'protobufjs';
import { ALERT, ROOT, freePort, start, until } from './lib.mjs';

const EXAMPLE = path.join(ROOT, 'docs/example/alert.triggered.json');
/** What the example's message says, wherever in the message. */
const SAID = ['HIGH', 'api_latency_p95', '1,840', '1,000', '+840', 'acc_casterly', '<!date^1776441720'];

const example = () => JSON.parse(fs.readFileSync(EXAMPLE, 'utf8'));

function assertSays(message, parts) {
	const said = JSON.stringify(message);
	for (const part of parts) assert.ok(said.includes(part), `the message says ${part}: ${said}`);
}

describe('somebody else\'s Slack', () => {
	const TOKEN = 'xoxb-test-emulate';
	const NARROW = 'xoxb-test-narrow'; // may not write
	let emulator;
	let bench;
	let slack;
	let channel;
	before(async () => {
		emulator = await createEmulator({
			service: 'slack',
			port: await freePort(),
			seed: {
				slack: {
					team: { name: 'Casterly Rock', domain: 'casterly' },
					channels: [{ name: 'alerts' }],
					tokens: [
						{ token: TOKEN, type: 'bot', scopes: ['chat:write', 'channels:read', 'channels:history'] },
						{ token: NARROW, type: 'bot', scopes: ['channels:read'] },
					],
					strict_scopes: true,
				},
			},
		});
		slack = new WebClient(TOKEN, { slackApiUrl: `${emulator.url}/api/`, logLevel: LogLevel.ERROR, retryConfig: { retries: 0 } });
		const { channels } = await slack.conversations.list();
		channel = channels.find((c) => c.name === 'alerts').id;
		bench = await start({ sandbox: false, settings: { slack_api_url: `${emulator.url}/api` } });
		await bench.cli('workspace', 'create', 'acme');
	});
	after(async () => {
		await bench?.stop();
		await emulator?.close();
	});

	const connectionAdd = (input, id, where) => bench.tryCli(['connection', 'add', 'acme', '--slack',
		'--token-stdin', '--id', id, '--channel', where], { input });

	test('a connection is tested against it before it is stored', async () => {
		const added = await connectionAdd(TOKEN, 'slack', channel);
		assert.equal(added.code, 0, added.err);
		const connection = await bench.json('connection', 'show', 'acme', 'slack');
		assert.equal(connection.team_name, 'Casterly Rock');
		const refused = await connectionAdd(TOKEN, 'other', 'C0NOWHERE');
		assert.equal(refused.code, 1);
		assert.match(refused.err, /channel C0NOWHERE: /);
	});

	test('the example event arrives there as text and blocks, and is known as delivered', async () => {
		await bench.rule('acme', 'alerts', { channel });
		const { id } = await bench.json('event', 'publish', 'acme', '--file', EXAMPLE);
		const [delivery] = await bench.deliveries('acme', id);
		assert.equal(delivery.state, 'delivered', JSON.stringify(delivery));
		assert.equal(delivery.attempts.length, 1);
		assert.match(await bench.cli('delivery', 'show', 'acme', id), /state +delivered/);

		// Read back by Slack's own client.
		const { messages } = await slack.conversations.history({ channel });
		assert.equal(messages.length, 1);
		const [message] = messages;
		assert.equal(message.ts, delivery.message_id);
		assert.match(message.text, /api_latency_p95/);
		const blocks = [...(message.blocks ?? []), ...(message.attachments ?? []).flatMap((a) => a.blocks)];
		assert.ok(blocks.length >= 3, JSON.stringify(message));
		assertSays(blocks, SAID);
	});

	test('a scope that it misses is found by the first message, and tells what to do', async () => {
		assert.equal((await connectionAdd(NARROW, 'narrow', channel)).code, 0);
		await bench.cli('rule', 'add', 'acme', '--type', 'alert.narrow', '--connection', 'narrow', '--channel', channel, '--id', 'narrow');
		const id = await bench.publish('acme', { ...ALERT, type: 'alert.narrow' });
		const [delivery] = await bench.deliveries('acme', id, (all) => all.length === 1 && all[0].state === 'held');
		assert.equal(delivery.attempts[0].error_code, 'missing_scope');
		assert.match(delivery.reason, /needed: chat:write/);
		await until('the connection to need a new one', async () =>
			(await bench.json('connection', 'show', 'acme', 'narrow')).status === 'needs_reconnect');
	});
});

describe('somebody else\'s producer', () => {
	const workspace = 'acme';
	let bench;
	let nats;
	let jetstream;
	let Event;
	before(async () => {
		bench = await start();
		await bench.provision(workspace);
		await bench.rule(workspace, 'all', { type: 'alert.>' });
		const creds = fs.readFileSync(await bench.producerCreds(workspace));
		nats = await connect({
			servers: bench.nats.url, timeout: 10000, authenticator: credsAuthenticator(creds),
			inboxPrefix: `_INBOX.${workspace}`,
		});
		jetstream = nats.jetstream();
		Event = (await protobuf.load(path.join(ROOT, 'proto/carillon/v1/event.proto'))).lookupType('carillon.v1.Event');
	});
	after(async () => {
		await nats?.close();
		await bench?.stop();
	});

	const publish = (bytes) => jetstream.publish(`carillon.events.${workspace}.alert.triggered`, bytes);
	/** The delivered message of an event. */
	const arrived = async (id) => {
		const [delivery] = await bench.deliveries(workspace, id);
		assert.equal(delivery.state, 'delivered', JSON.stringify(delivery));
		const messages = await bench.sandbox.messages('C0ALERTS');
		const mine = messages.filter((m) => m.ts === delivery.message_id);
		assert.equal(mine.length, 1);
		return mine[0];
	};

	test('the NATS client and protobufjs publish from the schema alone', async () => {
		const { payload, type, resource, resource_id } = example();
		const event = {
			id: 'from-npm', source: '/billing', specVersion: '1.0', type, resource, resourceId: resource_id,
			textData: JSON.stringify(payload), time: { seconds: 1776441720, nanos: 5e8 }, threadKey: 'alrt',
			attributes: { partition: { ceInteger: 7 }, dataschema: { ceUri: 'https://example.com/s' } },
		};
		assert.equal(Event.verify(event), null);
		const bytes = Event.encode(Event.create(event)).finish();
		const ack = await publish(bytes);
		assert.equal(ack.stream, 'CARILLON_EVENTS');
		assert.equal(ack.duplicate, false);
		// The stream takes it again; whose id it has, the ledger knows.
		const again = await publish(bytes);
		assert.equal(again.duplicate, false);

		assertSays(await arrived(event.id), SAID);
		const seen = await bench.json('event', 'show', workspace, event.id);
		assert.equal(seen.sequence, ack.seq);
		assert.equal(seen.resource, resource);
		assert.equal(seen.resource_id, resource_id);
		assert.deepEqual(seen.payload, payload);
		await publish(Event.encode(Event.create({ ...event, id: 'after' })).finish());
		await arrived('after');
		assert.equal((await bench.sandbox.messages('C0ALERTS')).length, 2, 'the repeat was not posted');
	});

	describe('that speaks CloudEvents', () => {
		// cloudevents.proto of the CloudEvents specification, without its comments and options.
		const { root } = protobuf.parse(`syntax = "proto3";
			package io.cloudevents.v1;
			import "google/protobuf/any.proto";
			import "google/protobuf/timestamp.proto";
			message CloudEvent {
				string id = 1;
				string source = 2;
				string spec_version = 3;
				string type = 4;
				map<string, CloudEventAttributeValue> attributes = 5;
				oneof data { bytes binary_data = 6; string text_data = 7; google.protobuf.Any proto_data = 8; }
				message CloudEventAttributeValue {
					oneof attr {
						bool ce_boolean = 1; int32 ce_integer = 2; string ce_string = 3; bytes ce_bytes = 4;
						string ce_uri = 5; string ce_uri_ref = 6; google.protobuf.Timestamp ce_timestamp = 7;
					}
				}
			}`, new protobuf.Root().addJSON(protobuf.common.get('google/protobuf/any.proto').nested)
			.addJSON(protobuf.common.get('google/protobuf/timestamp.proto').nested));
		const CloudEvent = root.lookupType('io.cloudevents.v1.CloudEvent');
		const encode = (id, data) => CloudEvent.encode(CloudEvent.fromObject({
			id, source: '/billing', specVersion: '1.0', type: 'alert.triggered',
			attributes: {
				time: { ceTimestamp: { seconds: 1776441720 } }, last: { ceBoolean: true },
				signature: { ceBytes: Buffer.from([0, 255, 10]) }, subject: { ceString: 'alrt_tyrion_42' },
			},
			...data,
		})).finish();

		for (const [what, data] of Object.entries({
			text: () => ({ textData: JSON.stringify(example().payload) }),
			bytes: () => ({ binaryData: Buffer.from(JSON.stringify(example().payload)) }),
		})) {
			test(`a payload as ${what} is delivered`, async () => {
				const id = `cloud-${what}`;
				assert.equal((await publish(encode(id, data()))).duplicate, false);
				assertSays(await arrived(id), SAID);
				const seen = await bench.json('event', 'show', workspace, id);
				assert.deepEqual(seen.payload, example().payload);
				assert.equal(seen.resource, 'global');
			});
		}

		test('a payload as a protobuf message is recorded as failed, with what to do', async () => {
			const id = 'cloud-proto';
			await publish(encode(id, { protoData: { type_url: 'example.com/x', value: Buffer.from('x') } }));
			const seen = await until('the event', () => bench.json('event', 'show', workspace, id));
			assert.equal(seen.status, 'failed');
			assert.match(JSON.stringify(seen), /no payload: set text_data to a JSON object/);
		});
	});
});
