/* The word expect: what is to be seen from outside, and in history. */
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "player.h"

enum { WITHIN_STEP_MS = 100 };

/* --- what the peers saw --- */

static bool
is_of(const struct fake_request *r, const char *target)
{
	return target == NULL || fake_target_is(target, r->peer);
}

#define COUNT_REQUESTS(name, condition)                                    \
	int64_t measure_##name(struct story *s, const char *target)        \
	{                                                                  \
		int64_t n = 0;                                             \
		(void)s;                                                   \
		for (size_t i = 0; i < fake_request_count(); i++) {        \
			const struct fake_request *r = fake_request_at(i); \
			n += is_of(r, target) && (condition);              \
		}                                                          \
		return n;                                                  \
	}
COUNT_REQUESTS(requests, true)
COUNT_REQUESTS(posts, r->is_posted)
COUNT_REQUESTS(early, r->is_early)
COUNT_REQUESTS(replies, r->is_posted && r->is_reply)
COUNT_REQUESTS(updates, r->is_posted && r->is_update)
COUNT_REQUESTS(repeats, r->is_repeat)
COUNT_REQUESTS(crowded, r->is_posted && r->is_crowded)
COUNT_REQUESTS(distinct, r->is_posted && !r->is_repeat)
#undef COUNT_REQUESTS

int64_t
measure_gap(struct story *s, const char *target)
{
	int64_t least = INT64_MAX, last = -1;

	(void)s;
	for (size_t i = 0; i < fake_request_count(); i++) {
		const struct fake_request *r = fake_request_at(i);

		if (!is_of(r, target) || !r->is_posted)
			continue;
		if (last >= 0 && r->at.ms - last < least)
			least = r->at.ms - last;
		last = r->at.ms;
	}
	return least;
}

static const struct published_event *
published_of(const struct story *s, const struct fake_request *r)
{
	char workspace[128], id[200];

	str_copy(workspace, sizeof(workspace), (struct str){r->peer, strcspn(r->peer, "/")});
	str_copy(id, sizeof(id), (struct str){r->delivery, strcspn(r->delivery, ":")});
	return story_published(s, workspace, id);
}

/* The sequence of the newest event that the message had shown before the request. */
static uint64_t
shown_before(const struct story *s, size_t at, uint64_t message)
{
	uint64_t newest = 0;

	for (size_t i = 0; i < at; i++) {
		const struct fake_request *r = fake_request_at(i);
		const struct published_event *p = published_of(s, r);

		if (r->is_posted && !r->is_reply && r->message == message && p != NULL &&
		    p->seq > newest)
			newest = p->seq;
	}
	return newest;
}

int64_t
measure_outdated(struct story *s, const char *target)
{
	int64_t n = 0;

	for (size_t i = 0; i < fake_request_count(); i++) {
		const struct fake_request *r = fake_request_at(i);
		const struct published_event *p = published_of(s, r);

		n += is_of(r, target) && r->is_posted && r->is_update && p != NULL &&
		     p->seq < shown_before(s, i, r->message);
	}
	return n;
}

static bool
has_appeared(const struct published_event *p, const char *target)
{
	char head[EVENT_ID_MAX + 2];

	snprintf(head, sizeof(head), "%s:", p->id);
	for (size_t i = 0; i < fake_request_count(); i++) {
		const struct fake_request *r = fake_request_at(i);

		if (r->is_posted && is_of(r, target) && fake_target_is(p->workspace, r->peer) &&
		    str_starts_with(str_of(r->delivery), str_of(head)))
			return true;
	}
	return false;
}

int64_t
measure_missing(struct story *s, const char *target)
{
	int64_t n = 0;

	for (size_t i = 0; i < s->n_published; i++) {
		const struct published_event *p = &s->published[i];

		n += (target == NULL || fake_target_is(p->workspace, target)) &&
		     !has_appeared(p, target);
	}
	return n;
}

int64_t
measure_slowest(struct story *s, const char *target)
{
	int64_t most = -1;

	for (size_t i = 0; i < fake_request_count(); i++) {
		const struct fake_request *r = fake_request_at(i);
		const struct published_event *p = published_of(s, r);

		if (is_of(r, target) && r->is_posted && p != NULL && !r->is_repeat &&
		    r->at.ms - p->at.ms > most)
			most = r->at.ms - p->at.ms;
	}
	return most;
}

/* --- what history says --- */

struct tally {
	enum delivery_state state; /* DELIVERY_NONE: any */
	const char *target;
	bool only_flagged;
	int64_t n;
};

/* An attempt says that it may be a repeat; so do the reason, of what went out in a digest or
 * was let go, and the record of what had no attempt. */
