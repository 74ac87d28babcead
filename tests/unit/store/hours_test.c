#include "store_fixture.h"

#include "store/store_private.h"

enum { HOUR = 3600 * 1000 };

/* "hour: state=count ..." of a workspace. */
struct hours {
	char text[8192];
	size_t stop_after, count;
};

static bool
write_hour(wall_t hour, const uint32_t counts[static DELIVERY_STATES], void *arg)
{
	struct hours *h = arg;
	size_t len = strlen(h->text);

	len += (size_t)snprintf(
	    h->text + len, sizeof(h->text) - len, "%lld:", (long long)(hour.ms / HOUR));
	assert_int_equal(hour.ms % HOUR, 0);
	for (int s = 0; s < DELIVERY_STATES; s++)
		if (counts[s])
			len += (size_t)snprintf(h->text + len, sizeof(h->text) - len, " %s=%u",
			    s ? delivery_state_name((enum delivery_state)s) : "unknown",
			    counts[s]);
	snprintf(h->text + len, sizeof(h->text) - len, "; ");
	return ++h->count != h->stop_after;
}

static const char *
hours_between(struct fixture *f, const char *workspace, int64_t from, int64_t to)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	struct hours h = {0};

	history_each_hour(t, str_of(workspace), (wall_t){from}, (wall_t){to}, write_hour, &h);
	assert_true(txn_finish(t, NULL));
	return arena_cstr(f->arena, str_of(h.text));
}

static const char *
all_hours(struct fixture *f, const char *workspace)
{
	return hours_between(f, workspace, INT64_MIN, INT64_MAX);
}

static void
put_at(struct fixture *f, const char *workspace, uint64_t seq, enum delivery_state state,
    int64_t created_ms)
{
	delivery_record d = delivery_of(workspace, seq, "r", state);

	d.created_ms = created_ms;
	apply_delivery_record(f->store, &d);
}

static void
deliveries_are_counted_in_the_hour_of_their_creation(void **state)
{
	struct fixture *f = *state;

	put_at(f, "acme", 1, DELIVERY_DELIVERED, 5 * HOUR);
	put_at(f, "acme", 2, DELIVERY_DELIVERED, 6 * HOUR - 1);
	put_at(f, "acme", 3, DELIVERY_FAILED, 5 * HOUR + 7);
	put_at(f, "acme", 4, DELIVERY_HELD, 6 * HOUR);
	put_at(f, "acme-2", 5, DELIVERY_HELD, 5 * HOUR);
	put_at(f, "acme", 6, DELIVERY_SKIPPED, 0);
	/* What nobody can have written is not applied, and so not counted. */
	put_at(f, "acme", 7, (enum delivery_state)99, 9 * HOUR);
	put_at(f, "acme", 8, DELIVERY_SKIPPED, -1);
	assert_string_equal(
	    all_hours(f, "acme"), "0: skipped=1; 5: delivered=2 failed=1; 6: held=1; ");
	assert_string_equal(all_hours(f, "acme-2"), "5: held=1; ");
	assert_string_equal(all_hours(f, "acm"), "");
}

static void
a_delivery_that_changes_is_counted_once(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 3; round++) { /* applying again changes nothing */
		put_at(f, "acme", 1, DELIVERY_SENDING, 5 * HOUR);
		put_at(f, "acme", 1, DELIVERY_RETRYING, 5 * HOUR + 1000);
		assert_string_equal(all_hours(f, "acme"), "5: retrying=1; ");
		put_at(f, "acme", 1, DELIVERY_DELIVERED, 5 * HOUR);
		assert_string_equal(all_hours(f, "acme"), "5: delivered=1; ");
	}
	put_at(f, "acme", 1, DELIVERY_DELIVERED, 8 * HOUR);
	assert_string_equal(all_hours(f, "acme"), "8: delivered=1; ");
	/* a sequence that the stream gave to another workspace */
	put_at(f, "zed", 1, DELIVERY_DELIVERED, 8 * HOUR);
	assert_string_equal(all_hours(f, "acme"), "");
	assert_string_equal(all_hours(f, "zed"), "8: delivered=1; ");
}

static void
a_span_begins_with_the_hour_that_has_its_beginning(void **state)
{
	struct fixture *f = *state;
	struct hours two = {.stop_after = 2};

	for (int hour = 1; hour <= 5; hour++)
		put_at(f, "acme", (uint64_t)hour, DELIVERY_FAILED, hour * (int64_t)HOUR + 5);
	assert_string_equal(
	    hours_between(f, "acme", 2 * HOUR, 4 * HOUR), "2: failed=1; 3: failed=1; ");
	assert_string_equal(hours_between(f, "acme", 2 * HOUR + 999, 4 * HOUR + 1),
	    "2: failed=1; 3: failed=1; 4: failed=1; ");
	assert_string_equal(hours_between(f, "acme", 4 * HOUR, 4 * HOUR), "");
	assert_string_equal(hours_between(f, "acme", 9 * HOUR, INT64_MAX), "");
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	history_each_hour(t, STR("acme"), (wall_t){0}, (wall_t){INT64_MAX}, write_hour, &two);
	txn_end(t);
	assert_string_equal(two.text, "1: failed=1; 2: failed=1; ");
}

