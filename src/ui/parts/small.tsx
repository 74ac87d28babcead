/** Pill, time, copy, switch: the small things that say a state. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { Delivery, State } from '../api/types';
import { channelName } from '../state/names';
import { toast } from '../state/toasts';
import { ago, exactly, full, t, type Key } from '../words/words';
import { Icon, type IconName } from './icon';

export type Tone = 'good' | 'warn' | 'bad' | 'hold' | 'info' | 'soft';

export function Pill({ tone, icon, children }: { tone: Tone; icon: IconName; children: ComponentChildren }) {
	return <span class={`pill ${tone}`}><Icon name={icon} /><span>{children}</span></span>;
}

const STATES: Record<State, [Tone, IconName, Key]> = {
	pending: ['info', 'dot', 'state.sending'],
	sending: ['info', 'dot', 'state.sending'],
	delivered: ['good', 'check', 'state.delivered'],
	retrying: ['warn', 'retry', 'state.retrying'],
	parked: ['warn', 'retry', 'state.retrying'],
	held: ['hold', 'pause', 'state.held'],
	failed: ['bad', 'alert', 'state.failed'],
	canceled: ['soft', 'dash', 'state.canceled'],
	skipped: ['soft', 'dash', 'state.skipped'],
};

export function StatePill({ delivery }: { delivery: Pick<Delivery, 'state' | 'reason' | 'action'> }) {
	const [tone, icon, key] = STATES[delivery.state] ?? ['soft', 'dash', 'state.skipped'];
	if (delivery.state === 'parked' && /digest|quiet/.test(`${delivery.reason} ${delivery.action}`))
		return <Pill tone="info" icon="lines">{t('state.gathering')}</Pill>;
	return <Pill tone={tone} icon={icon}>{t(key)}</Pill>;
}

export function Time({ at, exact }: { at: string | null | undefined; exact?: boolean }) {
	if (!at) return null;
	return <time dateTime={at} title={full(at)}>{exact ? exactly(at) : ago(at)}</time>;
}

/** A name that somebody gave: any script, any length, never markup. */
export function Name({ children }: { children: string }) {
	return <bdi class="name" title={children.length > 30 ? children.slice(0, 500) : undefined}>{children.slice(0, 2000)}</bdi>;
}

export function ChannelName({ id, name, isPrivate }: { id: string; name?: string; isPrivate?: boolean }) {
	const shown = channelName(id, name);
	return <span class="channel"><Icon name={isPrivate ? 'lock' : 'hash'} /><Name>{shown}</Name></span>;
}

export async function copyText(text: string): Promise<boolean> {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return false;
	}
}

export function Copy({ text, children, kind = 'plain' }: { text: string; children: ComponentChildren; kind?: 'plain' | 'primary' | 'quiet' }) {
	const [isShown, setShown] = useState(false);
	const area = useRef<HTMLTextAreaElement>(null);
	async function copy(): Promise<void> {
		if (await copyText(text)) return toast(t('copy.done'));
		setShown(true);
		setTimeout(() => area.current?.select());
	}
	return (
		<span class="copy">
			<button type="button" class={`button ${kind}`} onClick={() => void copy()}><Icon name="copy" />{children}</button>
			{isShown && <label class="said">{t('copy.by_hand')}<textarea ref={area} readOnly rows={3} value={text} /></label>}
		</span>
	);
}

export function Switch({ on, label, onChange }: { on: boolean; label: string; onChange: (on: boolean) => void }) {
	return (
		<button type="button" role="switch" class="switch" aria-checked={on} aria-label={label} title={label} onClick={() => onChange(!on)}>
			<span class="knob" /><span aria-hidden="true">{t(on ? 'switch.on' : 'switch.off')}</span>
		</button>
	);
}

export function Avatar({ name }: { name: string }) {
	return <span class="avatar" aria-hidden="true">{[...(name || '?').trim()][0]?.toUpperCase()}</span>;
}
