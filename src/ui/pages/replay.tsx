import { useEffect, useState } from 'preact/hooks';
import { inWorkspace, Problem, segment, send } from '../api/client';
import type { Replay, ReplayCount, Rule } from '../api/types';
import { Button, problemText } from '../parts/button';
import { Dialog } from '../parts/layers';
import { Name, Pill } from '../parts/small';
import { Gone, Loaded, Title } from '../parts/states';
import { channelName } from '../state/names';
import { useResource } from '../state/resource';
import { go, route } from '../state/route';
import { can } from '../state/session';
import { duration, list, moment, number, t } from '../words/words';
import { ruleName } from './rules';

const RANGES = [1, 24, 168] as const;
const STATES = ['failed', 'held', 'canceled', 'skipped'] as const;

const local = (at: string): string => {
	const date = new Date(at);
	return Number.isNaN(date.getTime()) ? '' : new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

/** The count comes before the button: nobody sends what was not counted. */
export function ReplayDialog({ rules, onClose }: { rules: Rule[]; onClose: () => void }) {
	const [hours, setHours] = useState<number>(24);
	const [from, setFrom] = useState(new Date(Date.now() - 24 * 3_600_000).toISOString());
	const [to, setTo] = useState(new Date().toISOString());
	const [states, setStates] = useState<string[]>(['failed']);
	const [rule, setRule] = useState(route.value.query.get('rule') ?? '');
	const [again, setAgain] = useState(false);
	const [count, setCount] = useState<ReplayCount | null>(null);
	const [problem, setProblem] = useState('');
	const selection = { action: 'send', from, to, states: again ? [...states, 'delivered'] : states, ...(rule ? { rule } : {}), ...(again ? { again: true } : {}) };
	useEffect(() => {
		let isCurrent = true;
		setCount(null);
		setProblem('');
		const timer = setTimeout(() => {
			send<ReplayCount>('POST', inWorkspace('/replays/count'), selection).then(
				({ body }) => isCurrent && setCount(body),
				(error: unknown) => isCurrent && setProblem(error instanceof Problem ? problemText(error) : ''));
		}, 200);
		return () => { isCurrent = false; clearTimeout(timer); };
	}, [from, to, rule, again, states.join()]);
	function range(value: number): void {
		setHours(value);
		if (value === 0) return;
		setFrom(new Date(Date.now() - value * 3_600_000).toISOString());
		setTo(new Date().toISOString());
	}
	async function start(): Promise<void> {
		const { body } = await send<Replay>('POST', inWorkspace('/replays'), selection);
		onClose();
		go(`/replays/${segment(body.id)}`);
	}
	const names = [...new Set((count?.groups ?? []).filter((one) => one.channel).sort((a, b) => b.count - a.count).map((one) => `#${channelName(one.channel)}`))];
	const n = count?.selected ?? 0;
	return (
		<Dialog title={t('replay.title')} onClose={onClose}>
			<div class="stack">
				<label class="field"><span class="label">{t('replay.range')}</span>
					<select value={hours} onChange={(e) => range(Number(e.currentTarget.value))}>{RANGES.map((one) => <option key={one} value={one}>{t(`activity.hours_${one}`)}</option>)}<option value={0}>{t('replay.custom')}</option></select></label>
				{hours === 0 && <div class="row"><label class="field grow"><span class="label">{t('replay.from')}</span><input type="datetime-local" value={local(from)} onChange={(e) => setFrom(new Date(e.currentTarget.value).toISOString())} /></label>
					<label class="field grow"><span class="label">{t('replay.to')}</span><input type="datetime-local" value={local(to)} onChange={(e) => setTo(new Date(e.currentTarget.value).toISOString())} /></label></div>}
				<fieldset class="plain-set"><legend>{t('replay.states')}</legend><div class="row">{STATES.map((state) => (
					<label key={state} class="choice"><input type="checkbox" checked={states.includes(state)} onChange={(e) => setStates(e.currentTarget.checked ? [...states, state] : states.filter((one) => one !== state))} />{t(`state.${state}`)}</label>
				))}</div></fieldset>
				<label class="field"><span class="label">{t('activity.rule')}</span><select value={rule} onChange={(e) => setRule(e.currentTarget.value)}><option value="">{t('activity.any_rule')}</option>{rules.map((one) => <option key={one.id} value={one.id}>{ruleName(one).slice(0, 60)}</option>)}</select></label>
				<div class="replay-count" role="status">
					{problem ? <p class="bad">{problem}</p> : !count ? <p class="soft">{t('replay.counting')}</p> : (
						<p>{n === 0 ? t('replay.nothing') : names.length > 0 ? t(count.is_at_least ? 'replay.at_least_to' : 'replay.count_to', { n, channels: list([...names.slice(0, 2), ...(names.length > 2 ? [t('replay.others', { n: names.length - 2 })] : [])]) }) : t('replay.count', { n })}
							{n > 0 && count.seconds_at_least ? ` ${t('replay.eta', { time: duration(count.seconds_at_least * 1000) })}` : ''}</p>
					)}
					{(count?.delivered_left_out ?? 0) > 0 && <label class="choice small"><input type="checkbox" checked={again} onChange={(e) => setAgain(e.currentTarget.checked)} />{t('replay.again', { n: count!.delivered_left_out })}</label>}
				</div>
				<div class="row dialog-actions"><span data-safe><Button onClick={onClose}>{t('rule.cancel')}</Button></span>
					<Button kind="primary" onClick={start} why={count && n === 0 ? t('replay.nothing_to_send') : !count ? t('replay.counting') : undefined}>{t('replay.send', { n })}</Button></div>
			</div>
		</Dialog>
	);
}

export function OneReplay({ id }: { id: string }) {
	const one = useResource<Replay>(`/replays/${segment(id)}`, ['replay']);
	useEffect(() => {
		const timer = setInterval(() => { if (['running', 'unknown'].includes(one.data.value?.status ?? '')) void one.load(); }, 2000);
		return () => clearInterval(timer);
	}, [one]);
	const act = (verb: 'pause' | 'resume' | 'cancel') => async (): Promise<void> => {
		await send('POST', inWorkspace(`/replays/${segment(id)}/${verb}`), {});
		await one.load();
	};
	return (
		<Loaded from={one} rows={4} gone={<Gone text={t('replay.gone')} href="#/activity" link={t('delivery.all')} />}>{(replay) => {
			const done = replay.sent + replay.skipped + (replay.failed ?? 0);
			const all = Math.max(replay.selected, done);
			const isOver = replay.status === 'done' || replay.status === 'canceled';
			return (
				<div class="stack">
					<div class="head"><Title back={{ href: '#/activity', label: t('tab.activity') }}>{t('replay.page')}</Title>
						<Pill tone={replay.status === 'done' ? 'good' : replay.status === 'canceled' ? 'soft' : replay.status === 'paused' ? 'hold' : 'info'} icon={replay.status === 'done' ? 'check' : replay.status === 'running' ? 'dot' : 'pause'}>{t(`replay.status_${replay.status === 'unknown' ? 'running' : replay.status}`)}</Pill></div>
					<section class="card stack">
						<progress max={Math.max(1, all)} value={isOver && replay.status === 'done' ? Math.max(1, all) : done} aria-label={t('replay.progress')} />
						<p>{t('replay.sent', { n: replay.sent, left: number(Math.max(0, all - done)) })} {replay.skipped > 0 && t('replay.left_out', { n: replay.skipped })} {(replay.failed ?? 0) > 0 && t('replay.failed', { n: replay.failed! })}</p>
						{(replay.failures ?? []).length > 0 && <ul class="small">{replay.failures!.map((failure) => <li key={failure.reason}><Name>{failure.reason}</Name> · {number(failure.count)}</li>)}</ul>}
						{replay.from && replay.to && <p class="soft small">{t('replay.of', { from: moment(replay.from), to: moment(replay.to) })}</p>}
						{!isOver && <p class="soft">{t('replay.leave')}</p>}
						{!isOver && can('replay') && <div class="row">{replay.status === 'paused' ? <Button kind="primary" onClick={act('resume')}>{t('replay.resume')}</Button> : <Button onClick={act('pause')}>{t('replay.pause')}</Button>}<Button kind="quiet" onClick={act('cancel')}>{t('replay.stop')}</Button></div>}
						{isOver && <p><a href="#/activity">{t('replay.to_activity')}</a></p>}
					</section>
				</div>
			);
		}}</Loaded>
	);
}