static bool
is_flagged(const delivery_record *d)
{
	if (strstr(d->reason, "second time") != NULL ||
	    strstr(d->reason, "may have been posted") != NULL)
		return true;
	if (d->n_attempts == 0)
		return d->maybe_posted;
	for (size_t i = 0; i < d->n_attempts; i++)
		if (d->attempts[i]->possible_duplicate)
			return true;
	return false;
}

static bool
tally_one(const delivery_record *d, void *arg)
{
	struct tally *t = arg;
	char peer[400];

	snprintf(peer, sizeof(peer), "%s/%s/%s", d->workspace, d->connection, d->channel);
	t->n += (t->state == DELIVERY_NONE || (enum delivery_state)d->state == t->state) &&
	        (t->target == NULL || fake_target_is(t->target, peer)) &&
	        (!t->only_flagged || is_flagged(d));
	return true;
}

static void
each_delivery(struct story *s, delivery_each_fn *each, void *arg)
{
	for (int i = 0; i < s->n_workspaces; i++) {
		struct arena *a = arena_new(0);
		struct txn *t = txn_read(world_store(&s->world), STORE_HISTORY);

		history_each_delivery_of(
		    t, a, &(struct delivery_list){str_of(s->workspaces[i])}, each, arg);
		must(txn_error(t) == NULL);
		txn_end(t);
		arena_free(a);
	}
}

static int64_t
tally(struct story *s, enum delivery_state state, const char *target, bool only_flagged)
{
	struct tally t = {.state = state, .target = target, .only_flagged = only_flagged};

	each_delivery(s, tally_one, &t);
	return t.n;
}

int64_t
expect_tally(struct story *s, enum delivery_state state, const char *workspace)
{
	return tally(s, state, workspace, false);
}

int64_t
measure_flagged(struct story *s, const char *target)
{
	return tally(s, DELIVERY_NONE, target, true);
}

/* The record of the delivery behind a request, in `a`; NULL if there is none. */
static const delivery_record *
record_of(
    struct story *s, struct arena *a, const char *workspace, const char *id, const char *rule)
{
	struct txn *t = txn_read(world_store(&s->world), STORE_HISTORY);
	uint64_t seq = ledger_seq(t, str_of(workspace), str_of(id));
	const delivery_record *d = history_delivery(t, a, seq, str_of(rule));

	txn_end(t);
	return d;
}

/* Whether it appeared again and history does not say so. */
static bool
is_unflagged(struct story *s, const struct fake_request *r)
{
	const struct published_event *p = published_of(s, r);
	struct arena *a;
	const delivery_record *d;
	bool unflagged;

	if (!r->is_repeat || p == NULL)
		return false;
	a = arena_new(0);
	d = record_of(s, a, p->workspace, p->id, strrchr(r->delivery, ':') + 1);
	unflagged = d == NULL || !is_flagged(d);
	arena_free(a);
	return unflagged;
}

int64_t
measure_unflagged(struct story *s, const char *target)
{
	int64_t n = 0;

	for (size_t i = 0; i < fake_request_count(); i++)
		n += is_of(fake_request_at(i), target) && is_unflagged(s, fake_request_at(i));
	return n;
}

static bool
dump_one(const delivery_record *d, void *arg)
{
	int *left = arg;
	char due[CLOCK_TEXT_MAX];

	fprintf(stderr, "    %s/%s/%s to %s/%s: %s, %zu attempts, %u spent, due %s; %s\n",
	    d->workspace, d->event_id, d->rule, d->connection, d->channel,
	    delivery_state_name((enum delivery_state)d->state), d->n_attempts, d->spent,
	    d->due_ms != 0 ? clock_text((wall_t){d->due_ms}, due) : "never", d->reason);
	return --*left > 0;
}

static void
dump_requests(const struct story *s, const struct fake_request *of)
{
	for (size_t i = 0; i < fake_request_count(); i++) {
		const struct fake_request *r = fake_request_at(i);

		if (strcmp(r->peer, of->peer) == 0 && strcmp(r->delivery, of->delivery) == 0)
			fprintf(stderr, "    %s to %s %lld ms after the beginning: %s\n",
			    r->delivery, r->peer, (long long)(r->at.ms - s->world.began.ms),
			    r->is_posted ? "appeared" : "did not appear");
	}
}

int64_t
expect_unflagged(struct story *s)
{
	int64_t n = measure_unflagged(s, NULL);

	for (size_t i = 0; n > 0 && i < fake_request_count(); i++)
		if (is_unflagged(s, fake_request_at(i)))
			dump_requests(s, fake_request_at(i));
	return n;
}

