#include "store_private.h"

static int
txn_begin_mdb(struct txn *t)
{
	return mdb_txn_begin(t->env->mdb, NULL, t->writes ? 0 : MDB_RDONLY, &t->mdb);
}

/* Begins, and again after following a map that another process has made larger. */
static bool
txn_begin(struct txn *t)
{
	for (int tries = 0; tries < 8; tries++) {
		env_enter(t->env);
		const int rc = txn_begin_mdb(t);
		if (rc == 0)
			return true;
		env_leave(t->env);
		t->mdb = NULL;
		if (rc != MDB_MAP_RESIZED)
			return txn_fail(t, rc);
		if (!env_resize(t->env, 0, &t->err))
			return false;
	}
	return txn_fail(t, MDB_MAP_RESIZED);
}

static void
txn_init(struct txn *t, struct store *s, enum store_env env, bool writes)
{
	*t = (struct txn){.store = s, .env = &s->envs[env], .writes = writes};
}

static void
txn_fini(struct txn *t)
{
	if (t->mdb) {
		mdb_txn_abort(t->mdb);
		env_leave(t->env);
	}
	arena_free(t->scratch);
	hours_drop(t);
}

struct txn *
txn_read(struct store *s, enum store_env env)
{
	struct txn *t = malloc(sizeof(*t));

	must(t);
	txn_init(t, s, env, false);
	(void)txn_begin(t); /* a failure is kept in the transaction */
	return t;
}

void
txn_end(struct txn *t)
{
	if (!t)
		return;
	must(!t->writes);
	txn_fini(t);
	free(t);
}

const struct err *
txn_error(const struct txn *t)
{
	return t->err.kind ? &t->err : NULL;
}

bool
txn_finish(struct txn *t, struct err *e)
{
	const bool ok = t->err.kind == ERR_NONE;

	if (!ok && e != NULL)
		*e = t->err;
	txn_end(t);
	return ok;
}

/* Runs `fill` and commits. False with t->rc == MDB_MAP_FULL asks for another round. */
static bool
write_once(struct txn *t, store_fill *fill, void *arg, struct err *e)
{
	if (!txn_begin(t))
		return false;
	const bool filled = fill(t, arg, e);
	if (filled)
		hours_flush(t);
	if (t->err.kind || !filled)
		return false;
	const int rc = mdb_txn_commit(t->mdb);
	t->mdb = NULL;
	env_leave(t->env);
	return rc == 0 || txn_fail(t, rc);
}

bool
store_write(struct store *s, enum store_env env, store_fill *fill, void *arg, struct err *e)
{
	for (;;) {
		struct txn t;
		txn_init(&t, s, env, true);
		const size_t size = env_map_size(t.env);
		const bool done = write_once(&t, fill, arg, e);
		txn_fini(&t);
		if (done)
			return true;
		if (t.rc != MDB_MAP_FULL) {
			if (t.err.kind && e)
				*e = t.err;
			return false;
		}
		if (!env_resize(t.env, size, e))
			return false;
	}
}

bool
txn_fail(struct txn *t, int rc)
{
	if (t->err.kind)
		return false;
	t->rc = rc;
	return env_fail(t->env, &t->err, rc);
}

bool
txn_fail_record(struct txn *t, uint64_t seq, const struct err *why)
{
	char text[200];

	if (t->err.kind)
		return false;
	snprintf(text, sizeof(text), "the record of sequence %llu: %.150s",
	    (unsigned long long)seq, why->text);
	return env_fail_corrupt(t->env, &t->err, text);
}

struct arena *
txn_scratch(struct txn *t)
{
	if (t->scratch)
		arena_reset(t->scratch);
	else
		t->scratch = arena_new(0);
	return t->scratch;
}

MDB_dbi
txn_table(const struct txn *t, enum table_id table)
{
	/* the same number is another table in the other environment */
	must(t->env == &t->store->envs[table >= TABLE_EVENT ? STORE_HISTORY : STORE_STATE]);
	return t->store->tables[table];
}

