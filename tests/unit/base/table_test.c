#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/table.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

enum { KEYS = 300 };

static struct str
key_of(size_t i, char text[static 16])
{
	int len = snprintf(text, 16, "key%zu", i);

	return (struct str){text, (size_t)len};
}

static void
check_all(const struct table *t, void *const model[KEYS])
{
	size_t expected = 0, found = 0, at = 0;
	char text[16];
	struct str key;

	for (size_t i = 0; i < KEYS; i++) {
		assert_ptr_equal(table_get(t, key_of(i, text)), model[i]);
		expected += model[i] != NULL;
	}
	assert_int_equal(table_len(t), expected);
	for (void *value; (value = table_next(t, &at, &key)); found++)
		assert_ptr_equal(table_get(t, key), value);
	assert_int_equal(found, expected);
}

static void
a_table_agrees_with_an_array(void **state)
{
	struct table *t = table_new();
	void *model[KEYS] = {0};
	int values[8];
	uint64_t seed = 3;
	char text[16];

	(void)state;
	for (int step = 0; step < 40000; step++) {
		size_t i = random_below(&seed, KEYS);
		/* phases of mostly adding and mostly removing */
		bool adds = random_below(&seed, 4) < (step / 5000 % 2 ? 1 : 3);
		void *value = &values[random_below(&seed, COUNT_OF(values))];

		if (adds) {
			assert_ptr_equal(table_set(t, key_of(i, text), value), model[i]);
			model[i] = value;
		} else {
			assert_ptr_equal(table_remove(t, key_of(i, text)), model[i]);
			model[i] = NULL;
		}
		memset(text, '?', sizeof text); /* keys are copied */
		if (step % 97 == 0)
			check_all(t, model);
	}
	check_all(t, model);
	table_free(t);
}

static void
keys_are_any_bytes(void **state)
{
	struct table *t = table_new();
	int a, b, c;

	(void)state;
	assert_null(table_set(t, (struct str){NULL, 0}, &a));
	assert_null(table_set(t, (struct str){"x\0y", 3}, &b));
	assert_null(table_set(t, STR("x"), &c));
	assert_ptr_equal(table_get(t, STR("")), &a);
	assert_ptr_equal(table_get(t, (struct str){"x\0y", 3}), &b);
	assert_ptr_equal(table_remove(t, STR("x")), &c);
	assert_null(table_remove(t, STR("x")));
	assert_int_equal(table_len(t), 2);
	table_free(t);
	table_free(NULL);
}

static void
a_key_may_be_removed_by_the_tables_own_copy(void **state)
{
	struct table *t = table_new();
	size_t at = 0;
	struct str key;
	int value;

	(void)state;
	assert_null(table_set(t, STR("k"), &value));
	assert_ptr_equal(table_next(t, &at, &key), &value);
	assert_ptr_equal(table_remove(t, key), &value);
	assert_int_equal(table_len(t), 0);
	table_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_table_agrees_with_an_array),
	    cmocka_unit_test(keys_are_any_bytes),
	    cmocka_unit_test(a_key_may_be_removed_by_the_tables_own_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
