/** What a rule may do besides posting, each as a sentence. */
import type { ComponentChildren } from 'preact';
import type { EventType, Field, Rule } from '../api/types';
import { Combobox } from '../parts/combobox';
import { t, tx, zone } from '../words/words';
import { fieldChoices } from './condition';
import { levelsOf } from './operators';

interface Props { rule: Rule; type: EventType | null; fields: Field[]; onChange: (change: Partial<Rule>) => void }

const keyOf = (field: string): string => (field ? `{{ ${field.startsWith('event.') ? field : `payload.${field}`} }}` : '');
const fieldOf = (key: string): string => /^\{\{\s*(?:payload\.)?([\w.[\]-]+)\s*\}\}$/.exec(key)?.[1] ?? key;

function Option({ on, label, onToggle, children }: { on: boolean; label: string; onToggle: (on: boolean) => void; children?: ComponentChildren }) {
	return (
		<div class="option-row">
			<label class="choice"><input type="checkbox" checked={on} onChange={(e) => onToggle(e.currentTarget.checked)} /><span>{label}</span></label>
			{on && children && <div class="option-text">{children}</div>}
		</div>
	);
}

export function isPlain(rule: Rule): boolean {
	return !rule.thread_key && !rule.update_key && !rule.dedupe_key && !rule.quiet_hours && rule.on_burst === 'queue' &&
		rule.on_unknown === 'prefer_duplicate' && rule.on_message_error === 'plain_text' && rule.retry.length === 0;
}

export function Options({ rule, type, fields, onChange }: Props) {
	const first = fields.find((field) => /(^|_)id$/.test(field.path))?.path ?? fields[0]?.path ?? 'event.resource_id';
	const key = (name: 'thread_key' | 'update_key' | 'dedupe_key') => (
		<Combobox class="inline" label={t('condition.field')} shown={fieldOf(rule[name])} free find={(text) => fieldChoices(fields, text)} onPick={(field) => onChange({ [name]: keyOf(field) })} />
	);
	const count = (name: 'thread_hours' | 'dedupe_minutes', otherwise: number, label: string) => (
		<input class="number" type="number" min={1} aria-label={label} value={rule[name] || otherwise} onInput={(e) => onChange({ [name]: Number(e.currentTarget.value) || 0 })} />
	);
	const quiet = rule.quiet_hours;
	const time = (name: 'from' | 'to') => (
		<input class="number" type="time" aria-label={t(name === 'from' ? 'options.quiet_from' : 'options.quiet_to')} value={quiet?.[name] ?? ''} onInput={(e) => onChange({ quiet_hours: { ...quiet!, [name]: e.currentTarget.value } })} />
	);
	return (
		<div class="stack tight">
			<Option on={rule.thread_key !== ''} label={t('options.thread')} onToggle={(on) => onChange({ thread_key: on ? keyOf(first) : '', thread_hours: 0 })}>
				{tx('options.thread_text', { field: key('thread_key'), hours: count('thread_hours', 24, t('options.hours')) })}
			</Option>
			<Option on={rule.update_key !== ''} label={t('options.update')} onToggle={(on) => onChange({ update_key: on ? keyOf(first) : '' })}>
				{tx('options.update_text', { field: key('update_key') })}
			</Option>
			<Option on={rule.dedupe_key !== ''} label={t('options.dedupe')} onToggle={(on) => onChange({ dedupe_key: on ? keyOf(first) : '', dedupe_minutes: 0 })}>
				{tx('options.dedupe_text', { field: key('dedupe_key'), minutes: count('dedupe_minutes', 10, t('options.minutes')) })}
			</Option>
			<Option on={quiet !== null} label={t('options.quiet')} onToggle={(on) => onChange({ quiet_hours: on ? { from: '22:00', to: '07:00', time_zone: zone.value, unless_severity: 'critical' } : null })}>
				{quiet && tx('options.quiet_text', {
					from: time('from'), to: time('to'), zone: quiet.time_zone,
					severity: (
						<select aria-label={t('options.quiet_unless')} value={quiet.unless_severity} onChange={(e) => onChange({ quiet_hours: { ...quiet, unless_severity: e.currentTarget.value } })}>
							<option value="">{t('options.never')}</option>{levelsOf(type).map((level) => <option key={level} value={level}>{level}</option>)}
						</select>
					),
				})}
			</Option>
			<div class="option-row"><label class="choice-select"><span>{t('options.burst')}</span>
				<select value={rule.on_burst} onChange={(e) => onChange({ on_burst: e.currentTarget.value as Rule['on_burst'] })}>
					<option value="queue">{t('options.burst_queue')}</option><option value="digest">{t('options.burst_digest')}</option><option value="drop-oldest">{t('options.burst_drop')}</option>
				</select></label></div>
			<Option on={rule.on_unknown === 'prefer_silence'} label={t('options.silence')} onToggle={(on) => onChange({ on_unknown: on ? 'prefer_silence' : 'prefer_duplicate' })} />
			<Option on={rule.on_message_error === 'fail'} label={t('options.no_plain')} onToggle={(on) => onChange({ on_message_error: on ? 'fail' : 'plain_text' })} />
			{isPlain(rule) && <p class="soft small">{t('options.none')}</p>}
		</div>
	);
}