/* --- against a naive recount --- */

enum { SEQS = 40, STEPS = 3000, SPAN_H = 6 };

static const char *const WORKSPACES[] = {"acme", "acme-2", "zed"};
static const char *const RULE_IDS[] = {"a", "b"};

static uint32_t seed = 20261127;

static uint32_t
chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

struct recount {
	uint32_t n[SPAN_H + 1][DELIVERY_STATES];
};

static bool
count_one(const delivery_record *d, void *arg)
{
	struct recount *r = arg;

	r->n[d->created_ms / HOUR][d->state]++;
	return true;
}

static const char *
recounted(struct fixture *f, const char *workspace)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	struct recount r = {0};
	struct hours h = {0};

	history_each_delivery_of(
	    t, f->arena, &(struct delivery_list){str_of(workspace)}, count_one, &r);
	assert_true(txn_finish(t, NULL));
	for (int hour = 0; hour <= SPAN_H; hour++) {
		uint32_t sum = 0;
		for (int s = 0; s < DELIVERY_STATES; s++)
			sum += r.n[hour][s];
		if (sum)
			(void)write_hour((wall_t){hour * (int64_t)HOUR}, r.n[hour], &h);
	}
	return arena_cstr(f->arena, str_of(h.text));
}

struct forgetting {
	const char *workspace; /* NULL: by age */
	wall_t before;
	size_t max;
};

static bool
fill_forget(struct txn *t, void *arg, struct err *e)
{
	const struct forgetting *x = arg;

	(void)e;
	if (x->workspace)
		(void)history_erase(t, str_of(x->workspace), x->max);
	else
		(void)history_expire(t, x->before, x->max);
	return true;
}

static void
step(struct fixture *f)
{
	const uint64_t seq = 1 + chance(SEQS);
	const char *workspace = WORKSPACES[seq % COUNT_OF(WORKSPACES)];
	struct forgetting x = {.before = {(int64_t)chance(SEQS) * 1000}, .max = 1 + chance(5)};
	delivery_record d;

	switch (chance(12)) {
	case 0: write_store(f->store, STORE_HISTORY, fill_forget, &x); return;
	case 1:
		x.workspace = WORKSPACES[chance(COUNT_OF(WORKSPACES))];
		write_store(f->store, STORE_HISTORY, fill_forget, &x);
		return;
	case 2:
	case 3: put_event(f, workspace, seq, ""); return;
	default:
		/* mostly what a delivery is: the same hour in another state */
		d = delivery_of(workspace, seq, RULE_IDS[chance(2)],
		    (enum delivery_state)(1 + chance(DELIVERY_STATES - 1)));
		d.created_ms = (int64_t)(chance(10) ? seq % SPAN_H : chance(SPAN_H)) * HOUR;
		apply_delivery_record(f->store, &d);
	}
}

static void
the_counts_are_those_of_a_recount(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < STEPS; i++) {
		step(f);
		for (size_t w = 0; w < COUNT_OF(WORKSPACES); w++)
			assert_string_equal(
			    all_hours(f, WORKSPACES[w]), recounted(f, WORKSPACES[w]));
		arena_reset(f->arena);
	}
	for (size_t w = 0; w < COUNT_OF(WORKSPACES); w++) {
		struct forgetting x = {WORKSPACES[w], .max = SIZE_MAX};
		write_store(f->store, STORE_HISTORY, fill_forget, &x);
		assert_string_equal(all_hours(f, WORKSPACES[w]), "");
	}
}

/* --- in one transaction: more hours than it keeps counts of --- */

enum { MANY = 3000, MANY_HOURS = 700 };

struct many {
	bool fails;
	char seen[64]; /* of hour 3, before the end */
};

static bool
fill_many(struct txn *t, void *arg, struct err *e)
{
	struct many *m = arg;
	struct hours h = {0};
	history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;

	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	for (int round = 0; round < 2; round++)
		for (uint64_t seq = 1; seq <= MANY; seq++) {
			delivery_record d = delivery_of(
			    "acme", seq, "r", round ? DELIVERY_DELIVERED : DELIVERY_SENDING);
			d.created_ms = (int64_t)(seq % MANY_HOURS) * HOUR;
			entry.delivery = &d;
			history_apply(t, &entry);
		}
	history_each_hour(
	    t, STR("acme"), (wall_t){3 * HOUR}, (wall_t){4 * HOUR}, write_hour, &h);
	snprintf(m->seen, sizeof(m->seen), "%s", h.text);
	return !m->fails || fail(e, ERR_TEMP, "not today");
}

static bool
sum_delivered(wall_t hour, const uint32_t counts[static DELIVERY_STATES], void *arg)
{
	(void)hour;
	assert_int_equal(counts[DELIVERY_SENDING], 0);
	*(uint64_t *)arg += counts[DELIVERY_DELIVERED];
	return true;
}

