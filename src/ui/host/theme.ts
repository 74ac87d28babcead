/** The host's colours as far as they stay readable; whatever it says wrongly is left out and told. */
import { effect, signal } from '@preact/signals';
import { post } from './messages';

export const mode = signal<'light' | 'dark'>('light');
const wished = signal<'light' | 'dark' | 'auto'>('auto');
export const hideTabs = signal(false);
const dark = window.matchMedia('(prefers-color-scheme: dark)');
let accent = '';

type Rgb = [number, number, number];
const linear = (c: number): number => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const gamma = (c: number): number => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);
const read = (hex: string): Rgb => [1, 3, 5].map((i) => linear(parseInt(hex.slice(i, i + 2), 16) / 255)) as Rgb;
const write = (rgb: Rgb): string =>
	`#${rgb.map((c) => Math.round(255 * gamma(Math.min(1, Math.max(0, c)))).toString(16).padStart(2, '0')).join('')}`;
const luminance = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

export function contrast(a: string, b: string): number {
	const [light, low] = [luminance(read(a)), luminance(read(b))].sort((x, y) => y - x) as [number, number];
	return (light + 0.05) / (low + 0.05);
}

function toOklab([r, g, b]: Rgb): Rgb {
	const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
	const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
	const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
	return [
		0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
		1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
		0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
	];
}

function fromOklab([lightness, a, b]: Rgb): Rgb {
	const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
	const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
	const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
	return [
		4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
		-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
		-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
	];
}

/** The colour, lighter or darker until text in it can be read on `background`. */
export function readable(colour: string, background: string, least = 4.5): string {
	const lab = toOklab(read(colour));
	const step = luminance(read(background)) > 0.5 ? -0.01 : 0.01;
	let found = colour;
	for (let i = 0; i < 100 && contrast(found, background) < least; i++) {
		lab[0] += step;
		found = write(fromOklab(lab));
	}
	return found;
}

const CHECKS: Record<string, (value: unknown) => boolean> = {
	mode: (v) => ['light', 'dark', 'auto'].includes(v as string),
	accent: (v) => /^#[0-9a-f]{6}$/i.test(String(v)),
	radius: (v) => typeof v === 'number' && v >= 0 && v <= 16,
	font: (v) => /^[A-Za-z0-9 ,'-]{1,100}$/.test(String(v)),
	density: (v) => v === 'comfortable' || v === 'compact',
	page_background: (v) => v === 'transparent' || /^#[0-9a-f]{6}$/i.test(String(v)),
	hide_tabs: (v) => typeof v === 'boolean',
};

export function setTheme(theme: Record<string, unknown>): void {
	const style = document.documentElement.style;
	const valid = (name: string): boolean => {
		if (theme[name] === undefined || theme[name] === null) return false;
		if (CHECKS[name]!(theme[name])) return true;
		post('error', { code: 'theme', message: `theme: ${name} is not valid`, request_id: '' });
		return false;
	};
	if (valid('mode')) wished.value = theme.mode as 'auto';
	if (valid('accent')) accent = String(theme.accent).toLowerCase();
	if (valid('radius')) style.setProperty('--radius', `${theme.radius as number}px`);
	if (valid('radius')) style.setProperty('--radius-card', `${Math.round((theme.radius as number) * 1.5)}px`);
	if (valid('font')) style.setProperty('--font', `${String(theme.font)}, system-ui, sans-serif`);
	if (valid('density')) document.documentElement.dataset.density = String(theme.density);
	if (valid('page_background')) style.setProperty('--page', String(theme.page_background));
	if (valid('hide_tabs')) hideTabs.value = theme.hide_tabs as boolean;
	paint();
}

function paint(): void {
	const now = wished.value === 'auto' ? (dark.matches ? 'dark' : 'light') : wished.value;
	const root = document.documentElement;
	mode.value = now;
	root.dataset.mode = now;
	root.style.colorScheme = now;
	if (!accent) return;
	const shown = readable(accent, now === 'dark' ? '#17191d' : '#ffffff');
	root.style.setProperty('--accent', shown);
	root.style.setProperty('--on-accent', contrast('#ffffff', shown) >= contrast('#101216', shown) ? '#ffffff' : '#101216');
}

export function watchTheme(): void {
	dark.addEventListener('change', paint);
	effect(paint);
}
