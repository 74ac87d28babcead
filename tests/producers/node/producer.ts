// A producer in TypeScript: see ../run.mjs for what it is asked.
import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { jetstream } from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { EventSchema, type Event } from './carillon/v1/event_pb.js';

const fields = (event: Event): string[] => {
	const { case: kind, value } = event.data;
	const payload = kind === 'binaryData' ? Buffer.from(value).toString() : kind === 'textData' ? value : '';
	return [event.id, event.type, event.source, event.resource, event.resourceId, event.threadKey,
		event.time?.seconds.toString() ?? '', event.time?.nanos.toString() ?? '', payload];
};

function conformance(path: string): void {
	for (const line of readFileSync(path, 'utf8').split('\n')) {
		if (line === '' || line.startsWith('#')) continue;
		const [name, hex, , ...wanted] = line.split('\t');
		const bytes = Buffer.from(hex ?? '', 'hex');
		const event = fromBinary(EventSchema, bytes);
		const again = toBinary(EventSchema, event);
		const same = (e: Event) => fields(e).join('\t') === wanted.join('\t');
		const ok = same(event) && again.length === bytes.length && same(fromBinary(EventSchema, again));
		console.log(ok ? 'ok' : 'differs', name, ok ? '' : JSON.stringify([fields(event), wanted]));
	}
}

async function publish(servers: string, creds: string, workspace: string): Promise<void> {
	const authenticator = credsAuthenticator(readFileSync(creds));
	let refused = '';
	const open = async (inboxPrefix?: string): Promise<NatsConnection> => {
		const nc = await connect({ servers, authenticator, ...(inboxPrefix ? { inboxPrefix } : {}) });
		(async () => {
			for await (const status of nc.status()) if (status.type === 'error') refused = status.error.message;
		})();
		return nc;
	};
	const send = async (nc: NatsConnection, subject: string, event: Event, timeout = 10000) =>
		(await jetstream(nc).publish(subject, toBinary(EventSchema, event), { timeout })).seq;
	const order = (number: number) => create(EventSchema, {
		id: `order-${number}`, type: 'order.created', resource: 'order', resourceId: `${number}`,
		data: { case: 'textData', value: '{"severity": "high"}' },
	});
	const own = `carillon.events.${workspace}.order.created`;
	const nc = await open(`_INBOX.${workspace}`);
	console.log('acked', await send(nc, own, order(1)));
	try {
		console.log('stored', await send(nc, 'carillon.events.globex.order.created', order(1), 2000));
	} catch (error) {
		console.log('refused', refused, (error as Error).message);
	}
	// With the usual inbox the event is stored, and its answer never comes: so it is sent again.
	const other = await open();
	try {
		console.log('stored', await send(other, own, order(2), 2000));
	} catch (error) {
		console.log('timeout', (error as Error).message);
	}
	await other.close();
	console.log('again', await send(nc, own, order(2)));
	await nc.close();
}

const [, , what, ...rest] = process.argv;
if (what === 'conformance') conformance(rest[0] ?? '');
else await publish(rest[0] ?? '', rest[1] ?? '', rest[2] ?? '');
