#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* ours is another */

#include "carillon/base/records.h"

static const ProtobufCMessageDescriptor *const DELIVERY =
    &carillon__v1__delivery_record__descriptor;

static void
every_state_is_found_by_its_name(void **state)
{
	(void)state;
	for (enum delivery_state s = DELIVERY_NONE + 1; s < DELIVERY_STATES; s++) {
		assert_int_equal(delivery_state_of(str_of(delivery_state_name(s))), s);
	}
	assert_int_equal(delivery_state_of(STR("none")), DELIVERY_NONE);
	assert_int_equal(delivery_state_of(STR("deliver")), DELIVERY_NONE);
	assert_int_equal(delivery_state_of(STR("")), DELIVERY_NONE);
}

static void
every_repair_has_a_name_and_most_a_sentence(void **state)
{
	int silent = 0;

	(void)state;
	for (enum repair r = REPAIR_NONE + 1; r < REPAIRS; r++) {
		struct remedy remedy = remedy_of(r);

		assert_int_equal(remedy.repair, r);
		assert_true(strlen(repair_name(r)) > 0);
		silent += remedy.action.len == 0;
	}
	assert_int_equal(silent, 1); /* to wait is nothing to do */
	assert_string_equal(repair_name(REPAIR_NONE), "");
	assert_int_equal(remedy_of(REPAIR_NONE).action.len, 0);
}

static void
only_four_states_are_final(void **state)
{
	int count = 0;

	(void)state;
	for (enum delivery_state s = DELIVERY_NONE; s < DELIVERY_STATES; s++)
		count += delivery_state_is_final(s);
	assert_int_equal(count, 4);
	assert_true(delivery_state_is_final(DELIVERY_DELIVERED));
	assert_false(delivery_state_is_final(DELIVERY_HELD));
}

static void
a_number_of_a_newer_version_has_no_name(void **state)
{
	(void)state;
	assert_string_equal(delivery_state_name((enum delivery_state)200), "none");
	assert_string_equal(delivery_state_name((enum delivery_state) - 1), "none");
	assert_false(delivery_state_is_final((enum delivery_state)200));
	assert_string_equal(repair_name((enum repair)200), "");
	assert_int_equal(remedy_of((enum repair)200).repair, REPAIR_NONE);
}

static struct str
pack_sample(struct arena *a)
{
	delivery_record d = CARILLON__V1__DELIVERY_RECORD__INIT;
	attempt_record attempt = CARILLON__V1__ATTEMPT__INIT, *attempts[8];

	attempt.request = (ProtobufCBinaryData){5, (uint8_t *)(uintptr_t) "he\0lo"};
	for (size_t i = 0; i < COUNT_OF(attempts); i++)
		attempts[i] = &attempt;
	d.workspace = arena_cstr(a, STR("acme"));
	d.seq = UINT64_MAX;
	d.due_ms = INT64_MIN;
	d.attempts = attempts;
	d.n_attempts = COUNT_OF(attempts);
	return record_pack(a, &d);
}

static void
what_was_packed_is_unpacked(void **state)
{
	struct arena *a = arena_new(0);
	delivery_record *d;
	struct err e;

	(void)state;
	assert_true(record_unpack(DELIVERY, a, pack_sample(a), &d, &e));
	assert_string_equal(d->workspace, "acme");
	assert_string_equal(d->rule, "");
	assert_true(d->seq == UINT64_MAX && d->due_ms == INT64_MIN);
	assert_int_equal(d->n_attempts, 8);
	assert_int_equal(d->attempts[7]->request.len, 5);
	assert_memory_equal(d->attempts[7]->request.data, "he\0lo", 5);
	arena_free(a);
}

static void
an_empty_record_is_no_bytes_and_back(void **state)
{
	struct arena *a = arena_new(0);
	delivery_record d = CARILLON__V1__DELIVERY_RECORD__INIT, *back;
	struct err e;

	(void)state;
	assert_int_equal(record_pack(a, &d).len, 0);
	assert_true(record_unpack(DELIVERY, a, STR(""), &back, &e));
	assert_string_equal(back->workspace, "");
	arena_free(a);
}

/* However the bytes are cut, the answer is a record or an error, never a crash. */
static void
bytes_that_are_cut_are_refused_or_shorter(void **state)
{
	struct arena *a = arena_new(0);
	const struct str whole = pack_sample(a);
	size_t refused = 0;

	(void)state;
	for (size_t len = 0; len < whole.len; len++) {
		struct err e = {0};
		delivery_record *d;
		char *copy = malloc(len + 1); /* so that a sanitizer sees a read past the end */
		assert_non_null(copy);
		memcpy(copy, whole.ptr, len);
		if (!record_unpack(DELIVERY, a, (struct str){copy, len}, &d, &e)) {
			refused++;
			assert_null(d);
			assert_int_equal(e.kind, ERR_INPUT);
			assert_non_null(strstr(e.text, "are no DeliveryRecord"));
		}
		free(copy);
	}
	assert_true(refused > whole.len / 2);
	arena_free(a);
}

static void
the_arena_limits_what_hostile_bytes_allocate(void **state)
{
	struct arena *source = arena_new(0), *a = arena_new(16 << 10);
	char *bytes = arena_must(source, 20000);
	delivery_record *d;
	struct err e;

	(void)state;
	/* 6,666 empty attempts: field 18, length 0 */
	for (size_t i = 0; i + 3 <= 19998; i += 3) {
		bytes[i] = (char)(18 << 3 | 2 | 0x80);
		bytes[i + 1] = 1;
		bytes[i + 2] = 0;
	}
	assert_false(record_unpack(DELIVERY, a, (struct str){bytes, 19998}, &d, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "too much memory"));
	assert_null(arena_alloc(a, 16 << 10)); /* what it refused is still in there */
	arena_reset(a);
	assert_true(record_unpack(DELIVERY, a, (struct str){bytes, 30}, &d, &e));
	assert_int_equal(d->n_attempts, 10);
	arena_free(a);
	arena_free(source);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_state_is_found_by_its_name),
	    cmocka_unit_test(every_repair_has_a_name_and_most_a_sentence),
	    cmocka_unit_test(only_four_states_are_final),
	    cmocka_unit_test(a_number_of_a_newer_version_has_no_name),
	    cmocka_unit_test(what_was_packed_is_unpacked),
	    cmocka_unit_test(an_empty_record_is_no_bytes_and_back),
	    cmocka_unit_test(bytes_that_are_cut_are_refused_or_shorter),
	    cmocka_unit_test(the_arena_limits_what_hostile_bytes_allocate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
