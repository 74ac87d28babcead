/** What the message says: slots, details, or blocks of one's own. */
import type { EventType, Field, FieldError, Preview, Rule, Template } from '../api/types';
import { Button } from '../parts/button';
import { toast } from '../state/toasts';
import { t } from '../words/words';
import { JsonArea } from './json_area';
import { Slot, type SlotName } from './slots';

interface Props { rule: Rule; type: EventType | null; fields: Field[]; errors: FieldError[]; preview: Preview | null; onChange: (template: Template | null) => void }

const MAIN: SlotName[] = ['header', 'body', 'context'];
const DETAILS: SlotName[] = ['link_label', 'link', 'reference', 'timestamp', 'color', 'text'];

/** What one starts from when the layout is one's own. */
const startOf = (type: EventType | null): Template =>
	type?.default_template ?? {
		header: '{{ event.severity | upcase }}: {{ event.type }}',
		body: '*{{ payload.resource | default: event.resource_id }}*',
		fields: 'auto',
		timestamp: '{{ event.time | date }}',
	};

function Blocks({ template, errors, onChange }: { template: Template; errors: FieldError[]; onChange: (t: Template | null) => void }) {
	const place = (error: FieldError): string => (error.pointer ?? '').replace(/^\/template\//, '').split('/').filter(Boolean)
		.map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : part)).join(', ');
	return (
		<div class="stack tight">
			<JsonArea value={template} label={t('message.blocks')} rows={14} invalid={errors.length > 0} onChange={(value) => onChange((value as Template | null) ?? {})} />
			{errors.map((error, i) => <p key={i} class="small bad" role="alert">{[place(error), error.detail].filter(Boolean).join(': ')}</p>)}
			<div><Button kind="quiet" onClick={() => onChange(null)}>{t('message.standard')}</Button></div>
		</div>
	);
}

export function MessageForm({ rule, type, fields, errors, preview, onChange }: Props) {
	const template = rule.template;
	const mine = errors.filter((error) => error.pointer?.startsWith('/template') || error.slot);
	if (!template) {
		return (
			<div class="stack tight">
				<p class="soft">{t(type?.default_template ? 'message.uses_types' : 'message.uses_standard')}</p>
				<div><Button icon="edit" onClick={() => onChange(startOf(type))}>{t('message.own')}</Button></div>
			</div>
		);
	}
	if (template.blocks) return <Blocks template={template} errors={mine} onChange={onChange} />;
	const set = (name: string, value: string): void => {
		const next = { ...template, [name]: value };
		if (value === '') delete next[name];
		onChange(next);
	};
	const slot = (name: SlotName) => (
		<Slot key={name} name={name} value={String(template[name] ?? '')} fields={fields} length={preview?.lengths?.[name]}
			errors={mine.filter((error) => (error.slot ?? error.pointer?.split('/')[2]) === name)}
			warnings={(preview?.warnings ?? []).filter((warning) => warning.slot === name)} onChange={(value) => set(name, value)} />
	);
	function toBlocks(): void {
		const before = template;
		onChange({ ...(template!.text ? { text: template!.text } : {}), ...(template!.color ? { color: template!.color } : {}), blocks: blocksOf(template!) });
		toast(t('message.became_blocks'), () => onChange(before));
	}
	const hasDetails = DETAILS.some((name) => template[name]) || mine.some((error) => DETAILS.includes(error.slot as SlotName));
	return (
		<div class="stack">
			{slot('header')}
			{slot('body')}
			<fieldset class="plain-set"><legend>{t('slot.fields')}</legend>
				<div class="row">
					<label class="choice"><input type="radio" name="fields" checked={template.fields === 'auto'} onChange={() => set('fields', 'auto')} />{t('message.fields_auto')}</label>
					<label class="choice"><input type="radio" name="fields" checked={template.fields !== 'auto'} onChange={() => set('fields', '')} />{t('message.fields_none')}</label>
				</div>
			</fieldset>
			{MAIN.slice(2).map(slot)}
			<details open={hasDetails}><summary>{t('message.details')}</summary><div class="stack details">{DETAILS.map(slot)}</div></details>
			<div class="row">
				<Button kind="quiet" onClick={() => { const before = template; onChange(null); toast(t('message.became_standard'), () => onChange(before)); }}>{t('message.standard')}</Button>
				<Button kind="quiet" onClick={toBlocks}>{t('message.as_blocks')}</Button>
			</div>
		</div>
	);
}

function blocksOf(template: Template): unknown[] {
	const text = (name: string): string => String(template[name] ?? '');
	const out: unknown[] = [];
	if (text('header')) out.push({ type: 'header', text: { type: 'plain_text', text: text('header') } });
	if (text('body')) out.push({ type: 'section', text: { type: 'mrkdwn', text: text('body') } });
	const small = ['context', 'reference', 'timestamp'].map(text).filter(Boolean);
	if (small.length > 0) out.push({ type: 'context', elements: small.map((one) => ({ type: 'mrkdwn', text: one })) });
	if (text('link')) out.push({ type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: text('link_label') || text('link') }, url: text('link') }] });
	return out;
}
