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
		delivery_settle(&m->deliveries[i], DELIVERY_HELD, STR("paused"), STR("resume"));
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
		record_delivery(b, &m->deliveries[i], (struct handout){0}, (wall_t){1});
}

static void
an_event_for_every_rule_there_can_be_needs_no_more_than_was_asked_for(void **state)
{
	struct message *m = message_with(RULES_MAX);
	struct batch b;
	int events = 0;

	(void)state;
	batch_init(&b);
	while (b.n == 0 || batch_has_room(&b, record_needs(m))) {
		size_t before = b.n;

		add_all(&b, m);
		assert_true(b.n - before <= record_needs(m));
		events++;
	}
	assert_true(events >= 1);
	assert_true(b.n <= BATCH_ENTRIES_MAX);
	batch_fini(&b);
	message_free(m);
}

static void
what_was_pending_and_is_settled_in_one_batch_ends_settled(void **state)
{
	struct message *m = message_with(3);
	struct batch b;

	(void)state;
	batch_init(&b);
	add_all(&b, m);
	assert_true(batch_pack(&b, "node").len > 0);
	for (size_t i = 1; i < b.n; i++)
		assert_int_equal(
		    b.entries[i]->delivery->state, i % 2 ? DELIVERY_PENDING : DELIVERY_HELD);
	batch_fini(&b);
	message_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_event_for_every_rule_there_can_be_needs_no_more_than_was_asked_for),
	    cmocka_unit_test(what_was_pending_and_is_settled_in_one_batch_ends_settled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
