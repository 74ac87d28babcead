/** One rule in the making: the draft, what was saved, what the server says to it. */
import { batch, computed, signal } from '@preact/signals';
import { get, inWorkspace, Problem, segment, send } from '../api/client';
import type { FieldError, Preview, Rule } from '../api/types';
import { dropDraft, findDraft, keepDraft } from '../state/drafts';
import { isChanged, merge, writable, type Member } from '../state/merge';
import { resource } from '../state/resource';
import { go } from '../state/route';
import { toast } from '../state/toasts';
import { t } from '../words/words';

const PREVIEW_MS = 150;
const DRAFT_MS = 500;

export const blank = (connection: string): Rule => ({
	id: '', name: '', event_type: '', filter: null, connection, channel: '', template: null, active: false, hold_reason: '', hold_code: '', repair: null,
	on_unknown: 'prefer_duplicate', on_message_error: 'plain_text', on_burst: 'queue', thread_key: '', thread_hours: 0, update_key: '',
	dedupe_key: '', dedupe_minutes: 0, quiet_hours: null, retry: [], created_at: '', updated_at: '', revision: 0,
});

export type Editor = ReturnType<typeof makeEditor>;
export interface Conflict { theirs: Rule; etag: string; merged: Rule; clash: Member[] }

export function makeEditor(id: string, start: Rule, etag: string) {
	const key = id || 'new';
	const rule = signal<Rule>(start);
	const saved = signal<Rule>(start);
	const tag = signal(etag);
	const preview = signal<Preview | null>(null);
	const isStale = signal(false);
	const errors = signal<FieldError[]>([]);
	const conflict = signal<Conflict | null>(null);
	const savedAt = signal(0);
	const event = signal<string>('');
	/** What stands for an event of the rule's type: its sample, one made of another's, or none. */
	const sample = signal<Record<string, unknown> | null>({ sample: true });
	const found = findDraft(key);
	const offered = signal(found && isChanged(found.rule, start) ? found : null);
	let previewTimer = 0;
	let draftTimer = 0;
	let asking: AbortController | null = null;

	async function askPreview(): Promise<void> {
		if (!rule.value.event_type) return;
		asking?.abort();
		const mine = (asking = new AbortController());
		const path = inWorkspace('/rules/preview');
		const of = event.value ? { id: event.value } : sample.value;
		if (!of) {
			preview.value = null;
			return;
		}
		try {
			const { body } = await send<Preview>('POST', path, { rule: draftOf(), event: of }, { signal: mine.signal });
			batch(() => {
				errors.value = body.errors ?? [];
				isStale.value = (body.errors ?? []).length > 0;
				// A wrong template keeps the last good picture.
				preview.value = isStale.value && preview.value ? { ...preview.value, conditions: body.conditions ?? [], errors: body.errors } : body;
			});
		} catch (error) {
			if (!(error instanceof Problem) || error.code === 'aborted') return;
			isStale.value = true;
			if (error.status === 422 || error.status === 400) errors.value = error.errors;
		}
	}
	/** As the server takes it: an active rule, so that "inactive" is no reason not to match. */
	function draftOf(): Partial<Rule> {
		return { ...writable({ ...rule.value, id: rule.value.id || 'draft' }), active: true };
	}
	function change(part: Partial<Rule>): void {
		rule.value = { ...rule.value, ...part };
		clearTimeout(previewTimer);
		previewTimer = window.setTimeout(() => void askPreview(), PREVIEW_MS);
		clearTimeout(draftTimer);
		draftTimer = window.setTimeout(() => {
			if (isDirty.value) keepDraft(key, { rule: rule.value, base: saved.value, etag: tag.value, at: Date.now() });
		}, DRAFT_MS);
	}
	function took(now: Rule, newTag: string): void {
		clearTimeout(draftTimer);
		batch(() => {
			const whole = { ...blank(''), ...now };
			rule.value = whole;
			saved.value = whole;
			tag.value = newTag || `"${now.revision}"`;
			savedAt.value = Date.now();
			errors.value = [];
			conflict.value = null;
		});
		dropDraft(key);
		offered.value = null;
		resource<Rule>(`/rules/${segment(now.id)}`).set(now, tag.value);
		void resource('/rules?limit=200').load();
	}
	async function onConflict(problem: Problem): Promise<void> {
		const fresh = await get<Rule>(inWorkspace(`/rules/${segment(id)}`));
		const theirs = { ...((problem.current as Rule | null) ?? {}), ...fresh.body };
		const { merged, clash } = merge(saved.value, rule.value, theirs);
		const newTag = fresh.etag || `"${theirs.revision}"`;
		if (clash.length > 0) {
			conflict.value = { theirs, etag: newTag, merged, clash };
			return;
		}
		batch(() => {
			saved.value = theirs;
			tag.value = newTag;
			rule.value = merged;
		});
		await save();
		toast(t('rule.merged'));
	}
	async function save(part: Partial<Rule> = {}): Promise<void> {
		const body = writable({ ...rule.value, ...part });
		try {
			if (!id) {
				if (!body.id) delete body.id;
				const made = await send<Rule>('POST', inWorkspace('/rules'), { ...body, active: Boolean(body.channel && body.connection) });
				took(made.body, made.etag);
				go(`/rules/${segment(made.body.id)}`, { replace: true });
				return;
			}
			const put = await send<Rule>('PUT', inWorkspace(`/rules/${segment(id)}`), body, { etag: tag.value });
			took({ ...rule.value, ...part, ...put.body }, put.etag);
		} catch (error) {
			if (error instanceof Problem && error.status === 412 && id) return onConflict(error);
			if (error instanceof Problem && error.errors.length > 0) errors.value = error.errors;
			throw error;
		}
	}
	function settle(choice: 'mine' | 'theirs'): Promise<void> {
		const now = conflict.value!;
		const clashing = Object.fromEntries(now.clash.map((member) => [member, now.theirs[member]]));
		batch(() => {
			saved.value = now.theirs;
			tag.value = now.etag;
			rule.value = choice === 'mine' ? now.merged : { ...now.merged, ...clashing };
			conflict.value = null;
		});
		return isDirty.value ? save() : Promise.resolve();
	}
	const isDirty = computed(() => isChanged(rule.value, saved.value));
	return {
		id, rule, saved, tag, preview, isStale, errors, conflict, savedAt, event, sample, offered, isDirty, change, save, settle, askPreview, draftOf, took,
		restore(): void {
			const draft = offered.value;
			offered.value = null;
			if (draft) change(draft.rule);
		},
		discard(): void {
			dropDraft(key);
			offered.value = null;
			rule.value = saved.value;
			void askPreview();
		},
		leave(): void {
			clearTimeout(previewTimer);
			clearTimeout(draftTimer);
			asking?.abort();
			if (isDirty.value) keepDraft(key, { rule: rule.value, base: saved.value, etag: tag.value, at: Date.now() });
		},
	};
}
