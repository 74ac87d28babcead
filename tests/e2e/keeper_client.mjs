/**
 * Asks the keeper as `carillon web` does, with other people's libraries: NATS's own client,
 * protobufjs from the schema alone, and libsodium's seals.
 */
import path from 'node:path';
import { connect, credsAuthenticator } from 'nats';
import fs from 'node:fs';
import protobuf from 'protobufjs';
import sodium from 'libsodium-wrappers';
import { ROOT } from './lib.mjs';

const schema = new protobuf.Root();
schema.resolvePath = (_, file) => path.join(ROOT, 'proto', file);
schema.loadSync('carillon/v1/keeper.proto', { keepCase: true });
const Request = schema.lookupType('carillon.v1.KeeperRequest');
const Answer = schema.lookupType('carillon.v1.KeeperAnswer');
const VaultKey = schema.lookupType('carillon.v1.VaultKey');
export const Connection = schema.lookupType('carillon.v1.Connection');

export class KeeperClient {
	async open(bench, { prefix = 'carillon' } = {}) {
		this.prefix = prefix;
		this.nats = await connect({
			servers: bench.nats.url,
			authenticator: credsAuthenticator(fs.readFileSync(bench.serviceCreds)),
		});
		await sodium.ready;
		return this;
	}

	/** The answer's bytes, whatever is sent. */
	async askRaw(method, bytes, waitMs = 15000) {
		const message = await this.nats.request(`${this.prefix}.keeper.${method}`, bytes, { timeout: waitMs });
		return Answer.toObject(Answer.decode(message.data), { defaults: true, longs: Number, arrays: true });
	}

	ask(method, request) {
		const bad = Request.verify(request);
		if (bad) throw new Error(bad);
		return this.askRaw(method, Request.encode(Request.create(request)).finish());
	}

	/** The record of a connection as the state bucket has it. */
	async connection(workspace, id) {
		const kv = await (await this.nats.jetstream().views.kv(`${this.prefix}_state`));
		const entry = await kv.get(`${workspace}.connection.${id}`);
		return entry && { revision: entry.revision, ...Connection.toObject(Connection.decode(entry.value), { defaults: true, longs: Number }) };
	}

	async vaultKey() {
		const kv = await this.nats.jetstream().views.kv(`${this.prefix}_state`);
		return VaultKey.decode((await kv.get('_vault.public.key')).value);
	}

	/** A box for the vault, as include/carillon/base/sealed_box.h describes it. */
	async box(workspace, connection, secret) {
		const key = await this.vaultKey();
		const id = (text) => [Buffer.from([text.length]), Buffer.from(text)];
		const inner = Buffer.concat([...id(workspace), ...id(connection), Buffer.from(secret)]);
		const head = Buffer.alloc(5);
		head[0] = 2;
		head.writeUInt32BE(key.version, 1);
		return Buffer.concat([head, sodium.crypto_box_seal(inner, key.key)]);
	}

	async close() {
		await this.nats?.close();
	}
}
