#include "flow/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* A destination that only remembers what it is asked to say. */
static struct dest_digest asked;

static const struct dest_body *
remember(const struct dest_digest *g, struct arena *a)
{
	asked = *g;
	return ARENA_NEW(a, struct dest_body);
}

static const struct dest_type recorder = {.name = "recorder", .digest = remember};
static const struct dest_template template = {.type = &recorder};
static const struct rule rule = {.template = &template};

enum { ITEMS = 30 };

struct storm {
	struct message *m;
	struct digest_item items[ITEMS];
	delivery_record deliveries[ITEMS];
	event_record events[ITEMS];
	char types[ITEMS][16];
};

/* Each event is of a type of its own, but for the first two, which share one. */
static void
storm_init(struct storm *s)
{
	*s = (struct storm){.m = message_new(ORIGIN_LEDGER, 1)};
	s->m->event.workspace = STR("acme");
	message_deliveries(s->m, 1);
	s->m->deliveries[0].rule = &rule;
	for (int i = 0; i < ITEMS; i++) {
		carillon__v1__delivery_record__init(&s->deliveries[i]);
		carillon__v1__event_record__init(&s->events[i]);
		snprintf(s->types[i], sizeof(s->types[i]), "type.%d", i == 1 ? 0 : i);
		s->events[i].type = s->types[i];
		s->events[i].received_ms = 1000 - i;
		s->events[i].severity = (char *)(uintptr_t)(i % 2 ? "high" : "");
		s->items[i] = (struct digest_item){&s->deliveries[i], &s->events[i]};
	}
}

static void
a_digest_counts_types_and_severities_and_knows_the_earliest(void **state)
{
	struct storm s;

	(void)state;
	storm_init(&s);
	digest_make(&s.m->deliveries[0], s.items, ITEMS, "");
	assert_non_null(s.m->deliveries[0].body);
	assert_int_equal(asked.n, ITEMS);
	assert_int_equal(asked.since.ms, 1000 - (ITEMS - 1));
	assert_int_equal(asked.types.n, DEST_TALLY_MAX);
	assert_int_equal(asked.types.counts[0], 2);
	assert_int_equal(asked.types.others, ITEMS - 1 - DEST_TALLY_MAX);
	assert_int_equal(asked.severities.n, 1);
	assert_int_equal(asked.severities.counts[0], ITEMS / 2);
	message_free(s.m);
}

static void
events_that_are_gone_still_count(void **state)
{
	struct storm s;

	(void)state;
	storm_init(&s);
	s.items[0].event = s.items[1].event = NULL;
	s.deliveries[1].created_ms = 7;
	digest_make(&s.m->deliveries[0], s.items, 2, "");
	assert_int_equal(asked.n, 2);
	assert_int_equal(asked.types.n, 0);
	assert_int_equal(asked.since.ms, 0);
	message_free(s.m);
}

static void
assert_leads_to(const char *setting, const char *url)
{
	struct storm s;

	storm_init(&s);
	digest_make(&s.m->deliveries[0], s.items, 2, setting);
	assert_true(str_eq(asked.history, str_of(url)));
	message_free(s.m);
}

static void
a_digest_leads_to_the_workspaces_history(void **state)
{
	(void)state;
	assert_leads_to("https://x.example/{workspace}/all", "https://x.example/acme/all");
	assert_leads_to("http://x.example/all", "http://x.example/all");
	assert_leads_to("javascript:{workspace}", "");
	assert_leads_to("", "");
}

static void
in_doubt_for_one_is_in_doubt_for_all(void **state)
{
	struct storm s;

	(void)state;
	storm_init(&s);
	digest_make(&s.m->deliveries[0], s.items, 2, "");
	assert_false(s.m->deliveries[0].maybe_posted);
	s.deliveries[2].maybe_posted = true;
	digest_make(&s.m->deliveries[0], s.items, 3, "");
	assert_true(s.m->deliveries[0].maybe_posted);
	assert_int_equal(s.m->deliveries[0].digest->n, 2);
	message_free(s.m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_digest_counts_types_and_severities_and_knows_the_earliest),
	    cmocka_unit_test(events_that_are_gone_still_count),
	    cmocka_unit_test(a_digest_leads_to_the_workspaces_history),
	    cmocka_unit_test(in_doubt_for_one_is_in_doubt_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
