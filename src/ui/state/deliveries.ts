/** The list of deliveries: pages behind each other, changed in place by the stream, new ones kept back. */
import { batch, signal } from '@preact/signals';
import { get, inWorkspace, Problem, segment } from '../api/client';
import { listen, type Change } from '../api/stream';
import type { Delivery, EventRow, Page } from '../api/types';

const PAGE = 100;
const BATCH = 50;
const EVERY_MS = 250;

export type Row = Delivery & { unmatched?: EventRow };
export const keyOf = (row: Pick<Row, 'event_id' | 'rule'>): string => `${row.event_id} ${row.rule}`;

const asRow = (event: EventRow): Row => ({
	event_id: event.id, rule: '', connection: '', channel: '', title: event.title || `${event.type} ${event.resource_id}`.trim(), state: 'skipped', reason: event.reason, action: '', repair: null, degraded: false,
	created_at: event.received_at, updated_at: event.received_at, due_at: null, failures_counted: 0, attempt_count: 0, unmatched: event,
});

export function makeList(query: string, isUnmatched: boolean, at: () => boolean) {
	const rows = signal<Row[]>([]);
	const isFirst = signal(true);
	const isMore = signal(false);
	const problem = signal<Problem | null>(null);
	const lookedBack = signal<string | null>(null);
	const fresh = signal<Row[]>([]);
	let cursor: string | null = null;
	let running = false;
	let isOver = false;
	const wanted = new Set<string>();
	let timer = 0;

	async function read(from: string | null): Promise<Page<Row>> {
		const path = isUnmatched ? '/events' : '/deliveries';
		const { body } = await get<Page<Delivery | EventRow>>(`${inWorkspace(path)}?${query}${query ? '&' : ''}limit=${PAGE}${from ? `&cursor=${segment(from)}` : ''}`);
		const records = isUnmatched ? (body.records as EventRow[]).map(asRow) : (body.records as Row[]);
		return { ...body, records };
	}
	async function more(): Promise<void> {
		if (running || isOver) return;
		running = true;
		try {
			const page = await read(cursor);
			batch(() => {
				const known = new Set(rows.value.map(keyOf));
				rows.value = [...rows.value, ...page.records.filter((row) => !known.has(keyOf(row)))];
				lookedBack.value = page.looked_back_to ?? null;
				problem.value = null;
				isFirst.value = false;
				cursor = page.next_cursor;
				isMore.value = cursor !== null;
			});
			isOver = cursor === null;
		} catch (error) {
			problem.value = error instanceof Problem ? error : new Problem({ code: 'network' });
			isFirst.value = false;
		} finally {
			running = false;
		}
	}
	function show(): void {
		batch(() => {
			rows.value = [...fresh.value, ...rows.value];
			fresh.value = [];
		});
	}
	/** The newest page again: what is known changes in place, what is not waits until it is wanted. */
	async function look(): Promise<void> {
		const page = await read(null).catch(() => null);
		if (!page) return;
		const now = new Map(page.records.map((row) => [keyOf(row), row]));
		const known = new Set([...rows.value, ...fresh.value].map(keyOf));
		batch(() => {
			rows.value = rows.value.map((row) => now.get(keyOf(row)) ?? row);
			fresh.value = [...page.records.filter((row) => !known.has(keyOf(row))), ...fresh.value.map((row) => now.get(keyOf(row)) ?? row)];
		});
		if (at()) show();
	}
	async function flush(): Promise<void> {
		timer = 0;
		const all = [...wanted];
		wanted.clear();
		const known = all.filter((key) => rows.value.some((row) => keyOf(row) === key));
		if (all.length > known.length || known.length > BATCH) return look();
		for (const key of known) {
			const [event, rule] = key.split(' ') as [string, string];
			const one = await get<Delivery>(inWorkspace(`/events/${segment(event)}/rules/${segment(rule)}`)).catch(() => null);
			if (one) rows.value = rows.value.map((row) => (keyOf(row) === key ? { ...row, ...one.body } : row));
		}
	}
	const stop = listen((change: Change) => {
		if (change.kind === 'resync') wanted.add('*');
		else if (change.kind === 'delivery' || (isUnmatched && change.kind === 'event')) for (const [event, rule = ''] of change.changes) wanted.add(`${event} ${rule}`);
		else return;
		timer ||= window.setTimeout(() => void flush(), EVERY_MS);
	});
	void more();
	return {
		rows, isFirst, isMore, problem, lookedBack, fresh, more, show,
		reload(): void {
			cursor = null;
			isOver = false;
			rows.value = [];
			isFirst.value = true;
			void more();
		},
		stop(): void {
			stop();
			clearTimeout(timer);
		},
	};
}
export type List = ReturnType<typeof makeList>;