void
expect_dump(struct story *s)
{
	char now[CLOCK_TEXT_MAX];
	int left = 20;

	fprintf(stderr, "    it is %s; of the newest deliveries, history says:\n",
	    clock_text(clock_wall(), now));
	each_delivery(s, dump_one, &left);
}

/* --- measures against numbers --- */

static const struct measure {
	const char *name;
	int64_t (*measure)(struct story *, const char *target);
} measures[] = {
#define MEASURE(name, sentence) {#name, measure_##name},
#include "measures.def"
#undef MEASURE
};

struct wish {
	const char *name, *target, *op;
	int64_t (*measure)(struct story *, const char *);
	enum delivery_state state; /* when `measure` is NULL */
	int64_t number;
};

static int64_t
measured(struct story *s, const struct wish *w)
{
	return w->measure != NULL ? w->measure(s, w->target)
	                          : tally(s, w->state, w->target, false);
}

static bool
is_granted(const struct wish *w, int64_t is)
{
	switch (w->op[0]) {
	case '=': return is == w->number;
	case '<': return is <= w->number;
	default: return is >= w->number;
	}
}

static bool
is_op(const char *word)
{
	return strcmp(word, "==") == 0 || strcmp(word, "<=") == 0 || strcmp(word, ">=") == 0;
}

static void
find_measure(struct line *l, struct wish *w)
{
	for (size_t i = 0; i < COUNT_OF(measures); i++)
		if (strcmp(measures[i].name, w->name) == 0)
			w->measure = measures[i].measure;
	w->state = delivery_state_of(str_of(w->name));
	if (w->measure == NULL && w->state == DELIVERY_NONE)
		line_fail(l, "\"%s\" is neither a measure nor a state", w->name);
}

static void
expect_number(struct story *s, struct line *l, const char *name)
{
	struct wish w = {.name = name};
	int64_t within_ms = 0, is;

	find_measure(l, &w);
	w.op = line_word(l, "==, <= or >=");
	if (!is_op(w.op)) {
		w.target = w.op;
		w.op = line_word(l, "==, <= or >=");
		if (!is_op(w.op))
			line_fail(l, "\"%s\" is not ==, <= or >=", w.op);
	}
	w.number = line_duration(l);
	if (line_takes(l, "within"))
		within_ms = line_duration(l);
	for (is = measured(s, &w); !is_granted(&w, is) && within_ms > 0;
	     within_ms -= WITHIN_STEP_MS) {
		uint64_t before = fake_activity;

		story_pass(s, l, WITHIN_STEP_MS);
		if (fake_activity != before)
			is = measured(s, &w);
	}
	if (is_granted(&w, is))
		return;
	expect_dump(s);
	line_fail(l, "%s%s%s is %lld, and %s %lld was expected", w.name, w.target ? " of " : "",
	    w.target ? w.target : "", (long long)is, w.op, (long long)w.number);
}

/* --- records --- */

static void
expect_text(struct story *s, struct line *l, const char *what, const char *has)
{
	const char *wants = line_word(l, "a text");

	if (strstr(has, wants) != NULL)
		return;
	expect_dump(s);
	line_fail(l, "its %s is \"%s\", which does not contain \"%s\"", what, has, wants);
}

static void
expect_count(struct line *l, const char *what, int64_t is)
{
	int64_t wanted = line_number(l, "a count");

	if (is != wanted)
		line_fail(l, "it has %lld %s", (long long)is, what);
}

static void
expect_of_delivery(struct story *s, struct line *l, const delivery_record *d)
{
	if (line_takes(l, "reason")) {
		expect_text(s, l, "reason", d->reason);
	} else if (line_takes(l, "action")) {
		expect_text(s, l, "action", d->action);
	} else if (line_takes(l, "repair")) {
		expect_text(s, l, "repair", repair_name((enum repair)d->repair));
	} else if (line_takes(l, "slot")) {
		expect_text(s, l, "last attempt's slot",
		    d->n_attempts > 0 ? d->attempts[d->n_attempts - 1]->slot : "");
	} else if (line_takes(l, "attempts")) {
		expect_count(l, "attempts", (int64_t)d->n_attempts);
	} else if (line_takes(l, "spent")) {
		expect_count(l, "attempts spent", d->spent);
	} else if (line_takes(l, "flagged")) {
		if (!is_flagged(d))
			line_fail(l, "it is not flagged as a possible duplicate");
	} else if (line_takes(l, "unflagged")) {
		if (is_flagged(d))
			line_fail(l, "it is flagged as a possible duplicate");
	} else {
		line_wants(l, "degraded");
		if (!d->degraded)
			line_fail(l, "it was not sent as plain text");
	}
}

