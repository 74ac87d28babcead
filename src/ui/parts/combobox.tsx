/** A field that searches as one types (ARIA 1.2): arrows, Home, End, Enter, Escape. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { sleep } from '../api/client';
import { t } from '../words/words';
import { Icon } from './icon';

export interface Choice { value: string; label: string; note?: string; icon?: ComponentChildren; group?: string }

interface Props {
	label: string;
	/** What stands in the closed field. */
	shown: string;
	find: (text: string) => Choice[] | Promise<Choice[]>;
	onPick: (value: string, label: string) => void;
	empty?: (text: string) => ComponentChildren;
	foot?: ComponentChildren;
	invalid?: boolean;
	placeholder?: string;
	class?: string;
	/** Whatever is typed may be taken as it stands. */
	free?: boolean;
}

const WAIT_MS = 120;

export function Combobox({ label, shown, find, onPick, empty, foot, invalid, placeholder, free, ...rest }: Props) {
	const id = useId();
	const input = useRef<HTMLInputElement>(null);
	const [isOpen, setOpen] = useState(false);
	const [text, setText] = useState('');
	const [choices, setChoices] = useState<Choice[]>([]);
	const [isSearching, setSearching] = useState(false);
	const [at, setAt] = useState(0);
	const turn = useRef(0);

	async function search(now: string): Promise<void> {
		const mine = ++turn.current;
		const found = find(now);
		if (found instanceof Promise) {
			setSearching(true);
			await sleep(WAIT_MS);
			if (mine !== turn.current) return;
		}
		const seen = await Promise.resolve(found).catch((): Choice[] => []);
		if (mine !== turn.current) return;
		setSearching(false);
		setChoices(seen);
		setAt(0);
	}
	useEffect(() => { if (isOpen) void search(text); }, [isOpen, text, find]);
	useEffect(() => {
		document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' });
	}, [at, choices]);

	function open(): void {
		if (isOpen) return;
		setText('');
		setOpen(true);
		setTimeout(() => input.current?.select());
	}
	function close(): void {
		turn.current++;
		setOpen(false);
	}
	function pick(choice: Choice): void {
		close();
		onPick(choice.value, choice.label);
	}
	function keys(event: KeyboardEvent): void {
		const last = choices.length - 1;
		if (!isOpen && ['ArrowDown', 'ArrowUp', 'Enter'].includes(event.key)) {
			event.preventDefault();
			return open();
		}
		const to = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last, PageDown: Math.min(at + 8, last), PageUp: Math.max(at - 8, 0) }[event.key];
		if (to !== undefined && isOpen) {
			event.preventDefault();
			setAt(to);
		} else if (event.key === 'Enter' && isOpen) {
			event.preventDefault();
			if (choices[at]) pick(choices[at]);
			else if (free && text.trim()) pick({ value: text.trim(), label: text.trim() });
		} else if (event.key === 'Escape' && isOpen) {
			event.preventDefault();
			event.stopPropagation();
			close();
		}
	}
	return (
		<div class={`combobox ${rest.class ?? ''}`} onFocusOut={(e) => { if (!e.currentTarget.contains(e.relatedTarget as Node | null)) close(); }}>
			<div class="field-box">
				<input ref={input} role="combobox" aria-label={label} aria-expanded={isOpen} aria-controls={`${id}-list`} aria-autocomplete="list"
					aria-activedescendant={isOpen && choices[at] ? `${id}-${at}` : undefined} aria-invalid={invalid} autocomplete="off" spellcheck={false}
					placeholder={placeholder ?? label} value={isOpen ? text : shown} title={shown.length > 24 ? shown : undefined}
					onInput={(e) => { setOpen(true); setText(e.currentTarget.value); }} onClick={open} onKeyDown={keys} />
				<Icon name={isOpen ? 'search' : 'down'} />
			</div>
			<div class="popover" hidden={!isOpen}>
				<div id={`${id}-list`} role="listbox" aria-label={label}>
					{choices.map((choice, i) => (
						<div key={choice.value} id={`${id}-${i}`} role="option" aria-selected={i === at} class="option"
							onMouseDown={(e) => e.preventDefault()} onMouseMove={() => at !== i && setAt(i)} onClick={() => pick(choice)}>
							{choice.icon}<bdi class="option-label">{choice.label}</bdi>{choice.note && <span class="soft option-note">{choice.note}</span>}
						</div>
					))}
				</div>
				{choices.length === 0 && <div class="option-none soft">{isSearching ? t('combobox.searching') : empty?.(text) ?? t('combobox.none')}</div>}
				{foot && <div class="option-foot" onMouseDown={(e) => { if ((e.target as Element).closest('button') === null) e.preventDefault(); }}>{foot}</div>}
			</div>
		</div>
	);
}
