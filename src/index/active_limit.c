#include "carillon/index/active_limit.h"

struct noting {
	uint64_t limit, most;
};

static bool
note(struct txn *t, void *arg, struct err *e)
{
	struct noting *n = arg;
	const uint64_t before = store_number(t, STORE_ACTIVE_LIMIT);

	(void)e;
	n->most = n->limit > before ? n->limit : before;
	if (n->most > before)
		store_set_number(t, STORE_ACTIVE_LIMIT, n->most);
	return true;
}

bool
active_limit_note(struct store *s, uint64_t limit, uint64_t *most, struct err *e)
{
	struct noting n = {.limit = limit};

	if (!store_write(s, STORE_HISTORY, note, &n, e))
		return false;
	*most = n.most;
	return true;
}

bool
active_limit_most(struct store *s, uint64_t limit, uint64_t *most, struct err *e)
{
	struct txn *t = txn_read(s, STORE_HISTORY);
	const uint64_t before = store_number(t, STORE_ACTIVE_LIMIT);

	*most = limit > before ? limit : before;
	return txn_finish(t, e);
}

static bool
forget(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	store_set_number(t, STORE_ACTIVE_LIMIT, 0);
	return true;
}

bool
active_limit_forget(struct store *s, struct err *e)
{
	return store_write(s, STORE_HISTORY, forget, NULL, e);
}
