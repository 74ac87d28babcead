/* The pure parts of a repair; the rest meets a real broker in tests/e2e/repair.test.mjs. */
#include "carillon/index/repair.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* ours is another */

#include "carillon/base/records.h"

static history_entry
delivery_at(delivery_record *d, int64_t updated_ms, enum delivery_state state)
{
	history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;

	carillon__v1__delivery_record__init(d);
	d->updated_ms = updated_ms;
	d->state = (Carillon__V1__DeliveryState)state;
	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	entry.delivery = d;
	return entry;
}

static void
what_was_written_later_is_newer(void **state)
{
	delivery_record x, y;
	history_entry a = delivery_at(&x, 2000, DELIVERY_HELD);
	history_entry b = delivery_at(&y, 1000, DELIVERY_FAILED);

	(void)state;
	assert_true(repair_is_newer(&a, &b));
	assert_false(repair_is_newer(&b, &a));
	assert_true(repair_is_newer(&b, NULL));
}

static void
of_one_moment_the_later_state_is_newer(void **state)
{
	delivery_record x, y;
	history_entry a = delivery_at(&x, 1000, DELIVERY_DELIVERED);
	history_entry b = delivery_at(&y, 1000, DELIVERY_PENDING);

	(void)state;
	assert_true(repair_is_newer(&a, &b));
	assert_false(repair_is_newer(&b, &a));
}

static void
an_event_that_the_stream_has_stays(void **state)
{
	event_record ev = CARILLON__V1__EVENT_RECORD__INIT;
	history_entry a = CARILLON__V1__HISTORY_ENTRY__INIT;

	(void)state;
	a.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT;
	a.event = &ev;
	assert_false(repair_is_newer(&a, &a));
	assert_true(repair_is_newer(&a, NULL));
}

static struct str
packed_event(struct arena *a, const char *id, const char *text)
{
	event_message ev = CARILLON__V1__EVENT__INIT;

	ev.id = arena_cstr(a, str_of(id));
	ev.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	ev.text_data = arena_cstr(a, str_of(text));
	return record_pack(a, &ev);
}

static const event_message *
unpacked(struct arena *a, struct str bytes)
{
	void *out = NULL;
	struct err e = {0};

	assert_true(record_unpack(&carillon__v1__event__descriptor, a, bytes, &out, &e));
	return out;
}

static struct str
with_id(struct arena *a, struct str bytes, uint64_t seq)
{
	return repair_with_id(
	    a, bytes, STR("carillon.events.acme.x"), seq, (wall_t){1700000000000});
}

static void
an_event_without_an_id_gets_one_that_stays(void **state)
{
	struct arena *a = arena_new(0);
	const struct str bytes = packed_event(a, "", "{\"n\":1}");
	const event_message *once = unpacked(a, with_id(a, bytes, 7));
	const event_message *again = unpacked(a, with_id(a, bytes, 7));
	const event_message *other = unpacked(a, with_id(a, bytes, 8));

	(void)state;
	assert_int_equal(strlen(once->id), 28);
	assert_string_equal(once->id, again->id);
	assert_string_not_equal(once->id, other->id);
	assert_string_equal(once->text_data, "{\"n\":1}");
	arena_free(a);
}

static void
other_bytes_stay_as_they_are(void **state)
{
	struct arena *a = arena_new(0);
	const struct str named = packed_event(a, "evt-1", "{}"), garbage = STR("\xff\xff\xff");

	(void)state;
	assert_ptr_equal(with_id(a, named, 7).ptr, named.ptr);
	assert_ptr_equal(with_id(a, garbage, 7).ptr, garbage.ptr);
	arena_free(a);
}

static struct tail
lost_tail(uint64_t applied, uint64_t last, uint64_t good)
{
	struct tail t = {.stream = STREAM_HISTORY, .is = TAIL_LOST};

	str_copy(t.info.name, sizeof(t.info.name), STR("CARILLON_HISTORY"));
	t.info.last_seq = last;
	t.applied = applied;
	t.good = good;
	return t;
}

static void
what_was_found_says_stream_sequences_and_how_many(void **state)
{
	char text[TAIL_SENTENCE_MAX];
	struct tail t = lost_tail(100, 70, 70);
	struct err e = {0};

	(void)state;
	tail_sentence(&t, text);
	assert_string_equal(text, "stream CARILLON_HISTORY lost its tail: it ends at 70 and "
				  "the index has messages up "
				  "to 100, so up to 30 are missing");
	assert_false(tail_must_be_whole(&t, &e));
	assert_int_equal(e.kind, ERR_CORRUPT);
	assert_non_null(strstr(e.text, "carillon serve puts back what is missing"));
	t = lost_tail(100, 130, 99);
	tail_sentence(&t, text);
	assert_non_null(strstr(text, "are other messages than the index has"));
	t.is = TAIL_WHOLE;
	assert_true(tail_must_be_whole(&t, &e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_written_later_is_newer),
	    cmocka_unit_test(of_one_moment_the_later_state_is_newer),
	    cmocka_unit_test(an_event_that_the_stream_has_stays),
	    cmocka_unit_test(an_event_without_an_id_gets_one_that_stays),
	    cmocka_unit_test(other_bytes_stay_as_they_are),
	    cmocka_unit_test(what_was_found_says_stream_sequences_and_how_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