static void
a_transaction_may_have_any_number_of_hours(void **state)
{
	struct fixture *f = *state;
	struct many m = {.fails = true};
	struct forgetting x = {"acme", .max = SIZE_MAX};
	uint64_t sum = 0;
	struct err e;

	assert_false(store_write(f->store, STORE_HISTORY, fill_many, &m, &e));
	assert_string_equal(all_hours(f, "acme"), "");
	m.fails = false;
	write_store(f->store, STORE_HISTORY, fill_many, &m);
	assert_string_equal(m.seen, "3: delivered=5; ");
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	history_each_hour(
	    t, STR("acme"), (wall_t){0}, (wall_t){INT64_MAX}, sum_delivered, &sum);
	txn_end(t);
	assert_int_equal(sum, MANY);
	write_store(f->store, STORE_HISTORY, fill_forget, &x);
	assert_string_equal(all_hours(f, "acme"), "");
}

/* --- an index of an older version --- */

static bool
fill_as_before(struct txn *t, void *arg, struct err *e)
{
	(void)e;
	txn_empty(t, TABLE_HOURS);
	meta_set_number(t, STR("schema"), *(const uint64_t *)arg);
	return true;
}

static void
reopen(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
	open_store(f);
}

static void
an_index_without_counts_is_counted_when_it_is_opened(void **state)
{
	struct fixture *f = *state;
	struct store_options o = small_options(f->dir);
	uint64_t schema = 1;
	struct err e = {0};

	for (uint64_t seq = 1; seq <= 100; seq++)
		put_at(f, seq % 2 ? "acme" : "zed", seq,
		    seq % 10 ? DELIVERY_DELIVERED : DELIVERY_FAILED,
		    (int64_t)(seq / 50) * HOUR);
	const char *acme = all_hours(f, "acme"), *zed = all_hours(f, "zed");
	assert_string_equal(acme, "0: delivered=25; 1: delivered=25; ");
	write_store(f->store, STORE_HISTORY, fill_as_before, &schema);
	assert_string_equal(all_hours(f, "acme"), "");
	store_close(f->store);
	f->store = NULL;
	o.read_only = true; /* who may not write cannot */
	assert_false(store_open(&f->store, &o, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_non_null(strstr(e.text, "`carillon serve` brings it up to date"));
	reopen(f);
	assert_string_equal(all_hours(f, "acme"), acme);
	assert_string_equal(all_hours(f, "zed"), zed);
	reopen(f); /* and not again */
	put_at(f, "acme", 1, DELIVERY_FAILED, 0);
	assert_string_equal(
	    all_hours(f, "acme"), "0: delivered=24 failed=1; 1: delivered=25; ");
}

/* --- the sequence of a time --- */

static uint64_t
seq_at(struct fixture *f, int64_t at_ms)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	const uint64_t seq = history_seq_at(t, (wall_t){at_ms});

	assert_true(txn_finish(t, NULL));
	return seq;
}

static void
a_time_has_a_sequence(void **state)
{
	struct fixture *f = *state;
	uint64_t known[64], n = 0, seq = 0;

	assert_int_equal(seq_at(f, 0), 1); /* one past none */
	while (n < COUNT_OF(known)) {
		seq += 1 + chance(1000);
		known[n++] = seq;
		put_event(f, n % 2 ? "acme" : "zed", seq, ""); /* received after seq seconds */
	}
	for (int i = 0; i < 3000; i++) {
		const int64_t at = (int64_t)chance((uint32_t)seq + 10) * 1000 - 500 * chance(3);
		uint64_t want = seq + 1;
		for (size_t j = n; j-- > 0;)
			if ((int64_t)known[j] * 1000 >= at)
				want = known[j];
		assert_int_equal(seq_at(f, at), want);
	}
	assert_int_equal(seq_at(f, INT64_MIN), known[0]);
	assert_int_equal(seq_at(f, INT64_MAX), seq + 1);
}

/* The clock of a broker that jumped, or a forged record: an answer, whatever it is. */
static void
times_in_disorder_have_a_sequence_too(void **state)
{
	struct fixture *f = *state;

	for (uint64_t seq = 1; seq <= 50; seq++) {
		event_record ev = CARILLON__V1__EVENT_RECORD__INIT;
		ev.workspace = (char *)(uintptr_t) "acme";
		ev.seq = seq;
		ev.received_ms = (int64_t)chance(50) - 5;
		apply_event_record(f->store, &ev);
	}
	for (int64_t at = -10; at < 60; at++)
		assert_in_range(seq_at(f, at), 1, 51);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(deliveries_are_counted_in_the_hour_of_their_creation),
	    STORE_TEST(a_delivery_that_changes_is_counted_once),
	    STORE_TEST(a_span_begins_with_the_hour_that_has_its_beginning),
	    STORE_TEST(the_counts_are_those_of_a_recount),
	    STORE_TEST(a_transaction_may_have_any_number_of_hours),
	    STORE_TEST(an_index_without_counts_is_counted_when_it_is_opened),
	    STORE_TEST(a_time_has_a_sequence),
	    STORE_TEST(times_in_disorder_have_a_sequence_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
