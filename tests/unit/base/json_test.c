#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/json.h"
#include "unit/base/against_jansson.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct arena *arena;
static struct err err;

static int
make_arena(void **state)
{
	(void)state;
	arena = arena_new(0);
	return 0;
}

static int
free_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const struct json *
parse(struct str text)
{
	const struct json *v = NULL;

	err = (struct err){0};
	return json_parse(arena, text, JSON_DEPTH_MAX, &v, &err) ? v : NULL;
}

static void
a_document_becomes_a_tree_that_keeps_order_and_number_text(void **state)
{
	const struct json *v =
	    parse(STR(" {\"b\": 1.10, \"a\": [true, null, \"x\\n\"], \"\": {}} "));

	(void)state;
	assert_non_null(v);
	assert_int_equal(v->kind, JSON_OBJECT);
	assert_int_equal(v->count, 3);
	assert_true(str_eq(v->child->key, STR("b")));
	assert_true(str_eq(v->child->text, STR("1.10")));
	assert_int_equal(v->child->offset, 7);
	const struct json *list = v->child->next;
	assert_int_equal(list->count, 3);
	assert_int_equal(list->child->kind, JSON_TRUE);
	assert_int_equal(list->child->next->kind, JSON_NULL);
	assert_true(str_eq(list->child->next->next->text, STR("x\n")));
	assert_null(list->child->next->next->next);
	assert_int_equal(json_get(v, STR(""))->kind, JSON_OBJECT);
}

static void
a_string_without_escapes_stays_in_the_source(void **state)
{
	struct str text = STR("[\"plain \xc3\xa9\", \"es\\u0063aped\"]");
	const struct json *v = parse(text);

	(void)state;
	assert_non_null(v);
	assert_ptr_equal(v->child->text.ptr, text.ptr + 2);
	assert_true(str_eq(v->child->next->text, STR("escaped")));
}

static void
every_escape_is_decoded(void **state)
{
	const struct json *v = parse(
	    STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\\uffff\""));

	(void)state;
	assert_non_null(v);
	assert_true(str_eq(v->text, STR("\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001f600\uffff")));
}

