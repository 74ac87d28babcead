#include "carillon/index/history_batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { PLENTY = 1024 * 1024 };

#define TEXT(s) ((char *)(uintptr_t)(s)) /* protobuf-c's strings are not const */

static delivery_record *
delivery(struct batch *b, uint64_t seq, const char *rule)
{
	delivery_record *d = ARENA_NEW(b->arena, delivery_record);

	carillon__v1__delivery_record__init(d);
	d->workspace = TEXT("acme");
	d->event_id = TEXT("e1");
	d->rule = TEXT(rule);
	d->seq = seq;
	d->state = CARILLON__V1__DELIVERY_STATE__DELIVERY_STATE_HELD;
	d->reason = TEXT("the workspace is paused");
	return d;
}

/* With bodies of `len` bytes each. */
static void
give_attempts(struct batch *b, delivery_record *d, size_t n, size_t len)
{
	d->attempts = ARENA_ARRAY(b->arena, attempt_record *, n);
	for (size_t i = 0; i < n; i++) {
		attempt_record *a = ARENA_NEW(b->arena, attempt_record);

		carillon__v1__attempt__init(a);
		a->number = (uint32_t)i + 1;
		a->reason = TEXT("it was away");
		a->request = (ProtobufCBinaryData){len, arena_must(b->arena, len)};
		a->response = a->request;
		d->attempts[d->n_attempts++] = a;
	}
}

static const history_batch *
unpacked(struct batch *b, struct str bytes)
{
	void *out = NULL;
	struct err e = {0};

	assert_true(
	    record_unpack(&carillon__v1__history_batch__descriptor, b->arena, bytes, &out, &e));
	return out;
}

static void
what_is_counted_is_what_is_packed(void **state)
{
	struct batch b;
	struct str bytes;

	(void)state;
	batch_init(&b);
	for (size_t len = 0; len < 5; len++) {
		delivery_record *d = delivery(&b, len, "r1");

		give_attempts(&b, d, len, len == 4 ? 20000 : 40 * len);
		batch_add_delivery(&b, d, BATCH_APART);
	}
	assert_true(batch_take(&b, PLENTY, "", &bytes));
	assert_int_equal(bytes.len, b.bytes);
	assert_int_equal(unpacked(&b, bytes)->n_entries, 5);
	assert_false(batch_take(&b, PLENTY, "", &bytes));
	batch_fini(&b);
}

static void
no_message_is_larger_than_it_may_be_and_none_is_half_empty(void **state)
{
	struct batch b;
	struct str bytes;
	size_t n = 0, messages = 0;

	(void)state;
	batch_init(&b);
	for (uint64_t seq = 1; seq <= 600; seq++) {
		delivery_record *d = delivery(&b, seq, "r1");

		give_attempts(&b, d, seq % 4, 500);
		batch_add_delivery(&b, d, BATCH_APART);
	}
	for (; batch_take(&b, 50000, "north", &bytes); messages++) {
		const history_batch *part = unpacked(&b, bytes);

		assert_in_range(bytes.len, n + part->n_entries < 600 ? 45000 : 1, 50000);
		assert_string_equal(part->node, "north");
		for (size_t i = 0; i < part->n_entries; i++)
			assert_int_equal(part->entries[i]->delivery->seq, ++n);
	}
	assert_int_equal(n, 600);
	assert_true(messages > 10);
	assert_int_equal(b.taken, b.n);
	batch_fini(&b);
}

static void
a_batch_of_large_records_is_full_by_its_bytes(void **state)
{
	struct batch b;

	(void)state;
	batch_init(&b);
	while (!batch_is_full(&b) && b.n < BATCH_ENTRIES_ENOUGH) {
		delivery_record *d = delivery(&b, b.n + 1, "r1");

		give_attempts(&b, d, 4, 20000);
		batch_add_delivery(&b, d, BATCH_APART);
	}
	assert_true(b.bytes >= BATCH_BYTES_ENOUGH);
	assert_true(b.n < BATCH_ENTRIES_ENOUGH);
	batch_fini(&b);
}

static void
what_is_joined_stays_in_one_message(void **state)
{
	struct batch b;
	struct str bytes;
	size_t messages = 0;

	(void)state;
	batch_init(&b);
	for (uint64_t i = 0; i < 60; i++)
		batch_add_delivery(
		    &b, delivery(&b, i / 3, "r1"), i % 3 ? BATCH_JOINED : BATCH_APART);
	for (; batch_take(&b, 300, "", &bytes); messages++)
		assert_int_equal(unpacked(&b, bytes)->n_entries % 3, 0);
	assert_true(messages > 5);
	batch_fini(&b);
}

