/** One condition of a rule: field, comparison, value. */
import { useId } from 'preact/hooks';
import type { EventType, Field } from '../api/types';
import { Button } from '../parts/button';
import { Combobox, type Choice as Option } from '../parts/combobox';
import { Icon } from '../parts/icon';
import { t } from '../words/words';
import { typed, type Cond } from './filter_form';
import { choiceLabel, choicesFor, EVENT_FIELDS, kindOf, levelsOf, needsValue, shownValue, type Choice, type Kind } from './operators';

interface Props { cond: Cond; type: EventType | null; fields: Field[]; error?: string; lead: string; onChange: (c: Cond) => void; onRemove: () => void }

const defaultValue = (kind: Kind, choice: Choice, type: EventType | null): unknown =>
	choice === 'in' || choice === 'not_in' ? [] : kind === 'severity' ? (levelsOf(type)[3] ?? levelsOf(type).at(-1) ?? 'high') : kind === 'boolean' ? true : '';

export function startCond(path: string, fields: Field[], type: EventType | null): Cond {
	const kind = kindOf(path, fields);
	const choice: Choice = kind === 'severity' ? 'at_least' : kind === 'number' ? 'gt' : kind === 'list' ? 'contains' : 'eq';
	return { field: path, choice, value: defaultValue(kind, choice, type), hasValue: true };
}

export function fieldChoices(fields: Field[], text: string): Option[] {
	const wanted = text.trim().toLowerCase();
	const own: Option[] = fields.map((field) => ({
		value: field.path, label: field.path,
		note: field.example === undefined ? field.type : shownValue(field.example).slice(0, 40),
	}));
	const all = [...own, ...EVENT_FIELDS.map((path) => ({ value: path, label: path, note: t('condition.of_event') }))];
	const found = all.filter((one) => one.label.toLowerCase().includes(wanted));
	const isPath = /^[A-Za-z_][\w.[\]-]*$/.test(text.trim());
	if (wanted && isPath && !all.some((one) => one.value === text.trim()))
		found.push({ value: text.trim(), label: text.trim(), note: t('condition.other_field') });
	return found;
}

function Value({ cond, kind, type, fields, onChange }: { cond: Cond; kind: Kind; type: EventType | null; fields: Field[]; onChange: (value: unknown) => void }) {
	const label = t('condition.value');
	const id = useId();
	const known = fields.find((field) => field.path === cond.field)?.enum;
	if (kind === 'severity' || (known && cond.choice !== 'in' && cond.choice !== 'not_in')) {
		const options = kind === 'severity' ? levelsOf(type) : known!;
		const all = options.includes(cond.value) ? options : [...options, cond.value];
		return (
			<select aria-label={label} value={all.indexOf(cond.value)} onChange={(e) => onChange(all[Number(e.currentTarget.value)])}>
				{all.map((one, i) => <option key={i} value={i}>{shownValue(one)}</option>)}
			</select>
		);
	}
	if (kind === 'boolean' || typeof cond.value === 'boolean') {
		return (
			<select aria-label={label} value={String(cond.value)} onChange={(e) => onChange(e.currentTarget.value === 'true')}>
				<option value="true">{t('value.yes')}</option><option value="false">{t('value.no')}</option>
			</select>
		);
	}
	if (Array.isArray(cond.value)) {
		const text = cond.value.map((one) => String(one)).join(', ');
		return <>
			<input aria-label={label} aria-describedby={id} defaultValue={text} key={text} placeholder={t('condition.list')}
				onChange={(e) => onChange(e.currentTarget.value.split(',').map((one) => one.trim()).filter(Boolean).map((one) => typed(one, kind)))} />
			<span id={id} class="unseen">{t('condition.list')}</span>
		</>;
	}
	return <input aria-label={label} inputMode={kind === 'number' ? 'decimal' : 'text'} value={cond.value === null ? '' : String(cond.value)}
		onInput={(e) => onChange(typed(e.currentTarget.value, ['gt', 'gte', 'lt', 'lte'].includes(cond.choice) ? 'number' : kind))} />;
}

export function Condition({ cond, type, fields, error, lead, onChange, onRemove }: Props) {
	const kind = kindOf(cond.field, fields);
	const id = useId();
	const isUnseen = fields.length > 0 && cond.field !== '' && !EVENT_FIELDS.includes(cond.field) && !cond.field.includes('[') &&
		!fields.some((field) => field.path === cond.field || field.path.startsWith(`${cond.field}.`));
	function choose(choice: Choice): void {
		const becomesList = (choice === 'in' || choice === 'not_in') !== Array.isArray(cond.value);
		const isEmpty = !needsValue(cond.choice);
		const value = !needsValue(choice) ? undefined : becomesList || isEmpty ? defaultValue(kind, choice, type) : cond.value;
		onChange({ ...cond, choice, value, hasValue: choice === 'missing' || needsValue(choice) });
	}
	return (
		<div class="condition" role="group" aria-label={t('condition.label', { field: cond.field || t('condition.field') })}>
			<span class="lead soft">{lead}</span>
			<Combobox class="cond-field" label={t('condition.field')} shown={cond.field} invalid={Boolean(error)} free
				find={(text) => fieldChoices(fields, text)} onPick={(path) => onChange(startCond(path, fields, type))} />
			<select class="cond-op" aria-label={t('condition.op')} value={cond.choice} onChange={(e) => choose(e.currentTarget.value as Choice)}>
				{choicesFor(kind, cond.choice).map((choice) => <option key={choice} value={choice}>{choiceLabel(choice, kind)}</option>)}
			</select>
			<span class="cond-value">{needsValue(cond.choice) && <Value cond={cond} kind={kind} type={type} fields={fields} onChange={(value) => onChange({ ...cond, value, hasValue: true })} />}</span>
			<Button kind="quiet" class="square" label={t('condition.remove')} onClick={onRemove}><Icon name="close" /></Button>
			{error && <p id={id} class="cond-note bad" role="alert">{error}</p>}
			{!error && isUnseen && <p class="cond-note warn-text">{t('condition.unseen', { field: cond.field })}</p>}
		</div>
	);
}
