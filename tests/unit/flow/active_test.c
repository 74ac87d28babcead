#include "flow/active.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MANY = ACTIVE_OVERDUE_MAX + 6 };

/* The n-th of the stream, taken in hand at `at_ms`. */
static struct message *
message_taken(struct active *h, enum origin origin, uint64_t n, int64_t at_ms)
{
	struct message *m = message_new(origin, n);

	m->event.workspace = STR("acme");
	m->event.id = arena_printf(m->arena, "e%llu", (unsigned long long)n);
	m->reply = arena_printf(m->arena, "reply.%llu", (unsigned long long)n);
	m->taken_at = (mono_t){at_ms};
	message_deliveries(m, 1);
	assert_int_equal(active_take(h, m), ACTIVE_TAKEN);
	return m;
}

static size_t
overdue(struct active *h, int64_t now_ms, struct arena *a, struct str *replies)
{
	return active_overdue(h, (mono_t){now_ms}, 1000, a, replies);
}

static void
what_is_long_in_hand_is_reported_piece_by_piece_and_once(void **state)
{
	struct active *h = active_new(1000);
	struct message *all[MANY];
	struct str replies[ACTIVE_OVERDUE_MAX];
	struct arena *a = arena_new(0);

	(void)state;
	for (uint64_t i = 0; i < MANY; i++)
		all[i] = message_taken(h, ORIGIN_STREAM, i + 1, (int64_t)i);
	assert_int_equal(overdue(h, 999, a, replies), 0);
	assert_int_equal(overdue(h, 1000, a, replies), 1);
	assert_true(str_eq(replies[0], STR("reply.1")));
	assert_int_equal(overdue(h, 1500, a, replies), ACTIVE_OVERDUE_MAX);
	assert_true(str_eq(replies[0], STR("reply.2")));
	assert_int_equal(overdue(h, 1500, a, replies), MANY - 1 - ACTIVE_OVERDUE_MAX);
	assert_int_equal(overdue(h, 1500, a, replies), 0);
	assert_int_equal(overdue(h, 2000, a, replies), 1); /* the first again */
	for (int i = 0; i < MANY; i++) {
		active_release(h, all[i]);
		message_free(all[i]);
	}
	arena_free(a);
	active_free(h);
}

static void
what_the_ledger_brought_back_is_nobodys_to_report(void **state)
{
	struct active *h = active_new(10);
	struct message *m = message_taken(h, ORIGIN_LEDGER, 1, 0);
	struct str replies[ACTIVE_OVERDUE_MAX];
	struct arena *a = arena_new(0);

	(void)state;
	assert_int_equal(overdue(h, 5000, a, replies), 0);
	active_release(h, m);
	message_free(m);
	arena_free(a);
	active_free(h);
}

static void
a_message_weighs_as_much_as_it_has_deliveries(void **state)
{
	struct active *h = active_new(3);
	struct message *m = message_new(ORIGIN_STREAM, 1);

	(void)state;
	m->event.workspace = STR("acme");
	m->event.id = STR("e1");
	message_deliveries(m, 5);
	assert_int_equal(active_room(h), 3);
	assert_int_equal(active_take(h, m), ACTIVE_TAKEN);
	assert_int_equal(active_room(h), 0);
	assert_int_equal(active_count(h), 1);
	active_release(h, m);
	assert_int_equal(active_room(h), 3);
	message_free(m);
	active_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_long_in_hand_is_reported_piece_by_piece_and_once),
	    cmocka_unit_test(what_the_ledger_brought_back_is_nobodys_to_report),
	    cmocka_unit_test(a_message_weighs_as_much_as_it_has_deliveries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
