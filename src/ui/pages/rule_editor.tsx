import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { inWorkspace, Problem, segment, send } from '../api/client';
import type { Connection, EventType, Page, Rule } from '../api/types';
import { Button } from '../parts/button';
import { Combobox, type Choice } from '../parts/combobox';
import { Menu, type Item } from '../parts/layers';
import { Icon } from '../parts/icon';
import { brokenRule, RepairButton, RepairElse, RepairSentence, teamOf } from '../parts/repair';
import { ChannelName, Name, Switch } from '../parts/small';
import { Gone, Loaded, Skeleton, Strip, Title } from '../parts/states';
import { ChannelPicker } from '../rule/channel_picker';
import { Conditions } from '../rule/conditions';
import { ConflictView } from '../rule/conflict';
import { blank, makeEditor, type Editor } from '../rule/editor_state';
import { MessageForm } from '../rule/message_form';
import { fieldsOf } from '../rule/operators';
import { Options } from '../rule/options';
import { matchText, Preview } from '../rule/preview';
import { filterLines, typeText } from '../rule/sentence';
import { TestButton, TestResult, useTest } from '../rule/test_message';
import { writable } from '../state/merge';
import { CONNECTIONS } from '../state/names';
import { resource, useResource } from '../state/resource';
import { go, route } from '../state/route';
import { can } from '../state/session';
import { toast } from '../state/toasts';
import { clock, t } from '../words/words';
import { RULES, ruleName } from './rules';

function TypeChoice({ editor, types }: { editor: Editor; types: EventType[] }) {
	const rule = editor.rule.value;
	const find = (text: string): Choice[] => {
		const wanted = text.trim().toLowerCase();
		const known = types.map((type) => ({ value: type.name, label: type.description || type.name, note: type.description ? type.name : undefined }));
		const stems = [...new Set(types.map((type) => type.name.split('.')[0]!).filter((stem) => types.some((type) => type.name.startsWith(`${stem}.`))))];
		const all: Choice[] = [...known, ...stems.map((stem) => ({ value: `${stem}.>`, label: t('type.pattern', { pattern: `${stem}.…` }), note: `${stem}.>` })), { value: '>', label: t('type.every') }];
		const found = all.filter((one) => `${one.label} ${one.value}`.toLowerCase().includes(wanted));
		if (/^[a-z0-9_*>-]+(\.[a-z0-9_*>-]+)*$/.test(wanted) && !all.some((one) => one.value === wanted)) found.push({ value: wanted, label: wanted, note: t('type.unlisted') });
		return found;
	};
	const type = types.find((one) => one.name === rule.event_type);
	return <Combobox class="type-choice" label={t('rule.type')} placeholder={t('rule.type_choose')} shown={type?.description ? `${type.description} · ${type.name}` : rule.event_type && typeText(rule.event_type)} free
		invalid={editor.errors.value.some((error) => error.pointer === '/event_type')} find={find} onPick={(name) => editor.change({ event_type: name })} />;
}

function SentenceForm({ editor, types, type, connections }: { editor: Editor; types: EventType[]; type: EventType | null; connections: Connection[] }) {
	const rule = editor.rule.value;
	const errorOf = (pointer: string) => editor.errors.value.filter((error) => error.pointer === pointer).map((error, i) => <p key={i} class="small bad" role="alert">{error.detail}</p>);
	return (
		<section class="card stack sentence-form" aria-label={t('rule.sentence')}>
			<div class="say"><span>{t('rule.when')}</span><TypeChoice editor={editor} types={types} /><span>{t('rule.happens')}</span></div>
			{errorOf('/event_type')}
			<Conditions filter={rule.filter} type={type} fields={fieldsOf(type)} errors={editor.errors.value} onChange={(filter) => editor.change({ filter })} />
			<div class="say"><span>{t('rule.post_to')}</span>
				{rule.connection ? <ChannelPicker connection={rule.connection} channel={rule.channel} name={rule.channel_name} onPick={(channel, name) => editor.change({ channel, channel_name: name })} /> : <a href="#/connections">{t('rule.connect_first')}</a>}
				{connections.length > 0 && <><span>{t('rule.in')}</span>
					<select class="team" aria-label={t('rule.team')} value={rule.connection} onChange={(e) => editor.change({ connection: e.currentTarget.value, channel: '', channel_name: '' })}>
						{!rule.connection && <option value="">{t('rule.choose_team')}</option>}
						{connections.map((c) => <option key={c.id} value={c.id}>{c.team_name || c.name}</option>)}
					</select></>}
			</div>
			{errorOf('/channel')}{errorOf('/connection')}
		</section>
	);
}

