#include "flow/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const wall_t now = {1000000};
static const struct retry_policy policy = {
    .schedule = {.delay_ms = {0, 5000, 30000, 120000}, .steps = 4},
    .jitter_percent = 0,
    .nak_delay_max_ms = 45000,
};

static struct message *
message(void)
{
	struct message *m = message_new(ORIGIN_STREAM, 1);

	message_deliveries(m, 1);
	return m;
}

/* As it comes back in another life, with what the ledger knows of it. */
static void
open_again(struct message *m)
{
	struct delivery *d = &m->deliveries[0];
	const uint32_t spent = d->spent;
	const bool maybe_posted = d->maybe_posted;
	const struct rule *rule = d->rule;

	arena_free(d->arena);
	message_deliveries(m, 1);
	d = &m->deliveries[0];
	d->spent = spent;
	d->maybe_posted = maybe_posted;
	d->rule = rule;
	delivery_open(d, false);
}

static struct delivery *
after(struct message *m, enum verdict verdict, bool ambiguous)
{
	struct delivery *d;

	open_again(m);
	d = &m->deliveries[0];
	d->outcome = (struct outcome){.verdict = verdict,
	    .ambiguous = ambiguous,
	    .retry_after_ms = -1,
	    .reason = "it was so"};
	retry_decide(&policy, d, now, 0);
	return d;
}

static void
a_failure_is_retried_by_the_schedule_and_then_given_up(void **state)
{
	struct message *m = message();
	struct delivery *d;

	(void)state;
	d = after(m, VERDICT_LATER, false);
	assert_int_equal(d->state, DELIVERY_RETRYING);
	assert_int_equal(d->due.ms, now.ms + 5000);
	d = after(m, VERDICT_LATER, false);
	assert_int_equal(d->state, DELIVERY_RETRYING);
	assert_int_equal(d->due.ms, now.ms + 30000);
	d = after(m, VERDICT_LATER, false);
	assert_int_equal(d->state, DELIVERY_PARKED);
	assert_int_equal(d->due.ms, now.ms + 120000);
	d = after(m, VERDICT_LATER, false);
	assert_int_equal(d->state, DELIVERY_FAILED);
	assert_non_null(strstr(d->reason.ptr, "given up after 4 attempts"));
	assert_int_equal(d->remedy.repair, REPAIR_SEND_AGAIN);
	message_free(m);
}

static void
a_pause_asked_for_is_kept_exactly_and_costs_no_attempt(void **state)
{
	struct message *m = message();
	struct delivery *d = &m->deliveries[0];

	(void)state;
	delivery_open(d, false);
	d->outcome = (struct outcome){.verdict = VERDICT_THROTTLED, .retry_after_ms = 7000};
	retry_decide(&policy, d, now, 12345);
	assert_int_equal(d->state, DELIVERY_RETRYING);
	assert_int_equal(d->due.ms, now.ms + 7000);
	assert_int_equal(d->spent, 0);
	message_free(m);
}

static void
a_refused_credential_is_held_and_costs_no_attempt(void **state)
{
	struct message *m = message();

	(void)state;
	assert_int_equal(after(m, VERDICT_HOLD_CONNECTION, false)->state, DELIVERY_HELD);
	assert_int_equal(m->deliveries[0].spent, 0);
	message_free(m);
}

static void
doubt_stays_until_the_end(void **state)
{
	struct message *m = message();

	(void)state;
	assert_true(after(m, VERDICT_LATER, true)->maybe_posted);
	assert_true(after(m, VERDICT_LATER, false)->maybe_posted);
	message_free(m);
}

static void
a_rule_that_prefers_silence_is_not_retried_after_doubt(void **state)
{
	struct message *m = message();
	struct rule rule = {.prefer_silence = true};

	(void)state;
	m->deliveries[0].rule = &rule;
	assert_int_equal(after(m, VERDICT_LATER, false)->state, DELIVERY_RETRYING);
	assert_int_equal(after(m, VERDICT_LATER, true)->state, DELIVERY_SKIPPED);
	message_free(m);
}

static void
an_unknown_code_is_retried_twice(void **state)
{
	struct message *m = message();

	(void)state;
	assert_int_not_equal(after(m, VERDICT_LATER_FEW, false)->state, DELIVERY_FAILED);
	assert_int_not_equal(after(m, VERDICT_LATER_FEW, false)->state, DELIVERY_FAILED);
	assert_int_equal(after(m, VERDICT_LATER_FEW, false)->state, DELIVERY_FAILED);
	message_free(m);
}

static void
a_quota_is_not_tried_again_within_half_an_hour(void **state)
{
	struct message *m = message();
	struct delivery *d = after(m, VERDICT_LATER_SLOWLY, false);

	(void)state;
	assert_int_equal(d->state, DELIVERY_PARKED);
	assert_true(d->due.ms >= now.ms + 1800000);
	message_free(m);
}

static void
who_says_when_it_works_again_is_not_asked_before(void **state)
{
	struct message *m = message();
	struct delivery *d;

	(void)state;
	open_again(m);
	d = &m->deliveries[0];
	d->outcome = (struct outcome){.verdict = VERDICT_LATER, .retry_after_ms = 600000};
	retry_decide(&policy, d, now, 0);
	assert_int_equal(d->due.ms, now.ms + 600000);
	assert_int_equal(d->spent, 1);
	message_free(m);
}

static void
jitter_stays_within_its_percentage(void **state)
{
	struct retry_policy p = policy;
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	p.jitter_percent = 20;
	for (uint32_t i = 0; i < 100000; i++) {
		int64_t ms = retry_delay_ms(&p, NULL, 1, i * 2654435761u);

		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	assert_in_range(least, 4000, 4010);
	assert_in_range(most, 5990, 6000);
}

static void
a_rules_own_schedule_comes_first(void **state)
{
	const uint32_t own[] = {1, 2};
	struct rule rule = {.n_retry = 2, .retry_s = own};

	(void)state;
	assert_int_equal(retry_delay_ms(&policy, &rule, 1, 0), 2000);
	assert_int_equal(retry_delay_ms(&policy, &rule, 2, 0), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_failure_is_retried_by_the_schedule_and_then_given_up),
	    cmocka_unit_test(a_pause_asked_for_is_kept_exactly_and_costs_no_attempt),
	    cmocka_unit_test(a_refused_credential_is_held_and_costs_no_attempt),
	    cmocka_unit_test(doubt_stays_until_the_end),
	    cmocka_unit_test(a_rule_that_prefers_silence_is_not_retried_after_doubt),
	    cmocka_unit_test(an_unknown_code_is_retried_twice),
	    cmocka_unit_test(a_quota_is_not_tried_again_within_half_an_hour),
	    cmocka_unit_test(who_says_when_it_works_again_is_not_asked_before),
	    cmocka_unit_test(jitter_stays_within_its_percentage),
	    cmocka_unit_test(a_rules_own_schedule_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