static void
what_is_not_json_is_refused_by_place_and_reason(void **state)
{
	static const struct {
		const char *text, *error;
	} bad[] = {
	    {"", "line 1, column 1: expected a value, found the end"},
	    {" \n ", "line 2, column 2: expected a value, found the end"},
	    {"nul", "line 1, column 1: expected a value"},
	    {"nullx", "line 1, column 5: expected nothing after the value"},
	    {"1 2", "line 1, column 3: expected nothing after the value"},
	    {"[1,]", "line 1, column 4: expected a value"},
	    {"[1 2]", "line 1, column 4: expected ',' or ']'"},
	    {"[", "line 1, column 2: expected a value, found the end"},
	    {"{", "line 1, column 2: expected a key in double quotes"},
	    {"{\"a\" 1}", "line 1, column 6: expected ':' after the key"},
	    {"{\"a\":1,}", "line 1, column 8: expected a key in double quotes"},
	    {"{\"a\":1;", "line 1, column 7: expected ',' or '}'"},
	    {"{'a':1}", "line 1, column 2: expected a key in double quotes"},
	    {"{\"\xc3\xa9\":\n \"\xc3\xa9\",\n x}",
		"line 3, column 2: expected a key in double quotes"},
	    {"{\"a\":1,\"\\u0061\":2}",
		"line 1, column 17: expected each key once: \"a\" is there already"},
	    {"01", "line 1, column 1: expected a number without leading zeros"},
	    {"-", "line 1, column 2: expected a digit"},
	    {"+1", "line 1, column 1: expected a value"},
	    {"1.", "line 1, column 3: expected a digit"},
	    {".5", "line 1, column 1: expected a value"},
	    {"1e+", "line 1, column 4: expected a digit"},
	    {"0x10", "line 1, column 2: expected nothing after the value"},
	    {"NaN", "line 1, column 1: expected a value"},
	    {"\"abc", "line 1, column 5: expected the closing quote of a string"},
	    {"\"a\\\"", "line 1, column 5: expected the closing quote of a string"},
	    {"\"a\tb\"", "line 1, column 3: expected an escape instead of a control character"},
	    {"\"\\n\n\"",
		"line 1, column 4: expected an escape instead of a control character"},
	    {"\"\\x41\"", "line 1, column 2: expected one of \"\\/bfnrtu after a backslash"},
	    {"\"\\u12g4\"", "line 1, column 2: expected four hexadecimal digits after \\u"},
	    {"\"\\u12\"", "line 1, column 2: expected four hexadecimal digits after \\u"},
	    {"\"\\u0000\"", "line 1, column 2: expected a character other than NUL"},
	    {"\"\\ud800\"", "line 1, column 2: expected both halves of a surrogate pair"},
	    {"\"\\ud800\\u0041\"",
		"line 1, column 2: expected both halves of a surrogate pair"},
	    {"\"\\udc00\\ud800\"",
		"line 1, column 2: expected both halves of a surrogate pair"},
	    {"\"\xc3\"", "line 1, column 2: expected well-formed UTF-8"},
	    {"\"\xed\xa0\x80\"", "line 1, column 2: expected well-formed UTF-8"},
	    {"\xef\xbb\xbf{}", "line 1, column 1: expected a value"},
	    {"[1]//", "line 1, column 4: expected nothing after the value"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_null(parse(str_of(bad[i].text)));
		assert_string_equal(err.text, bad[i].error);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_false(check_against_jansson(str_of(bad[i].text)));
	}
	assert_null(parse((struct str){"\"a\0b\"", 5}));
	assert_null(parse((struct str){"1\0", 2}));
	assert_null(parse((struct str){NULL, 0}));
}

static void
depth_is_bounded_by_the_caller(void **state)
{
	struct str two = STR("[{\"a\":1}]"), three = STR("[{\"a\":[]}]");
	const struct json *v;

	(void)state;
	assert_true(json_parse(arena, STR("1"), 0, &v, &err));
	assert_false(json_parse(arena, STR("[]"), 0, &v, &err));
	assert_true(json_parse(arena, two, 2, &v, &err));
	assert_false(json_parse(arena, three, 2, &v, &err));
	assert_string_equal(err.text, "line 1, column 7: expected at most 2 levels of nesting");
	assert_true(json_parse(arena, STR("[[],[],[]]"), 2, &v, &err));
}

static void
the_arenas_limit_bounds_memory(void **state)
{
	struct arena *small = arena_new(10 * sizeof(struct json));
	const struct json *v;

	(void)state;
	assert_true(json_parse(small, STR("[1,2,3,4,5,6,7,8,9]"), 1, &v, &err));
	arena_reset(small);
	assert_false(json_parse(small, STR("[1,2,3,4,5,6,7,8,9,0]"), 1, &v, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_non_null(strstr(err.text, "too much memory"));
	arena_free(small);
}

/* {"k0":0,"k1":0, ... } with `last` as the last key. */
static void
many_keys(struct buf *b, int n, const char *last)
{
	buf_putc(b, '{');
	for (int i = 0; i < n; i++)
		buf_printf(b, "\"k%d\":0,", i);
	buf_printf(b, "\"%s\":0}", last);
}

static void
a_repeated_key_is_found_among_few_and_many(void **state)
{
	static const int counts[] = {1, 14, 15, 16, 17, 5000};
	struct buf b = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		buf_clear(&b);
		many_keys(&b, counts[i], "k");
		assert_non_null(parse(buf_view(&b)));
		buf_clear(&b);
		many_keys(&b, counts[i], "k0");
		assert_null(parse(buf_view(&b)));
		assert_non_null(strstr(err.text, "\"k0\" is there already"));
	}
	buf_fini(&b);
}

static void
a_path_goes_through_members_and_elements(void **state)
{
	const struct json *v = parse(STR("{\"a\":{\"b\":[{\"c\":7},[8,9]],\"0\":5},\"\":6}"));
	static const struct {
		const char *path, *text; /* NULL: nothing there */
	} cases[] = {{"a.b.0.c", "7"}, {"a.b[0].c", "7"}, {"a.b[1][1]", "9"}, {"a.b.1.0", "8"},
	    {"a.b.1[0]", "8"}, {"a.0", "5"}, {"a[0]", NULL}, {"a.b.2", NULL}, {"a.b[2]", NULL},
	    {"a.b.00", NULL}, {"a.b[00]", NULL}, {"a.b[-1]", NULL}, {"a.b[0", NULL},
	    {"a.b[]", NULL}, {"a.b[0]c", NULL}, {"a.b[0]]", NULL}, {"a.x", NULL},
	    {"a.b.0.c.d", NULL}, {".", NULL}, {"a.", NULL}, {".a", NULL}, {"a..b", NULL},
	    {"a.b[4294967296]", NULL}, {"[0]", NULL}, {"a.b[", NULL}};

	(void)state;
	assert_non_null(v);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct json *found = json_path(v, str_of(cases[i].path));

		if (cases[i].text)
			assert_true(found && str_eq(found->text, str_of(cases[i].text)));
		else
			assert_null(found);
	}
	assert_ptr_equal(json_path(v, STR("")), v);
	assert_null(json_path(NULL, STR("a")));
	v = parse(STR("[[1],{\"x\":2}]"));
	assert_true(str_eq(json_path(v, STR("[1].x"))->text, STR("2")));
	assert_true(str_eq(json_path(v, STR("0.0"))->text, STR("1")));
}

static void
getting_from_nothing_gives_nothing(void **state)
{
	const struct json *v = parse(STR("{\"s\":\"text\",\"n\":1}"));

	(void)state;
	assert_null(json_get(NULL, STR("a")));
	assert_null(json_get(v->child, STR("a")));
	assert_null(json_get(v, STR("a")));
	assert_true(str_eq(json_string(v, STR("s")), STR("text")));
	assert_int_equal(json_string(v, STR("n")).len, 0);
	assert_int_equal(json_string(NULL, STR("n")).len, 0);
	assert_string_equal(json_kind_name(JSON_OBJECT), "an object");
	assert_string_equal(json_kind_name(JSON_NULL), "null");
}

/*
 * A random document, mostly right: the grammar with random white space, and now and then a byte
 * that does not belong.
 */
static void random_value(struct buf *b, uint64_t *seed, int depth);

static const char *
pick(uint64_t *seed, const char *const *from, size_t n)
{
	return from[random_below(seed, n)];
}

static void
random_space(struct buf *b, uint64_t *seed)
{
	static const char *const spaces[] = {"", "", "", " ", "\n", "\t\r"};

	buf_cstr(b, pick(seed, spaces, COUNT_OF(spaces)));
}

static void
random_string(struct buf *b, uint64_t *seed)
{
	static const char *const pieces[] = {"a", "b", "key", "\\n", "\\\"", "\\\\", "\\/",
	    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\\u0041", "\\u00e9",
	    "\\ud83d\\ude00", "\\u20ac", " ", "/", "\x7f", "\\b\\f\\r\\t"};

	buf_putc(b, '"');
	for (uint64_t n = random_below(seed, 4); n > 0; n--)
		buf_cstr(b, pick(seed, pieces, COUNT_OF(pieces)));
	buf_putc(b, '"');
}

static void
random_number(struct buf *b, uint64_t *seed)
{
	static const char *const wholes[] = {"0", "1", "-0", "-17", "9007199254740993",
	    "9223372036854775807", "-9223372036854775808", "9223372036854775808", "123"};
	static const char *const fractions[] = {
	    "", "", ".0", ".10", ".000001", ".3333333333333333333"};
	static const char *const exponents[] = {
	    "", "", "", "e0", "E5", "e-7", "e+300", "e-400", "e999"};

	buf_cstr(b, pick(seed, wholes, COUNT_OF(wholes)));
	buf_cstr(b, pick(seed, fractions, COUNT_OF(fractions)));
	buf_cstr(b, pick(seed, exponents, COUNT_OF(exponents)));
}

static void
random_children(struct buf *b, uint64_t *seed, int depth, bool is_object)
{
	buf_putc(b, is_object ? '{' : '[');
	random_space(b, seed);
	for (uint64_t n = random_below(seed, depth > 2 ? 3 : 21), i = 0; i < n; i++) {
		if (i)
			buf_putc(b, ',');
		random_space(b, seed);
		if (is_object) {
			/* as random strings alone, keys of large objects would always repeat */
			if (random_below(seed, 10))
				buf_printf(b, "\"k%d\"", (int)random_below(seed, 1000));
			else
				random_string(b, seed);
			random_space(b, seed);
			buf_putc(b, ':');
		}
		random_value(b, seed, depth + 1);
	}
	buf_putc(b, is_object ? '}' : ']');
}

static void
random_value(struct buf *b, uint64_t *seed, int depth)
{
	static const char *const words[] = {"true", "false", "null"};

	random_space(b, seed);
	switch (random_below(seed, depth > 5 ? 4 : 8)) {
	case 0: buf_cstr(b, pick(seed, words, COUNT_OF(words))); break;
	case 1: random_number(b, seed); break;
	case 2:
	case 3: random_string(b, seed); break;
	case 4:
	case 5: random_children(b, seed, depth, false); break;
	default: random_children(b, seed, depth, true);
	}
	random_space(b, seed);
}

static void
spoil(struct buf *b, uint64_t *seed)
{
	static const char bytes[] = "\0\x1f\x80\xbf\xc0\xed\xf4\xff{}[]\",:\\u0d9e-+.tfn x";

	b->ptr[random_below(seed, b->len)] = bytes[random_below(seed, sizeof bytes - 1)];
}

static void
random_documents_are_read_as_jansson_reads_them(void **state)
{
	struct buf b = {0};
	uint64_t seed = 20260417;
	int read = 0, refused = 0;

	(void)state;
	for (int i = 0; i < 8000; i++) {
		buf_clear(&b);
		random_value(&b, &seed, 0);
		if (i % 2 && b.len)
			spoil(&b, &seed);
		if (check_against_jansson(buf_view(&b)))
			read++;
		else
			refused++;
	}
	assert_true(read > 2000 && refused > 1000); /* or the documents show nothing */
	buf_fini(&b);
}

/* --- what strangers write --- */

static const struct json *
mended(struct str text, struct json_flaws *flaws)
{
	const struct json *v = NULL;

	err = (struct err){0};
	return json_parse_mending(arena, text, JSON_DEPTH_MAX, &v, flaws, &err) ? v : NULL;
}

static void
what_one_character_spoils_is_mended(void **state)
{
	const struct {
		struct str text;
		enum json_flaw flaw;
		const char *json; /* as it is read */
		int line, column;
	} cases[] = {
	    {STR("{\"t\":\"cut \\ud83d\"}"), JSON_FLAW_LONE_SURROGATE,
		"{\"t\":\"cut \xef\xbf\xbd\"}", 1, 11},
	    {STR("{\"t\":\"\\ude00 x \\ud83d\\u0041\"}"), JSON_FLAW_LONE_SURROGATE,
		"{\"t\":\"\xef\xbf\xbd x \xef\xbf\xbd"
		"A\"}",
		1, 7},
	    {STR("{\"\\ud83d\":1}"), JSON_FLAW_LONE_SURROGATE, "{\"\xef\xbf\xbd\":1}", 1, 3},
	    {STR("\xef\xbb\xbf{\"a\":1}"), JSON_FLAW_BYTE_ORDER_MARK, "{\"a\":1}", 1, 1},
	    {STR("{\"t\":\n\"caf\xe9 Z\xfcrich\"}"), JSON_FLAW_BAD_UTF8,
		"{\"t\":\"caf\xef\xbf\xbd Z\xef\xbf\xbdrich\"}", 2, 5},
	    {STR("{\"t\":\"\xed\xa0\xbd\"}"), JSON_FLAW_BAD_UTF8,
		"{\"t\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}", 1, 7},
	    {STR("{\"t\":\"a\\u0000b\"}"), JSON_FLAW_NUL,
		"{\"t\":\"a\xef\xbf\xbd"
		"b\"}",
		1, 8},
	    {STR("{\"t\":\"a\tb\nc\"}"), JSON_FLAW_CONTROL, "{\"t\":\"a\\tb\\nc\"}", 1, 8},
	    {STR("{\"a\":1,\"b\":2,\"a\":{\"c\":3}}"), JSON_FLAW_REPEATED_KEY,
		"{\"b\":2,\"a\":{\"c\":3}}", 1, 18},
	    {STR("{\"a\":{\"x\":1,\"x\":2,\"x\":3}}"), JSON_FLAW_REPEATED_KEY,
		"{\"a\":{\"x\":3}}", 1, 17},
	    {STR("{\"a\":[NaN,-Infinity,Infinity,-1]}"), JSON_FLAW_NOT_FINITE,
		"{\"a\":[null,null,null,-1]}", 1, 7},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct json_flaws flaws;
		struct buf b = {0};
		struct json_writer w;
		const struct json *v;

		assert_null(parse(cases[i].text));
		v = mended(cases[i].text, &flaws);
		if (v == NULL)
			fail_msg("%s: %s", cases[i].text.ptr, err.text);
		jw_init(&w, &b);
		jw_value(&w, v);
		assert_string_equal(b.ptr, cases[i].json);
		for (int flaw = 0; flaw < JSON_FLAWS; flaw++)
			assert_int_equal(flaws.count[flaw] > 0, flaw == (int)cases[i].flaw);
		assert_int_equal(flaws.line[cases[i].flaw], cases[i].line);
		assert_int_equal(flaws.column[cases[i].flaw], cases[i].column);
		buf_fini(&b);
	}
}

static void
a_repeated_key_among_many_leaves_the_last(void **state)
{
	struct json_flaws flaws;
	struct buf b = {0};
	const struct json *v;

	(void)state;
	buf_putc(&b, '{');
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "%s\"k%d\":%d", i ? "," : "", i % 60, i);
	buf_putc(&b, '}');
	v = mended(buf_view(&b), &flaws);
	assert_non_null(v);
	assert_int_equal(v->count, 60);
	assert_true(str_eq(v->child->text, STR("40")));
	assert_true(str_eq(json_get(v, STR("k0"))->text, STR("60")));
	assert_true(str_eq(json_get(v, STR("k59"))->text, STR("59")));
	buf_fini(&b);
}

