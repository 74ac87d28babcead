/** Finds one channel among thousands: the server searches, a link or an id is looked up directly. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { get, inWorkspace, segment, send } from '../api/client';
import { listen } from '../api/stream';
import type { Channel, ChannelIndex, Connection, Page } from '../api/types';
import { Button } from '../parts/button';
import { Combobox, type Choice } from '../parts/combobox';
import { Icon } from '../parts/icon';
import { Copy } from '../parts/small';
import { appName } from '../state/session';
import { channelName, CONNECTIONS } from '../state/names';
import { resource } from '../state/resource';
import { ago, number, t } from '../words/words';

interface Props { connection: string; channel: string; name?: string; label?: string; invalid?: boolean; onPick: (id: string, name: string) => void }

/** The id in what was pasted, if it names a channel and no text to search. */
export function channelId(text: string): string {
	const s = text.trim();
	return /^(?:<#)?([CG][A-Z0-9]{6,})(?:\|[^>]*)?>?$/.exec(s)?.[1] ?? /^https:\/\/[^/]+\/archives\/([CG][A-Z0-9]{6,})/.exec(s)?.[1] ?? '';
}

const base = (connection: string): string => inWorkspace(`/connections/${segment(connection)}/channels`);

export async function lookUp(connection: string, id: string): Promise<Channel | null> {
	try {
		return (await get<Channel>(`${base(connection)}/${segment(id)}`)).body;
	} catch {
		return null;
	}
}

const asChoice = (c: Channel): Choice => ({
	value: c.id, label: c.name || c.id, icon: <Icon name={c.private ? 'lock' : 'hash'} />,
	note: c.used_by ? t('picker.used_by', { n: c.used_by }) : c.member ? t('picker.member') : undefined,
});

export function ChannelPicker({ connection, channel, name, label, invalid, onPick }: Props) {
	const [found, setFound] = useState<Channel | null>(null);
	const [isGone, setGone] = useState(false);
	const [index, setIndex] = useState<ChannelIndex | null>(null);
	const [turn, setTurn] = useState(0);
	useEffect(() => {
		let isCurrent = true;
		setGone(false);
		setFound(null);
		if (channel && connection) void lookUp(connection, channel).then((one) => {
			if (!isCurrent) return;
			setFound(one);
			setGone(one === null && !name);
		});
		return () => { isCurrent = false; };
	}, [connection, channel, turn]);
	useEffect(() => listen(({ kind, changes }) => {
		if (kind !== 'channels' && kind !== 'channel') return;
		setTurn((n) => n + 1);
		// The app was invited to a channel while somebody looks for one: that is the one.
		const joined = changes.find((change) => change.includes('joined'));
		if (joined && !channel) onPick(joined.find((part) => /^[CG][A-Z0-9]+$/.test(part)) ?? '', '');
	}), [channel]);

	const find = useCallback(async (text: string): Promise<Choice[]> => {
		const id = channelId(text);
		if (id) {
			const one = await lookUp(connection, id);
			return one ? [asChoice(one)] : [];
		}
		const wanted = text.replace(/^#/, '').trim();
		// Those that the connection has been given are there even while Slack cannot be asked.
		const given = resource<Page<Connection>>(CONNECTIONS).data.value?.records.find((one) => one.id === connection)?.channels ?? [];
		const own = given.filter((one) => one.name.includes(wanted.toLowerCase())).map((one) => ({ private: false, member: false, archived: false, ...one }));
		const path = `${base(connection)}${wanted ? `?q=${segment(wanted)}` : ''}`;
		const read = await get<Page<Channel> & { index?: ChannelIndex }>(path).then(({ body }) => body, () => null);
		setIndex(read?.index ?? null);
		const known = read?.records ?? [];
		return [...own.filter((one) => !known.some((other) => other.id === one.id)), ...known].filter((one) => !one.archived).map(asChoice);
	}, [connection, turn]);

	const shown = found ? `${found.name || found.id}${found.archived ? ` (${t('picker.archived')})` : ''}` : isGone ? t('picker.unseen') : channelName(channel, name);
	const empty = (text: string) => (
		<div class="stack tight">
			<span>{t('picker.none', { name: text })}</span>
			<Copy text={`/invite @${appName()}`}>{t('picker.copy_invite', { app: appName() })}</Copy>
		</div>
	);
	const foot = index && (index.state === 'reading'
		? <span>{t('picker.reading', { read: number(index.read) })}</span>
		: <><span>{index.state === 'limited' ? t('picker.limited') : index.state === 'failed' ? t('picker.failed') : index.at ? t('picker.read', { when: ago(index.at) }) : ''}</span>
			<Button kind="quiet" onClick={async () => { await send('POST', `${base(connection)}/refresh`); setTurn((n) => n + 1); }}>{t('picker.refresh')}</Button></>);
	return (
		<Combobox class="channel-picker" label={label ?? t('picker.label')} shown={channel ? `#${shown}`.replace('##', '#') : ''} placeholder={t('picker.choose')} invalid={invalid}
			find={find} empty={empty} foot={foot} onPick={(id, chosen) => onPick(id, chosen)} />
	);
}
