#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/broker/chunk.h"

#include <cmocka.h>
#undef fail /* ours is another */

/* A reader of a stream of `last` messages of `bytes` each; it stands in for
 * src/broker/reader.c. What has come of it ends at `here`. */
struct reader {
	uint64_t at, last, here;
	size_t bytes;
	int waited; /* calls that were allowed to wait */
	enum err_kind fails_at_end;
};

bool
reader_next(struct reader *r, int64_t wait_ms, struct broker_message *out, struct err *e)
{
	r->waited += wait_ms > 0;
	if (r->at >= r->here)
		return fail(e, r->fails_at_end, "nothing has come");
	r->at++;
	*out = (struct broker_message){
	    .seq = r->at, .pending = r->last - r->at, .data = {"", r->bytes}};
	return true;
}

bool
reader_is_at_end(const struct reader *r)
{
	return r->at == r->last;
}

static int
setup(void **state)
{
	*state = chunk_new();
	return 0;
}

static int
teardown(void **state)
{
	chunk_free(*state);
	return 0;
}

static void
a_chunk_ends_where_the_reading_does(void **state)
{
	struct chunk *c = *state;
	struct reader r = {.last = 10, .here = 10};
	struct err e = {0};

	assert_true(chunk_read(c, &r, "stream", 7, &e));
	assert_int_equal(c->n, 7);
	assert_int_equal(c->messages[6].seq, 7);
	assert_int_equal(c->end, 0);
	assert_true(chunk_read(c, &r, "stream", 8, &e));
	assert_int_equal(c->n, 1);
	assert_int_equal(c->messages[0].seq, 8);
}

static void
what_was_deleted_at_the_end_is_passed(void **state)
{
	struct chunk *c = *state;
	struct reader r = {.last = 5, .here = 5};
	struct err e = {0};

	assert_true(chunk_read(c, &r, "stream", 9, &e));
	assert_int_equal(c->n, 5);
	assert_int_equal(c->end, 9);
}

static void
it_is_full_by_count(void **state)
{
	struct chunk *c = *state;
	struct reader r = {.last = 3 * CHUNK_MAX, .here = 3 * CHUNK_MAX};
	struct err e = {0};

	assert_true(chunk_read(c, &r, "stream", r.last, &e));
	assert_int_equal(c->n, CHUNK_MAX);
	assert_true(chunk_follow(c, &r, 10, &e));
	assert_int_equal(c->n, CHUNK_MAX);
	assert_int_equal(c->messages[0].seq, CHUNK_MAX + 1);
}

static void
it_is_full_by_bytes(void **state)
{
	struct chunk *c = *state;
	struct reader r = {.last = 100, .here = 100, .bytes = CHUNK_BYTES_MAX / 4 + 1};
	struct err e = {0};

	assert_true(chunk_read(c, &r, "stream", r.last, &e));
	assert_int_equal(c->n, 4);
	assert_true(chunk_follow(c, &r, 10, &e));
	assert_int_equal(c->n, 4);
}

static void
a_server_that_stops_answering_is_an_error(void **state)
{
	struct chunk *c = *state;
	struct reader r = {.last = 10, .here = 4, .fails_at_end = ERR_TEMP};
	struct err e = {0};

	assert_false(chunk_read(c, &r, "stream", 9, &e));
	assert_int_equal(e.kind, ERR_TEMP);
}

static void
following_waits_for_the_first_only(void **state)
{
	struct chunk *c = *state;
	struct reader r = {.last = 10, .here = 3};
	struct err e = {0};

	assert_true(chunk_follow(c, &r, 10, &e));
	assert_int_equal(c->n, 3);
	assert_int_equal(r.waited, 1);
	assert_false(chunk_follow(c, &r, 10, &e));
	assert_int_equal(c->n, 0);
}

static void
the_last_of_a_stream_asks_for_no_more(void **state)
{
	struct chunk *c = *state;
	struct reader r = {.last = 2, .here = 2, .fails_at_end = ERR_CORRUPT};
	struct err e = {0};

	assert_true(chunk_follow(c, &r, 10, &e));
	assert_int_equal(c->n, 2);
	assert_int_equal(e.kind, ERR_NONE);
	/* The error is heard by the call that comes after. */
	assert_false(chunk_follow(c, &r, 10, &e));
	assert_int_equal(e.kind, ERR_CORRUPT);
}

int
main(void)
{
#define CHUNK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    CHUNK_TEST(a_chunk_ends_where_the_reading_does),
	    CHUNK_TEST(what_was_deleted_at_the_end_is_passed),
	    CHUNK_TEST(it_is_full_by_count),
	    CHUNK_TEST(it_is_full_by_bytes),
	    CHUNK_TEST(a_server_that_stops_answering_is_an_error),
	    CHUNK_TEST(following_waits_for_the_first_only),
	    CHUNK_TEST(the_last_of_a_stream_asks_for_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
