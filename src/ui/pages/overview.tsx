import type { Connection, EventType, Need, Overview as OverviewData, Page, Rule, Delivery } from '../api/types';
import { Chart } from '../parts/chart';
import { Connect } from '../parts/connect';
import { Icon } from '../parts/icon';
import { RepairButton, RepairSentence, teamOf, type Broken } from '../parts/repair';
import { ChannelName, Name, StatePill, Time } from '../parts/small';
import { Empty, Loaded, Strip, Title } from '../parts/states';
import { useResource } from '../state/resource';
import { at } from '../state/route';
import { can } from '../state/session';
import { clock, moment, number, t, tx } from '../words/words';
import { LinkButton } from '../parts/button';
import { ConnectionPill } from './connections';

const SHOWN = 5;

function NeedCard({ need, all, rules, reload }: { need: Need; all: OverviewData; rules: Rule[]; reload: () => void }) {
	const rule = rules.find((one) => one.id === need.rule);
	const broken: Broken = {
		code: need.code as Broken['code'], connection: need.connection ?? rule?.connection, rule: need.rule, slot: need.slot, team: teamOf(all.connections, need.connection ?? ''),
		channel: need.channel ?? rule?.channel, channelName: rule?.channel_name, slack: rule?.hold_code ?? all.connections.find((c) => c.id === need.connection)?.status_code, waiting: need.count, reason: need.reason || rule?.hold_reason,
	};
	return (
		<Strip tone="hold" icon="pause" action={<span class="repair"><RepairButton broken={broken} onDone={reload} /></span>}>
			<p><RepairSentence broken={broken} /></p>
			{need.count > 0 && <p class="small">{need.oldest_at ? t('overview.waiting', { n: need.count, time: moment(need.oldest_at) }) : t('overview.waiting_plain', { n: need.count })}</p>}
		</Strip>
	);
}

function Steps({ connections, rules }: { connections: Connection[]; rules: Rule[] }) {
	const isPosting = (rules ?? []).some((rule) => rule.active && rule.channel);
	const done = [connections.length > 0, isPosting, false];
	const next = done.indexOf(false);
	const first = rules.find((rule) => rule.channel);
	const action = [
		can('connect') ? <Connect intent="new" label={t('connections.connect')} /> : <span class="soft">{t('right.connect')}</span>,
		<LinkButton kind="primary" href={rules[0] && !rules[0].channel ? at('rules', rules[0].id) : '#/rules/new'}>{t('rules.new')}</LinkButton>,
		<LinkButton kind="primary" href={first ? at('rules', first.id) : '#/rules'}>{t('overview.step_test_button')}</LinkButton>,
	];
	return (
		<section class="card stack" aria-label={t('overview.steps')}>
			<h2>{t('overview.steps')}</h2>
			<ol class="steps">{(['connect', 'rule', 'test'] as const).map((step, i) => (
				<li key={step} class={done[i] ? 'done' : i === next ? 'next' : ''}>
					<span class="step-mark" aria-hidden="true">{done[i] ? <Icon name="check" /> : number(i + 1)}</span>
					<div class="grow"><p>{t(`overview.step_${step}`)}{done[i] && <span class="unseen"> {t('overview.step_done')}</span>}</p>{i === next && <p class="soft small">{t(`overview.step_${step}_note`)}</p>}</div>
					{i === next && action[i]}
				</li>
			))}</ol>
		</section>
	);
}

const sum = (data: OverviewData, part: 'delivered' | 'retrying' | 'held' | 'failed'): number => data.hours.reduce((n, hour) => n + (hour[part] ?? 0), 0);

function Counts({ data }: { data: OverviewData }) {
	const held = data.needs.reduce((n, need) => n + (need.count ?? 0), 0) || sum(data, 'held');
	const counts = [['delivered', sum(data, 'delivered')], ['retrying', sum(data, 'retrying')], ['held', held], ['failed', sum(data, 'failed')]] as const;
	return (
		<section class="card stack" aria-labelledby="day">
			<div class="day"><h2 id="day">{t('overview.day')}</h2>
				<ul class="counts">{counts.map(([name, n]) => (
					<li key={name}><a href={`#/activity?state=${name === 'held' ? 'needs' : name}`}><span class="soft">{t(`chart.${name}`)}</span> <b class={n > 0 && name === 'failed' ? 'bad' : ''}>{number(n)}</b></a></li>
				))}</ul>
			</div>
			{counts.every(([, n]) => n === 0)
				? <p class="soft">{data.last_event_at ? t('overview.quiet', { time: moment(data.last_event_at) }) : t('overview.nothing')}</p>
				: <Chart hours={data.hours} />}
		</section>
	);
}

function Latest() {
	const deliveries = useResource<Page<Delivery>>('/deliveries?limit=8', ['delivery', 'event']);
	return (
		<section class="card stack" aria-labelledby="latest">
			<div class="row"><h2 id="latest" class="grow">{t('overview.latest')}</h2><a href="#/activity">{t('overview.all')}</a></div>
			<Loaded from={deliveries} rows={6}>{(page) => (page.records.length === 0 ? <p class="soft">{t('activity.empty')}</p> : (
				<ul class="latest">{page.records.map((d) => (
					<li key={`${d.event_id} ${d.rule}`}><a class="row-link" href={at('activity', d.event_id, d.rule)}>
						<StatePill delivery={d} /><span class="grow cut"><bdi>{d.title || d.rule_name || d.event_id}</bdi></span><ChannelName id={d.channel} name={d.channel_name} /><span class="soft small"><Time at={d.created_at} /></span>
					</a></li>
				))}</ul>
			))}</Loaded>
		</section>
	);
}

export function Overview() {
	const overview = useResource<OverviewData>('/overview', ['overview', 'connection', 'rule', 'delivery']);
	const rules = useResource<Page<Rule>>('/rules?limit=200', ['rule']);
	useResource<Page<EventType>>('/event-types', []);
	const all = rules.data.value?.records ?? [];
	return (
		<>
			<div class="head"><Title>{t('overview.title')}</Title></div>
			<Loaded from={overview} tall>{(data) => {
				const isNew = rules.data.value !== null && (data.connections.length === 0 || !all.some((rule) => rule.active && rule.channel) || (data.last_event_at === null && sum(data, 'delivered') === 0));
				return (
					<div class="stack">
						{data.needs.slice(0, SHOWN).map((need, i) => <NeedCard key={`${need.code} ${need.connection ?? ''} ${need.rule ?? i}`} need={need} all={data} rules={all} reload={() => void overview.load()} />)}
						{data.needs.length > SHOWN && <p><a href="#/activity?state=needs">{t('overview.more', { n: data.needs.length - SHOWN })}</a></p>}
						{isNew && <Steps connections={data.connections} rules={all} />}
						{!isNew && <Counts data={data} />}
						{!isNew && (
							<div class="columns">
								<section class="card stack" aria-labelledby="teams">
									<h2 id="teams">{t('tab.connections')}</h2>
									{data.connections.length === 0 ? <Empty text={t('connections.empty')} /> : <ul class="latest">{data.connections.map((c) => (
										<li key={c.id}><a class="row-link" href={at('connections', c.id)}><span class="grow cut"><Name>{c.team_name || c.name}</Name></span><ConnectionPill connection={c} /></a></li>
									))}</ul>}
								</section>
								<Latest />
							</div>
						)}
						{data.needs.length === 0 && !isNew && data.last_event_at && <p class="soft small">{tx('overview.last', { time: clock(data.last_event_at) })}</p>}
					</div>
				);
			}}</Loaded>
		</>
	);
}
