#include "commit.h"

#include <sodium.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/index/catch_up.h"

enum {
	PUBLISH_WAIT_MS = 5000, /* of one try; there is no last one */
	RETRY_MIN_MS = 50,
	RETRY_MAX_MS = 2000,
	COMPLAIN_EVERY_MS = 10000,
};

struct commit {
	struct flow *flow;
	uint64_t boot; /* random: makes message ids of this life unlike those of any other */
	uint64_t n;    /* messages published in this life */
};

struct commit *
commit_new(struct flow *f)
{
	struct commit *c = calloc(1, sizeof(*c));

	must(c != NULL);
	c->flow = f;
	randombytes_buf(&c->boot, sizeof(c->boot));
	f->parts.partition.applied = store_applied_now(f->parts.store, STORE_HISTORY);
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
	clock_sleep(p->pause_ms);
	return true;
}

enum { BATCH_ID_MAX = 64 };

static bool
publish(struct commit *c, struct str bytes, char id[static BATCH_ID_MAX], uint64_t *seq)
{
	struct broker *b = c->flow->parts.broker;
	struct patience p = {.flow = c->flow, .verb = "scribe.publish"};
	const char *subject = c->flow->parts.partition.history;
	struct err e = {0};

	/* The same id for every try: a try that was stored but not answered is not stored
	 * twice. */
	snprintf(id, BATCH_ID_MAX, "h-%016llx-%llu", (unsigned long long)c->boot,
	    (unsigned long long)++c->n);
	while (!broker_publish(
	    b, &(struct publication){subject, bytes, id, PUBLISH_WAIT_MS}, seq, &e)) {
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

/* A server that lost its newest messages while we run gives their sequences to others, and the
 * next start would not find what was lost. */
static bool
stream_grows(struct commit *c, uint64_t before, uint64_t seq)
{
	struct patience patience = {.flow = c->flow, .verb = "scribe.stream"};
	struct err e;

	if (seq > before)
		return true;
	(void)fail(&e, ERR_CORRUPT,
	    "the history stream lost its tail while the service ran: it gave sequence %llu "
	    "again; it is repaired from the index at the next start",
	    (unsigned long long)seq);
	flow_break(c->flow, &e);
	while (wait_and_retry(&patience, &e))
		;
	return false;
}

/* What was published of a batch. */
struct published {
	uint64_t first, last;  /* sequences */
	uint64_t n;            /* messages */
	char id[BATCH_ID_MAX]; /* of the last */
};

static bool
publish_all(struct commit *c, struct batch *b, struct published *out)
{
	const size_t limit = batch_limit(c->flow->parts.broker);
	struct str bytes;

	*out = (struct published){.last = c->flow->parts.partition.applied};
	for (; batch_take(b, limit, c->flow->node, &bytes); out->n++) {
		const uint64_t before = out->last;

		if (!publish(c, bytes, out->id, &out->last) ||
		    !stream_grows(c, before, out->last))
			return false;
		if (out->n == 0)
			out->first = out->last;
	}
	return true;
}

/* Somebody else's batches came in between: they are applied in order, all of them. */
static bool
apply_others(struct commit *c, const struct published *p)
{
	struct patience patience = {.flow = c->flow, .verb = "scribe.index"};
	struct store *s = c->flow->parts.store;
	const uint64_t applied = store_applied_now(s, STORE_HISTORY);
	struct err e = {0};

	if (p->first <= applied + 1 && p->last - p->first + 1 == p->n)
		return true;
	while (!history_catch_up_to(c->flow->parts.broker, s, applied + 1, p->last, &e))
		if (!wait_and_retry(&patience, &e))
			return false;
	return true;
}

bool
commit_batch(struct commit *c, struct batch *b)
{
	struct patience patience = {.flow = c->flow, .verb = "scribe.index"};
	struct history_applied app = {.n = b->n};
	struct published p;
	struct err e = {0};

	must(b->n > 0);
	if (!publish_all(c, b, &p) || !apply_others(c, &p))
		return false;
	app.entries = b->entries;
	app.seq = p.last;
	app.id = str_of(p.id);
	while (!history_apply_batch(c->flow->parts.store, &app, &e))
		if (!wait_and_retry(&patience, &e))
			return false;
	c->flow->parts.partition.applied = p.last;
	return true;
}
