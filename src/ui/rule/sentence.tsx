/** A rule in words, where it is only read. */
import type { ComponentChildren } from 'preact';
import type { Filter, Rule } from '../api/types';
import { ChannelName } from '../parts/small';
import { Icon } from '../parts/icon';
import { t, type Key } from '../words/words';
import { shownValue } from './operators';

/** Conditions as lines; a filter of any depth. */
export function filterLines(filter: Filter | null, depth = 0): { depth: number; text: string }[] {
	if (!filter || typeof filter !== 'object') return [];
	const f = filter as Record<string, unknown>;
	for (const match of ['all', 'any'] as const) {
		if (Array.isArray(f[match])) {
			const inner = (f[match] as Filter[]).flatMap((one) => filterLines(one, depth + 1));
			return [{ depth, text: t(`filter.${match}`) }, ...inner];
		}
	}
	if (f.not) return [{ depth, text: t('filter.not') }, ...filterLines(f.not as Filter, depth + 1)];
	if (f.op === 'exists') return [{ depth, text: `${String(f.field)} ${t(f.value === false ? 'op.missing' : 'op.present')}` }];
	const key = `op.${String(f.op)}`;
	const op = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'not_in', 'contains', 'starts_with', 'at_least'].includes(String(f.op)) ? t(key as Key) : String(f.op);
	return [{ depth, text: `${String(f.field)} ${op} ${shownValue(f.value)}` }];
}

/** In one line: "severity is at least high, value is greater than 1000". */
export function filterText(filter: Filter | null): string {
	const lines = filterLines(filter);
	if (lines.length === 0) return '';
	const first = filter as Record<string, unknown>;
	const join = Array.isArray(first.any) ? ` ${t('filter.or')} ` : ', ';
	const flat = lines.filter((line) => !['all', 'any'].some((m) => line.text === t(`filter.${m as 'all'}`)));
	return flat.map((line) => line.text).join(join);
}

export const typeText = (type: string): string =>
	type === '>' || type === '*' ? t('type.every') : /[*>]$/.test(type) ? t('type.pattern', { pattern: type.replace(/[*>]$/, '…') }) : type;

export function Sentence({ rule, children }: { rule: Rule; children?: ComponentChildren }) {
	const filter = filterText(rule.filter);
	return (
		<span class="sentence">
			<bdi class="sentence-type">{typeText(rule.event_type)}</bdi>
			{filter && <>, <bdi>{filter}</bdi></>}
			{' '}<Icon name="right" />{' '}
			{rule.channel ? <ChannelName id={rule.channel} name={rule.channel_name} /> : <em class="soft">{t('rules.no_channel')}</em>}
			{children}
		</span>
	);
}
