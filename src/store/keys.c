#include "keys.h"

#include "carillon/base/id.h"

/* From here on it is the start of what cannot be in a key, for the error that tells it. */
static void
key_refuse(struct key *k, struct str what)
{
	if (k->bad)
		return;
	k->bad = true;
	k->len = str_utf8_cut(what, KEY_SHOWN_MAX);
	if (k->len)
		memcpy(k->bytes, what.ptr, k->len);
}

static void
key_bytes(struct key *k, const char *bytes, size_t len)
{
	if (len > KEY_MAX - k->len)
		key_refuse(k, (struct str){bytes, len});
	if (k->bad)
		return;
	if (len)
		memcpy(k->bytes + k->len, bytes, len);
	k->len += len;
}

static void
key_number(struct key *k, uint64_t n)
{
	char be[8];

	number_put(be, n);
	key_bytes(k, be, sizeof(be));
}

static void
key_byte(struct key *k, int byte)
{
	const char c = (char)byte;

	key_bytes(k, &c, 1);
}

/* An id of at most `max` bytes; one that is followed by more must not contain the zero byte. */
static void
key_id(struct key *k, struct str id, size_t max)
{
	if (id.len > max || (id.len && memchr(id.ptr, 0, id.len)))
		key_refuse(k, id);
	key_bytes(k, id.ptr, id.len);
}

static void
key_workspace(struct key *k, struct str workspace)
{
	key_id(k, workspace, WORKSPACE_ID_MAX);
	key_byte(k, 0);
}

static void
key_delivery_tail(struct key *k, uint64_t seq, struct str rule)
{
	key_number(k, seq);
	key_id(k, rule, RECORD_ID_MAX);
}

struct key
key_empty(void)
{
	struct key k;

	k.len = 0;
	k.bad = false;
	return k;
}

struct key
key_text(struct str text)
{
	struct key k = key_empty();

	key_bytes(&k, text.ptr, text.len);
	return k;
}

/* A KV key cannot have the dots of an event type's name and has '/' in their place. */
struct key
key_state_record(struct str workspace, struct str id)
{
	struct key k = key_of_workspace(workspace);
	const size_t at = k.len;

	key_id(&k, id, EVENT_TYPE_MAX);
	for (size_t i = at; !k.bad && i < k.len; i++) {
		if (k.bytes[i] == '/')
			k.bytes[i] = '.';
	}
	return k;
}

struct key
key_event(uint64_t seq)
{
	struct key k = key_empty();

	key_number(&k, seq);
	return k;
}

struct key
key_delivery(uint64_t seq, struct str rule)
{
	struct key k = key_empty();

	key_delivery_tail(&k, seq, rule);
	return k;
}

struct key
key_by_id(struct str workspace, struct str event_id)
{
	struct key k = key_of_workspace(workspace);

	key_id(&k, event_id, EVENT_ID_MAX);
	return k;
}

struct key
key_by_workspace(struct str workspace, uint64_t seq)
{
	struct key k = key_of_workspace(workspace);

	key_number(&k, seq);
	return k;
}

struct key
key_by_state(struct str workspace, int state, uint64_t seq, struct str rule)
{
	struct key k = key_of_state(workspace, state);

	key_delivery_tail(&k, seq, rule);
	return k;
}

struct key
key_by_key(
    struct str workspace, struct str rule, int use, const uint8_t hash[static KEY_HASH_SIZE])
{
	struct key k = key_of_workspace(workspace);

	key_id(&k, rule, RECORD_ID_MAX);
	key_byte(&k, 0);
	key_byte(&k, use);
	key_bytes(&k, (const char *)hash, KEY_HASH_SIZE);
	return k;
}

struct key
key_due(int64_t due_ms, uint64_t seq, struct str rule)
{
	struct key k = key_empty();

	key_number(&k, due_ms < 0 ? 0 : (uint64_t)due_ms);
	key_delivery_tail(&k, seq, rule);
	return k;
}

struct key
key_held(struct str workspace, struct str connection, uint64_t seq, struct str rule)
{
	struct key k = key_of_held(workspace, connection);

	key_delivery_tail(&k, seq, rule);
	return k;
}

struct key
key_overflow(struct str workspace, struct str connection, struct str channel, uint64_t seq,
    struct str rule)
{
	struct key k = key_of_lane(workspace, connection, channel);

	key_delivery_tail(&k, seq, rule);
	return k;
}

struct key
key_of_workspace(struct str workspace)
{
	struct key k = key_empty();

	key_workspace(&k, workspace);
	return k;
}

struct key
key_of_state(struct str workspace, int state)
{
	struct key k = key_of_workspace(workspace);

	key_byte(&k, state);
	return k;
}

struct key
key_of_held(struct str workspace, struct str connection)
{
	struct key k = key_of_workspace(workspace);

	key_id(&k, connection, RECORD_ID_MAX);
	key_byte(&k, 0);
	return k;
}

struct key
key_of_lane(struct str workspace, struct str connection, struct str channel)
{
	struct key k = key_of_held(workspace, connection);

	key_id(&k, channel, CHANNEL_ID_MAX);
	key_byte(&k, 0);
	return k;
}

struct key
key_after(const struct key *prefix)
{
	struct key k = *prefix;

	/* every prefix ends with a small byte: the zero after an id, or a state */
	must(k.bad || (k.len && (unsigned char)k.bytes[k.len - 1] < UINT8_MAX));
	if (!k.bad)
		k.bytes[k.len - 1]++;
	return k;
}

void
number_put(char out[static 8], uint64_t n)
{
	for (int i = 7; i >= 0; i--, n >>= 8)
		out[i] = (char)(n & UINT8_MAX);
}

uint64_t
number_get(const char in[static 8])
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | (unsigned char)in[i];
	return n;
}

bool
key_read_delivery(struct str key, size_t at, uint64_t *seq, struct str *rule)
{
	if (key.len < at + 8)
		return false;
	*seq = number_get(key.ptr + at);
	*rule = (struct str){key.ptr + at + 8, key.len - at - 8};
	return true;
}
