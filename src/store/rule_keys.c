/*
 * The lives of rules' keys (key_life.h) as the index keeps them: read, gone on with by each
 * record of a delivery that is applied, and forgotten with it.
 */
#include <sodium.h>

#include "store_private.h"

enum { NUMBERS = 6, NUMBER_BYTES = 8 };

static struct key
key_of(struct str workspace, struct str rule, enum key_use use, struct str text)
{
	uint8_t hash[KEY_HASH_SIZE];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)text.ptr, text.len, NULL, 0);
	return key_by_key(workspace, rule, (int)use, hash);
}

/* --- values: numbers, then texts with a zero byte behind each --- */

static bool
read_text(struct str *rest, char *out, size_t size)
{
	const char *end = rest->len ? memchr(rest->ptr, '\0', rest->len) : NULL;
	struct str text;

	if (end == NULL)
		return false;
	text = (struct str){rest->ptr, (size_t)(end - rest->ptr)};
	*rest = (struct str){end + 1, rest->len - text.len - 1};
	return str_copy(out, size, text);
}

static bool
read_value(struct str value, struct key_life *out)
{
	uint64_t n[NUMBERS];

	*out = (struct key_life){0};
	if (value.len < sizeof(n))
		return false;
	for (int i = 0; i < NUMBERS; i++)
		n[i] = number_get(value.ptr + i * NUMBER_BYTES);
	value = (struct str){value.ptr + sizeof(n), value.len - sizeof(n)};
	out->shown.seq = n[0];
	out->shown.at.ms = (int64_t)n[1];
	out->count = (uint32_t)n[2];
	out->newest = n[3];
	out->wanted = n[4];
	out->wanted_at.ms = (int64_t)n[5];
	return read_text(&value, out->shown.connection, sizeof(out->shown.connection)) &&
	       read_text(&value, out->shown.channel, sizeof(out->shown.channel)) &&
	       read_text(&value, out->shown.id, sizeof(out->shown.id));
}

static void
put_text(char *value, size_t *len, const char *text)
{
	const size_t n = strlen(text) + 1;

	memcpy(value + *len, text, n);
	*len += n;
}

static void
put_value(struct txn *t, const struct key *at, const struct key_life *k)
{
	const uint64_t n[NUMBERS] = {k->shown.seq, (uint64_t)k->shown.at.ms, k->count,
	    k->newest, k->wanted, (uint64_t)k->wanted_at.ms};
	char value[sizeof(n) + sizeof(k->shown)];
	size_t len = sizeof(n);

	for (int i = 0; i < NUMBERS; i++)
		number_put(value + i * NUMBER_BYTES, n[i]);
	put_text(value, &len, k->shown.connection);
	put_text(value, &len, k->shown.channel);
	put_text(value, &len, k->shown.id);
	txn_put(t, TABLE_BY_KEY, at, (struct str){value, len});
}

static void
read_life(struct txn *t, const struct key *at, struct key_life *out)
{
	struct str value;

	if (!txn_get(t, TABLE_BY_KEY, at, &value) || !read_value(value, out))
		*out = (struct key_life){0};
}

void
ledger_key_life(struct txn *t, struct str workspace, struct str rule, enum key_use use,
    struct str text, struct key_life *out)
{
	const struct key k = key_of(workspace, rule, use, text);

	read_life(t, &k, out);
}

/* --- records --- */

static const char *
text_of(const delivery_record *d, enum key_use use)
{
	switch (use) {
	case KEY_THREAD: return d->thread_key;
	case KEY_UPDATE: return d->update_key;
	default: return d->dedupe_key;
	}
}

static enum key_event
event_of(const delivery_record *d)
{
	const enum delivery_state state = (enum delivery_state)d->state;

	if (d->suppressed > 0)
		return KEY_COUNTED;
	if (!delivery_state_is_final(state))
		return KEY_OPEN;
	if (state != DELIVERY_DELIVERED)
		return KEY_GIVEN_UP;
	if (d->digest)
		return KEY_TOLD;
	return d->thread_id[0] != '\0' ? KEY_REPLIED : KEY_APPEARED;
}

static struct key_news
news_of(const delivery_record *d)
{
	struct key_news n = {
	    .event = event_of(d),
	    .message = {.seq = d->seq, .at = {d->created_ms}},
	    .posted_at = {d->updated_ms},
	    .count = d->suppressed,
	    .repeat_of = d->shown_by,
	};

	str_copy(n.message.connection, sizeof(n.message.connection), str_of(d->connection));
	str_copy(n.message.channel, sizeof(n.message.channel), str_of(d->channel));
	/* An id that was cut would be another message's. */
	if (d->digest || !str_copy(n.message.id, sizeof(n.message.id), str_of(d->message_id)))
		n.message.id[0] = '\0';
	return n;
}

void
keyed_note(struct txn *t, const delivery_record *d)
{
	const struct key_news news = news_of(d);

	for (enum key_use use = 0; use < KEY_USES; use++) {
		const struct str text = str_of(text_of(d, use));
		struct key_life k;

		if (text.len == 0)
			continue;
		const struct key at = key_of(str_of(d->workspace), str_of(d->rule), use, text);
		read_life(t, &at, &k);
		key_life_note(&k, use, &news);
		put_value(t, &at, &k);
	}
}

void
keyed_forget(struct txn *t, const delivery_record *d)
{
	for (enum key_use use = 0; use < KEY_USES; use++) {
		const struct str text = str_of(text_of(d, use));
		struct key_life k;
		struct str value;

		if (text.len == 0)
			continue;
		const struct key at = key_of(str_of(d->workspace), str_of(d->rule), use, text);
		if (!txn_get(t, TABLE_BY_KEY, &at, &value))
			continue;
		if (!read_value(value, &k) || key_life_forget(&k, d->seq))
			txn_delete(t, TABLE_BY_KEY, &at);
		else
			put_value(t, &at, &k);
	}
}