static void
each_message_is_in_the_order_of_the_index(void **state)
{
	const char *const rules[] = {"r3", "r1", "r2"};
	struct batch b;
	struct str bytes;
	const history_batch *all;
	event_record ev = CARILLON__V1__EVENT_RECORD__INIT;

	(void)state;
	batch_init(&b);
	for (uint64_t seq = 9; seq > 6; seq--)
		for (size_t i = 0; i < COUNT_OF(rules); i++)
			batch_add_delivery(&b, delivery(&b, seq, rules[i]), BATCH_APART);
	ev.seq = 8;
	batch_add_event(&b, &ev, BATCH_APART);
	assert_true(batch_take(&b, PLENTY, "", &bytes));
	all = unpacked(&b, bytes);
	assert_int_equal(all->entries[0]->delivery->seq, 7);
	assert_string_equal(all->entries[0]->delivery->rule, "r1");
	assert_int_equal(all->entries[3]->entry_case, CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT);
	assert_string_equal(all->entries[9]->delivery->rule, "r3");
	batch_fini(&b);
}

static void
a_record_that_is_too_large_by_itself_loses_bodies_and_says_so(void **state)
{
	struct batch b;
	struct str bytes;
	delivery_record *large;
	const delivery_record *d;

	(void)state;
	batch_init(&b);
	large = delivery(&b, 2, "large");
	give_attempts(&b, large, 12, 2000);
	batch_add_delivery(&b, delivery(&b, 1, "before"), BATCH_APART);
	batch_add_delivery(&b, large, BATCH_APART);
	batch_add_delivery(&b, delivery(&b, 3, "after"), BATCH_APART);
	assert_true(batch_take(&b, 8000, "", &bytes));
	assert_int_equal(unpacked(&b, bytes)->n_entries, 1);
	assert_true(batch_take(&b, 8000, "", &bytes));
	assert_true(bytes.len <= 8000);
	assert_int_equal(unpacked(&b, bytes)->n_entries, 2);
	d = unpacked(&b, bytes)->entries[0]->delivery;
	assert_string_equal(d->rule, "large");
	assert_int_equal(d->n_attempts, 12);
	assert_string_equal(d->attempts[11]->reason, "it was away");
	assert_true(d->attempts[0]->request.len > 0 && d->attempts[0]->request.len < 100);
	assert_non_null(
	    memmem(d->attempts[0]->request.data, d->attempts[0]->request.len, "too large", 9));
	/* What is applied to the index is what was published. */
	assert_int_equal(
	    b.entries[1]->delivery->attempts[0]->request.len, d->attempts[0]->request.len);
	batch_fini(&b);
}

static void
what_is_too_large_even_so_keeps_what_it_is_and_in_which_state(void **state)
{
	struct batch b;
	struct str bytes;
	delivery_record *large;
	const delivery_record *d;
	char *reason;

	(void)state;
	batch_init(&b);
	large = delivery(&b, 7, "r1");
	reason = arena_must(b.arena, 9001);
	memset(reason, 'x', 9000);
	large->reason = reason;
	give_attempts(&b, large, 200, 30);
	batch_add_delivery(&b, large, BATCH_APART);
	assert_true(batch_take(&b, 4000, "", &bytes));
	assert_true(bytes.len <= 4000);
	d = unpacked(&b, bytes)->entries[0]->delivery;
	assert_string_equal(d->workspace, "acme");
	assert_int_equal(d->seq, 7);
	assert_int_equal(d->state, DELIVERY_HELD);
	assert_non_null(strstr(d->reason, "too large"));
	assert_int_equal(d->n_attempts, 0);
	batch_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_counted_is_what_is_packed),
	    cmocka_unit_test(no_message_is_larger_than_it_may_be_and_none_is_half_empty),
	    cmocka_unit_test(a_batch_of_large_records_is_full_by_its_bytes),
	    cmocka_unit_test(what_is_joined_stays_in_one_message),
	    cmocka_unit_test(each_message_is_in_the_order_of_the_index),
	    cmocka_unit_test(a_record_that_is_too_large_by_itself_loses_bodies_and_says_so),
	    cmocka_unit_test(what_is_too_large_even_so_keeps_what_it_is_and_in_which_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
