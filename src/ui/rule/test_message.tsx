/** A test goes the way of every message; what became of it is told here. */
import { useEffect, useState } from 'preact/hooks';
import { get, inWorkspace, segment, send, sleep } from '../api/client';
import type { Delivery } from '../api/types';
import { listen } from '../api/stream';
import { Button, OutLink } from '../parts/button';
import { brokenDelivery, RepairButton, RepairSentence } from '../parts/repair';
import { Strip } from '../parts/states';
import { channelName } from '../state/names';
import { clockSeconds, t } from '../words/words';
import type { Editor } from './editor_state';

const WATCHED = ['delivered', 'failed', 'held', 'skipped', 'canceled', 'retrying', 'parked'];
const PATIENCE_MS = 30_000;

interface Sent { event_id: string; rule_id: string }

/** Waits for the stream, and looks by itself where it says nothing. */
async function follow(sent: Sent, seen: (d: Delivery) => void): Promise<boolean> {
	let poke = (): void => {};
	const stop = listen(({ changes }) => { if (changes.some((change) => change.includes(sent.event_id))) poke(); });
	const end = Date.now() + PATIENCE_MS;
	try {
		for (let wait = 150; Date.now() < end; wait = Math.min(2000, wait * 1.5)) {
			await Promise.race([sleep(wait), new Promise<void>((resolve) => { poke = resolve; })]);
			const one = await get<Delivery>(inWorkspace(`/events/${segment(sent.event_id)}/rules/${segment(sent.rule_id)}`)).catch(() => null);
			if (!one) continue;
			seen(one.body);
			if (WATCHED.includes(one.body.state)) return true;
		}
		return false;
	} finally {
		stop();
	}
}

export function useTest(editor: Editor) {
	const [result, setResult] = useState<Delivery | null>(null);
	const [state, setState] = useState<'' | 'sending' | 'late'>('');
	useEffect(() => { setResult(null); setState(''); }, [editor.rule.value.channel, editor.rule.value.connection]);
	async function run(): Promise<void> {
		setResult(null);
		setState('');
		const body = editor.isDirty.value || !editor.id ? { rule: editor.draftOf() } : { rule_id: editor.id };
		const { body: sent } = await send<Sent>('POST', inWorkspace('/rules/test'), { ...body, ...(editor.event.value ? { event: { id: editor.event.value } } : {}) });
		setState('sending');
		setState((await follow(sent, setResult)) ? '' : 'late');
	}
	return { result, state, run };
}

export function TestButton({ editor, run, state }: { editor: Editor; run: () => Promise<void>; state: string }) {
	const rule = editor.rule.value;
	const why = !rule.channel ? t('test.needs_channel') : editor.errors.value.length > 0 ? t('test.has_errors') : undefined;
	return <Button onClick={run} why={why}>{state === 'sending' ? t('test.sending') : t('rule.test')}</Button>;
}

export function TestResult({ result, state, editor }: { result: Delivery | null; state: string; editor: Editor }) {
	const channel = channelName(editor.rule.value.channel, editor.rule.value.channel_name || result?.channel_name);
	if (state === 'late') return <Strip tone="warn" icon="info">{t('test.late')}</Strip>;
	if (!result || ['pending', 'sending'].includes(result.state)) return state === 'sending' ? <Strip tone="info" icon="dot">{t('test.under_way')}</Strip> : null;
	if (result.state === 'delivered') {
		return (
			<Strip tone="good" icon="check" action={result.message_url ? <OutLink href={result.message_url} class="button">{t('delivery.open_slack')}</OutLink> : undefined}>
				{t('test.posted', { channel: `#${channel}`, time: clockSeconds(result.updated_at) })}{result.degraded && ` ${t('delivery.degraded')}`}
			</Strip>
		);
	}
	const broken = brokenDelivery(result);
	return <Strip tone="warn" icon="alert" role="alert" action={<span class="repair"><RepairButton broken={{ ...broken, code: broken.code === 'send_again' ? '' : broken.code }} /></span>}>
		{t('test.failed')} <RepairSentence broken={broken} />
	</Strip>;
}
