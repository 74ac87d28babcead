/** Which comparisons a field offers, and how they are said. */
import type { EventType, Field } from '../api/types';
import { list, t, type Key } from '../words/words';

export type Kind = 'text' | 'number' | 'severity' | 'boolean' | 'list' | 'any';
export type Choice = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'not_in' | 'contains' | 'starts_with' | 'at_least' | 'present' | 'missing';

const BY_KIND: Record<Kind, Choice[]> = {
	text: ['eq', 'ne', 'in', 'not_in', 'contains', 'starts_with', 'present', 'missing'],
	number: ['eq', 'ne', 'lt', 'lte', 'gt', 'gte', 'present', 'missing'],
	severity: ['at_least', 'eq', 'present', 'missing'],
	boolean: ['eq', 'present', 'missing'],
	list: ['contains', 'present', 'missing'],
	any: ['eq', 'ne', 'in', 'not_in', 'contains', 'starts_with', 'lt', 'lte', 'gt', 'gte', 'at_least', 'present', 'missing'],
};
export const OPS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'not_in', 'contains', 'starts_with', 'exists', 'at_least'];
export const EVENT_FIELDS = ['event.type', 'event.resource', 'event.resource_id', 'event.id', 'event.source'];
const LEVELS = ['info', 'low', 'medium', 'high', 'critical'];

export const choicesFor = (kind: Kind, now: Choice): Choice[] =>
	BY_KIND[kind].includes(now) ? BY_KIND[kind] : [...BY_KIND[kind], now];
export const choiceLabel = (choice: Choice, kind: Kind): string =>
	t(kind === 'severity' && choice === 'eq' ? 'op.exactly' : (`op.${choice}` as Key));
export const needsValue = (choice: Choice): boolean => choice !== 'present' && choice !== 'missing';

export const levelsOf = (type: EventType | null): string[] =>
	type?.severity_order?.length ? type.severity_order.map((level) => (typeof level === 'string' ? level : level.name)) : LEVELS;

/** The fields of a type: what its schema names, else what its sample shows. */
export function fieldsOf(type: EventType | null): Field[] {
	if (type?.fields?.length) return type.fields;
	const found: Field[] = [];
	const walk = (value: unknown, path: string, depth: number): void => {
		if (value !== null && typeof value === 'object' && !Array.isArray(value) && depth < 4) {
			for (const [name, inner] of Object.entries(value)) walk(inner, path ? `${path}.${name}` : name, depth + 1);
		} else if (path) {
			found.push({ path, example: value });
		}
	};
	walk(type?.sample, '', 0);
	return found;
}

export function kindOf(path: string, fields: Field[]): Kind {
	if (path === 'severity' || path === 'event.severity') return 'severity';
	if (EVENT_FIELDS.includes(path)) return 'text';
	const field = fields.find((one) => one.path === path);
	if (!field) return 'any';
	const type = field.type ?? (Array.isArray(field.example) ? 'array' : typeof field.example);
	if (type === 'number' || type === 'integer') return 'number';
	if (type === 'boolean') return 'boolean';
	if (type === 'array') return 'list';
	return type === 'string' ? 'text' : 'any';
}

export const shownValue = (value: unknown): string =>
	Array.isArray(value) ? list(value.map(shownValue))
		: value === true ? t('value.yes') : value === false ? t('value.no') : value === null ? t('value.nothing')
			: typeof value === 'object' ? JSON.stringify(value) : String(value);
