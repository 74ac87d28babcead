// From stamps to figures, and from figures to whether the bar was met.
export const IN_TIME_US = 2_000_000
const P50_BAR = 1.2, P99_BAR = 1.2, P99_MORE_MS = 1, PENDING_BAR = 0.5

const [, PUBLISHED, HANDED, POSTED] = [0, 1, 2, 3]

export function percentile(sorted, share) {
	return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

// The three shares of what was due within the windows ([from, to] in ns), and how many came.
export function shares(marks, windows) {
	const due = marks.filter(([at]) => windows.some(([from, to]) => at >= from && at < to))
	const between = (a, b) => due.filter(m => m[a] >= 0 && m[b] >= 0).map(m => (m[b] - m[a]) / 1000).sort((x, y) => x - y)
	const since = a => due.filter(m => m[a] >= 0).map(m => m[a] / 1000).sort((x, y) => x - y)
	return {
		due: due.length,
		producer: since(PUBLISHED), broker: between(PUBLISHED, HANDED), service: between(HANDED, POSTED),
		handed: since(HANDED), total: since(POSTED),
		inTime: due.filter(m => m[POSTED] >= 0 && m[POSTED] <= IN_TIME_US).length,
	}
}

const round = (value, digits = 3) => value === null ? null : Number(value.toFixed(digits))

export function judge(name, calm, disturbed, pendingShare, nullCalm, nullDisturbed) {
	const p = (list, share) => percentile(list, share)
	const p50Ratio = p(disturbed.service, 0.5) / p(calm.service, 0.5)
	const before = p(calm.service, 0.99), after = p(disturbed.service, 0.99)
	const inTime = disturbed.inTime / disturbed.due
	const met = inTime === 1 && p50Ratio <= P50_BAR && after <= Math.max(before * P99_BAR, before + P99_MORE_MS) &&
		pendingShare <= PENDING_BAR
	return {
		name, in_time_share: round(inTime, 5), service_p50_ratio: round(p50Ratio, 2),
		service_p50_undisturbed_ms: round(p(calm.service, 0.5)), service_p50_ms: round(p(disturbed.service, 0.5)),
		service_p99_undisturbed_ms: round(before), service_p99_ms: round(after),
		broker_p99_undisturbed_ms: round(p(calm.broker, 0.99)), broker_p99_ms: round(p(disturbed.broker, 0.99)),
		producer_p99_ms: round(p(disturbed.producer, 0.99)),
		total_p99_undisturbed_ms: round(p(calm.total, 0.99)), total_p99_ms: round(p(disturbed.total, 0.99)),
		null_p99_undisturbed_ms: round(p(nullCalm.handed, 0.99)), null_p99_ms: round(p(nullDisturbed.handed, 0.99)),
		ack_pending_max_share: round(pendingShare), measured: disturbed.due, met,
	}
}
