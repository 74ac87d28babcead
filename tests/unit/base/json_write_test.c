#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/json.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct buf out;
static struct json_writer w;

static int
start(void **state)
{
	(void)state;
	buf_clear(&out);
	jw_init(&w, &out);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	buf_fini(&out);
	return 0;
}

static void
write_sample(void)
{
	jw_object(&w);
	jw_kv_cstr(&w, "s", "x");
	jw_kv_int(&w, "n", INT64_MIN);
	jw_kv_bool(&w, "b", true);
	jw_kv_string(&w, "t", STR("y"));
	jw_key(&w, "list");
	jw_array(&w);
	jw_uint(&w, UINT64_MAX);
	jw_null(&w);
	jw_bool(&w, false);
	jw_raw(&w, STR("{\"raw\":1.10}"));
	jw_array(&w);
	jw_array_end(&w);
	jw_array_end(&w);
	jw_keyn(&w, STR("empty"));
	jw_object(&w);
	jw_object_end(&w);
	jw_object_end(&w);
}

static void
commas_and_colons_are_placed(void **state)
{
	(void)state;
	write_sample();
	assert_string_equal(out.ptr,
	    "{\"s\":\"x\",\"n\":-9223372036854775808,\"b\":true,\"t\":\"y\","
	    "\"list\":[18446744073709551615,null,false,{\"raw\":1.10},[]],\"empty\":{}}");
}

static void
people_get_lines_and_two_spaces(void **state)
{
	(void)state;
	w.indent = true;
	write_sample();
	assert_string_equal(out.ptr,
	    "{\n  \"s\": \"x\",\n  \"n\": -9223372036854775808,\n  \"b\": "
	    "true,\n  \"t\": \"y\",\n"
	    "  \"list\": [\n    18446744073709551615,\n    null,\n    false,\n"
	    "    {\"raw\":1.10},\n    []\n  ],\n  \"empty\": {}\n}");
}

static void
only_what_must_be_is_escaped(void **state)
{
	(void)state;
	jw_cstr(&w, "\"\\/\b\f\n\r\t\x01\x1f\x7f\u00e9\u20ac\U0001f600\u2028");
	assert_string_equal(out.ptr,
	    "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\u00e9\u20ac\U0001f600\u2028\"");
}

static void
ill_formed_bytes_and_nul_are_replaced(void **state)
{
	(void)state;
	jw_array(&w);
	jw_string(&w, STR("a\xff\xc3"));
	jw_string(&w, STR("\xed\xa0\x80z"));
	jw_string(&w, (struct str){"\0", 1});
	jw_string(&w, (struct str){NULL, 0});
	jw_array_end(&w);
	assert_string_equal(
	    out.ptr, "[\"a\\ufffd\\ufffd\",\"\\ufffd\\ufffd\\ufffdz\",\"\\ufffd\",\"\"]");
}

static void
any_string_is_read_back(void **state)
{
	struct arena *a = arena_new(0);
	uint64_t seed = 5;
	char bytes[24];

	(void)state;
	for (int i = 0; i < 50000; i++) {
		struct str s = {bytes, random_below(&seed, sizeof bytes)};
		const struct json *v;
		struct err e;

		for (size_t j = 0; j < s.len; j++)
			bytes[j] = (char)(random_next(&seed) >> (i % 2 ? 57 : 56));
		start(NULL);
		jw_string(&w, s);
		assert_true(json_parse(a, buf_view(&out), 0, &v, &e));
		assert_int_equal(v->kind, JSON_STRING);
		if (str_is_text(s))
			assert_true(str_eq(v->text, s));
		arena_reset(a);
	}
	arena_free(a);
}

static void
a_payload_of_full_depth_fits_inside_an_envelope(void **state)
{
	struct arena *a = arena_new(0);
	const struct json *v;
	struct err e;

	(void)state;
	for (int i = 0; i < 2 * JSON_DEPTH_MAX - 1; i++)
		jw_array(&w);
	for (int i = 0; i < 2 * JSON_DEPTH_MAX - 1; i++)
		jw_array_end(&w);
	assert_true(json_parse(a, buf_view(&out), 2 * JSON_DEPTH_MAX - 1, &v, &e));
	arena_free(a);
}

static void
write_value_without_key(void)
{
	start(NULL);
	jw_object(&w);
	jw_null(&w);
}

static void
write_key_in_array(void)
{
	start(NULL);
	jw_array(&w);
	jw_key(&w, "k");
}

static void
write_key_after_key(void)
{
	start(NULL);
	jw_object(&w);
	jw_key(&w, "k");
	jw_key(&w, "k");
}

static void
end_after_key(void)
{
	start(NULL);
	jw_object(&w);
	jw_key(&w, "k");
	jw_object_end(&w);
}

static void
end_object_as_array(void)
{
	start(NULL);
	jw_object(&w);
	jw_array_end(&w);
}

static void
end_nothing(void)
{
	start(NULL);
	jw_array_end(&w);
}

static void
write_two_values(void)
{
	start(NULL);
	jw_null(&w);
	jw_null(&w);
}

static void
nest_without_end(void)
{
	start(NULL);
	for (int i = 0; i < 100; i++)
		jw_array(&w);
}

static void
misuse_aborts(void **state)
{
	static void (*const misuses[])(void) = {write_value_without_key, write_key_in_array,
	    write_key_after_key, end_after_key, end_object_as_array, end_nothing,
	    write_two_values, nest_without_end};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(misuses); i++)
		assert_true(aborts(misuses[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(commas_and_colons_are_placed, start),
	    cmocka_unit_test_setup(people_get_lines_and_two_spaces, start),
	    cmocka_unit_test_setup(only_what_must_be_is_escaped, start),
	    cmocka_unit_test_setup(ill_formed_bytes_and_nul_are_replaced, start),
	    cmocka_unit_test_setup(any_string_is_read_back, start),
	    cmocka_unit_test_setup(a_payload_of_full_depth_fits_inside_an_envelope, start),
	    cmocka_unit_test(misuse_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, finish);
}
