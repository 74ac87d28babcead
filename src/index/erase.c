/*
 * A history message holds records of many workspaces. One with records of the erased one is
 * replaced by copies with the others' records, as the index has them now, and then deleted:
 *
 *     read the index at sequence L -> publish copies, only right after L -> delete
 *
 * The condition keeps the order: between reading and publishing nobody wrote a newer record
 * that a copy would undo. Whoever applies the copies finds what is there already. Records grow,
 * so one message may become several; who dies in between copies again, which changes nothing.
 */
#include "carillon/index/erase.h"

#include "carillon/base/arena.h"
#include "carillon/index/catch_up.h"
#include "carillon/index/history_batch.h"
#include "carillon/base/records.h"

enum {
	STEP_RECORDS = 256, /* of the index in one transaction: more would stall the scribe */
	PUBLISH_WAIT_MS = 10000,
	PUBLISH_TRIES = 2000, /* against a service that writes all the time */
	PROGRESS_EVERY = 256,
	AT_ONCE = 64,       /* messages deleted before one is waited for */
	REVISIONS_MAX = 64, /* of a key, at most, in any bucket */
	BATCH_MEMORY = 64 * 1024 * 1024,
};

static void
show_progress(const struct erasure *x, const char *what, uint64_t done, uint64_t of)
{
	if (x->progress != NULL)
		x->progress(what, done, of, x->arg);
}

/* --- streams whose subjects name the workspace --- */

/* Up to AT_ONCE from `*at` on; fewer only when there are no more. */
static bool
find_messages(const struct erasure *x, enum stream s, uint64_t *at, uint64_t *seqs, size_t *n,
    struct err *e)
{
	struct broker_message m;

	*n = 0;
	while (*n < AT_ONCE) {
		if (!broker_next_of_workspace(x->broker, s, x->workspace, *at, &m, e))
			return e->kind == ERR_NOT_FOUND;
		seqs[(*n)++] = m.seq;
		*at = m.seq + 1;
		broker_message_free(&m);
	}
	return true;
}

static bool
erase_messages(struct erasure *x, enum stream s, const char *what, struct err *e)
{
	uint64_t seqs[AT_ONCE], at = 1, erased = 0;
	size_t n;

	do {
		if (!find_messages(x, s, &at, seqs, &n, e) ||
		    (n > 0 && !broker_erase_many(x->broker, s, seqs, n, e)))
			return false;
		erased += n;
		x->messages += n;
		show_progress(x, what, erased, 0);
	} while (n == AT_ONCE);
	return true;
}

/* --- a state bucket of other hands, whose messages cannot be deleted --- */

static bool
mark_deleted(struct erasure *x, struct str subject, struct err *e)
{
	struct broker_message last;
	char key[SUBJECT_MAX];

	if (!str_copy(key, sizeof(key), broker_state_key(x->broker, subject)))
		return fail(e, ERR_INPUT, "state key %.80s... is too long", key);
	if (!broker_state_get(x->broker, key, &last, e))
		return false;
	const struct state_change c = {.key = key, .expected = last.seq};
	broker_message_free(&last);
	return broker_state_delete(x->broker, &c, NULL, e);
}

/* A key keeps so many revisions: markers that it was deleted push out what it had. A purge
 * would leave none of them, but others' readers would skip changes: see broker_erase. */
static bool
push_out(struct erasure *x, const struct broker_message *m, struct err *e)
{
	struct broker_message still;

	for (int i = 0; i < REVISIONS_MAX; i++) {
		if (!mark_deleted(x, m->subject, e))
			return false;
		if (!broker_get(x->broker, STREAM_STATE, m->seq, &still, e))
			return e->kind == ERR_NOT_FOUND;
		broker_message_free(&still);
	}
	return fail(e, ERR_SETUP,
	    "the state bucket keeps more revisions of a key than it may; carillon check says "
	    "what to do");
}

static bool
push_out_state(struct erasure *x, struct err *e)
{
	struct broker_message m;
	uint64_t at = 1;
	bool ok = true;

	x->is_only_deleted = true;
	while (
	    ok && broker_next_of_workspace(x->broker, STREAM_STATE, x->workspace, at, &m, e)) {
		at = m.seq + 1;
		if (!m.is_delete) {
			ok = push_out(x, &m, e);
			x->messages += ok;
		}
		broker_message_free(&m);
	}
	return ok && e->kind == ERR_NOT_FOUND;
}

static bool
erase_bucket(struct erasure *x, struct err *e)
{
	return erase_messages(x, STREAM_STATE, "state", e) ||
	       (e->kind == ERR_DENIED && push_out_state(x, e));
}

/* --- the index --- */

struct step {
	struct str workspace;
	size_t gone;
};

static bool
erase_history(struct txn *t, void *arg, struct err *e)
{
	struct step *s = arg;

	(void)e;
	s->gone = history_erase(t, s->workspace, STEP_RECORDS);
	return true;
}

static bool
erase_state(struct txn *t, void *arg, struct err *e)
{
	struct step *s = arg;

	(void)e;
	s->gone = state_forget(t, s->workspace, STEP_RECORDS);
	return true;
}

static bool
erase_index(struct erasure *x, enum store_env env, store_fill *fill, struct err *e)
{
	struct step s = {.workspace = x->workspace};

	do {
		if (!store_write(x->store, env, fill, &s, e))
			return false;
		x->records += s.gone;
		show_progress(x, "index", x->records, 0);
	} while (s.gone > 0);
	return true;
}

/* --- history --- */

static struct str
workspace_of(const history_entry *entry)
{
	switch (entry->entry_case) {
	case CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT: return str_of(entry->event->workspace);
	case CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY:
		return str_of(entry->delivery->workspace);
	default: return (struct str){0};
	}
}

