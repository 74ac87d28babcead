#include "carillon/registry/replay_selection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char failed_text[] = "failed", held_text[] = "held", delivered_text[] = "delivered",
	    sending_text[] = "sending", nonsense_text[] = "gone";
static char empty[] = "";

static replay_record
record(char **states, size_t n)
{
	replay_record r;

	carillon__v1__replay__init(&r);
	r.id = (char *)(uintptr_t) "rep_1";
	r.states = states;
	r.n_states = n;
	r.to_seq = 100;
	return r;
}

static struct replay_selection
selection(replay_record *r)
{
	struct replay_selection s;
	struct err e = {0};

	if (!replay_selection_of(r, &s, &e))
		fail_msg("%s", e.text);
	return s;
}

static void
refuses(replay_record *r, const char *words)
{
	struct replay_selection s;
	struct err e = {0};

	assert_false(replay_selection_of(r, &s, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	if (strstr(e.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static delivery_record
delivery(enum delivery_state state)
{
	delivery_record d;

	carillon__v1__delivery_record__init(&d);
	d.state = (Carillon__V1__DeliveryState)state;
	d.rule = (char *)(uintptr_t) "alerts";
	d.connection = (char *)(uintptr_t) "slack";
	d.replay = empty;
	return d;
}

static bool
wants(replay_record *r, enum delivery_state state)
{
	struct replay_selection s = selection(r);
	delivery_record d = delivery(state);

	return replay_wants(&s, &d);
}

static void
only_the_named_states_are_wanted(void **state)
{
	char *states[] = {failed_text};
	replay_record r = record(states, 1);

	(void)state;
	for (int i = 1; i < DELIVERY_STATES; i++)
		assert_int_equal(wants(&r, (enum delivery_state)i), i == DELIVERY_FAILED);
}

static void
what_was_delivered_is_wanted_only_when_asked_for_again(void **state)
{
	char *states[] = {failed_text, delivered_text};
	replay_record r = record(states, 2);

	(void)state;
	refuses(&r, "twice");
	r.n_states = 1;
	assert_false(wants(&r, DELIVERY_DELIVERED));
	r.again = true;
	assert_true(wants(&r, DELIVERY_DELIVERED));
	assert_true(wants(&r, DELIVERY_FAILED));
}

static void
what_it_has_taken_it_never_takes_again(void **state)
{
	char *states[] = {failed_text};
	replay_record r = record(states, 1);
	struct replay_selection s = selection(&r);
	delivery_record d = delivery(DELIVERY_FAILED);

	(void)state;
	d.replay = (char *)(uintptr_t) "rep_1";
	assert_false(replay_wants(&s, &d));
	assert_true(replay_has_taken(&s, &d));
	d.replay = (char *)(uintptr_t) "rep_0"; /* an earlier replay that failed too */
	assert_true(replay_wants(&s, &d));
	assert_false(replay_has_taken(&s, &d));
}

static void
counting_without_an_id_takes_no_first_delivery_for_its_own(void **state)
{
	char *states[] = {failed_text};
	replay_record r = record(states, 1);
	struct replay_selection s;
	delivery_record d = delivery(DELIVERY_FAILED);

	(void)state;
	r.id = empty;
	s = selection(&r);
	assert_false(replay_has_taken(&s, &d));
	assert_true(replay_wants(&s, &d));
}

static void
rule_and_connection_narrow_it(void **state)
{
	char *states[] = {failed_text};
	replay_record r = record(states, 1);

	(void)state;
	r.rule = (char *)(uintptr_t) "alerts";
	assert_true(wants(&r, DELIVERY_FAILED));
	r.rule = (char *)(uintptr_t) "alert";
	assert_false(wants(&r, DELIVERY_FAILED));
	r.rule = empty;
	r.connection = (char *)(uintptr_t) "slack";
	assert_true(wants(&r, DELIVERY_FAILED));
	r.connection = (char *)(uintptr_t) "other";
	assert_false(wants(&r, DELIVERY_FAILED));
}

static bool
wants_event(replay_record *r, uint64_t seq, int64_t received_ms)
{
	struct replay_selection s = selection(r);
	event_record ev;

	carillon__v1__event_record__init(&ev);
	ev.event_id = (char *)(uintptr_t) "evt_1";
	ev.seq = seq;
	ev.received_ms = received_ms;
	return replay_wants_event(&s, &ev);
}

static void
times_include_the_first_and_not_the_last_and_sequences_both(void **state)
{
	char *states[] = {failed_text};
	replay_record r = record(states, 1);

	(void)state;
	r.from_ms = 1000;
	r.to_ms = 2000;
	r.from_seq = 10;
	assert_true(wants_event(&r, 10, 1000));
	assert_true(wants_event(&r, 100, 1999));
	assert_false(wants_event(&r, 50, 999));
	assert_false(wants_event(&r, 50, 2000));
	assert_false(wants_event(&r, 9, 1500));
	assert_false(wants_event(&r, 101, 1500));
	r.event_id = (char *)(uintptr_t) "evt_2";
	assert_false(wants_event(&r, 50, 1500));
	r.event_id = (char *)(uintptr_t) "evt_1";
	assert_true(wants_event(&r, 50, 1500));
}

static void
what_cannot_be_done_is_refused_with_a_reason(void **state)
{
	char *failed[] = {failed_text}, *sending[] = {sending_text},
	     *nonsense[] = {nonsense_text}, *held[] = {held_text};
	replay_record r = record(sending, 1);

	(void)state;
	refuses(&r, "on their way");
	r = record(nonsense, 1);
	refuses(&r, "\"gone\"");
	r = record(NULL, 0);
	refuses(&r, "needs a delivery state");
	r = record(failed, 1);
	r.to_seq = 0;
	refuses(&r, "last sequence");
	r = record(failed, 1);
	r.from_ms = r.to_ms = 5;
	refuses(&r, "ends before");
	r = record(failed, 1);
	r.action = CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL;
	refuses(&r, "cannot be canceled");
	r = record(held, 1);
	r.action = CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL;
	assert_true(wants(&r, DELIVERY_HELD));
	r.todays_rules = true;
	refuses(&r, "today's rules");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_named_states_are_wanted),
	    cmocka_unit_test(what_was_delivered_is_wanted_only_when_asked_for_again),
	    cmocka_unit_test(what_it_has_taken_it_never_takes_again),
	    cmocka_unit_test(counting_without_an_id_takes_no_first_delivery_for_its_own),
	    cmocka_unit_test(rule_and_connection_narrow_it),
	    cmocka_unit_test(times_include_the_first_and_not_the_last_and_sequences_both),
	    cmocka_unit_test(what_cannot_be_done_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
