/** The messages of the viewer's language, and what Intl says: numbers, times, lists. */
import { signal } from '@preact/signals';
import type { ComponentChild } from 'preact';
import type en from './en.json';

declare const WORDS: Record<string, string>;

type Message = keyof typeof en;
type Counted<K> = K extends `${infer Base}.other` ? Base : never;
export type Key = Exclude<Message, `${string}.one` | `${string}.other`> | Counted<Message>;
export type Slots = Record<string, string | number>;

/** By name; the build gives short ones, "~1a", to those that the code names in whole. */
const messages = signal<Record<string, string>>({});
export const locale = signal('en');
export const zone = signal(Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC');

export async function loadWords(wanted: string): Promise<void> {
	const language = wanted.split('-')[0]!.toLowerCase();
	const name = WORDS[language] ?? WORDS.en!;
	const response = await fetch(new URL(name, import.meta.url), { credentials: 'omit' });
	const { '~': short, ...found } = (await response.json()) as Record<string, string> & { '~'?: (string | Record<string, string>)[] };
	short?.forEach((message, i) => {
		const key = `~${i.toString(36)}`;
		if (typeof message === 'string') found[key] = message;
		else for (const rule of Object.keys(message)) found[`${key}.${rule}`] = message[rule]!;
	});
	messages.value = found;
	try {
		locale.value = Intl.getCanonicalLocales(language in WORDS ? wanted : 'en')[0]!;
	} catch {
		locale.value = language in WORDS ? language : 'en';
	}
	document.documentElement.lang = locale.value;
}

function find(key: string, slots?: Record<string, unknown>): string {
	const n = slots?.n;
	const plain = messages.value[key];
	if (plain !== undefined) return plain;
	const rule = typeof n === 'number' ? new Intl.PluralRules(locale.value).select(n) : 'other';
	return messages.value[`${key}.${rule}`] ?? messages.value[`${key}.other`] ?? key;
}

const shown = (value: unknown): string => (typeof value === 'number' ? number(value) : String(value ?? ''));

export function t(key: Key, slots?: Slots): string {
	return find(key, slots).replace(/\{(\w+)\}/g, (_, name: string) => shown(slots?.[name]));
}

/** The same with elements in the slots: names that users gave stand in <bdi>. */
export function tx(key: Key, slots: Record<string, ComponentChild>): ComponentChild[] {
	return find(key, slots).split(/(\{\w+\})/).map((part) => {
		const value = /^\{\w+\}$/.test(part) ? slots[part.slice(1, -1)] : part;
		return typeof value === 'number' ? number(value) : value;
	});
}

export const has = (key: string): key is Key => key in messages.value || `${key}.other` in messages.value;

export const number = (n: number): string => new Intl.NumberFormat(locale.value).format(n);
export const list = (items: string[]): string =>
	new Intl.ListFormat(locale.value, { type: 'conjunction' }).format(items);

function format(at: string | number, options: Intl.DateTimeFormatOptions): string {
	const date = new Date(at);
	if (Number.isNaN(date.getTime())) return '';
	try {
		return new Intl.DateTimeFormat(locale.value, { timeZone: zone.value, ...options }).format(date);
	} catch {
		return date.toISOString();
	}
}

const dayOf = (at: string | number): string => format(at, { year: 'numeric', month: 'numeric', day: 'numeric' });
const isToday = (at: string | number): boolean => dayOf(at) === dayOf(Date.now());

export const clock = (at: string | number): string => format(at, { hour: 'numeric', minute: '2-digit' });
export const clockSeconds = (at: string | number): string =>
	format(at, { hour: 'numeric', minute: '2-digit', second: '2-digit' });
export const day = (at: string | number): string => format(at, { day: 'numeric', month: 'long' });
export const full = (at: string | number): string => format(at, { dateStyle: 'full', timeStyle: 'long' });
/** To the second for today, else day and clock. */
export const exactly = (at: string | number): string => (isToday(at) ? clockSeconds(at) : moment(at));
/** The clock for today, else day and clock. */
export const moment = (at: string | number): string =>
	isToday(at) ? clock(at) : format(at, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });

/** "2 minutes ago" within the hour, else the moment. */
export function ago(at: string | number): string {
	const seconds = Math.round((new Date(at).getTime() - Date.now()) / 1000);
	if (Math.abs(seconds) >= 3600) return moment(at);
	const relative = new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' });
	return Math.abs(seconds) < 60 ? relative.format(seconds, 'second') : relative.format(Math.round(seconds / 60), 'minute');
}

export function duration(ms: number): string {
	const unit = ms < 60_000 ? 'second' : ms < 3_600_000 ? 'minute' : 'hour';
	const value = unit === 'second' ? ms / 1000 : unit === 'minute' ? ms / 60_000 : ms / 3_600_000;
	const digits = unit === 'second' && ms < 10_000 ? 1 : 0;
	return new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits }).format(value);
}
