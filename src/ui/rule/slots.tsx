/** A slot of the message: text with values in it, marks for the eye, and the list of fields. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Field, FieldError, Warning } from '../api/types';
import { Button } from '../parts/button';
import { Combobox } from '../parts/combobox';
import { t, type Key } from '../words/words';
import { fieldChoices } from './condition';
import { corrected, pieces } from './highlight';
import { kindOf } from './operators';

export type SlotName = 'header' | 'body' | 'context' | 'reference' | 'timestamp' | 'color' | 'link' | 'link_label' | 'text';

interface Props {
	name: SlotName;
	value: string;
	fields: Field[];
	errors: FieldError[];
	warnings: Warning[];
	length?: { used: number; max: number };
	onChange: (value: string) => void;
}

const MARKS: [Key, string, string][] = [['mark.bold', '*', '*'], ['mark.italic', '_', '_'], ['mark.strike', '~', '~'], ['mark.code', '`', '`'], ['mark.link', '<https://|', '>'], ['mark.quote', '\n> ', '']];
const FACES: Record<string, string> = { 'mark.bold': 'B', 'mark.italic': 'I', 'mark.strike': 'S', 'mark.code': '<>', 'mark.link': '⌁', 'mark.quote': '❝' };

/** Which filters fit a field, and how they are written. */
function filtersFor(path: string, fields: Field[]): [Key, string][] {
	const kind = kindOf(path.replace(/^payload\./, ''), fields);
	const out: [Key, string][] = [];
	if (kind === 'number') out.push(['filter_word.number', '| number'], ['filter_word.percent', '| percent']);
	if (/(_at|date|time)$/.test(path)) out.push(['filter_word.date', '| date']);
	if (kind === 'list') out.push(['filter_word.join', '| join: ", "']);
	if (kind === 'text' || kind === 'severity' || kind === 'any') out.push(['filter_word.upcase', '| upcase'], ['filter_word.capitalize', '| capitalize']);
	out.push(['filter_word.default', '| default: "-"']);
	return out;
}

const pathOf = (field: string): string => (field.startsWith('event.') ? field : field === 'severity' ? 'event.severity' : `payload.${field}`);

export function Slot({ name, value, fields, errors, warnings, length, onChange }: Props) {
	const id = useId();
	const area = useRef<HTMLTextAreaElement>(null);
	const picker = useRef<HTMLDivElement>(null);
	const [isPicking, setPicking] = useState(false);
	const [inserted, setInserted] = useState<{ at: number; text: string; path: string } | null>(null);
	const [caret, setCaret] = useState(0);
	useEffect(() => { if (isPicking) picker.current?.querySelector('input')?.focus(); }, [isPicking]);

	function select(from: number, to = from): void {
		setTimeout(() => {
			area.current?.focus();
			area.current?.setSelectionRange(from, to);
		});
	}
	function insert(path: string): void {
		const open = value.slice(0, caret).endsWith('{{') ? 2 : 0;
		const text = `{{ ${path} }}`;
		const at = caret - open;
		const rest = open && value.slice(caret).startsWith('}}') ? caret + 2 : caret;
		onChange(value.slice(0, at) + text + value.slice(rest));
		setPicking(false);
		setInserted({ at, text, path });
		select(at + text.length);
	}
	function refine(filter: string): void {
		if (!inserted) return;
		const text = `{{ ${inserted.path} ${filter} }}`;
		onChange(value.slice(0, inserted.at) + text + value.slice(inserted.at + inserted.text.length));
		setInserted(null);
		const quote = text.indexOf('"');
		select(inserted.at + (quote > 0 ? quote + 1 : text.length), inserted.at + (quote > 0 ? text.lastIndexOf('"') : text.length));
	}
	function mark(open: string, close: string): void {
		const { selectionStart: from, selectionEnd: to } = area.current!;
		onChange(value.slice(0, from) + open + value.slice(from, to) + close + value.slice(to));
		setInserted(null);
		select(from + open.length, to + open.length);
	}
	function input(text: string): void {
		onChange(text);
		setInserted(null);
		const at = area.current?.selectionStart ?? 0;
		setCaret(at);
		if (text.length > value.length && text.slice(0, at).endsWith('{{')) setPicking(true);
	}
	const notes = errors.length > 0 || warnings.length > 0 ? `${id}-notes` : undefined;
	const isNear = length && length.used >= length.max * 0.8;
	return (
		<div class="slot">
			<div class="slot-head">
				<label for={`${id}-area`}>{t(`slot.${name}`)}</label>
				{isNear && <span class={length.used > length.max ? 'small bad' : 'small soft'}>{t('slot.length', { used: length.used, max: length.max })}</span>}
				{name === 'body' && (
					<span class="marks" role="toolbar" aria-label={t('mark.bar')}>{MARKS.map(([key, open, close]) => (
						<button key={key} type="button" title={t(key)} aria-label={t(key)} onClick={() => mark(open, close)}><span class={key.replace('.', '-')} aria-hidden="true">{FACES[key]}</span></button>
					))}</span>
				)}
				<button type="button" class="insert" aria-expanded={isPicking} onClick={() => { setCaret(area.current?.selectionStart ?? value.length); setPicking(!isPicking); }}>{t('slot.insert')}</button>
			</div>
			<div class={`slot-edit ${name === 'body' ? 'tall' : ''}`}>
				<div class="slot-marks" aria-hidden="true">{pieces(value, errors).map((piece, i) => <span key={i} class={piece.kind && `piece-${piece.kind}`}>{piece.text}</span>)}{'​'}</div>
				<textarea ref={area} id={`${id}-area`} rows={1} value={value} aria-invalid={errors.length > 0} aria-describedby={notes} data-slot={name}
					onInput={(e) => input(e.currentTarget.value)} onBlur={(e) => setCaret(e.currentTarget.selectionStart)} />
			</div>
			{isPicking && (
				<div ref={picker} class="picker" onKeyDown={(e) => { if (e.key === 'Escape') { setPicking(false); select(caret); } }}>
					<Combobox label={t('slot.field')} shown="" find={(text) => fieldChoices(fields, text)} onPick={(path) => insert(pathOf(path))} free />
				</div>
			)}
			{inserted && (
				<div class="row refine"><span class="small soft">{t('slot.show_as')}</span>{filtersFor(inserted.path, fields).map(([key, filter]) => (
					<button key={key} type="button" class="chip" onClick={() => refine(filter)}>{t(key)}</button>
				))}</div>
			)}
			<div id={notes}>
				{errors.map((error, i) => (
					<p key={i} class="small bad note" role="alert">{error.detail}
						{error.suggestion && <>{' '}<Button kind="quiet" onClick={() => onChange(corrected(value, error))}>{t('slot.use', { word: error.suggestion })}</Button></>}
					</p>
				))}
				{errors.length === 0 && warnings.map((warning, i) => <p key={i} class="small warn-text note">{warning.code === 'cut' && warning.max ? t('slot.cut', { max: warning.max }) : warning.sentence}</p>)}
			</div>
		</div>
	);
}
