#include "store_private.h"

static void
scan_begin(struct scan *s, struct txn *t, enum table_id table, const struct key *prefix,
    const struct key *start)
{
	s->txn = t;
	s->cursor = NULL;
	s->prefix = *prefix;
	s->start = *start;
	if (txn_error(t) || prefix->bad || start->bad)
		return;
	const int rc = mdb_cursor_open(t->mdb, txn_table(t, table), &s->cursor);
	if (rc)
		txn_fail(t, rc);
}

void
scan_forward(struct scan *s, struct txn *t, enum table_id table, const struct key *prefix,
    const struct key *start)
{
	scan_begin(s, t, table, prefix, start);
	s->step = SCAN_START_FORWARD;
}

void
scan_backward(struct scan *s, struct txn *t, enum table_id table, const struct key *prefix,
    const struct key *start)
{
	scan_begin(s, t, table, prefix, start);
	s->step = SCAN_START_BACKWARD;
}

/* LMDB refuses an empty key, which stands for the start of the table. */
static int
scan_seek(struct scan *s, MDB_val *key, MDB_val *value)
{
	*key = (MDB_val){s->start.len, s->start.bytes};
	return mdb_cursor_get(s->cursor, key, value, s->start.len ? MDB_SET_RANGE : MDB_FIRST);
}

static int
scan_step(struct scan *s, MDB_val *key, MDB_val *value)
{
	int rc;

	switch (s->step) {
	case SCAN_START_FORWARD: s->step = SCAN_FORWARD; return scan_seek(s, key, value);
	case SCAN_START_BACKWARD:
		s->step = SCAN_BACKWARD;
		rc = scan_seek(s, key, value);
		if (rc == MDB_NOTFOUND)
			return mdb_cursor_get(s->cursor, key, value, MDB_LAST);
		return rc ? rc : mdb_cursor_get(s->cursor, key, value, MDB_PREV);
	case SCAN_FORWARD: return mdb_cursor_get(s->cursor, key, value, MDB_NEXT);
	case SCAN_BACKWARD: break;
	}
	return mdb_cursor_get(s->cursor, key, value, MDB_PREV);
}

bool
scan_next(struct scan *s)
{
	MDB_val key, value;

	if (!s->cursor || txn_error(s->txn))
		return false;
	const int rc = scan_step(s, &key, &value);
	if (rc && rc != MDB_NOTFOUND)
		txn_fail(s->txn, rc);
	if (rc)
		return false;
	s->key = (struct str){key.mv_data, key.mv_size};
	s->value = (struct str){value.mv_data, value.mv_size};
	return str_starts_with(s->key, key_view(&s->prefix));
}

void
scan_end(struct scan *s)
{
	if (s->cursor)
		mdb_cursor_close(s->cursor);
	s->cursor = NULL;
}
