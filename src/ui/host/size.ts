/**
 * How high we are, and which part of us can be seen. In content mode the host's page scrolls, the
 * frame is as high as its content, and the middle of the frame is nowhere near the viewer.
 */
import { signal } from '@preact/signals';
import { post } from './messages';

export const isContentMode = signal(false);

export function setFit(fit: unknown): void {
	if (fit !== 'content' || isContentMode.value) return;
	isContentMode.value = true;
	document.documentElement.dataset.fit = 'content';
	watchHeight();
	watchVisible();
}

function watchHeight(): void {
	let last = 0;
	let frame = 0;
	const tell = (): void => {
		frame = 0;
		const height = Math.ceil(document.getElementById('app')!.getBoundingClientRect().height);
		if (Math.abs(height - last) <= 1) return;
		last = height;
		post('resize', { height });
	};
	new ResizeObserver(() => { frame ||= requestAnimationFrame(tell); }).observe(document.getElementById('app')!);
}

/** The root's bounds are hidden from us, the part of a full-height element that shows is not. */
function watchVisible(): void {
	const steps = Array.from({ length: 101 }, (_, i) => i / 100);
	const see = new IntersectionObserver((entries) => {
		const part = entries[entries.length - 1]!.intersectionRect;
		document.documentElement.style.setProperty('--seen-top', `${Math.round(part.top)}px`);
		document.documentElement.style.setProperty('--seen-height', `${Math.round(part.height)}px`);
	}, { threshold: steps });
	see.observe(document.getElementById('app')!);
}

export function scrollHostTo(element: Element): void {
	if (isContentMode.value) post('scroll-to', { top: Math.round(element.getBoundingClientRect().top) });
}
