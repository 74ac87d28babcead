/** Twenty-four hours as bars, with the numbers in a table for those who do not see them. */
import type { Hour } from '../api/types';
import { clock, moment, t } from '../words/words';

const PARTS = ['failed', 'held', 'retrying', 'delivered'] as const;
const WIDTH = 12;
const HEIGHT = 72;

export function Chart({ hours }: { hours: Hour[] }) {
	const total = (hour: Hour): number => PARTS.reduce((sum, part) => sum + (hour[part] ?? 0), 0);
	const most = Math.max(1, ...hours.map(total));
	return (
		<figure class="chart">
			<svg viewBox={`0 0 ${hours.length * WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
				{hours.map((hour, i) => {
					let y = HEIGHT;
					const bars = PARTS.slice().reverse().map((part) => {
						const size = ((hour[part] ?? 0) / most) * (HEIGHT - 2);
						y -= size;
						return size > 0 && <rect key={part} class={part} x={i * WIDTH + 1} y={y} width={WIDTH - 2} height={size} />;
					});
					return (
						<g key={hour.at} onClick={() => { location.hash = `#/activity?from=${encodeURIComponent(hour.at)}&hours=1`; }}>
							<title>{`${moment(hour.at)}: ${total(hour)}`}</title>
							<rect class="hit" x={i * WIDTH} y={0} width={WIDTH} height={HEIGHT} />
							{total(hour) === 0 && <rect class="none" x={i * WIDTH + 1} y={HEIGHT - 1} width={WIDTH - 2} height={1} />}
							{bars}
						</g>
					);
				})}
			</svg>
			<div class="chart-axis soft" aria-hidden="true">
				{[0, 6, 12, 18].map((i) => hours[i] && <span key={i}>{clock(hours[i].at)}</span>)}
				<span>{t('overview.now')}</span>
			</div>
			<div class="unseen"><table>
				<caption>{t('overview.chart', { n: most })}</caption>
				<thead><tr><th scope="col">{t('overview.hour')}</th>{PARTS.map((part) => <th key={part} scope="col">{t(`chart.${part}`)}</th>)}</tr></thead>
				<tbody>{hours.map((hour) => (
					<tr key={hour.at}><th scope="row">{moment(hour.at)}</th>{PARTS.map((part) => <td key={part}>{hour[part] ?? 0}</td>)}</tr>
				))}</tbody>
			</table></div>
		</figure>
	);
}