function ReadOnly({ rule, types }: { rule: Rule; types: EventType[] }) {
	const type = types.find((one) => one.name === rule.event_type);
	return (
		<section class="card stack" aria-label={t('rule.sentence')}>
			<p>{t('rule.when')} <b><bdi>{type?.description ? `${type.description} · ${type.name}` : typeText(rule.event_type)}</bdi></b> {t('rule.happens')}</p>
			<ul class="lines">{filterLines(rule.filter).map((line, i) => <li key={i} style={{ paddingInlineStart: `${line.depth * 20}px` }}><bdi>{line.text}</bdi></li>)}</ul>
			<p>{t('rule.post_to')} {rule.channel ? <ChannelName id={rule.channel} name={rule.channel_name} /> : t('rules.no_channel')}</p>
			<p class="soft small">{t('right.edit')}</p>
		</section>
	);
}

function NameField({ editor }: { editor: Editor }) {
	const rule = editor.rule.value;
	return <input class="rule-name" aria-label={t('rule.name')} placeholder={t('rule.name')} maxLength={200} value={rule.name} onInput={(e) => editor.change({ name: e.currentTarget.value })} />;
}

/** For a pattern the sample of a type that it means, told as an event of its own. */
function sampleOf(wanted: string, type: EventType | null, types: EventType[]): Record<string, unknown> | null {
	if (type?.sample) return { sample: true };
	const stem = wanted.replace(/[*>]$/, '');
	const other = /[*>]$/.test(wanted) ? types.find((one) => one.sample && one.name.startsWith(stem)) : undefined;
	return other ? { type: other.name, resource: 'sample', resource_id: 'sample', payload: other.sample } : null;
}

/** The first mistake gets the focus when it could not be saved. */
function focusMistake(box: HTMLElement | null): void {
	setTimeout(() => box?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), 50);
}

function Editing({ editor, types, connections, isNew }: { editor: Editor; types: EventType[]; connections: Connection[]; isNew: boolean }) {
	const box = useRef<HTMLDivElement>(null);
	const rule = editor.rule.value;
	const listed = types.find((one) => one.name === rule.event_type) ?? null;
	const one = useResource<EventType>(`/event-types/${segment(rule.event_type || '-')}`, []);
	const type = one.data.value?.name === rule.event_type ? one.data.value : listed;
	const fields = fieldsOf(type);
	const test = useTest(editor);
	const [isPreview, setPreview] = useState(false);
	const canEdit = can('edit');
	useEffect(() => {
		const slot = route.value.query.get('slot');
		if (slot) setTimeout(() => {
			const area = box.current?.querySelector<HTMLTextAreaElement>(`[data-slot="${CSS.escape(slot)}"]`);
			area?.closest('details')?.setAttribute('open', '');
			area?.focus();
		}, 100);
		return () => editor.leave();
	}, [editor]);
	useEffect(() => {
		editor.sample.value = sampleOf(rule.event_type, type, types);
		void editor.askPreview();
	}, [editor, rule.event_type, type?.sample, types]);
	const save = (): Promise<void> => editor.save().then(() => { if (!editor.conflict.value) toast(t('rule.saved')); }, (error: unknown) => {
		focusMistake(box.current);
		// Each mistake is told at its place, and not again at the button.
		if (!(error instanceof Problem) || error.errors.length === 0) throw error;
	});
	const elsewhere = editor.errors.value.filter((error) => !error.slot && !/^\/(template|filter|event_type|channel|connection)/.test(error.pointer ?? ''));
	const broken = { ...brokenRule(rule), team: teamOf(connections, rule.connection) };
	const items: Item[] = [
		...(isNew ? [] : [{ label: t('rule.versions'), onPick: () => go(`/rules/${segment(rule.id)}/history`) }, { label: t('rule.activity'), onPick: () => go(`/activity?rule=${segment(rule.id)}`) }]),
		...(isNew || !canEdit ? [] : [{ label: t('rule.copy'), icon: 'copy' as const, onPick: async () => {
			const { body } = await send<Rule>('POST', inWorkspace('/rules'), { ...writable(rule), id: undefined, name: t('rule.copy_of', { rule: ruleName(rule) }), active: false });
			go(`/rules/${segment(body.id)}`);
		} }, { label: t('rule.delete'), icon: 'close' as const, danger: true, onPick: async () => {
			await send('DELETE', inWorkspace(`/rules/${segment(rule.id)}`), undefined, { etag: editor.tag.value });
			editor.discard();
			void resource(RULES).load();
			go('/rules');
			toast(t('rule.deleted', { rule: ruleName(rule) }), () => void send('POST', inWorkspace('/rules'), writable(editor.saved.value)).then(() => resource(RULES).load()));
		} }]),
	];
	const isReady = Boolean(rule.channel && rule.connection);
	return (
		<div ref={box} class="editor stack" onKeyDown={(e) => { if (e.key === 's' && (e.ctrlKey || e.metaKey) && canEdit) { e.preventDefault(); void save().catch(() => {}); } }}>
			<div class="head">
				<Title back={{ href: '#/rules', label: t('tab.rules') }}>{isNew ? t('rules.new') : <Name>{ruleName(editor.saved.value)}</Name>}</Title>
				<div class="row">
					{canEdit && !isNew && isReady && <Switch on={rule.active} label={t('rules.switch', { rule: ruleName(rule) })} onChange={(on) => {
						const was = editor.isDirty.value;
						editor.change({ active: on });
						if (!was) void editor.save().catch(() => editor.change({ active: !on }));
					}} />}
					{editor.savedAt.value > 0 && !editor.isDirty.value && <span class="soft small">{t('rule.saved_at', { time: clock(editor.savedAt.value) })}</span>}
					<Menu label={t('rule.menu')} items={items} />
				</div>
			</div>
			{editor.offered.value && <Strip tone="info" icon="edit" action={<><Button onClick={() => editor.restore()}>{t('rule.restore')}</Button><Button kind="quiet" onClick={() => editor.discard()}>{t('rule.discard')}</Button></>}>{t('rule.unsaved_from', { time: clock(editor.offered.value.at) })}</Strip>}
			{broken.code && <Strip tone="hold" icon="pause" action={<span class="repair"><RepairButton broken={broken} onDone={() => go(`/rules`)} /></span>}><RepairSentence broken={broken} /> {(rule.held?.count ?? 0) > 0 && t('overview.waiting_plain', { n: rule.held!.count })} <RepairElse broken={broken} /></Strip>}
			{elsewhere.length > 0 && <Strip tone="bad" icon="alert" role="alert">{elsewhere.map((error, i) => <p key={i}>{error.detail}</p>)}</Strip>}
			{editor.conflict.value && <ConflictView editor={editor} />}
			<div class="columns editor-columns">
				<div class="stack">
					{canEdit ? <>
						<label class="field"><span class="label">{t('rule.name')}</span><NameField editor={editor} /></label>
						<SentenceForm editor={editor} types={types} type={type} connections={connections} />
						<section class="card stack" aria-labelledby="message"><h2 id="message">{t('rule.message')}</h2>
							<MessageForm rule={rule} type={type} fields={fields} errors={editor.errors.value} preview={editor.preview.value} onChange={(template) => editor.change({ template })} /></section>
						<details class="card"><summary><h2>{t('rule.more')}</h2></summary><Options rule={rule} type={type} fields={fields} onChange={editor.change} /></details>
					</> : <ReadOnly rule={rule} types={types} />}
				</div>
				<div class={`preview-column ${isPreview ? 'open' : ''}`}><div class="card"><Preview editor={editor} /></div></div>
			</div>
			<TestResult result={test.result} state={test.state} editor={editor} />
			{can('send') && <div class="action-bar">
				{canEdit && <Button kind="primary" onClick={save} why={!rule.event_type ? t('rule.needs_type') : undefined}>{isNew ? t('rule.create') : t('rule.save')}</Button>}
				<TestButton editor={editor} run={test.run} state={test.state} />
				{canEdit && editor.isDirty.value && <Button kind="quiet" onClick={() => { const before = editor.rule.value; editor.discard(); toast(t('rule.discarded'), () => editor.change(before)); }}>{t('rule.discard_changes')}</Button>}
				<button type="button" class="button quiet preview-toggle" aria-expanded={isPreview} onClick={() => setPreview(!isPreview)}><Icon name="down" />{t('preview.title')}{editor.preview.value && `: ${matchText(editor.preview.value)}`}</button>
			</div>}
		</div>
	);
}

