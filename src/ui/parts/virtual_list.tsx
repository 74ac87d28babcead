/** Rows of one height, of which only those near the viewer are made. The page scrolls, not the list. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { isContentMode } from '../host/size';

const MARGIN = 8;

interface Props {
	count: number;
	height: number;
	row: (i: number) => ComponentChildren;
	/** The last rows are near. */
	onNearEnd: () => void;
	label: string;
}

export function VirtualList({ count, height, row, onNearEnd, label }: Props) {
	const box = useRef<HTMLDivElement>(null);
	const [[first, last], setRange] = useState<[number, number]>([0, 40]);
	useEffect(() => {
		let frame = 0;
		const look = (): void => {
			frame = 0;
			if (!box.current) return;
			const top = -box.current.getBoundingClientRect().top;
			const from = Math.max(0, Math.floor(top / height) - MARGIN);
			const to = Math.min(count, Math.ceil((top + window.innerHeight) / height) + MARGIN);
			setRange((now) => (now[0] === from && now[1] === to ? now : [from, to]));
			if (to >= count - 2 * MARGIN) onNearEnd();
		};
		const soon = (): void => { frame ||= requestAnimationFrame(look); };
		look();
		window.addEventListener('scroll', soon, { passive: true });
		window.addEventListener('resize', soon);
		return () => {
			cancelAnimationFrame(frame);
			window.removeEventListener('scroll', soon);
			window.removeEventListener('resize', soon);
		};
	}, [count, height]);

	function keys(event: KeyboardEvent): void {
		const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
		const links = [...(box.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
		const now = links.findIndex((link) => link === document.activeElement);
		if (step === undefined || now < 0) return;
		event.preventDefault();
		links[now + step]?.focus({ preventScroll: false });
	}
	const [from, to] = isContentMode.value ? [0, count] : [Math.min(first, count), Math.min(last, count)];
	const rows: ComponentChildren[] = [];
	for (let i = from; i < to; i++) rows.push(row(i));
	return (
		<div ref={box} class="virtual" role="list" aria-label={label} style={{ height: `${count * height}px` }} onKeyDown={keys}>
			<div style={{ transform: `translateY(${from * height}px)` }}>{rows}</div>
		</div>
	);
}
