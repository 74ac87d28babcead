#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/arena.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static void
memory_is_zeroed_and_aligned_and_apart(void **state)
{
	struct arena *a = arena_new(0);
	unsigned char *last = NULL;

	(void)state;
	for (size_t size = 1; size < 3000; size += 7) {
		unsigned char *bytes = arena_must(a, size);

		assert_int_equal((uintptr_t)bytes % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xa5, size);
		if (last)
			assert_int_equal(*last, 0xa5);
		last = bytes;
	}
	arena_free(a);
}

static void
the_limit_is_exact(void **state)
{
	struct arena *a = arena_new(100);

	(void)state;
	assert_null(arena_alloc(a, 101));
	assert_non_null(arena_alloc(a, 100));
	assert_null(arena_alloc(a, 1));
	assert_null(arena_alloc(a, SIZE_MAX));
	arena_reset(a);
	assert_non_null(arena_alloc(a, 100));
	arena_free(a);
}

static void
padding_counts_towards_the_limit(void **state)
{
	struct arena *a = arena_new(48);

	(void)state;
	assert_non_null(arena_alloc(a, 1));
	assert_non_null(arena_alloc(a, 1));
	assert_null(arena_alloc(a, 17)); /* behind 1, 15 for the next, 1, and 15 again */
	assert_non_null(arena_alloc(a, 16));
	assert_null(arena_alloc(a, 1));
	arena_free(a);
}

static void
a_limit_far_above_a_block_is_exact_too(void **state)
{
	const size_t limit = 1 << 20;
	struct arena *a = arena_new(limit);

	(void)state;
	for (size_t i = 0; i < limit / 1024; i++)
		assert_non_null(arena_alloc(a, 1024));
	assert_null(arena_alloc(a, 1));
	arena_free(a);
}

static void
a_reset_arena_hands_out_zeroed_memory_again(void **state)
{
	struct arena *a = arena_new(0);
	char *first = arena_must(a, 64);

	(void)state;
	memset(first, 1, 64);
	(void)arena_must(a, 100000);
	arena_reset(a);
	char *again = arena_must(a, 64);
	assert_ptr_equal(again, first);
	for (int i = 0; i < 64; i++)
		assert_int_equal(again[i], 0);
	arena_free(a);
}

static void
strings_are_copied_with_a_nul(void **state)
{
	struct arena *a = arena_new(0);
	struct str copy = arena_str(a, STR("abc"));

	(void)state;
	assert_int_equal(copy.len, 3);
	assert_string_equal(copy.ptr, "abc");
	assert_string_equal(arena_cstr(a, (struct str){NULL, 0}), "");
	struct str printed = arena_printf(a, "%d-%s", 7, "x");
	assert_int_equal(printed.len, 3);
	assert_string_equal(printed.ptr, "7-x");
	assert_int_equal((uintptr_t)arena_must(a, 8) % _Alignof(max_align_t), 0);
	assert_int_equal(arena_printf(a, "%5000d", 1).len, 5000);
	arena_free(a);
}

static void
pass_the_limit(void)
{
	(void)arena_must(arena_new(10), 11);
}

static void
arena_must_aborts_past_the_limit(void **state)
{
	(void)state;
	assert_true(aborts(pass_the_limit));
	arena_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(memory_is_zeroed_and_aligned_and_apart),
	    cmocka_unit_test(the_limit_is_exact),
	    cmocka_unit_test(padding_counts_towards_the_limit),
	    cmocka_unit_test(a_limit_far_above_a_block_is_exact_too),
	    cmocka_unit_test(a_reset_arena_hands_out_zeroed_memory_again),
	    cmocka_unit_test(strings_are_copied_with_a_nul),
	    cmocka_unit_test(arena_must_aborts_past_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
