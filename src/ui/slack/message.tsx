/** A message close to how Slack shows it: a function of what is sent, of the app's name and a time. */
import type { ComponentChild } from 'preact';
import type { Block, Text } from '../api/types';
import { OutLink } from '../parts/button';
import { t } from '../words/words';
import { isSafe, mrkdwn, textOf, type Node } from './mrkdwn';
import { slackDate } from './dates';

function draw(node: Node, i: number): ComponentChild {
	switch (node.kind) {
		case 'text': return node.text;
		case 'br': return <br key={i} />;
		case 'code': return <code key={i}>{node.text}</code>;
		case 'pre': return <pre key={i}>{node.text}</pre>;
		case 'b': return <b key={i}>{node.of.map(draw)}</b>;
		case 'i': return <i key={i}>{node.of.map(draw)}</i>;
		case 's': return <s key={i}>{node.of.map(draw)}</s>;
		case 'quote': return <blockquote key={i}>{node.of.map(draw)}</blockquote>;
		case 'link': return <a key={i} href={node.href} target="_blank" rel="noopener noreferrer">{node.of.map(draw)}</a>;
		case 'mention': return <span key={i} class="slack-mention">{node.text}</span>;
		case 'date': return node.href
			? <a key={i} href={node.href} target="_blank" rel="noopener noreferrer">{node.text}</a>
			: <span key={i} title={node.title}>{node.text}</span>;
		case 'emoji': return <span key={i} title={node.title}>{node.text}</span>;
	}
}

function Words({ text }: { text: Text | string | undefined }) {
	if (text === undefined || text === null) return null;
	const words = typeof text === 'string' ? text : (text.text ?? '');
	if (typeof text !== 'string' && text.type === 'plain_text') return <>{words}</>;
	return <>{mrkdwn(words).map(draw)}</>;
}

function Picture({ block }: { block: Block }) {
	const address = block.image_url ?? '';
	return (
		<span class="slack-picture">
			{t('slack.image')} {isSafe(address) ? <OutLink href={address}>{block.alt_text || address}</OutLink> : block.alt_text}
		</span>
	);
}

function Pressable({ block }: { block: Block }) {
	const label = typeof block.text === 'string' ? block.text : (block.text?.text ?? '');
	return <span class={`slack-button ${block.style === 'primary' || block.style === 'danger' ? block.style : ''}`} title={block.url}>{label}</span>;
}

function Element({ one }: { one: Text & Block }) {
	if (one.type === 'image') return <Picture block={one} />;
	if (one.type === 'button') return <Pressable block={one} />;
	return <span><Words text={one as Text} /></span>;
}

function One({ block }: { block: Block }) {
	switch (block.type) {
		case 'header': return <div class="slack-header"><Words text={block.text} /></div>;
		case 'section': return (
			<div class="slack-section">
				<div class="slack-words">
					{block.text && <div><Words text={block.text} /></div>}
					{block.fields && <div class="slack-fields">{block.fields.map((field, i) => <div key={i}><Words text={field} /></div>)}</div>}
				</div>
				{block.accessory && <Element one={block.accessory as Text & Block} />}
			</div>
		);
		case 'context': return <div class="slack-context">{(block.elements ?? []).map((one, i) => <Element key={i} one={one} />)}</div>;
		case 'actions': return <div class="slack-actions">{(block.elements ?? []).map((one, i) => <Element key={i} one={one} />)}</div>;
		case 'divider': return <hr />;
		case 'image': return <div class="slack-section"><Picture block={block} /></div>;
		default: return <div class="slack-unknown">{t('slack.unknown', { type: block.type })}</div>;
	}
}

export interface Message { text?: string; color?: string; blocks?: Block[]; attachments?: { color?: string; blocks?: Block[] }[] }

const Blocks = ({ blocks }: { blocks: Block[] }) => <>{blocks.map((block, i) => <One key={i} block={block} />)}</>;

export function SlackMessage({ message, app, at, theme }: { message: Message; app: string; at: number; theme: 'light' | 'dark' }) {
	const colour = /^#[0-9a-f]{6}$/i.test(message.color ?? '') ? message.color : undefined;
	const blocks = message.blocks ?? [];
	const below = message.attachments ?? [];
	return (
		<div class={`slack slack-${theme}`}>
			<span class="slack-face" aria-hidden="true">{[...(app || 'A')][0]?.toUpperCase()}</span>
			<div class="slack-body">
				<div class="slack-who"><bdi>{app}</bdi> <span class="slack-app">{t('slack.app')}</span> <span class="slack-time">{slackDate(at / 1000, '{time}', '')}</span></div>
				{blocks.length === 0 && below.length === 0 && <div>{message.text ? <Words text={message.text} /> : <span class="slack-context">{t('slack.nothing')}</span>}</div>}
				{blocks.length > 0 && (colour && below.length === 0
					? <div class="slack-bar" style={{ borderInlineStartColor: colour }}><Blocks blocks={blocks} /></div>
					: <Blocks blocks={blocks} />)}
				{below.map((one, i) => (
					<div key={i} class="slack-bar" style={/^#[0-9a-f]{6}$/i.test(one.color ?? '') ? { borderInlineStartColor: one.color } : {}}>
						<Blocks blocks={one.blocks ?? []} />
					</div>
				))}
			</div>
		</div>
	);
}

/** The notification, as a phone shows it. */
export const notification = (text: string): string => textOf(mrkdwn(text));