static void
what_is_spoilt_further_is_refused(void **state)
{
	const struct str texts[] = {STR("{\"a\":1"), STR("{\"a\":\"x\0y\"}"), STR("{a:1}"),
	    STR("{\"a\":1,}"), STR("{'a':1}"), STR("{\"a\":01}"), STR("\"\\u12\""),
	    STR("\"\\x\""), STR(""), STR("\xef\xbb\xbf"), STR("{}\xff"), STR("nan"),
	    STR("{\"a\":NaNx}")};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct json_flaws flaws;

		if (mended(texts[i], &flaws))
			fail_msg("%s was read", texts[i].ptr);
	}
}

/* Each cut of an answer gives the members that are whole in it. */
static void
skimming_takes_the_members_that_are_there(void **state)
{
	const struct str text =
	    STR("{ \"ok\":true, \"n\":12 ,\"bad\":{\"x\":\"]}\\\"\",}, \"ts\":\"1.2\","
		"\"echo\":{\"t\":[\"\xff\"]}, \"last\":\"l\" }");
	const struct json *v = json_skim(arena, text);
	size_t ok_from = strlen("{ \"ok\":true,");

	(void)state;
	assert_non_null(v);
	assert_int_equal(json_get(v, STR("ok"))->kind, JSON_TRUE);
	assert_true(str_eq(json_get(v, STR("n"))->text, STR("12")));
	assert_null(json_get(v, STR("bad")));
	assert_true(str_eq(json_string(v, STR("ts")), STR("1.2")));
	assert_non_null(json_get(v, STR("echo")));
	assert_true(str_eq(json_string(v, STR("last")), STR("l")));
	for (size_t len = 0; len < text.len; len++) {
		v = json_skim(arena, (struct str){text.ptr, len});
		assert_int_equal(v != NULL, len > 0);
		assert_int_equal(json_get(v, STR("ok")) != NULL, len >= ok_from);
	}
	assert_null(json_skim(arena, STR("[1]")));
	assert_null(json_skim(arena, STR("")));
}

