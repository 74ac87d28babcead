import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { Problem } from '../api/client';
import { t } from '../words/words';
import { Icon, type IconName } from './icon';

export interface ButtonProps {
	children?: ComponentChildren;
	kind?: 'primary' | 'plain' | 'quiet' | 'danger';
	icon?: IconName;
	/** What it does; a promise makes it busy, a Problem is told below it. */
	onClick?: (event: MouseEvent) => unknown;
	/** Why it cannot be pressed. */
	why?: string;
	label?: string;
	class?: string;
	wide?: boolean;
	pressed?: boolean;
	autofocus?: boolean;
}

const BUSY_MS = 300;

/** Seconds until a limit allows it again, counted down. */
export function useCountdown(): [number, (seconds: number) => void] {
	const [left, setLeft] = useState(0);
	useEffect(() => {
		if (left <= 0) return;
		const timer = setTimeout(() => setLeft(left - 1), 1000);
		return () => clearTimeout(timer);
	}, [left]);
	return [left, setLeft];
}

export function problemText(problem: unknown): string {
	if (!(problem instanceof Problem)) return t('error.unknown');
	if (problem.code === 'network') return t('error.network');
	if (problem.status === 403) return t('error.forbidden');
	if (problem.status === 425) return t('error.under_way');
	if (problem.status >= 500) return t('error.server');
	return problem.errors[0]?.detail || problem.detail || problem.title || t('error.unknown');
}

export function Button({ children, kind = 'plain', icon, onClick, why, label, wide, pressed, autofocus, ...rest }: ButtonProps) {
	const [isBusy, setBusy] = useState(false);
	const [problem, setProblem] = useState('');
	const [left, countDown] = useCountdown();
	const id = useId();
	const ref = useRef<HTMLButtonElement>(null);
	const alive = useRef(true);
	useEffect(() => {
		alive.current = true;
		if (autofocus) ref.current?.focus();
		return () => { alive.current = false; };
	}, []);
	async function press(event: MouseEvent): Promise<void> {
		if (isBusy || why || left > 0) return;
		setProblem('');
		const timer = setTimeout(() => alive.current && setBusy(true), BUSY_MS);
		try {
			await onClick?.(event);
		} catch (error) {
			if (!alive.current) return;
			if (error instanceof Problem && error.status === 429) countDown(Math.max(1, Math.ceil(error.retryAfter)));
			else setProblem(problemText(error));
		} finally {
			clearTimeout(timer);
			if (alive.current) setBusy(false);
		}
	}
	const said = left > 0 ? t('error.too_many', { seconds: left }) : why || problem;
	return (
		<span class={`button-box${wide ? ' wide' : ''}`}>
			<button ref={ref} type="button" class={`button ${kind} ${rest.class ?? ''}`} onClick={(e) => void press(e)}
				aria-label={label} title={label} aria-busy={isBusy} aria-pressed={pressed}
				aria-disabled={Boolean(why) || left > 0} aria-describedby={said ? id : undefined}>
				{icon && <Icon name={icon} />}
				{children}
			</button>
			{said && <span id={id} class={problem && !why && left === 0 ? 'said bad' : 'said'} role={problem ? 'alert' : undefined}>{said}</span>}
		</span>
	);
}

export function LinkButton({ href, children, kind = 'plain', icon }: { href: string; children: ComponentChildren; kind?: string; icon?: IconName }) {
	return <a class={`button ${kind}`} href={href}>{icon && <Icon name={icon} />}{children}</a>;
}

/** To another site, which learns nothing of us. Anything but http and https stays text. */
export function OutLink({ href, children, class: className }: { href: string; children: ComponentChildren; class?: string }) {
	if (!/^https?:\/\//i.test(href)) return <span class={className}>{children}</span>;
	return <a class={className} href={href} target="_blank" rel="noopener noreferrer">{children}<Icon name="out" /></a>;
}
