import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isLive } from '../api/stream';
import type { EventType, Page, Rule } from '../api/types';
import { isContentMode } from '../host/size';
import { Button } from '../parts/button';
import { ChannelName, StatePill, Time } from '../parts/small';
import { Empty, ErrorHere, Skeleton, Title } from '../parts/states';
import { VirtualList } from '../parts/virtual_list';
import { repairOf } from '../parts/repair';
import { keyOf, makeList, type Row } from '../state/deliveries';
import { useResource } from '../state/resource';
import { at, filtered, go, route } from '../state/route';
import { can } from '../state/session';
import { say } from '../state/toasts';
import { clock, moment, t, zone } from '../words/words';
import { Icon } from '../parts/icon';
import { OneDelivery } from './delivery';
import { ReplayDialog } from './replay';
import { ruleName, RULES } from './rules';

const FILTERS = ['all', 'needs', 'failed', 'retrying', 'delivered', 'unmatched'] as const;
const HOURS = ['1', '24', '168', '720'] as const;
const STATES: Record<string, string> = { needs: 'held', failed: 'failed', retrying: 'retrying', delivered: 'delivered' };

/** What the server is asked, from what stands in the address. */
export function queryOf(query: URLSearchParams): string {
	const out = new URLSearchParams();
	const state = query.get('state') ?? 'all';
	if (STATES[state]) out.set('state', STATES[state]);
	if (state === 'unmatched') out.set('status', 'unmatched');
	for (const name of ['rule', 'type', 'connection', 'channel', 'q']) {
		const value = query.get(name);
		if (value) out.set(name, value);
	}
	const from = query.get('from');
	const hours = Number(query.get('hours') ?? 24) || 24;
	if (from) {
		out.set('from', from);
		out.set('to', new Date(Date.parse(from) + hours * 3_600_000).toISOString());
	} else if (query.has('hours') && query.get('hours') !== 'all') {
		out.set('from', new Date(Math.floor(Date.now() / 60_000) * 60_000 - hours * 3_600_000).toISOString());
	}
	return out.toString();
}

export function secondLine(row: Row): string {
	if (row.unmatched) return t('activity.no_rule');
	if (row.state === 'retrying' || row.state === 'parked') return row.due_at ? t('activity.next', { time: clock(row.due_at) }) : '';
	if (row.state === 'held') {
		const code = repairOf(row.repair).code;
		return code ? t(`short.${code as 'reconnect'}`) : '';
	}
	if (row.state === 'delivered') return row.degraded ? t('activity.plain') : row.possible_duplicate ? t('activity.twice') : '';
	return row.reason;
}

function RowOf({ row, rules, height, isOpen, query }: { row: Row; rules: Rule[]; height: number; isOpen: boolean; query: string }) {
	const rule = rules.find((one) => one.id === row.rule);
	const second = secondLine(row);
	const href = `${at('activity', row.event_id, ...(row.rule ? [row.rule] : []))}${query ? `?${query}` : ''}`;
	return (
		<div key={keyOf(row)} role="listitem" class="delivery-row" style={{ height: `${height}px` }}>
			<a data-row href={href} aria-current={isOpen ? 'true' : undefined} class="row-link">
				<span class="when soft"><Time at={row.created_at} exact /></span>
				<span class="what">{row.unmatched ? <span class="pill soft"><Icon name="ring" />{t('state.unmatched')}</span> : <StatePill delivery={row} />}</span>
				<span class="headline cut"><bdi>{row.title || row.rule_name || (rule ? ruleName(rule) : row.event_id)}</bdi>{row.test && <span class="tag">{t('delivery.test')}</span>}</span>
				<span class="where cut">{row.channel && <ChannelName id={row.channel} name={row.channel_name} />}</span>
				<span class="note soft small cut"><bdi>{second || (row.title ? row.rule_name || (rule ? ruleName(rule) : '') : row.event_id)}</bdi></span>
			</a>
		</div>
	);
}

function Filters({ rules, types }: { rules: Rule[]; types: EventType[] }) {
	const query = route.value.query;
	const state = query.get('state') ?? 'all';
	const [text, setText] = useState(query.get('q') ?? '');
	const [isOpen, setOpen] = useState(false);
	const timer = useRef(0);
	const count = ['rule', 'type', 'hours', 'from', 'q'].filter((name) => query.get(name)).length;
	const set = (name: string) => (e: { currentTarget: { value: string } }): void => go(filtered({ [name]: e.currentTarget.value }).slice(1), { replace: true });
	return (
		<div class="filters stack tight">
			<div class="segments scroll" role="group" aria-label={t('activity.states')}>{FILTERS.map((one) => (
				<a key={one} href={filtered({ state: one === 'all' ? '' : one })} aria-current={state === one ? 'true' : undefined}>{t(`activity.filter_${one}`)}</a>
			))}</div>
			<button type="button" class="button filter-toggle" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{count > 0 ? t('activity.filters_n', { n: count }) : t('activity.filters')}</button>
			<div class={`row filter-row ${isOpen ? 'open' : ''}`}>
				<input type="search" aria-label={t('activity.search')} placeholder={t('activity.search')} value={text} onInput={(e) => {
					const value = e.currentTarget.value;
					setText(value);
					clearTimeout(timer.current);
					timer.current = window.setTimeout(() => go(filtered({ q: value.trim() }).slice(1), { replace: true }), 300);
				}} />
				<select aria-label={t('activity.rule')} value={query.get('rule') ?? ''} onChange={set('rule')}><option value="">{t('activity.any_rule')}</option>{rules.map((rule) => <option key={rule.id} value={rule.id}>{ruleName(rule).slice(0, 60)}</option>)}</select>
				<select aria-label={t('activity.type')} value={query.get('type') ?? ''} onChange={set('type')}><option value="">{t('activity.any_type')}</option>{types.map((type) => <option key={type.name} value={type.name}>{type.name}</option>)}</select>
				{query.get('from')
					? <a class="button" href={filtered({ from: '', hours: '' })}>{t('activity.one_hour', { time: moment(query.get('from')!) })} <Icon name="close" /></a>
					: <select aria-label={t('activity.time')} value={query.get('hours') ?? ''} onChange={set('hours')}><option value="">{t('activity.any_time')}</option>{HOURS.map((h) => <option key={h} value={h}>{t(`activity.hours_${h}`)}</option>)}</select>}
			</div>
		</div>
	);
}

