/** Whether what was answered is what the OpenAPI document says: looked at by ajv, which knows nothing of us. */
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const escape = (text) => text.replace(/[.*+?^$()|[\]\\/]/g, '\\$&');

/** "/a/{x}" as an expression; what takes all that follows comes last, so that a narrower path is found first. */
function patternOf(path) {
	const isWide = /\/(channels\/\{channel\}|embed\/\{file\})$/.test(path);
	return new RegExp(`^${escape(path).replace(/\{[a-z_]+\}/g, '[^/]+').replace(/\[\^\/\]\+$/, isWide ? '.+' : '[^/]+')}$`);
}

/** Each schema of the document is one of its own for ajv, which is quicker by far. */
const named = (schema) => JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"'));

export class Contract {
	constructor(document) {
		this.ajv = new Ajv({ strict: false, allErrors: true });
		addFormats(this.ajv);
		for (const [name, schema] of Object.entries(document.components.schemas)) this.ajv.addSchema(named(schema), name);
		this.paths = Object.entries(document.paths).map(([path, item]) => ({ path, item, pattern: patternOf(path) }));
		this.compiled = new Map();
		this.seen = new Set();
	}

	operation(method, where) {
		const path = new URL(where, 'http://x').pathname;
		const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
		const fitting = this.paths.filter((one) => one.pattern.test(path));
		const exact = fitting.find((one) => !one.path.endsWith('}') && one.item[verb]) ?? fitting.find((one) => one.item[verb]);
		return exact && { ...exact.item[verb], path: exact.path };
	}

	schema(key, schema) {
		if (!this.compiled.has(key)) {
			this.compiled.set(key, this.ajv.compile(named(schema)));
		}
		return this.compiled.get(key);
	}

	/** What is wrong with an answer; '' for nothing. */
	complaint(method, where, { status, type, body }) {
		const operation = this.operation(method, where);
		const media = type.split(';')[0];
		if (!operation) return [400, 401, 404, 405, 429, 503].includes(status) ? this.fits('problem', { $ref: '#/components/schemas/problem' }, body) : `${status}, and no operation`;
		const answer = operation.responses[status];
		if (!answer) return `${operation.operationId}: the status ${status} is not documented`;
		this.seen.add(`${operation.operationId} ${status}`);
		if (!answer.content || method === 'HEAD') return answer.content || body === '' ? '' : `${operation.operationId} ${status}: a body that is not documented`;
		const content = answer.content[media] ?? answer.content['*/*'];
		if (!content) return `${operation.operationId} ${status}: the media type ${media} is not documented`;
		return this.fits(`${operation.operationId} ${status}`, content.schema, body);
	}

	fits(key, schema, body) {
		const validate = this.schema(key, schema);
		return validate(body) ? '' : `${key}: ${this.ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 500)}`;
	}
}
