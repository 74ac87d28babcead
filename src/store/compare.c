/* What one history index has and another has not, or has otherwise. */
#include "store_private.h"

struct comparison {
	struct txn *ours, *theirs;
	struct arena *arena; /* of one pair of records */
	enum table_id table;
};

static bool
unpack_entry(
    struct comparison *c, struct txn *t, uint64_t seq, struct str bytes, history_entry *out)
{
	const bool is_event = c->table == TABLE_EVENT;
	void *record;
	struct err why;

	carillon__v1__history_entry__init(out);
	if (!record_unpack(is_event ? &carillon__v1__event_record__descriptor
				    : &carillon__v1__delivery_record__descriptor,
		c->arena, bytes, &record, &why))
		return txn_fail_record(t, seq, &why);
	out->entry_case = is_event ? CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT
	                           : CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	if (is_event)
		out->event = record;
	else
		out->delivery = record;
	return true;
}

static bool
give(struct comparison *c, struct str ours, struct str theirs, uint64_t seq,
    history_differs_fn *each, void *arg)
{
	history_entry mine, other;

	arena_reset(c->arena);
	if (!unpack_entry(c, c->ours, seq, ours, &mine) ||
	    (theirs.ptr && !unpack_entry(c, c->theirs, seq, theirs, &other)))
		return false;
	return each(&mine, theirs.ptr ? &other : NULL, arg);
}

static bool
compare_table(struct comparison *c, history_differs_fn *each, void *arg)
{
	const struct key all = key_empty();
	bool more = true;
	struct scan s;

	scan_forward(&s, c->ours, c->table, &all, &all);
	while (more && scan_next(&s) && !txn_error(c->theirs)) {
		const struct key k = key_text(s.key);
		struct str theirs = {0};
		if (txn_get(c->theirs, c->table, &k, &theirs) && str_eq(theirs, s.value))
			continue;
		more =
		    s.key.len < 8 || give(c, s.value, theirs, number_get(s.key.ptr), each, arg);
	}
	scan_end(&s);
	return more;
}

void
history_compare(struct txn *ours, struct txn *theirs, history_differs_fn *each, void *arg)
{
	struct comparison c = {ours, theirs, arena_new(0), TABLE_EVENT};

	if (compare_table(&c, each, arg)) {
		c.table = TABLE_DELIVERY;
		(void)compare_table(&c, each, arg);
	}
	arena_free(c.arena);
}