static void
expect_delivery(struct story *s, struct line *l)
{
	struct arena *a = arena_new(0);
	char path[3][128];
	const delivery_record *d;

	line_path(l, 3, path, "WORKSPACE/EVENT/RULE");
	d = record_of(s, a, path[0], path[1], path[2]);
	if (d == NULL)
		line_fail(l, "history has no such delivery");
	line_wants(l, "is");
	if (!line_takes(l, delivery_state_name((enum delivery_state)d->state)))
		line_fail(l, "it is %s: %s", delivery_state_name((enum delivery_state)d->state),
		    d->reason);
	while (line_has_more(l))
		expect_of_delivery(s, l, d);
	arena_free(a);
}

static bool
find_event(const event_record *ev, void *arg)
{
	const event_record **found = arg;

	if (strcmp((*found)->event_id, ev->event_id) != 0)
		return true;
	*found = ev;
	return false;
}

static void
expect_event(struct story *s, struct line *l)
{
	struct arena *a = arena_new(0);
	char path[2][128];
	struct txn *t = txn_read(world_store(&s->world), STORE_HISTORY);
	event_record wanted = {0};
	const event_record *ev = &wanted;
	bool has_failed;

	line_path(l, 2, path, "WORKSPACE/EVENT");
	wanted.event_id = path[1];
	history_each_event_of(t, a, str_of(path[0]), 0, find_event, &ev);
	txn_end(t);
	line_wants(l, "is");
	if (line_takes(l, "gone")) {
		if (ev != &wanted)
			line_fail(l, "history still has it");
		arena_free(a);
		return;
	}
	if (ev == &wanted)
		line_fail(l, "history has no such event");
	has_failed = ev->status == CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED;
	if (!line_takes(l, has_failed ? "failed" : "received"))
		line_fail(l, "it is %s: %s", has_failed ? "failed" : "received", ev->reason);
	if (line_takes(l, "reason"))
		expect_text(s, l, "reason", ev->reason);
	if (line_takes(l, "matched") && line_number(l, "a count") != ev->matched)
		line_fail(l, "%u rules matched", ev->matched);
	arena_free(a);
}

/* --- order and times --- */

/* First appearances come in the order in which the events were published. */
static void
expect_order(struct story *s, struct line *l)
{
	const char *target = line_word(l, "a peer");
	uint64_t last = 0;

	for (size_t i = 0; i < fake_request_count(); i++) {
		const struct fake_request *r = fake_request_at(i);
		const struct published_event *p = published_of(s, r);

		if (!is_of(r, target) || !r->is_posted || p == NULL || r->is_repeat)
			continue;
		if (p->seq < last)
			line_fail(l, "%s appeared after a later one", r->delivery);
		last = p->seq;
	}
	if (last == 0)
		line_fail(l, "nothing appeared");
}

/* The requests of one delivery left at these times after it was published. */
static void
expect_times(struct story *s, struct line *l)
{
	char path[3][128], delivery[300];
	const struct published_event *p;
	const int64_t give_ms = 1000; /* the ledger looks four times a second */

	line_path(l, 3, path, "WORKSPACE/EVENT/RULE");
	p = story_published(s, path[0], path[1]);
	if (p == NULL)
		line_fail(l, "nobody published it");
	snprintf(delivery, sizeof(delivery), "%s:%s", path[1], path[2]);
	for (size_t i = 0; i < fake_request_count(); i++) {
		const struct fake_request *r = fake_request_at(i);
		int64_t is_ms = r->at.ms - p->at.ms, wanted_ms;

		if (strcmp(r->delivery, delivery) != 0 || !fake_target_is(path[0], r->peer))
			continue;
		if (!line_has_more(l))
			line_fail(l, "one more left after %lld ms", (long long)is_ms);
		wanted_ms = line_duration(l);
		if (is_ms < wanted_ms || is_ms > wanted_ms + give_ms)
			line_fail(l, "it left after %lld ms instead of %lld", (long long)is_ms,
			    (long long)wanted_ms);
	}
	if (line_has_more(l))
		line_fail(l, "none left at %s", line_word(l, "a time"));
}

void
word_expect(struct story *s, struct line *l)
{
	const char *what = line_word(l, "a measure");

	if (strcmp(what, "delivery") == 0)
		expect_delivery(s, l);
	else if (strcmp(what, "event") == 0)
		expect_event(s, l);
	else if (strcmp(what, "order") == 0)
		expect_order(s, l);
	else if (strcmp(what, "times") == 0)
		expect_times(s, l);
	else if (strcmp(what, "drained") == 0 && !s->was_finished)
		line_fail(l, "the last drain did not finish");
	else if (strcmp(what, "drained") != 0)
		expect_number(s, l, what);
}
