/*
 * The history stream: an index of what the stream has left is made beside the one that has
 * everything, and what it lacks, or has of an older time, is published again. Then the index
 * reads the stream from its start: records are whole, so that changes only what was newer
 * there.
 */
#include <stdio.h>

#include "carillon/index/catch_up.h"
#include "carillon/index/history_batch.h"
#include "carillon/base/log.h"
#include "carillon/index/repair.h"

enum { PUBLISH_WAIT_MS = 10000, DIR_MAX = 1100 };

bool
repair_is_newer(const history_entry *ours, const history_entry *theirs)
{
	const delivery_record *a = ours->delivery, *b;

	if (theirs == NULL)
		return true;
	if (ours->entry_case != CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY)
		return false; /* an event's record is written once */
	b = theirs->delivery;
	if (a->updated_ms != b->updated_ms)
		return a->updated_ms > b->updated_ms;
	return a->state > b->state; /* as in a batch: what comes last is the state it is in */
}

struct refill {
	const struct index_parts *parts;
	struct batch batch;
	uint64_t n;
	struct err *err;
};

static bool
publish(struct refill *r)
{
	struct broker *b = r->parts->broker;
	const size_t limit = batch_limit(b);
	struct str bytes;
	bool ok = true;

	while (ok && batch_take(&r->batch, limit, r->parts->config->node_name, &bytes))
		ok = broker_publish(b,
		    &(struct publication){
			r->parts->partition->history, bytes, NULL, PUBLISH_WAIT_MS},
		    NULL, r->err);
	r->n += r->batch.n;
	batch_clear(&r->batch);
	return ok;
}

static bool
add(const history_entry *ours, const history_entry *theirs, void *arg)
{
	struct refill *r = arg;
	struct batch *b = &r->batch;
	struct str packed;
	void *copy;

	if (!repair_is_newer(ours, theirs))
		return true;
	packed = record_pack(b->arena, ours);
	must(record_unpack(
	    &carillon__v1__history_entry__descriptor, b->arena, packed, &copy, NULL));
	batch_add_entry(b, copy, BATCH_APART);
	return !batch_is_full(b) || publish(r);
}

static bool
publish_missing(struct refill *r, struct store *rest)
{
	struct txn *ours = txn_read(r->parts->store, STORE_HISTORY);
	struct txn *theirs = txn_read(rest, STORE_HISTORY);

	batch_init(&r->batch);
	*r->err = (struct err){0};
	history_compare(ours, theirs, add, r);
	if (r->err->kind == ERR_NONE && txn_error(ours) != NULL)
		*r->err = *txn_error(ours);
	if (r->err->kind == ERR_NONE && txn_error(theirs) != NULL)
		*r->err = *txn_error(theirs);
	if (r->err->kind == ERR_NONE)
		(void)publish(r);
	txn_end(theirs);
	txn_end(ours);
	batch_fini(&r->batch);
	return r->err->kind == ERR_NONE;
}

/* Makes the index of what is left, in a directory of its own, and fills the stream from it. */
static bool
refill(const struct index_parts *p, uint64_t *n, struct err *e)
{
	struct refill r = {.parts = p, .err = e};
	struct store *rest;
	char dir[DIR_MAX];
	struct store_options o = {.dir = dir, .state_map_mb = 1};
	bool ok;

	o.history_map_mb = (size_t)p->config->history_map_mb;
	snprintf(dir, sizeof(dir), "%s/repair", p->config->data_dir);
	store_remove(dir); /* of an attempt that was interrupted */
	if (!store_open(&rest, &o, e))
		return false;
	ok = history_catch_up(p->broker, rest, e) && publish_missing(&r, rest);
	store_close(rest);
	store_remove(dir);
	*n = r.n;
	return ok;
}

static bool
read_anew(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	store_set_number(t, STORE_REPAIR, 0);
	store_set_applied(t, 0);
	store_set_mark(t, STR(""));
	return true;
}

bool
repair_history(const struct index_parts *p, struct err *e)
{
	struct tail tail;
	char done[120];
	uint64_t n = 0;
	bool needed;

	if (!repair_is_needed(p, STREAM_HISTORY, &tail, &needed, e))
		return false;
	if (!needed)
		return true;
	if (!repair_write_begun(p, STORE_HISTORY, &tail, e) || !refill(p, &n, e) ||
	    !store_write(p->store, STORE_HISTORY, read_anew, NULL, e))
		return fail_within(e, "repair of stream %s", tail.info.name);
	snprintf(done, sizeof(done), "%llu records were published again from the index",
	    (unsigned long long)n);
	repair_is_done(p, &tail, done);
	return true;
}
