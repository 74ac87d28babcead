/* What an environment knows about itself: names in its table "meta". */
#include "store_private.h"

static enum table_id
meta_table(const struct txn *t)
{
	return t->env == &t->store->envs[STORE_STATE] ? TABLE_STATE_META : TABLE_HISTORY_META;
}

uint64_t
meta_number(struct txn *t, struct str name)
{
	const struct key k = key_text(name);
	struct str value;

	if (!txn_get(t, meta_table(t), &k, &value) || value.len != 8)
		return 0;
	return number_get(value.ptr);
}

void
meta_set_number(struct txn *t, struct str name, uint64_t n)
{
	const struct key k = key_text(name);
	char value[8];

	number_put(value, n);
	txn_put(t, meta_table(t), &k, (struct str){value, sizeof(value)});
}

uint64_t
store_applied(struct txn *t)
{
	return meta_number(t, STR("applied"));
}

uint64_t
store_applied_now(struct store *s, enum store_env env)
{
	struct txn *t = txn_read(s, env);
	uint64_t seq = store_applied(t);

	txn_end(t);
	return seq;
}

void
store_set_applied(struct txn *t, uint64_t seq)
{
	meta_set_number(t, STR("applied"), seq);
}

static struct str
meta_text(struct txn *t, struct arena *a, struct str name)
{
	const struct key k = key_text(name);
	struct str value;

	if (!txn_get(t, meta_table(t), &k, &value))
		return (struct str){0};
	return arena_str(a, value);
}

static void
meta_set_text(struct txn *t, struct str name, struct str text)
{
	const struct key k = key_text(name);

	txn_put(t, meta_table(t), &k, text);
}

struct str
store_stream_id(struct txn *t, struct arena *a)
{
	return meta_text(t, a, STR("stream"));
}

void
store_set_stream_id(struct txn *t, struct str id)
{
	meta_set_text(t, STR("stream"), id);
}

struct str
store_mark(struct txn *t, struct arena *a)
{
	return meta_text(t, a, STR("mark"));
}

void
store_set_mark(struct txn *t, struct str msg_id)
{
	meta_set_text(t, STR("mark"), msg_id);
}

void
store_advance(struct txn *t, uint64_t seq, struct str msg_id)
{
	if (seq <= store_applied(t))
		return;
	store_set_applied(t, seq);
	store_set_mark(t, msg_id);
}

/* Stored: never rename one. */
static const char *const NUMBERS[STORE_NUMBERS] = {
    [STORE_REPAIR] = "repair",
    [STORE_EVENTS_GOOD] = "events_good",
    [STORE_EVENTS_END] = "events_end",
    [STORE_ACTIVE_LIMIT] = "active_limit",
    [STORE_COMPARED] = "compared",
    [STORE_OLD_SEALS] = "old_seals",
};

const char *
store_number_name(enum store_number which)
{
	return NUMBERS[which];
}

uint64_t
store_number(struct txn *t, enum store_number which)
{
	return meta_number(t, str_of(NUMBERS[which]));
}

void
store_set_number(struct txn *t, enum store_number which, uint64_t n)
{
	meta_set_number(t, str_of(NUMBERS[which]), n);
}
