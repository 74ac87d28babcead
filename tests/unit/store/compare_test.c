/* What one index has and another has not; and what else a repair asks of the index. */
#include "store_fixture.h"

static const char *
second_dir(struct fixture *f)
{
	return arena_printf(f->arena, "%s/second", f->dir).ptr;
}

static struct store *
open_second(struct fixture *f)
{
	const struct store_options o = small_options(second_dir(f));
	struct store *s;
	struct err e = {0};

	assert_true(store_open(&s, &o, &e));
	return s;
}

static void
put_in(struct store *s, uint64_t seq, enum delivery_state state)
{
	delivery_record d = delivery_of("acme", seq, "rule", state);

	apply_delivery_record(s, &d);
}

static bool
list_difference(const history_entry *ours, const history_entry *theirs, void *arg)
{
	struct listing *l = arg;
	const size_t len = strlen(l->text);
	const bool is_event = ours->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT;

	snprintf(l->text + len, sizeof(l->text) - len, "%s %llu%s ",
	    is_event ? "event" : "delivery",
	    (unsigned long long)(is_event ? ours->event->seq : ours->delivery->seq),
	    theirs == NULL ? " missing" : " otherwise");
	return ++l->count != l->stop_after;
}

static void
compare(struct store *ours, struct store *theirs, struct listing *l)
{
	struct txn *a = txn_read(ours, STORE_HISTORY), *b = txn_read(theirs, STORE_HISTORY);

	history_compare(a, b, list_difference, l);
	assert_null(txn_error(a));
	assert_null(txn_error(b));
	txn_end(b);
	txn_end(a);
}

static void
what_is_missing_or_otherwise_is_told(void **state)
{
	struct fixture *f = *state;
	struct store *second = open_second(f);
	struct listing there = {0}, back = {0}, one = {.stop_after = 1};

	put_event(f, "acme", 5, "e5");
	put_in(f->store, 1, DELIVERY_DELIVERED);
	put_in(second, 1, DELIVERY_DELIVERED);
	put_in(f->store, 2, DELIVERY_HELD);
	put_in(second, 2, DELIVERY_FAILED);
	put_in(f->store, 3, DELIVERY_HELD);
	put_in(second, 4, DELIVERY_HELD);
	compare(f->store, second, &there);
	assert_string_equal(
	    there.text, "event 5 missing delivery 2 otherwise delivery 3 missing ");
	compare(second, f->store, &back);
	assert_string_equal(back.text, "delivery 2 otherwise delivery 4 missing ");
	compare(f->store, second, &one);
	assert_string_equal(one.text, "event 5 missing ");
	store_close(second);
	store_remove(second_dir(f));
	assert_int_not_equal(access(second_dir(f), F_OK), 0);
}

static void
deliveries_that_are_not_final_are_found_from_a_sequence_on(void **state)
{
	struct fixture *f = *state;
	struct listing l = {0};
	struct txn *t;

	for (uint64_t seq = 1; seq <= 9; seq++)
		put_in(f->store, seq,
		    seq % 3 == 0   ? DELIVERY_DELIVERED
		    : seq % 3 == 1 ? DELIVERY_HELD
				   : DELIVERY_RETRYING);
	t = txn_read(f->store, STORE_HISTORY);
	ledger_each_open(t, f->arena, 4, list_delivery, &l);
	txn_end(t);
	assert_string_equal(l.text, "4/rule 5/rule 7/rule 8/rule ");
}

static uint64_t
seq_before(struct fixture *f, uint64_t seq)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	const event_record *rec = history_event_before(t, f->arena, seq);
	const uint64_t found = rec ? rec->seq : 0;

	assert_null(txn_error(t));
	txn_end(t);
	return found;
}

static void
the_nearest_event_before_a_sequence_is_found(void **state)
{
	struct fixture *f = *state;

	put_event(f, "acme", 3, "e3");
	put_event(f, "acme", 7, "e7");
	assert_int_equal(seq_before(f, 2), 0);
	assert_int_equal(seq_before(f, 3), 3);
	assert_int_equal(seq_before(f, 6), 3);
	assert_int_equal(seq_before(f, 7), 7);
	assert_int_equal(seq_before(f, UINT64_MAX), 7);
}

static bool
fill_state(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	state_apply(t, STR("acme.workspace.acme"), STR("a"), 1);
	state_apply(t, STR("acme.type.a/b"), STR("b"), 2);
	state_apply(t, STR("acme.rule.r"), STR("c"), 3);
	state_apply(t, STR("acme.rule.r"), STR(""), 4);
	store_set_applied(t, 4);
	store_set_mark(t, STR("put_1"));
	store_set_number(t, STORE_REPAIR, 3);
	return true;
}

static bool
reset_state(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	state_reset(t);
	return true;
}

static bool
list_version(struct str key, struct str bytes, uint64_t revision, void *arg)
{
	struct listing *l = arg;
	const size_t len = strlen(l->text);

	snprintf(l->text + len, sizeof(l->text) - len, "%.*s=%.*s@%llu ", STR_ARG(key),
	    STR_ARG(bytes), (unsigned long long)revision);
	return ++l->count != l->stop_after;
}

static void
list_versions(struct fixture *f, struct listing *l)
{
	struct txn *t = txn_read(f->store, STORE_STATE);

	state_each_version(t, list_version, l);
	assert_null(txn_error(t));
	txn_end(t);
}

static void
every_version_is_told_and_deletions_too(void **state)
{
	struct fixture *f = *state;
	struct listing all = {0}, two = {.stop_after = 2};

	write_store(f->store, STORE_STATE, fill_state, NULL);
	list_versions(f, &all);
	assert_string_equal(
	    all.text, "acme.workspace.acme=a@1 acme.type.a/b=b@2 acme.rule.r=@4 ");
	list_versions(f, &two);
	assert_int_equal(two.count, 2);
}

static void
a_reset_forgets_all(void **state)
{
	struct fixture *f = *state;
	struct listing l = {0};
	struct txn *t;

	write_store(f->store, STORE_STATE, fill_state, NULL);
	write_store(f->store, STORE_STATE, reset_state, NULL);
	list_versions(f, &l);
	assert_string_equal(l.text, "");
	t = txn_read(f->store, STORE_STATE);
	assert_int_equal(store_applied(t), 0);
	assert_int_equal(store_mark(t, f->arena).len, 0);
	assert_int_equal(store_number(t, STORE_REPAIR), 0);
	txn_end(t);
	/* What is applied again may have a smaller revision than it had. */
	write_store(f->store, STORE_STATE, fill_state, NULL);
	list_versions(f, &l);
	assert_int_equal(l.count, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(what_is_missing_or_otherwise_is_told),
	    STORE_TEST(deliveries_that_are_not_final_are_found_from_a_sequence_on),
	    STORE_TEST(the_nearest_event_before_a_sequence_is_found),
	    STORE_TEST(every_version_is_told_and_deletions_too),
	    STORE_TEST(a_reset_forgets_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
