// The ways in which some tenants may be a burden to the others.
//
// Each: what it is, whose workspaces, what channels they post to, their rules, what is published
// while the quiet ones are measured, and how long it lasts. `events` and `seconds` are of all its
// workspaces together.
const CONDITIONS = 64, RULES_MAX = 254, COSTLY_BYTES = 200_000

const one = channel => [{ channel }]
const many = (n, channel) => Array.from({ length: n }, (_, i) => ({ channel: `${channel}${String(i).padStart(3, '0')}` }))
const costly = Array.from({ length: RULES_MAX }, (_, i) => ({
	channel: 'C0COSTLY',
	filter: { any: Array.from({ length: CONDITIONS }, (_, j) => ({ field: 'log', op: 'contains', value: `xxxxxxxxxxxxxxx${i}.${j}` })) },
}))

const throughout = rate => seconds => ({ events: rate * seconds, rate })
const atOnce = (events, rate) => () => ({ events, rate })

export const shapes = [
	{ name: 'channels', says: 'one workspace posts 300 events to 64 channels each', workspaces: 1,
		rules: many(64, 'C0MANY'), load: atOnce(300, 3000) },
	{ name: 'workspaces', says: '12 workspaces with one channel and 1,500 events each', workspaces: 12,
		rules: one('C0BURST'), load: atOnce(18_000, 6000) },
	{ name: 'hangs', says: '12 workspaces whose destination never answers', workspaces: 12,
		rules: one('C0HANGS'), load: throughout(600), stays: true },
	{ name: '429', says: '12 workspaces whose destination answers 429', workspaces: 12,
		rules: one('C0LIMIT'), load: throughout(600), stays: true },
	{ name: '500', says: '12 workspaces whose destination answers 500', workspaces: 12,
		rules: one('C0ERROR'), load: throughout(600), stays: true },
	{ name: 'revoked', says: '12 workspaces whose token is revoked', workspaces: 12,
		rules: one('C0GONE'), load: throughout(600), stays: true },
	{ name: 'released', says: '12 workspaces with 300 held deliveries each, released at once', workspaces: 12,
		rules: one('C0HELD'), load: atOnce(3600, 3000), isHeld: true },
	{ name: 'costly', says: '254 rules of 64 conditions over 200 KB, one event a second', workspaces: 1,
		rules: costly, load: throughout(1), options: ['--bytes', String(COSTLY_BYTES)] },
	{ name: 'undecodable', says: '30,000 messages that are no events', workspaces: 1,
		rules: one('C0GARBAGE'), load: atOnce(30_000, 10_000), lasts: 3, options: ['--garbage'] },
	{ name: 'dead', says: '10,000 events a second into one channel that never answers', workspaces: 1,
		rules: one('C0HANGS'), load: throughout(10_000), stays: true },
]
