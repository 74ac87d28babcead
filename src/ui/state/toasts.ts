/** What was done and cannot be seen elsewhere, for ten seconds; with Undo where it can be undone. */
import { signal } from '@preact/signals';

export interface Toast { id: number; text: string; undo?: () => void }

export const toasts = signal<Toast[]>([]);
let count = 0;

export function toast(text: string, undo?: () => void): void {
	toasts.value = [...toasts.value.slice(-2), { id: ++count, text, undo }];
}
export function dismiss(id: number): void {
	toasts.value = toasts.value.filter((one) => one.id !== id);
}

/** One polite sentence for those who do not see the screen; at most one in five seconds. */
export const said = signal('');
let lastSaid = 0;
let sayTimer = 0;
export function say(text: string): void {
	clearTimeout(sayTimer);
	sayTimer = window.setTimeout(() => {
		lastSaid = Date.now();
		said.value = text;
	}, Math.max(0, lastSaid + 5000 - Date.now()));
}