function Loader({ rule, etag, types, connections, isNew }: { rule: Rule; etag: string; types: EventType[]; connections: Connection[]; isNew: boolean }) {
	const editor = useMemo(() => {
		const made = makeEditor(isNew ? '' : rule.id, { ...blank(''), ...rule }, etag);
		made.event.value = route.value.query.get('event') ?? '';
		return made;
	}, [rule.id, isNew]);
	return <Editing editor={editor} types={types} connections={connections} isNew={isNew} />;
}

export function RuleEditor({ id }: { id: string }) {
	const isNew = id === 'new';
	const types = useResource<Page<EventType>>('/event-types?limit=200', []);
	const connections = useResource<Page<Connection>>(CONNECTIONS, ['connection']);
	const one = useResource<Rule>(`/rules/${segment(id)}`, isNew ? [] : ['rule']);
	const teams = connections.data.value?.records ?? [];
	if (isNew) {
		if (!types.data.value || !connections.data.value) return <Skeleton rows={6} />;
		const connection = route.value.query.get('connection') || (teams.find((c) => c.status === 'active') ?? teams[0])?.id || '';
		const start = blank(connection);
		if (types.data.value.records.length > 0) start.event_type = route.value.query.get('type') || types.data.value.records[0]!.name;
		const known = teams.find((c) => c.id === connection)?.channels ?? [];
		if (known.length === 1) Object.assign(start, { channel: known[0]!.id, channel_name: known[0]!.name });
		return <Loader key="new" rule={start} etag="" types={types.data.value.records} connections={teams} isNew />;
	}
	return (
		<Loaded from={one} rows={6} gone={<Gone text={t('rule.gone')} href="#/rules" link={t('rule.all')} />}>{(rule) => (
			<Loader key={id} rule={rule} etag={one.etag || `"${rule.revision}"`} types={types.data.value?.records ?? []} connections={teams} isNew={false} />
		)}</Loaded>
	);
}
