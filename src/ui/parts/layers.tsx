/** What lies above the page: dialog, menu, toasts. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { dismiss, said, toasts, type Toast } from '../state/toasts';
import { t } from '../words/words';
import { Icon, type IconName } from './icon';

const SHOWN_MS = 10_000;

export function Dialog({ title, children, onClose }: { title: string; children: ComponentChildren; onClose: () => void }) {
	const ref = useRef<HTMLDialogElement>(null);
	const id = useId();
	useEffect(() => {
		const before = document.activeElement as HTMLElement | null;
		ref.current?.showModal();
		ref.current?.querySelector<HTMLElement>('[data-safe] button, input, select')?.focus();
		return () => before?.focus?.();
	}, []);
	return (
		<dialog ref={ref} class="dialog" aria-labelledby={id} onClose={onClose} onClick={(e) => { if (e.target === ref.current) onClose(); }}>
			<div class="dialog-body">
				<h2 id={id}>{title}</h2>
				{children}
			</div>
		</dialog>
	);
}

export interface Item { label: string; icon?: IconName; danger?: boolean; onPick: () => unknown }

export function Menu({ label, items, children, kind = 'quiet' }: { label: string; items: Item[]; children?: ComponentChildren; kind?: string }) {
	const id = useId();
	const button = useRef<HTMLButtonElement>(null);
	const box = useRef<HTMLDivElement>(null);
	if (items.length === 0) return null;
	const entries = (): HTMLElement[] => [...(box.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
	function place(): void {
		const at = button.current!.getBoundingClientRect();
		const style = box.current!.style;
		const width = Math.min(280, window.innerWidth - 16);
		style.width = `${width}px`;
		style.left = `${Math.max(8, Math.min(at.right - width, window.innerWidth - width - 8))}px`;
		const room = window.innerHeight - at.bottom;
		const height = box.current!.offsetHeight;
		style.top = room < height + 12 && at.top > height ? `${at.top - height - 4}px` : `${at.bottom + 4}px`;
	}
	function toggled(event: Event): void {
		if ((event as ToggleEvent).newState !== 'open') return;
		place();
		entries()[0]?.focus();
	}
	function keys(event: KeyboardEvent): void {
		const all = entries();
		const now = all.indexOf(document.activeElement as HTMLElement);
		const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 }[event.key];
		if (to === undefined) return;
		event.preventDefault();
		all[(to + all.length) % all.length]?.focus();
	}
	return (
		<>
			<button ref={button} type="button" class={`button ${kind}${children ? '' : ' square'}`} aria-haspopup="menu" aria-label={label} title={label}
				popovertarget={id}>{children ?? <Icon name="more" />}</button>
			<div ref={box} id={id} popover="auto" role="menu" class="menu" aria-label={label} onToggle={toggled} onKeyDown={keys}>
				{items.map((item) => (
					<button key={item.label} type="button" role="menuitem" tabIndex={-1} class={item.danger ? 'danger' : ''}
						onClick={() => { box.current?.hidePopover?.(); void item.onPick(); }}>
						{item.icon && <Icon name={item.icon} />}{item.label}
					</button>
				))}
			</div>
		</>
	);
}

function OneToast({ toast }: { toast: Toast }) {
	const held = useRef(false);
	const left = useRef(SHOWN_MS);
	useEffect(() => {
		const timer = setInterval(() => {
			if (held.current) return;
			left.current -= 500;
			if (left.current <= 0) dismiss(toast.id);
		}, 500);
		return () => clearInterval(timer);
	}, []);
	const hold = (on: boolean) => () => { held.current = on; };
	return (
		<div class="toast" onMouseEnter={hold(true)} onMouseLeave={hold(false)} onFocusIn={hold(true)} onFocusOut={hold(false)}>
			<span>{toast.text}</span>
			{toast.undo && <button type="button" onClick={() => { dismiss(toast.id); toast.undo!(); }}>{t('toast.undo')}</button>}
			<button type="button" class="square" aria-label={t('toast.close')} onClick={() => dismiss(toast.id)}><Icon name="close" /></button>
		</div>
	);
}

export function Toasts() {
	return (
		<>
			<div class="toasts" role="status">{toasts.value.map((one) => <OneToast key={one.id} toast={one} />)}</div>
			<div class="unseen" role="status">{said}</div>
		</>
	);
}
