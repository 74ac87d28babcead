/** What stands where data would be: nothing yet, nothing at all, or why not. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Problem } from '../api/client';
import type { Resource } from '../state/resource';
import { scrollHostTo } from '../host/size';
import { t } from '../words/words';
import { Button } from './button';
import { Icon, type IconName } from './icon';
import type { Tone } from './small';

const QUIET_MS = 150;

export function Skeleton({ rows = 3, tall = false }: { rows?: number; tall?: boolean }) {
	const [isShown, setShown] = useState(false);
	useEffect(() => {
		const timer = setTimeout(() => setShown(true), QUIET_MS);
		return () => clearTimeout(timer);
	}, []);
	return (
		<div class="skeleton" aria-busy="true" aria-label={t('state.loading')} role="img" style={{ visibility: isShown ? 'visible' : 'hidden' }}>
			{Array.from({ length: rows }, (_, i) => <div key={i} class={tall ? 'bone tall' : 'bone'} />)}
		</div>
	);
}

export function ErrorHere({ problem, again }: { problem: Problem; again?: () => unknown }) {
	const text = problem.status === 403 ? t('error.forbidden') : problem.status >= 500 ? t('error.server') : t('error.load');
	return (
		<div class="error-here" role="alert">
			<p>{text}</p>
			{again && problem.status !== 403 && <Button onClick={again}>{t('error.again')}</Button>}
			<details><summary>{t('error.details')}</summary>
				<p class="mono">{[problem.title || problem.code, problem.requestId].filter(Boolean).join(' · ')}</p>
			</details>
		</div>
	);
}

export function Gone({ text, href, link }: { text: string; href: string; link: string }) {
	return <><Title>{text}</Title><p><a href={href}>{link}</a></p></>;
}

/** The data once it is there; before that a skeleton, or why there is none. */
export function Loaded<T>({ from, children, rows, tall, gone }: {
	from: Resource<T>; children: (data: T) => ComponentChildren; rows?: number; tall?: boolean; gone?: ComponentChildren;
}) {
	const data = from.data.value;
	const problem = from.error.value;
	if (problem?.status === 404 && gone) return <>{gone}</>;
	if (data !== null) return <>{children(data)}</>;
	if (problem) return <ErrorHere problem={problem} again={() => from.load()} />;
	return <Skeleton rows={rows} tall={tall} />;
}

export function Strip({ tone = 'warn', icon = 'info', children, action, role = 'status' }: {
	tone?: Tone; icon?: IconName; children: ComponentChildren; action?: ComponentChildren; role?: 'status' | 'alert';
}) {
	return <div class={`strip ${tone}`} role={role}><Icon name={icon} /><div class="strip-text">{children}</div>{action}</div>;
}

export function Empty({ text, children }: { text: ComponentChildren; children?: ComponentChildren }) {
	return <div class="empty"><p>{text}</p>{children}</div>;
}

/** A page's one h1, which has the focus when the page comes. */
let isFirst = true;
export function Title({ children, back }: { children: ComponentChildren; back?: { href: string; label: string } }) {
	const ref = useRef<HTMLHeadingElement>(null);
	useEffect(() => {
		if (!isFirst) {
			ref.current?.focus({ preventScroll: true });
			window.scrollTo(0, 0);
			scrollHostTo(ref.current!);
		}
		isFirst = false;
	}, []);
	return (
		<div class="title">
			{back && <a class="back" href={back.href}><Icon name="left" />{back.label}</a>}
			<h1 ref={ref} tabIndex={-1}>{children}</h1>
		</div>
	);
}
