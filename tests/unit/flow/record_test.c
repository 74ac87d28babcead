#include "flow/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "carillon/registry/registry.h"

#include <cmocka.h>

static struct message *
message_with(int n)
{
	struct message *m = message_new(ORIGIN_STREAM, 1);

	m->event =
	    (struct event){.workspace = STR("acme"), .id = STR("e1"), .type = STR("a.b")};
	message_deliveries(m, n);
	for (int i = 0; i < n; i++) {
		m->deliveries[i].rule_id = arena_printf(m->arena, "r%d", i);
		delivery_settle(
		    &m->deliveries[i], DELIVERY_HELD, STR("paused"), remedy_of(REPAIR_NONE));
	}
	return m;
}

/* As the scribe does with an event whose deliveries were all decided at intake. */
static void
add_all(struct batch *b, const struct message *m)
{
	record_event(b, m);
	for (int i = 0; i < m->n_deliveries; i++)
		record_pending(b, &m->deliveries[i], (struct handout){0}, (wall_t){1});
	for (int i = 0; i < m->n_deliveries; i++)
		record_delivery(
		    b, &m->deliveries[i], BATCH_APART, (struct handout){0}, (wall_t){1});
}

static void
what_was_pending_and_is_settled_in_one_batch_ends_settled(void **state)
{
	struct message *m = message_with(3);
	struct batch b;
	struct str bytes;

	(void)state;
	batch_init(&b);
	add_all(&b, m);
	assert_true(batch_take(&b, 100000, "node", &bytes));
	for (size_t i = 1; i < b.n; i++)
		assert_int_equal(
		    b.entries[i]->delivery->state, i % 2 ? DELIVERY_PENDING : DELIVERY_HELD);
	batch_fini(&b);
	message_free(m);
}

/* A process may die between two messages of a batch. */
static void
an_event_is_never_recorded_without_all_of_its_deliveries(void **state)
{
	struct message *m = message_with(RULES_MAX);
	struct batch b;
	struct str bytes;

	(void)state;
	batch_init(&b);
	add_all(&b, m);
	assert_true(batch_take(&b, 4096, "node", &bytes)); /* however small a message is */
	assert_int_equal(b.taken, 1 + RULES_MAX);
	assert_int_equal(b.entries[0]->entry_case, CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT);
	for (size_t i = 1; i < b.taken; i++)
		assert_int_equal(b.entries[i]->delivery->state, DELIVERY_PENDING);
	batch_fini(&b);
	message_free(m);
}

static void
the_delivery_that_an_event_comes_with_stays_with_it(void **state)
{
	struct message *m = message_with(1);
	struct batch b;
	struct str bytes;

	(void)state;
	batch_init(&b);
	record_event(&b, m);
	record_delivery(&b, &m->deliveries[0], BATCH_JOINED, (struct handout){0}, (wall_t){1});
	assert_true(batch_take(&b, 10, "node", &bytes));
	assert_int_equal(b.taken, 2);
	batch_fini(&b);
	message_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_pending_and_is_settled_in_one_batch_ends_settled),
	    cmocka_unit_test(an_event_is_never_recorded_without_all_of_its_deliveries),
	    cmocka_unit_test(the_delivery_that_an_event_comes_with_stays_with_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