static bool
concerns(const history_batch *batch, struct str workspace)
{
	for (size_t i = 0; i < batch->n_entries; i++)
		if (str_eq(workspace_of(batch->entries[i]), workspace))
			return true;
	return false;
}

/* Replaces the entry's record by what the index has now; false if it has expired there. */
static bool
renew(struct txn *t, struct arena *a, history_entry *entry)
{
	if (entry->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT) {
		entry->event = history_event(t, a, entry->event->seq);
		return entry->event != NULL;
	}
	if (entry->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY) {
		entry->delivery =
		    history_delivery(t, a, entry->delivery->seq, str_of(entry->delivery->rule));
		return entry->delivery != NULL;
	}
	return false;
}

/* Others' records of one message, on their way into copies. */
struct copying {
	const history_batch *from;
	const char *subject; /* of the message: whose history it is stays */
	size_t at;           /* entries that are copied already */
	size_t read;         /* and those in `batch` besides */
	uint64_t as_of;      /* sequence up to which what was read is true */
	uint64_t written;    /* of the newest copy */
	struct batch batch;
};

/* About a message's worth of records, renewed. */
static bool
read_others(struct erasure *x, struct copying *c, struct err *e)
{
	struct txn *t = txn_read(x->store, STORE_HISTORY);

	batch_clear(&c->batch);
	c->as_of = store_applied(t);
	for (c->read = c->at; c->read < c->from->n_entries && !batch_is_full(&c->batch);
	     c->read++) {
		history_entry entry = *c->from->entries[c->read];

		if (!str_eq(workspace_of(&entry), x->workspace) &&
		    renew(t, c->batch.arena, &entry))
			batch_add_entry(&c->batch, &entry, BATCH_APART);
	}
	return txn_finish(t, e);
}

/* What came since the index was read is our own copies, which say the same: each went right
 * after what was there. */
static bool
write_others(struct erasure *x, struct copying *c, struct err *e)
{
	const size_t limit = batch_limit(x->broker);
	struct str bytes;

	while (batch_take(&c->batch, limit, c->from->node, &bytes)) {
		const uint64_t after = c->as_of > c->written ? c->as_of : c->written;

		if (!broker_publish_after(x->broker,
			&(struct publication){c->subject, bytes, NULL, PUBLISH_WAIT_MS}, after,
			&c->written, e))
			return false;
	}
	c->at = c->read;
	return true;
}

static bool
copy_others(struct erasure *x, struct copying *c, struct err *e)
{
	for (int tries = 0; tries < PUBLISH_TRIES; tries++) {
		while (c->at < c->from->n_entries)
			if (!read_others(x, c, e) || !write_others(x, c, e))
				break;
		if (c->at == c->from->n_entries)
			return true;
		/* The service wrote meanwhile: apply that, and read again. */
		if (e->kind != ERR_CONFLICT || !history_catch_up(x->broker, x->store, e))
			return false;
	}
	return fail(e, ERR_TEMP,
	    "the service writes history all the time: try again when it "
	    "has less to do");
}

static bool
publish_others(
    struct erasure *x, const history_batch *batch, const char *subject, struct err *e)
{
	struct copying c = {.from = batch, .subject = subject};
	bool ok;

	batch_init(&c.batch);
	ok = copy_others(x, &c, e);
	batch_fini(&c.batch);
	return ok;
}

static bool
rewrite(struct erasure *x, const struct broker_message *bm, struct err *e)
{
	struct arena *a = arena_new(BATCH_MEMORY);
	void *batch;
	bool ok = true;

	if (record_unpack(
		&carillon__v1__history_batch__descriptor, a, bm->data, &batch, NULL) &&
	    concerns(batch, x->workspace)) {
		ok = publish_others(x, batch, arena_cstr(a, bm->subject), e) &&
		     broker_erase(x->broker, STREAM_HISTORY, bm->seq, e);
		x->batches += ok;
	}
	arena_free(a);
	return ok;
}

struct rewriting {
	struct erasure *erasure;
	uint64_t first, last; /* sequences of the stream, at first */
};

static bool
rewrite_next(const struct broker_message *bm, void *arg, struct err *e)
{
	const struct rewriting *r = arg;
	const bool ok = rewrite(r->erasure, bm, e);

	if (bm->seq % PROGRESS_EVERY == 0 || bm->seq >= r->last)
		show_progress(
		    r->erasure, "history", bm->seq - r->first + 1, r->last - r->first + 1);
	return ok;
}

static bool
erase_batches(struct erasure *x, struct err *e)
{
	struct stream_info info;

	if (!broker_stream_info(x->broker, STREAM_HISTORY, &info, e))
		return false;
	/* Copies come after what there was at first, and have nothing to erase. */
	return info.messages == 0 ||
	       broker_read_each(x->broker,
		   &(struct stream_span){
		       STREAM_HISTORY, "history stream", info.first_seq, info.last_seq},
		   rewrite_next, &(struct rewriting){x, info.first_seq, info.last_seq}, e);
}

bool
erase_pass(struct erasure *x, uint64_t *found, struct err *e)
{
	uint64_t before = x->messages + x->batches + x->records;
	bool ok = history_catch_up(x->broker, x->store, e) &&
	          erase_messages(x, STREAM_EVENTS, "events", e) &&
	          erase_messages(x, STREAM_OPS, "operator events", e) && erase_batches(x, e) &&
	          history_catch_up(x->broker, x->store, e) &&
	          erase_index(x, STORE_HISTORY, erase_history, e);

	if (ok && x->state_too)
		ok = erase_bucket(x, e) && erase_index(x, STORE_STATE, erase_state, e);

	*found = x->messages + x->batches + x->records - before;
	return ok;
}
