/** All conditions of a rule; what the form cannot say is read as sentences and written as text. */
import { useState } from 'preact/hooks';
import type { EventType, Field, FieldError, Filter } from '../api/types';
import { Button } from '../parts/button';
import { Menu } from '../parts/layers';
import { t } from '../words/words';
import { Condition, fieldChoices, startCond } from './condition';
import { isGroup, toFilter, toForm, type Cond, type Form, type Group } from './filter_form';
import { JsonArea } from './json_area';
import { filterLines } from './sentence';

interface Props { filter: Filter | null; type: EventType | null; fields: Field[]; errors: FieldError[]; onChange: (filter: Filter | null) => void }

function Match({ match, onChange }: { match: 'all' | 'any'; onChange: (match: 'all' | 'any') => void }) {
	return (
		<label class="match">{t('condition.match')}{' '}
			<select value={match} onChange={(e) => onChange(e.currentTarget.value as 'all')}>
				<option value="all">{t('condition.match_all')}</option><option value="any">{t('condition.match_any')}</option>
			</select>
		</label>
	);
}

function AsText({ filter, onChange, onDone, canLeave }: { filter: Filter | null; onChange: (f: Filter | null) => void; onDone: () => void; canLeave: boolean }) {
	return (
		<div class="stack tight">
			<JsonArea value={filter} label={t('condition.as_text')} rows={8} onChange={(value) => onChange(value as Filter | null)} />
			{canLeave && <Button kind="quiet" onClick={onDone}>{t('condition.as_form')}</Button>}
		</div>
	);
}

export function Conditions({ filter, type, fields, errors, onChange }: Props) {
	const [isText, setText] = useState(false);
	const form = toForm(filter);
	const errorAt = (pointer: string): string | undefined =>
		errors.find((error) => error.pointer === `/filter${pointer}` || error.pointer?.startsWith(`/filter${pointer}/`))?.detail;
	if (isText) return <AsText filter={filter} onChange={onChange} onDone={() => setText(false)} canLeave={form !== null} />;
	if (!form) {
		return (
			<div class="stack tight">
				<p class="soft small">{t('condition.too_deep')}</p>
				<ul class="lines">{filterLines(filter).map((line, i) => <li key={i} style={{ paddingInlineStart: `${line.depth * 20}px` }}><bdi>{line.text}</bdi></li>)}</ul>
				<div><Button icon="edit" onClick={() => setText(true)}>{t('condition.edit_text')}</Button></div>
			</div>
		);
	}
	const put = (change: Partial<Form>): void => {
		const next = { ...form, ...change };
		if (next.items.length > 1) next.isWrapped = true;
		if (next.items.length === 0) next.isWrapped = false;
		onChange(toFilter(next));
	};
	const replace = (i: number, item: Cond | Group | null): void =>
		put({ items: item ? form.items.map((one, k) => (k === i ? item : one)) : form.items.filter((_, k) => k !== i) });
	const fresh = (): Cond => startCond(fieldChoices(fields, '')[0]?.value ?? 'severity', fields, type);
	const pointer = (i: number): string => (form.isWrapped ? `/${form.match}/${i}` : '');
	const lead = (i: number, match: 'all' | 'any'): string => t(i === 0 ? 'condition.and' : match === 'all' ? 'condition.and' : 'condition.or');
	return (
		<div class="conditions">
			{form.items.map((item, i) => (isGroup(item) ? (
				<div key={i} class="group" role="group" aria-label={t('condition.group')}>
					<div class="row"><span class="lead soft">{lead(i, form.match)}</span><Match match={item.match} onChange={(match) => replace(i, { ...item, match })} />
						<Button kind="quiet" onClick={() => replace(i, null)}>{t('condition.remove_group')}</Button></div>
					{item.items.map((cond, k) => (
						<Condition key={k} cond={cond} type={type} fields={fields} lead={k === 0 ? '' : lead(k, item.match)} error={errorAt(`${pointer(i)}/${item.match}/${k}`)}
							onChange={(c) => replace(i, { ...item, items: item.items.map((one, j) => (j === k ? c : one)) })}
							onRemove={() => replace(i, item.items.length > 1 ? { ...item, items: item.items.filter((_, j) => j !== k) } : null)} />
					))}
					<Button kind="quiet" icon="plus" onClick={() => replace(i, { ...item, items: [...item.items, fresh()] })}>{t('condition.add')}</Button>
				</div>
			) : (
				<Condition key={i} cond={item} type={type} fields={fields} lead={lead(i, form.match)} error={errorAt(pointer(i))}
					onChange={(c) => replace(i, c)} onRemove={() => replace(i, null)} />
			)))}
			<div class="row add">
				<Button kind="quiet" icon="plus" onClick={() => put({ items: [...form.items, fresh()] })}>{t('condition.add')}</Button>
				{form.items.length > 1 && <Match match={form.match} onChange={(match) => put({ match, isWrapped: true })} />}
				<Menu label={t('condition.more')} items={[
					{ label: t('condition.add_group'), onPick: () => put({ isWrapped: true, items: [...form.items, { match: form.match === 'all' ? 'any' : 'all', items: [fresh()] }] }) },
					{ label: t('condition.edit_text'), onPick: () => setText(true) },
				]} />
			</div>
		</div>
	);
}
