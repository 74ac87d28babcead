/*
 * What a rule's keys stand for: the newest message of each. Values are noted from whole
 * records, so that applying a batch again notes the same.
 */
#include <sodium.h>

#include "store_private.h"

enum { VALUE_HEAD = 8 + 8 + 8 }; /* seq, at, count; then the message id */

static struct key
key_of(struct str workspace, struct str rule, enum key_use use, struct str text)
{
	uint8_t hash[KEY_HASH_SIZE];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)text.ptr, text.len, NULL, 0);
	return key_by_key(workspace, rule, (int)use, hash);
}

static bool
read_value(struct str value, struct keyed *out)
{
	if (value.len < VALUE_HEAD)
		return false;
	*out = (struct keyed){
	    .seq = number_get(value.ptr),
	    .at = {(int64_t)number_get(value.ptr + 8)},
	    .count = (uint32_t)number_get(value.ptr + 16),
	};
	return str_copy(out->message_id, sizeof(out->message_id),
	    (struct str){value.ptr + VALUE_HEAD, value.len - VALUE_HEAD});
}

bool
ledger_keyed(struct txn *t, struct str workspace, struct str rule, enum key_use use,
    struct str text, struct keyed *out)
{
	const struct key k = key_of(workspace, rule, use, text);
	struct str value;

	return txn_get(t, TABLE_BY_KEY, &k, &value) && read_value(value, out);
}

static void
put(struct txn *t, const struct key *k, const struct keyed *v)
{
	char value[VALUE_HEAD + sizeof(v->message_id)];
	const size_t id_len = strlen(v->message_id);

	number_put(value, v->seq);
	number_put(value + 8, (uint64_t)v->at.ms);
	number_put(value + 16, v->count);
	memcpy(value + VALUE_HEAD, v->message_id, id_len);
	txn_put(t, TABLE_BY_KEY, k, (struct str){value, VALUE_HEAD + id_len});
}

/* Whether this record says something about the key, and what. */
static bool
says(const delivery_record *d, enum key_use use, const struct keyed *old, struct keyed *new)
{
	const bool delivered = d->state == (int)DELIVERY_DELIVERED;

	if (use == KEY_DEDUPE && d->suppressed > 0) {
		*new = *old;
		new->count = d->suppressed > old->count ? d->suppressed : old->count;
		return old->seq != 0;
	}
	if (d->seq < old->seq)
		return false; /* an older event, settled late */
	*new = (struct keyed){.seq = d->seq, .at = {d->updated_ms}};
	str_copy(new->message_id, sizeof(new->message_id), str_of(d->message_id));
	switch (use) {
	case KEY_THREAD: return delivered && d->thread_id[0] == '\0';
	case KEY_UPDATE: return delivered;
	default:
		/* A repeat of what was given up is not a repeat. */
		new->at.ms = d->created_ms;
		return d->state != (int)DELIVERY_SKIPPED && d->state != (int)DELIVERY_FAILED &&
		       d->state != (int)DELIVERY_CANCELED;
	}
}

static const char *
text_of(const delivery_record *d, enum key_use use)
{
	switch (use) {
	case KEY_THREAD: return d->thread_key;
	case KEY_UPDATE: return d->update_key;
	default: return d->dedupe_key;
	}
}

void
keyed_note(struct txn *t, const delivery_record *d)
{
	for (enum key_use use = 0; use < KEY_USES; use++) {
		const struct str text = str_of(text_of(d, use));
		struct keyed old = {0}, new;
		struct str value;

		if (text.len == 0)
			continue;
		const struct key k = key_of(str_of(d->workspace), str_of(d->rule), use, text);
		if (txn_get(t, TABLE_BY_KEY, &k, &value) && !read_value(value, &old))
			old = (struct keyed){0};
		if (says(d, use, &old, &new))
			put(t, &k, &new);
	}
}

void
keyed_forget(struct txn *t, const delivery_record *d)
{
	for (enum key_use use = 0; use < KEY_USES; use++) {
		const struct str text = str_of(text_of(d, use));
		struct keyed v;
		struct str value;

		if (text.len == 0)
			continue;
		const struct key k = key_of(str_of(d->workspace), str_of(d->rule), use, text);
		if (txn_get(t, TABLE_BY_KEY, &k, &value) && read_value(value, &v) &&
		    v.seq == d->seq)
			txn_delete(t, TABLE_BY_KEY, &k);
	}
}