static MDB_val
val_of(struct str s)
{
	return (MDB_val){s.len, (void *)(uintptr_t)s.ptr}; /* LMDB does not write to it */
}

bool
txn_get(struct txn *t, enum table_id table, const struct key *k, struct str *out)
{
	MDB_val key = val_of(key_view(k)), value;

	*out = (struct str){0};
	if (t->err.kind || k->bad)
		return false;
	const int rc = mdb_get(t->mdb, txn_table(t, table), &key, &value);
	if (rc && rc != MDB_NOTFOUND)
		txn_fail(t, rc);
	if (rc)
		return false;
	*out = (struct str){value.mv_data, value.mv_size};
	return true;
}

/* Returns LMDB's code when it is `expected`; every other one but 0 is a failure. */
static int
txn_put_val(struct txn *t, enum table_id table, const struct key *k, MDB_val *value,
    unsigned flags, int expected)
{
	MDB_val key = val_of(key_view(k));

	must(t->writes);
	if (t->err.kind)
		return expected;
	if (k->bad)
		fail(&t->err, ERR_INPUT,
		    "the index cannot have \"%.*s\" as an id (table %s): it is too long, or "
		    "has a zero byte in it",
		    STR_ARG(key_view(k)), table_name(table));
	if (k->bad)
		return expected;
	const int rc = mdb_put(t->mdb, txn_table(t, table), &key, value, flags);
	if (rc && rc != expected)
		txn_fail(t, rc);
	return rc;
}

void
txn_put(struct txn *t, enum table_id table, const struct key *k, struct str value)
{
	MDB_val val = val_of(value);

	txn_put_val(t, table, k, &val, 0, 0);
}

bool
txn_put_new(struct txn *t, enum table_id table, const struct key *k, struct str value)
{
	MDB_val val = val_of(value);

	return txn_put_val(t, table, k, &val, MDB_NOOVERWRITE, MDB_KEYEXIST) == 0;
}

void
txn_delete(struct txn *t, enum table_id table, const struct key *k)
{
	MDB_val key = val_of(key_view(k));

	must(t->writes);
	if (t->err.kind || k->bad)
		return;
	const int rc = mdb_del(t->mdb, txn_table(t, table), &key, NULL);
	if (rc && rc != MDB_NOTFOUND)
		txn_fail(t, rc);
}

/* MDB_RESERVE: LMDB makes room and the message is packed there, without a copy between. */
static bool
put_message(struct txn *t, enum table_id table, const struct key *k, const ProtobufCMessage *m,
    unsigned flags, int expected)
{
	MDB_val room = {protobuf_c_message_get_packed_size(m), NULL};

	const int rc = txn_put_val(t, table, k, &room, flags | MDB_RESERVE, expected);
	if (t->err.kind || rc)
		return false;
	protobuf_c_message_pack(m, room.mv_data);
	return true;
}

void
txn_put_message(struct txn *t, enum table_id table, const struct key *k, const void *message)
{
	put_message(t, table, k, message, 0, 0);
}

bool
txn_append_message(struct txn *t, enum table_id table, const struct key *k, const void *message)
{
	return put_message(t, table, k, message, MDB_APPEND, MDB_KEYEXIST);
}

/* All zero when the transaction has failed. */
static MDB_stat
table_stat(struct txn *t, enum table_id table)
{
	MDB_stat stat = {0};

	if (t->err.kind)
		return stat;
	const int rc = mdb_stat(t->mdb, txn_table(t, table), &stat);
	if (rc)
		txn_fail(t, rc);
	return stat;
}

uint64_t
txn_bytes(struct txn *t, enum table_id table)
{
	const MDB_stat stat = table_stat(t, table);

	return (uint64_t)(stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
	       stat.ms_psize;
}

uint64_t
txn_count(struct txn *t, enum table_id table)
{
	const MDB_stat stat = table_stat(t, table);

	return stat.ms_entries;
}

void
txn_empty(struct txn *t, enum table_id table)
{
	if (t->err.kind)
		return;
	const int rc = mdb_drop(t->mdb, txn_table(t, table), 0);
	if (rc)
		txn_fail(t, rc);
}
