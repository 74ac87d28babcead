#include "flow/delivery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flow/message.h"

#include <cmocka.h>

static struct message *
message(void)
{
	struct message *m = message_new(ORIGIN_STREAM, 1);

	message_deliveries(m, 1);
	return m;
}

static void
what_is_claimed_first_is_claimed_once(void **state)
{
	struct message *m = message();
	struct delivery *d = &m->deliveries[0];

	(void)state;
	assert_false(delivery_is_open(d));
	delivery_open(d, true);
	assert_true(delivery_is_open(d) && delivery_wants_claim(d));
	delivery_claim(d);
	assert_int_equal(d->state, DELIVERY_SENDING);
	assert_true(delivery_is_open(d));
	assert_false(delivery_wants_claim(d));
	message_free(m);
}

static void
the_last_word_says_why_and_when(void **state)
{
	struct message *m = message();
	struct delivery *d = &m->deliveries[0];

	(void)state;
	delivery_open(d, false);
	assert_false(delivery_wants_claim(d));
	delivery_wait(d, DELIVERY_RETRYING, (wall_t){77}, STR("it was away"),
	    (struct remedy){REPAIR_WAIT, STR("wait")});
	assert_false(delivery_is_open(d));
	assert_int_equal(d->due.ms, 77);
	assert_true(
	    str_eq(d->reason, STR("it was away")) && str_eq(d->remedy.action, STR("wait")));
	delivery_park_instead(d);
	assert_int_equal(d->state, DELIVERY_PARKED);
	assert_int_equal(d->due.ms, 77);
	delivery_reword(d, STR("it is away"));
	assert_true(
	    str_eq(d->reason, STR("it is away")) && str_eq(d->remedy.action, STR("wait")));
	message_free(m);
}

static void
doubt_is_added_and_never_taken_away(void **state)
{
	struct message *m = message();
	struct delivery *d = &m->deliveries[0];

	(void)state;
	delivery_doubt(d, false);
	assert_false(d->maybe_posted);
	delivery_doubt(d, true);
	delivery_doubt(d, false);
	assert_true(d->maybe_posted);
	message_free(m);
}

/* Whether the process survives a change to `to` from `from`. */
static bool
may_move(enum delivery_state from, enum delivery_state to)
{
	const struct rlimit no_core = {0};
	int status;
	pid_t child = fork();

	if (child == 0) {
		struct message *m = message();
		struct delivery *d = &m->deliveries[0];

		setrlimit(RLIMIT_CORE, &no_core);
		(void)!freopen("/dev/null", "w", stderr);
		d->state = from;
		if (to == DELIVERY_PENDING)
			delivery_open(d, false);
		else if (to == DELIVERY_SENDING)
			delivery_claim(d);
		else if (to == DELIVERY_RETRYING || to == DELIVERY_PARKED)
			delivery_wait(d, to, (wall_t){1}, STR("why"), remedy_of(REPAIR_NONE));
		else
			delivery_settle(d, to, STR("why"), remedy_of(REPAIR_NONE));
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
only_the_moves_of_the_table_are_made(void **state)
{
	static const bool legal[DELIVERY_STATES][DELIVERY_STATES] = {
#define MOVE(FROM, TO, when) [DELIVERY_##FROM][DELIVERY_##TO] = true,
#include "flow/delivery_moves.def"
#undef MOVE
	};

	(void)state;
	for (int from = DELIVERY_NONE; from < DELIVERY_STATES; from++)
		for (int to = DELIVERY_PENDING; to < DELIVERY_STATES; to++)
			assert_int_equal(
			    may_move((enum delivery_state)from, (enum delivery_state)to),
			    legal[from][to]);
}

static void
what_is_over_stays_as_it_is(void **state)
{
	const enum delivery_state last[] = {DELIVERY_DELIVERED, DELIVERY_FAILED,
	    DELIVERY_SKIPPED, DELIVERY_CANCELED, DELIVERY_PARKED, DELIVERY_HELD};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(last); i++)
		for (int to = DELIVERY_PENDING; to < DELIVERY_STATES; to++)
			assert_false(may_move(last[i], (enum delivery_state)to));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_claimed_first_is_claimed_once),
	    cmocka_unit_test(the_last_word_says_why_and_when),
	    cmocka_unit_test(doubt_is_added_and_never_taken_away),
	    cmocka_unit_test(only_the_moves_of_the_table_are_made),
	    cmocka_unit_test(what_is_over_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
