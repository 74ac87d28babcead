#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct str
repeat(char *room, char c, size_t n)
{
	memset(room, c, n);
	return (struct str){room, n};
}

static void
a_workspace_id_has_a_narrow_alphabet(void **state)
{
	static const char *const bad[] = {
	    "", "A", "a.b", "a b", "a/b", "\u00e9", "a*", ">", "a\n", "-", "-x"};
	char room[80];

	(void)state;
	assert_true(id_is_workspace(STR("acme-2_x")));
	assert_true(id_is_workspace(repeat(room, 'a', WORKSPACE_ID_MAX)));
	assert_false(id_is_workspace(repeat(room, 'a', WORKSPACE_ID_MAX + 1)));
	assert_true(id_is_record(repeat(room, 'z', RECORD_ID_MAX)));
	assert_false(id_is_record(repeat(room, 'z', RECORD_ID_MAX + 1)));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_false(id_is_workspace(str_of(bad[i])));
		assert_false(id_is_record(str_of(bad[i])));
	}
	assert_false(id_is_workspace((struct str){"a\0", 2}));
}

static void
an_event_type_is_tokens_between_dots(void **state)
{
	static const char *const good[] = {"a", "alert.triggered", "A-b_9.c", "-.-"};
	static const char *const bad[] = {
	    "", ".", "a.", ".a", "a..b", "a.*", "*", ">", "a b", "\u00e9"};
	char room[200];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(id_is_event_type(str_of(good[i])));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(id_is_event_type(str_of(bad[i])));
	assert_true(id_is_event_type(repeat(room, 'a', EVENT_TYPE_MAX)));
	assert_false(id_is_event_type(repeat(room, 'a', EVENT_TYPE_MAX + 1)));
	assert_false(id_is_event_type((struct str){NULL, 0}));
}

static void
an_event_id_is_any_printable_text(void **state)
{
	static const char *const bad[] = {
	    "", "a\nb", "a\x7f", "\x80", "\xc2\x85", "\x1b[0m", "\xc3"};
	char room[200];

	(void)state;
	assert_true(id_is_event(STR("order 17/\u00e9.*>\U0001f600")));
	assert_true(id_is_event(STR("\u00a0")));
	assert_true(id_is_event(repeat(room, '~', EVENT_ID_MAX)));
	assert_false(id_is_event(repeat(room, '~', EVENT_ID_MAX + 1)));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(id_is_event(str_of(bad[i])));
	assert_false(id_is_event((struct str){"a\0b", 3}));
}

static void
a_pattern_may_have_stars_and_a_tail(void **state)
{
	static const char *const good[] = {"*", ">", "a.*", "a.>", "*.b.*", "*.>", "a.b"};
	static const char *const bad[] = {
	    "", "a*", ">.a", "a.>.b", ">>", "**", "a.", "*.", ".>"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(id_is_type_pattern(str_of(good[i])));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(id_is_type_pattern(str_of(bad[i])));
}

static void
patterns_match_as_nats_does(void **state)
{
	static const struct {
		const char *pattern, *type;
		bool matches;
	} cases[] = {
	    {"a.b", "a.b", true},
	    {"a.b", "a.c", false},
	    {"a.b", "a", false},
	    {"a", "a.b", false},
	    {"a", "ab", false},
	    {"*", "a", true},
	    {"*", "a.b", false},
	    {"a.*", "a", false},
	    {"a.*", "a.b", true},
	    {"a.*.c", "a.b.c", true},
	    {"a.*.c", "a.b.d", false},
	    {">", "a", true},
	    {">", "a.b.c", true},
	    {"a.>", "a", false},
	    {"a.>", "a.b", true},
	    {"a.>", "a.b.c", true},
	    {"a.>", "b.b", false},
	    {"*.>", "a", false},
	    {"*.>", "a.b", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str pattern = str_of(cases[i].pattern), type = str_of(cases[i].type);

		assert_int_equal(id_type_matches(pattern, type), cases[i].matches);
	}
}

static uint64_t
time_in(const char *ulid)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint64_t ms = 0;

	for (int i = 0; i < 10; i++) /* the first 50 bits: two of padding, 48 of time */
		ms = ms << 5 | (uint64_t)(strchr(digits, ulid[i]) - digits);
	return ms;
}

static void
a_new_id_is_a_record_id_with_the_time_in_front(void **state)
{
	char id[NEW_ID_SIZE], other[NEW_ID_SIZE];
	uint64_t before = (uint64_t)clock_wall().ms;

	(void)state;
	id_new(id, "conn");
	id_new(other, "conn");
	uint64_t after = (uint64_t)clock_wall().ms;
	assert_memory_equal(id, "conn_", 5);
	assert_int_equal(strlen(id), 5 + 26);
	assert_int_equal(strspn(id + 5, "0123456789abcdefghjkmnpqrstvwxyz"), 26);
	assert_true(id_is_record(str_of(id)));
	assert_in_range(time_in(id + 5), before, after);
	assert_string_not_equal(id + 15, other + 15);
	id_new(id, "twelve_bytes");
	assert_int_equal(strlen(id), NEW_ID_SIZE - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_workspace_id_has_a_narrow_alphabet),
	    cmocka_unit_test(an_event_type_is_tokens_between_dots),
	    cmocka_unit_test(an_event_id_is_any_printable_text),
	    cmocka_unit_test(a_pattern_may_have_stars_and_a_tail),
	    cmocka_unit_test(patterns_match_as_nats_does),
	    cmocka_unit_test(a_new_id_is_a_record_id_with_the_time_in_front),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
