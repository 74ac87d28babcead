#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/buf.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static void
an_empty_buffer_is_zero_and_an_empty_string(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_true(str_eq(buf_view(&b), STR("")));
	buf_put(&b, NULL, 0);
	buf_clear(&b);
	assert_null(b.ptr);
	buf_fini(&b);
}

static void
bytes_are_followed_by_a_nul_that_is_not_counted(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_cstr(&b, "ab");
	buf_putc(&b, 'c');
	buf_str(&b, STR("de"));
	buf_put(&b, "\0f", 2);
	assert_int_equal(b.len, 7);
	assert_memory_equal(b.ptr, "abcde\0f", 8);
	buf_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.ptr, "");
	buf_printf(&b, "%s=%d", "n", 5);
	buf_printf(&b, "%0500d", 1);
	assert_int_equal(b.len, 503);
	assert_int_equal(strlen(b.ptr), 503);
	buf_fini(&b);
	assert_null(b.ptr);
}

static void
a_buffer_grows_a_byte_at_a_time_without_losing_any(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 10000; i++) {
		buf_putc(&b, (char)('a' + i % 26));
		assert_int_equal(b.ptr[b.len], '\0');
		assert_true(b.cap > b.len);
	}
	for (int i = 0; i < 10000; i++)
		assert_int_equal(b.ptr[i], 'a' + i % 26);
	buf_fini(&b);
}

static void
reserved_room_is_not_moved_by_what_fits(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_reserve(&b, 1000);
	const char *before = b.ptr;
	assert_string_equal(before, "");
	for (int i = 0; i < 1000; i++)
		buf_putc(&b, 'x');
	assert_ptr_equal(b.ptr, before);
	buf_fini(&b);
}

static void
digits_are_as_many_as_asked_for_or_needed(void **state)
{
	struct buf b = {0};

	(void)state;
	buf_digits(&b, 0, 1);
	buf_digits(&b, 7, 2);
	buf_putc(&b, ' ');
	buf_digits(&b, INT64_MAX, 1);
	buf_digits(&b, 0, 0);
	assert_string_equal(b.ptr, "007 9223372036854775807");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_buffer_is_zero_and_an_empty_string),
	    cmocka_unit_test(bytes_are_followed_by_a_nul_that_is_not_counted),
	    cmocka_unit_test(a_buffer_grows_a_byte_at_a_time_without_losing_any),
	    cmocka_unit_test(reserved_room_is_not_moved_by_what_fits),
	    cmocka_unit_test(digits_are_as_many_as_asked_for_or_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
