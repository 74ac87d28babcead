#include "commit.h"

#include <sodium.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/index/tail.h"
#include "read_on.h"

enum {
	PUBLISH_WAIT_MS = 5000, /* of one try; there is no last one */
	RETRY_MIN_MS = 50,
	RETRY_MAX_MS = 2000,
	COMPLAIN_EVERY_MS = 10000,
};

struct commit {
	struct flow *flow;
	uint64_t boot; /* random: makes message ids of this life unlike those of any other */
	uint64_t n;    /* batches published in this life */
	uint64_t last; /* sequence of the newest of them, or applied before them */
};

struct commit *
commit_new(struct flow *f)
{
	struct commit *c = calloc(1, sizeof(*c));

	must(c != NULL);
	c->flow = f;
	randombytes_buf(&c->boot, sizeof(c->boot));
	c->last = store_applied_now(f->parts.store, STORE_HISTORY);
	return c;
}

void
commit_free(struct commit *c)
{
	free(c);
}

/* --- trying until it holds --- */

struct patience {
	struct flow *flow;
	const char *verb;
	int64_t pause_ms;
	mono_t complain_at;
};

/* After a failure: complains now and then, waits, doubling. False once all was abandoned. */
static bool
wait_and_retry(struct patience *p, const struct err *why)
{
	mono_t now = clock_mono();

	if (atomic_load(&p->flow->is_abandoned))
		return false;
	if (mono_reached(now, p->complain_at)) {
		log_error(p->verb, L_STR("error", why->text),
		    L_STR(
			"meanwhile", "nothing is acknowledged, nothing is lost; trying again"));
		p->complain_at = mono_after(now, COMPLAIN_EVERY_MS);
	}
	p->pause_ms = p->pause_ms == 0 ? RETRY_MIN_MS : 2 * p->pause_ms;
	if (p->pause_ms > RETRY_MAX_MS)
		p->pause_ms = RETRY_MAX_MS;
	flow_pause(p->pause_ms);
	return true;
}

enum { BATCH_ID_MAX = 64 };

static bool
publish(struct commit *c, struct str bytes, char id[static BATCH_ID_MAX], uint64_t *seq)
{
	struct broker *b = c->flow->parts.broker;
	struct patience p = {.flow = c->flow, .verb = "scribe.publish"};
	char subject[SUBJECT_MAX];
	struct err e = {0};

	subject_history(subject, b, 0);
	/* The same id for every try: a try that was stored but not answered is not stored
	 * twice. */
	snprintf(id, BATCH_ID_MAX, "h-%016llx-%llu", (unsigned long long)c->boot,
	    (unsigned long long)++c->n);
	while (!broker_publish(b, subject, bytes, id, PUBLISH_WAIT_MS, seq, &e)) {
		if (e.kind == ERR_SETUP || e.kind == ERR_NOT_FOUND) {
			struct err ignored;

			if (broker_ensure(b, &ignored))
				log_info(
				    "scribe.repaired", L_STR("stream", "history: made again"));
		}
		if (!wait_and_retry(&p, &e))
			return false;
	}
	return true;
}

/* --- applying --- */

struct application {
	history_entry **entries;
	size_t n;
	uint64_t seq;
	struct str id;        /* its message id, or empty */
	bool is_catching_up;  /* another process may have come further meanwhile */
	struct str stream_id; /* when it is to be remembered */
};

static bool
apply(struct txn *t, void *arg, struct err *e)
{
	const struct application *a = arg;

	(void)e;
	if (a->is_catching_up && a->seq <= store_applied(t))
		return true; /* older than what is there now */
	for (size_t i = 0; i < a->n; i++)
		history_apply(t, a->entries[i]);
	if (a->seq > store_applied(t)) {
		store_set_applied(t, a->seq);
		store_set_mark(t, a->id);
	}
	if (a->stream_id.len > 0)
		store_set_stream_id(t, a->stream_id);
	return true;
}

