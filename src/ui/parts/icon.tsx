/** Pictures of one stroke on 24 by 24; the word always stands beside them. */
const PATHS = {
	check: 'M5 12.5l4.5 4.5L19 7',
	retry: 'M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6',
	pause: 'M9 6v12M15 6v12',
	alert: 'M12 8v5M12 16.5v.01M12 3l9.5 17h-19z',
	dash: 'M6 12h12',
	dot: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
	ring: 'M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14z',
	lines: 'M5 8h14M5 12h14M5 16h9',
	hash: 'M5 9h14M4.5 15h14M10 4L8 20M16 4l-2 16',
	lock: 'M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11',
	plus: 'M12 5v14M5 12h14',
	close: 'M6 6l12 12M18 6L6 18',
	down: 'M6 9.5l6 6 6-6',
	right: 'M9.5 6l6 6-6 6',
	left: 'M14.5 6l-6 6 6 6',
	more: 'M5 12v.01M12 12v.01M19 12v.01',
	copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
	out: 'M14 5h5v5M19 5l-8 8M17 14v5H5V7h5',
	search: 'M11 5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15.5 15.5L20 20',
	edit: 'M5 19l1-4L16 5l3 3L9 18zM14 7l3 3',
	info: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 11v5M12 8v.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
	return <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={PATHS[name]} /></svg>;
}
