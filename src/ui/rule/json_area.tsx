/** JSON as text: what parses is taken at once, what does not is said below. */
import { useState } from 'preact/hooks';

export function JsonArea({ value, label, rows, invalid, onChange }: { value: unknown; label: string; rows: number; invalid?: boolean; onChange: (value: unknown) => void }) {
	const [text, setText] = useState(value === null ? '' : JSON.stringify(value, null, '\t'));
	const [problem, setProblem] = useState('');
	function change(now: string): void {
		setText(now);
		try {
			onChange(now.trim() ? JSON.parse(now) : null);
			setProblem('');
		} catch (error) {
			setProblem(String((error as Error).message));
		}
	}
	return <>
		<textarea class="mono" rows={rows} aria-label={label} aria-invalid={problem !== '' || invalid} spellcheck={false} value={text} onInput={(e) => change(e.currentTarget.value)} />
		{problem && <p class="bad small" role="alert">{problem}</p>}
	</>;
}
