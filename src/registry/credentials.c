#include "carillon/registry/credentials.h"

struct trying {
	const struct vault *vault;
	struct arena *arena;
	struct secret *clear;
	credential_fn *each;
	void *arg;
};

static bool
try_one(struct str workspace, struct str id, const struct state_value *v, void *arg)
{
	const struct stored_key key = {workspace, STATE_CONNECTION, id};
	struct trying *t = arg;
	const connection_record *c;
	struct err why;
	void *record;
	bool opens;

	arena_reset(t->arena);
	if (!stored_read(t->arena, &key, v->bytes, &record, NULL))
		return true;
	c = record;
	if (c->sealed.len == 0)
		return true;
	opens = vault_unseal(t->vault, workspace, id, record_bytes(&c->sealed), t->clear, &why);
	secret_clear(t->clear);
	return t->each(&key, opens ? NULL : &why, t->arg);
}

bool
credentials_try(
    struct store *s, const struct vault *v, credential_fn *each, void *arg, struct err *e)
{
	struct trying t = {v, arena_new(0), secret_new(SECRET_MAX), each, arg};
	struct txn *txn = txn_read(s, STORE_STATE);

	state_each_of_kind(txn, STATE_CONNECTION, try_one, &t);
	secret_free(t.clear);
	arena_free(t.arena);
	return txn_finish(txn, e);
}

struct key_trial {
	unsigned long long shut;
	bool one_opens;
	struct err first; /* of those that do not */
};

static bool
until_one_opens(const struct stored_key *key, const struct err *why, void *arg)
{
	struct key_trial *t = arg;

	(void)key;
	t->one_opens = why == NULL;
	if (why != NULL && t->shut++ == 0)
		t->first = *why;
	return !t->one_opens;
}

bool
credentials_check_key(struct store *s, const struct vault *v, struct err *e)
{
	struct key_trial trial = {0};

	if (!credentials_try(s, v, until_one_opens, &trial, e))
		return false;
	if (trial.one_opens || trial.shut == 0)
		return true;
	*e = trial.first;
	return trial.shut == 1
	           ? false
	           : fail_within(e, "none of %llu credentials opens; the first", trial.shut);
}
