/** Slack's date tokens, on the viewer's clock. English as Slack writes it, other languages as Intl does. */
import { locale, zone } from '../words/words';

interface Civil { year: number; month: number; day: number; hour: number; minute: number; second: number; weekday: number }

function civil(ms: number): Civil {
	const parts = new Intl.DateTimeFormat('en-US', {
		timeZone: zone.value, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
	}).formatToParts(ms);
	const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value ?? 0);
	const [year, month, day] = [of('year'), of('month'), of('day')];
	return { year, month, day, hour: of('hour') % 24, minute: of('minute'), second: of('second'), weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay() };
}

const two = (n: number): string => String(n).padStart(2, '0');
const ordinal = (day: number): string => (Math.floor(day / 10) === 1 ? 'th' : (['th', 'st', 'nd', 'rd'][day % 10] ?? 'th'));
const dayNumber = (c: Civil): number => Math.round(Date.UTC(c.year, c.month - 1, c.day) / 86_400_000);

function intl(ms: number, options: Intl.DateTimeFormatOptions): string {
	return new Intl.DateTimeFormat(locale.value, { timeZone: zone.value, ...options }).format(ms);
}

function english(c: Civil, ms: number, token: string): string | null {
	const name = (kind: 'month' | 'weekday', width: 'long' | 'short'): string =>
		new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', [kind]: width }).format(Date.UTC(c.year, c.month - 1, c.day));
	const half = c.hour < 12 ? 'AM' : 'PM';
	switch (token) {
		case 'date_num': return `${String(c.year).padStart(4, '0')}-${two(c.month)}-${two(c.day)}`;
		case 'date': return `${name('month', 'long')} ${c.day}`;
		case 'date_short': return `${name('month', 'long').slice(0, 3)} ${c.day}, ${c.year}`;
		case 'date_long': return `${name('weekday', 'long')}, ${name('month', 'long')} ${c.day}${ordinal(c.day)}, ${c.year}`;
		case 'time': return `${c.hour % 12 || 12}:${two(c.minute)} ${half}`;
		case 'time_secs': return `${c.hour % 12 || 12}:${two(c.minute)}:${two(c.second)} ${half}`;
		default: return ms ? null : null;
	}
}

function other(ms: number, token: string): string | null {
	switch (token) {
		case 'date_num': return english(civil(ms), ms, token);
		case 'date': return intl(ms, { day: 'numeric', month: 'long' });
		case 'date_short': return intl(ms, { dateStyle: 'medium' });
		case 'date_long': return intl(ms, { dateStyle: 'full' });
		case 'time': return intl(ms, { hour: '2-digit', minute: '2-digit' });
		case 'time_secs': return intl(ms, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
		default: return null;
	}
}

function near(c: Civil): string | null {
	const days = dayNumber(c) - dayNumber(civil(Date.now()));
	if (Math.abs(days) > 1) return null;
	return new Intl.RelativeTimeFormat(locale.value.startsWith('en') ? 'en' : locale.value, { numeric: 'auto' }).format(days, 'day');
}

/** A token that is not known stays as it is written; what Intl refuses is the fallback. */
export function slackDate(seconds: number, format: string, fallback: string): string {
	if (!Number.isFinite(seconds) || Math.abs(seconds) > 253_402_300_799) return fallback;
	try {
		const ms = seconds * 1000;
		const c = civil(ms);
		return format.replace(/\{([a-z_]+)\}/g, (whole, token: string) => {
			const plain = token.replace(/_pretty$/, '');
			const close = plain !== token ? near(c) : null;
			return close ?? (locale.value.startsWith('en') ? english(c, ms, plain) : other(ms, plain)) ?? whole;
		});
	} catch {
		return fallback;
	}
}
