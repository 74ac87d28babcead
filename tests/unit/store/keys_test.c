#include "store_fixture.h"

#include "store/keys.h"

static int
cmp(struct key a, struct key b)
{
	return str_cmp(key_view(&a), key_view(&b));
}

static void
numbers_sort_as_numbers(void **state)
{
	static const uint64_t NUMBERS[] = {0, 1, 255, 256, 65535, 1u << 31, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i + 1 < COUNT_OF(NUMBERS); i++) {
		char be[8];
		number_put(be, NUMBERS[i]);
		assert_true(number_get(be) == NUMBERS[i]);
		assert_true(cmp(key_event(NUMBERS[i]), key_event(NUMBERS[i + 1])) < 0);
	}
}

static void
a_workspace_is_no_prefix_of_a_longer_name(void **state)
{
	const struct key acme = key_of_workspace(STR("acme"));

	(void)state;
	const struct key traps[] = {
	    key_by_workspace(STR("acme-2"), 1),
	    key_by_workspace(STR("acme_x"), 1),
	    key_by_workspace(STR("acm"), 1),
	    key_by_workspace(STR("acme0"), 1),
	};
	for (size_t i = 0; i < COUNT_OF(traps); i++)
		assert_false(str_starts_with(key_view(&traps[i]), key_view(&acme)));
}

static void
after_a_prefix_comes_what_does_not_begin_with_it(void **state)
{
	const struct key acme = key_of_workspace(STR("acme")), end = key_after(&acme);

	(void)state;
	assert_true(cmp(key_by_workspace(STR("acme"), UINT64_MAX), end) < 0);
	assert_true(cmp(end, key_by_workspace(STR("acme-2"), 0)) < 0);
}

static void
the_longest_ids_fit_and_longer_ones_make_no_key(void **state)
{
	char text[200];
	const struct str id64 = {text, 64}, id65 = {text, 65}, id128 = {text, 128};

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_false(key_held(id64, id64, UINT64_MAX, id64).bad);
	assert_false(key_by_id(id64, id128).bad);
	assert_false(key_state_record(id64, id128).bad);
	assert_true(key_held(id64, id65, 1, id64).bad);
	assert_true(key_held(id64, id64, 1, id65).bad);
	assert_true(key_by_workspace(id65, 1).bad);
	assert_true(key_by_id(id64, (struct str){text, 129}).bad);
	assert_true(key_of_workspace((struct str){"a\0b", 3}).bad);
}

static void
sequence_and_rule_are_read_back_from_a_key(void **state)
{
	const struct key k = key_due(99, 1234567890123, STR("rule_a"));
	struct str rule;
	uint64_t seq;

	(void)state;
	assert_true(key_read_delivery(key_view(&k), 8, &seq, &rule));
	assert_true(seq == 1234567890123 && str_eq(rule, STR("rule_a")));
	assert_false(key_read_delivery(STR("1234567"), 0, &seq, &rule));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_sort_as_numbers),
	    cmocka_unit_test(a_workspace_is_no_prefix_of_a_longer_name),
	    cmocka_unit_test(after_a_prefix_comes_what_does_not_begin_with_it),
	    cmocka_unit_test(the_longest_ids_fit_and_longer_ones_make_no_key),
	    cmocka_unit_test(sequence_and_rule_are_read_back_from_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
