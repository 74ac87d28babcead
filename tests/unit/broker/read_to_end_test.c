#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/broker/broker.h"

#include <cmocka.h>
#undef fail /* ours is another */

/* A reader that says what it is told to; it stands in for src/broker/reader.c. */
struct reader {
	int silent; /* tries that find nothing, before the message */
	bool is_at_end;
	enum err_kind fails;
	int asked;
};

bool
reader_next(struct reader *r, int64_t wait_ms, struct broker_message *out, struct err *e)
{
	(void)wait_ms;
	r->asked++;
	if (r->fails != ERR_NONE)
		return fail(e, r->fails, "the connection is gone");
	if (r->asked <= r->silent)
		return fail(e, ERR_NONE, "no message in time");
	*out = (struct broker_message){.seq = 7};
	return true;
}

bool
reader_is_at_end(const struct reader *r)
{
	return r->is_at_end;
}

static bool
read_one(struct reader *r, struct broker_message *m, struct err *e)
{
	*m = (struct broker_message){0};
	*e = (struct err){0};
	return reader_read_to_end(r, "history stream", m, e);
}

static void
a_message_that_takes_its_time_is_waited_for(void **state)
{
	struct reader r = {.silent = 3};
	struct broker_message m;
	struct err e;

	(void)state;
	assert_true(read_one(&r, &m, &e));
	assert_int_equal(m.seq, 7);
}

static void
newest_messages_that_were_deleted_are_not_waited_for(void **state)
{
	struct reader r = {.silent = 1000, .is_at_end = true};
	struct broker_message m;
	struct err e;

	(void)state;
	assert_false(read_one(&r, &m, &e));
	assert_int_equal(e.kind, ERR_NONE);
	assert_int_equal(r.asked, 1);
}

static void
a_server_that_says_nothing_is_given_up_at_last(void **state)
{
	struct reader r = {.silent = 1000};
	struct broker_message m;
	struct err e;

	(void)state;
	assert_false(read_one(&r, &m, &e));
	assert_int_equal(e.kind, ERR_TEMP);
	assert_string_equal(e.text, "the history stream stopped answering");
}

static void
an_error_ends_it_at_once(void **state)
{
	struct reader r = {.fails = ERR_SETUP};
	struct broker_message m;
	struct err e;

	(void)state;
	assert_false(read_one(&r, &m, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_int_equal(r.asked, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_that_takes_its_time_is_waited_for),
	    cmocka_unit_test(newest_messages_that_were_deleted_are_not_waited_for),
	    cmocka_unit_test(a_server_that_says_nothing_is_given_up_at_last),
	    cmocka_unit_test(an_error_ends_it_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
