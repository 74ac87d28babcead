/** What an event would become: the message, why it matches or not, and the last hundred events. */
import { useEffect, useState } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { inWorkspace, segment, send } from '../api/client';
import type { DryRun, EventRow, Page, Preview as PreviewData } from '../api/types';
import { mode } from '../host/theme';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Pill } from '../parts/small';
import { useResource } from '../state/resource';
import { channelName } from '../state/names';
import { at } from '../state/route';
import { appName } from '../state/session';
import { notification, SlackMessage } from '../slack/message';
import { moment, t } from '../words/words';
import type { Editor } from './editor_state';
import { shownValue, type Choice } from './operators';

function Events({ editor }: { editor: Editor }) {
	const type = editor.rule.value.event_type;
	const isPattern = /[*>]/.test(type);
	const events = useResource<Page<EventRow>>(`/events?limit=20${isPattern ? '' : `&type=${segment(type)}`}`, ['event']);
	const list = events.data.value?.records ?? [];
	return (
		<select class="event-choice" aria-label={t('preview.event')} value={editor.event.value} onChange={(e) => { editor.event.value = e.currentTarget.value; void editor.askPreview(); }}>
			<option value="">{t('preview.sample')}</option>
			{editor.event.value && !list.some((one) => one.id === editor.event.value) && <option value={editor.event.value}>{editor.event.value}</option>}
			{list.map((one) => <option key={one.id} value={one.id}>{`${moment(one.received_at)} · ${one.title || one.resource_id || one.id}`.slice(0, 80)}</option>)}
		</select>
	);
}

export function matchText(preview: PreviewData): string {
	return preview.matched ? t('preview.matches') : t('preview.matches_not');
}

function Why({ preview }: { preview: PreviewData }) {
	const leaves = preview.conditions.filter((one) => one.field);
	return (
		<div class="why">
			<p>{preview.matched ? <Pill tone="good" icon="check">{t('preview.matches')}</Pill> : <Pill tone="soft" icon="ring">{t('preview.matches_not')}</Pill>}</p>
			<ul>{leaves.map((one, i) => (
				<li key={i} class={one.result ? 'good' : 'soft'}><Icon name={one.result ? 'check' : 'close'} />
					<bdi>{one.missing ? t('preview.missing', { field: one.field! }) : t('preview.condition', { field: one.field!, actual: shownValue(one.actual), op: t(`op.${(one.op === 'exists' ? 'present' : one.op) as Choice}`), value: shownValue(one.value ?? '') })}</bdi>
					<span class="unseen"> {t(one.result ? 'preview.true' : 'preview.false')}</span></li>
			))}</ul>
		</div>
	);
}

function Past({ editor }: { editor: Editor }) {
	const [run, setRun] = useState<DryRun | null>(null);
	const [isOpen, setOpen] = useState(false);
	const channel = editor.rule.value.channel && channelName(editor.rule.value.channel, editor.rule.value.channel_name);
	useEffect(() => setRun(null), [editor.rule.value.filter, editor.rule.value.event_type]);
	async function ask(): Promise<void> {
		setRun((await send<DryRun>('POST', inWorkspace('/rules/dry-run'), { rule: editor.draftOf(), last: 100 })).body);
	}
	if (!run) return <Button kind="quiet" onClick={ask}>{t('preview.dry_run')}</Button>;
	return (
		<div class="stack tight">
			<p>{run.examined === 0 ? t('preview.no_past') : t('preview.past', { n: run.would_post ?? run.matched, examined: run.examined, channel: channel ? `#${channel}` : t('rules.no_channel') })}
				{(run.events?.length ?? 0) > 0 && <>{' '}<button type="button" class="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{t('preview.show_them')}</button></>}</p>
			{isOpen && <ul class="latest">{run.events!.map((one) => <li key={one.id}><a class="row-link" href={at('activity', one.id)}><span class="cut grow"><bdi>{one.type}</bdi></span><span class="soft small">{moment(one.received_at)}</span></a></li>)}</ul>}
		</div>
	);
}

export function Preview({ editor }: { editor: Editor }) {
	const theme = useSignal<'light' | 'dark'>(mode.value);
	const preview = editor.preview.value;
	return (
		<section class="preview stack" aria-label={t('preview.title')}>
			<div class="row"><h2 class="grow">{t('preview.title')}</h2>
				<span class="segments" role="group" aria-label={t('preview.theme')}>{(['light', 'dark'] as const).map((one) => <button key={one} type="button" aria-pressed={theme.value === one} onClick={() => { theme.value = one; }}>{t(one === 'light' ? 'preview.light' : 'preview.dark')}</button>)}</span></div>
			<Events editor={editor} />
			{preview ? (
				<>
					<div class={editor.isStale.value ? 'stale' : ''}>
						<SlackMessage message={preview} app={appName()} at={Date.now()} theme={theme.value} />
					</div>
					{editor.isStale.value && <p class="small soft">{t('preview.stale')}</p>}
					{preview.text && <p class="small soft cut-2"><b>{t('preview.phone')}</b> <bdi>{notification(preview.text)}</bdi></p>}
					{preview.thread_key && <p class="small soft">{t('preview.thread')} <bdi class="mono">{preview.thread_key}</bdi></p>}
					{preview.update_key && <p class="small soft">{t('preview.update')} <bdi class="mono">{preview.update_key}</bdi></p>}
					<Why preview={preview} />
					<Past editor={editor} />
					<p class="small soft">{t('preview.close')}</p>
				</>
			) : <p class="soft">{t(editor.rule.value.event_type ? 'preview.none' : 'preview.choose_type')}</p>}
		</section>
	);
}