static bool
apply_packed(
    struct store *s, const struct broker_message *bm, struct str stream_id, struct err *e)
{
	struct arena *a = arena_new(64 * 1024 * 1024);
	struct application app = {
	    .seq = bm->seq, .id = bm->msg_id, .is_catching_up = true, .stream_id = stream_id};
	void *batch;
	bool ok;

	if (record_unpack(&carillon__v1__history_batch__descriptor, a, bm->data, &batch, e)) {
		app.entries = ((history_batch *)batch)->entries;
		app.n = ((history_batch *)batch)->n_entries;
	} else {
		/* One bad message must not keep the service from starting for ever. */
		log_error("history.unreadable", L_INT("seq", bm->seq), L_STR("error", e->text));
	}
	ok = store_write(s, STORE_HISTORY, apply, &app, e);
	arena_free(a);
	return ok;
}

static bool
apply_from(struct broker *b, struct store *s, uint64_t from, uint64_t until,
    struct str stream_id, struct err *e)
{
	struct reader *reader;
	struct broker_message bm;
	uint64_t at = from - 1;
	bool ok = true;

	if (!reader_open(&reader, b, STREAM_HISTORY, from, e))
		return false;
	while (ok && at < until) {
		if (read_on(reader, "history stream", &bm, e)) {
			at = bm.seq;
			ok = apply_packed(s, &bm, stream_id, e);
			broker_message_free(&bm);
		} else if (e->kind == ERR_NONE) { /* its newest were deleted */
			struct application end = {.seq = until, .stream_id = stream_id};

			at = until;
			ok = store_write(s, STORE_HISTORY, apply, &end, e);
		} else {
			ok = false;
		}
	}
	reader_close(reader);
	return ok;
}

bool
flow_catch_up_history(struct broker *b, struct store *s, struct err *e)
{
	struct tail tail;
	const struct stream_info *info = &tail.info;
	uint64_t from;

	if (!tail_look(&tail, b, s, STREAM_HISTORY, TAIL_ASK, e) ||
	    !tail_must_be_whole(&tail, e))
		return false;
	from = tail.applied + 1;
	if (from < info->first_seq)
		from = info->first_seq;
	if (info->messages == 0 || from > info->last_seq) {
		struct application none = {.stream_id = str_of(info->id)};

		return store_write(s, STORE_HISTORY, apply, &none, e);
	}
	log_info("history.catch_up", L_INT("from", from), L_INT("to", info->last_seq));
	return apply_from(b, s, from, info->last_seq, str_of(info->id), e);
}

/* A server that lost its newest messages while we run gives their sequences to others, and the
 * next start would not find what was lost. */
static bool
stream_grows(struct commit *c, uint64_t seq)
{
	struct patience p = {.flow = c->flow, .verb = "scribe.stream"};
	struct err e;

	if (seq > c->last) {
		c->last = seq;
		return true;
	}
	(void)fail(&e, ERR_CORRUPT,
	    "the history stream lost its tail while the service ran: it gave sequence %llu "
	    "again; it is repaired from the index at the next start",
	    (unsigned long long)seq);
	flow_break(c->flow, &e);
	while (wait_and_retry(&p, &e))
		;
	return false;
}

bool
commit_batch(struct commit *c, struct batch *b)
{
	struct patience p = {.flow = c->flow, .verb = "scribe.index"};
	struct application app = {.entries = b->entries, .n = b->n};
	struct store *s = c->flow->parts.store;
	struct err e = {0};
	char id[BATCH_ID_MAX];
	uint64_t applied;

	if (!publish(c, batch_pack(b, c->flow->node), id, &app.seq) ||
	    !stream_grows(c, app.seq))
		return false;
	app.id = str_of(id);
	applied = store_applied_now(s, STORE_HISTORY);
	/* Somebody else's batches came in between: in order, all of them. */
	while (app.seq > applied + 1 &&
	       !apply_from(c->flow->parts.broker, s, applied + 1, app.seq, (struct str){0}, &e))
		if (!wait_and_retry(&p, &e))
			return false;
	while (!store_write(s, STORE_HISTORY, apply, &app, &e))
		if (!wait_and_retry(&p, &e))
			return false;
	return true;
}