static void
an_index_is_what_javascript_takes_for_one(void **state)
{
	static const char *const none[] = {
	    "", "01", "00", "-1", "+1", "1a", " 1", "1.0", "4294967295", "99999999999"};

	(void)state;
	assert_int_equal(json_index_of(STR("0")), 0);
	assert_int_equal(json_index_of(STR("17")), 17);
	assert_int_equal(json_index_of(STR("4294967294")), 4294967294);
	for (size_t i = 0; i < COUNT_OF(none); i++)
		assert_int_equal(json_index_of(str_of(none[i])), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_document_becomes_a_tree_that_keeps_order_and_number_text),
	    cmocka_unit_test(an_index_is_what_javascript_takes_for_one),
	    cmocka_unit_test(a_string_without_escapes_stays_in_the_source),
	    cmocka_unit_test(every_escape_is_decoded),
	    cmocka_unit_test(what_is_not_json_is_refused_by_place_and_reason),
	    cmocka_unit_test(depth_is_bounded_by_the_caller),
	    cmocka_unit_test(the_arenas_limit_bounds_memory),
	    cmocka_unit_test(a_repeated_key_is_found_among_few_and_many),
	    cmocka_unit_test(a_path_goes_through_members_and_elements),
	    cmocka_unit_test(getting_from_nothing_gives_nothing),
	    cmocka_unit_test(what_one_character_spoils_is_mended),
	    cmocka_unit_test(a_repeated_key_among_many_leaves_the_last),
	    cmocka_unit_test(what_is_spoilt_further_is_refused),
	    cmocka_unit_test(skimming_takes_the_members_that_are_there),
	    cmocka_unit_test(random_documents_are_read_as_jansson_reads_them),
	};

	return cmocka_run_group_tests(tests, make_arena, free_arena);
}
