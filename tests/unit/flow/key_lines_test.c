#include "flow/key_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/message.h"

enum { MANY = 40 };

/* Delivery of event `seq`, which has the key `text` for a use. */
static struct message *
message_of(uint64_t seq, enum key_use use, struct str text)
{
	struct message *m = message_new(ORIGIN_LEDGER, seq);

	m->event.workspace = STR("acme");
	message_deliveries(m, 1);
	m->deliveries[0].rule_id = STR("r1");
	m->deliveries[0].key[use] = text;
	delivery_open(&m->deliveries[0], false);
	return m;
}

static struct message *
taken(struct key_lines *l, uint64_t seq, enum key_use use, struct str text)
{
	struct message *m = message_of(seq, use, text);

	key_lines_take(l, &m->deliveries[0]);
	return m;
}

/* Its record is safe: it is to wait for its key. */
static void
settle_waiting(struct key_lines *l, struct message *m)
{
	struct delivery *d = &m->deliveries[0];

	d->waits_for_key = true;
	delivery_wait(d, DELIVERY_PARKED, (wall_t){0}, STR(""), remedy_of(REPAIR_NONE));
	key_lines_settle(l, d);
	message_free(m);
}

static void
settle(struct key_lines *l, struct message *m)
{
	key_lines_settle(l, &m->deliveries[0]);
	message_free(m);
}

static void
who_finds_a_key_taken_is_called_when_it_is_free(void **state)
{
	struct key_lines *l = key_lines_new();
	struct message *first = taken(l, 1, KEY_THREAD, STR("a"));
	struct message *second = taken(l, 2, KEY_THREAD, STR("a"));
	struct message *other = taken(l, 3, KEY_THREAD, STR("b"));
	struct key_waiter called[4];

	(void)state;
	assert_false(first->deliveries[0].key_is_taken[KEY_THREAD]);
	assert_true(second->deliveries[0].key_is_taken[KEY_THREAD]);
	assert_false(other->deliveries[0].key_is_taken[KEY_THREAD]);
	settle_waiting(l, second);
	assert_false(key_lines_have_called(l));
	settle(l, first);
	assert_int_equal(key_lines_take_called(l, called, 4), 1);
	assert_int_equal(called[0].seq, 2);
	assert_string_equal(called[0].rule, "r1");
	assert_false(key_lines_have_called(l));
	settle(l, other);
	key_lines_free(l);
}

static void
who_is_safe_only_after_the_other_left_is_called_at_once(void **state)
{
	struct key_lines *l = key_lines_new();
	struct message *first = taken(l, 1, KEY_DEDUPE, STR("a"));
	struct message *second = taken(l, 2, KEY_DEDUPE, STR("a"));

	(void)state;
	settle(l, first);
	assert_false(key_lines_have_called(l));
	settle_waiting(l, second);
	assert_true(key_lines_have_called(l));
	key_lines_free(l);
}

static void
replies_come_one_by_one_and_of_changes_the_newest_first(void **state)
{
	struct key_waiter called[MANY];

	(void)state;
	for (enum key_use use = KEY_THREAD; use <= KEY_UPDATE; use++) {
		struct key_lines *l = key_lines_new();
		struct message *first = taken(l, 1, use, STR("a")), *next;
		size_t n;

		for (uint64_t seq = MANY; seq > 1; seq--)
			settle_waiting(l, taken(l, seq, use, STR("a")));
		settle(l, first);
		n = key_lines_take_called(l, called, MANY);
		assert_int_equal(n, use == KEY_THREAD ? 1 : 16);
		assert_int_equal(called[0].seq, use == KEY_THREAD ? 2 : MANY);
		next = taken(l, called[0].seq, use, STR("a"));
		assert_false(next->deliveries[0].key_is_taken[use]);
		settle(l, next); /* whatever became of it, the line goes on */
		assert_true(key_lines_take_called(l, called, MANY) > 0);
		key_lines_free(l);
	}
}

static void
who_goes_without_a_word_keeps_nobody_waiting(void **state)
{
	struct key_lines *l = key_lines_new();
	struct message *first = taken(l, 1, KEY_UPDATE, STR("a"));
	struct message *again;

	(void)state;
	key_lines_release(l, &first->deliveries[0]);
	key_lines_release(l, &first->deliveries[0]);
	again = taken(l, 2, KEY_UPDATE, STR("a"));
	assert_false(again->deliveries[0].key_is_taken[KEY_UPDATE]);
	settle(l, again);
	message_free(first);
	key_lines_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_finds_a_key_taken_is_called_when_it_is_free),
	    cmocka_unit_test(who_is_safe_only_after_the_other_left_is_called_at_once),
	    cmocka_unit_test(replies_come_one_by_one_and_of_changes_the_newest_first),
	    cmocka_unit_test(who_goes_without_a_word_keeps_nobody_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
