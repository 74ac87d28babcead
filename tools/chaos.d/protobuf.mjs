// As much of protobuf as chaos needs: an Event is written, a HistoryBatch is read. By hand, so
// that it shares no generated code with the service. Field numbers: proto/carillon/v1.

const varint = n => {
	const bytes = []
	for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128)
	return Buffer.from([...bytes, n])
}
const lengthDelimited = (number, text) => {
	const bytes = Buffer.from(text)
	return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes])
}

export const encodeEvent = ({ id, type, text, resource, resourceId }) => Buffer.concat([
	lengthDelimited(1, id), lengthDelimited(4, type), lengthDelimited(7, text),
	lengthDelimited(16, resource), lengthDelimited(17, resourceId),
])

const ATTEMPT = { 1: 'number', 2: 'startedMs', 3: 'durationMs', 4: 'outcome', 5: 'possibleDuplicate', 12: 'ambiguous' }
const DELIVERY = {
	1: 'workspace', 2: 'event', 3: 'seq', 4: 'rule', 6: 'channel', 7: 'state', 8: 'reason',
	12: 'dueMs', 14: 'brokerDeliveries', 15: 'messageId', 18: ['attempts', ATTEMPT],
}
const EVENT = { 1: 'workspace', 2: 'event', 3: 'seq', 9: 'status', 10: 'matched', 11: 'reason' }
const ENTRY = { 1: ['events', EVENT], 2: ['deliveries', DELIVERY] }
const BATCH = { 1: ['entries', ENTRY] }

// Lists are arrays, text is text, numbers are numbers; fields that are not named are skipped.
function decode(bytes, names) {
	const message = {}
	let at = 0
	const number = () => {
		let value = 0, scale = 1, byte
		do {
			byte = bytes[at++]
			value += (byte & 127) * scale
			scale *= 128
		} while (byte & 128)
		return value
	}
	while (at < bytes.length) {
		const tag = number(), name = names[tag >> 3]
		const kind = tag & 7
		if (kind === 0) {
			const value = number()
			if (name) message[name] = value
		} else if (kind === 2) {
			const length = number(), part = bytes.subarray(at, at += length)
			if (Array.isArray(name)) (message[name[0]] ??= []).push(decode(part, name[1]))
			else if (name) message[name] = part.toString()
		} else {
			throw new Error(`a record of the history has a field of wire type ${kind}`)
		}
	}
	return message
}

export const decodeHistory = bytes => decode(bytes, BATCH).entries ?? []

// Of history.proto.
export const STATE = { PENDING: 1, SENDING: 2, DELIVERED: 3, RETRYING: 4, PARKED: 5, HELD: 6, FAILED: 7, CANCELED: 8, SKIPPED: 9 }
export const stateName = n => Object.keys(STATE).find(name => STATE[name] === n)?.toLowerCase() ?? String(n)
export const OUTCOME_DELIVERED = 1
