// Random numbers from a seed (mulberry32), so that a run's faults can be had again.
export function randomSource(seed) {
	let state = seed >>> 0
	const next = () => {
		state = (state + 0x6d2b79f5) >>> 0
		let t = Math.imul(state ^ (state >>> 15), state | 1)
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296
	}
	const between = (low, high) => low + next() * (high - low)
	const pick = list => list[Math.floor(next() * list.length)]
	const shuffled = list => {
		const cards = [...list]
		for (let i = cards.length - 1; i > 0; i--) {
			const j = Math.floor(next() * (i + 1));
			[cards[i], cards[j]] = [cards[j], cards[i]]
		}
		return cards
	}
	return { between, pick, shuffled, chance: p => next() < p }
}
