/** Both changed the same: both are shown, and one is kept. */
import type { Rule } from '../api/types';
import { Button } from '../parts/button';
import { Name, Time } from '../parts/small';
import { t, tx } from '../words/words';
import type { Member } from '../state/merge';
import type { Editor } from './editor_state';
import { filterText } from './sentence';

export const authorOf = (by: Rule['updated_by']): string => (typeof by === 'string' ? by : (by?.name ?? by?.id ?? '')) || '';

export function memberText(member: string, value: unknown): string {
	if (member === 'filter') return filterText(value as Rule['filter']) || t('versions.nothing');
	if (value === null || value === undefined || value === '') return t('versions.nothing');
	if (value === true || value === false) return t(value ? 'switch.on' : 'switch.off');
	if (member === 'template' && typeof value === 'object')
		return Object.entries(value as Record<string, unknown>).map(([slot, text]) => `${slot}: ${typeof text === 'string' ? text : JSON.stringify(text)}`).join('\n');
	return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The lines of the one that the other has not. */
function Lines({ text, other }: { text: string; other: string }) {
	const known = new Set(other.split('\n'));
	return <>{text.split('\n').map((line, i) => <div key={i} class={known.has(line) ? '' : 'differs'}>{line}</div>)}</>;
}

export function ConflictView({ editor }: { editor: Editor }) {
	const now = editor.conflict.value!;
	const column = (title: string, of: Rule, other: Rule) => (
		<div class="card stack tight"><h3>{title}</h3>
			{now.clash.map((member: Member) => <div key={member}><p class="small soft">{t(`member.${member}`)}</p><div class="mono lines"><Lines text={memberText(member, of[member])} other={memberText(member, other[member])} /></div></div>)}</div>
	);
	return (
		<section class="stack" role="alert" aria-label={t('conflict.title')}>
			<p>{tx('conflict.text', { name: <Name>{authorOf(now.theirs.updated_by) || t('conflict.somebody')}</Name>, time: <Time at={now.theirs.updated_at} /> })}</p>
			<div class="columns even">{column(t('conflict.mine'), editor.rule.value, now.theirs)}{column(t('conflict.theirs'), now.theirs, editor.rule.value)}</div>
			<div class="row"><Button kind="primary" onClick={() => editor.settle('mine')}>{t('conflict.keep_mine')}</Button><Button onClick={() => editor.settle('theirs')}>{t('conflict.keep_theirs')}</Button></div>
		</section>
	);
}