/** The panel beside the list where there is room for both. */
function useWide(): boolean {
	const [isWide, setWide] = useState(window.innerWidth >= 900);
	useEffect(() => {
		const look = (): void => setWide(window.innerWidth >= 900);
		window.addEventListener('resize', look);
		return () => window.removeEventListener('resize', look);
	}, []);
	return isWide;
}

export function Activity() {
	const { parts, query } = route.value;
	const [event, rule] = [parts[1], parts[2]];
	const isWide = useWide();
	const asked = queryOf(query);
	const isUnmatched = query.get('state') === 'unmatched';
	const list = useMemo(() => makeList(asked, isUnmatched, () => window.scrollY < 80), [asked, isUnmatched]);
	useEffect(() => () => list.stop(), [list]);
	const rules = useResource<Page<Rule>>(RULES, ['rule']);
	const types = useResource<Page<EventType>>('/event-types?limit=200', []);
	const [isReplay, setReplay] = useState(false);
	const all = rules.data.value?.records ?? [];
	const rows = list.rows.value;
	const fresh = list.fresh.value.length;
	useEffect(() => { if (fresh > 0) say(t('activity.fresh', { n: fresh })); }, [fresh]);
	if (event && !isWide) return <OneDelivery event={event} rule={rule} isPage />;
	const height = window.innerWidth >= 700 && !event ? 44 : 64;
	const text = query.toString();
	const isFiltered = text !== '';
	return (
		<div class={`activity ${event ? 'with-panel' : ''}`}>
			<div class="head">
				<Title>{t('tab.activity')}</Title>
				<div class="row">
					{isLive.value && <span class="live small"><span class="live-dot" aria-hidden="true" />{t('activity.live')}</span>}
					{can('replay') && <Button onClick={() => setReplay(true)}>{t('activity.replay')}</Button>}
				</div>
			</div>
			<Filters rules={all} types={types.data.value?.records ?? []} />
			{fresh > 0 && <button type="button" class="fresh" onClick={() => { list.show(); window.scrollTo(0, 0); }}>{t('activity.fresh', { n: fresh })} ↑</button>}
			<div class="list-and-panel">
				<div class={`list ${height === 44 ? 'one-line' : 'two-lines'}`}>
					{list.problem.value && rows.length === 0 ? <ErrorHere problem={list.problem.value} again={() => list.reload()} />
						: list.isFirst.value ? <Skeleton rows={8} />
							: rows.length === 0 ? (isFiltered
								? <Empty text={t('activity.none_found')}><div class="row"><a class="button" href={filtered({ hours: '168', from: '' })}>{t('activity.last_week')}</a><a class="button" href="#/activity">{t('activity.clear')}</a></div></Empty>
								: <Empty text={t('activity.empty')}>{all[0] && can('send') && <a class="button primary" href={at('rules', all[0].id)}>{t('rule.test')}</a>}</Empty>)
								: <VirtualList count={rows.length} height={height} label={t('tab.activity')} onNearEnd={() => { if (!isContentMode.value) void list.more(); }}
									row={(i) => <RowOf key={keyOf(rows[i]!)} row={rows[i]!} rules={all} height={height} query={text} isOpen={rows[i]!.event_id === event && rows[i]!.rule === (rule ?? '')} />} />}
					{rows.length > 0 && (list.isMore.value
						? <p class="list-end">{list.lookedBack.value && <span class="soft">{t('activity.looked_back', { time: moment(list.lookedBack.value) })}</span>} <Button kind="quiet" onClick={() => list.more()}>{t('activity.more')}</Button></p>
						: <p class="list-end soft small">{t('activity.end', { zone: zone.value })}</p>)}
				</div>
				{event && <aside class="panel" aria-label={t('delivery.title')}><OneDelivery key={`${event} ${rule ?? ''}`} event={event} rule={rule} close={`#/activity${text ? `?${text}` : ''}`} /></aside>}
			</div>
			{isReplay && <ReplayDialog rules={all} onClose={() => setReplay(false)} />}
		</div>
	);
}
