#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static char output[16384];

/* What `call` writes to standard error, in a child, into `output`. */
static void
capture(void (*call)(void))
{
	size_t len = 0;
	ssize_t n;
	int ends[2], status;

	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		if (dup2(ends[1], STDERR_FILENO) < 0)
			_exit(1);
		call();
		_exit(0);
	}
	close(ends[1]);
	while ((n = read(ends[0], output + len, sizeof output - 1 - len)) > 0)
		len += (size_t)n;
	output[len] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* What follows the time, which is checked to be one. */
static const char *
after_time(const char *line)
{
	struct str time = {line, strcspn(line, " ")};
	wall_t read;

	assert_true(clock_parse(time, &read));
	assert_in_range(clock_wall().ms - read.ms, 0, 60000);
	return line + time.len;
}

static void
log_every_kind(void)
{
	log_warn("lane.shut", L_STR("lane", "slack:acme x"), L_INT("for_ms", 1000),
	    L_INT("least", INT64_MIN), L_BOOL("yes", true), L_BOOL("no", false),
	    L_STRN("id", STR("evt_1")));
}

static void
a_line_is_logfmt(void **state)
{
	(void)state;
	capture(log_every_kind);
	assert_string_equal(after_time(output),
	    " level=warn verb=lane.shut lane=\"slack:acme x\" for_ms=1000 "
	    "least=-9223372036854775808 yes=true no=false id=evt_1\n");
}

static void
log_odd_values(void)
{
	log_error("x", L_STR("a", "one\ntwo\r\t"), L_STR("b", "q\"\\"), L_STR("c", "k=v"),
	    L_STR("d", ""), L_STR("e", "\x1b[31m\x7f"), L_STR("f", "\u00e9\xff\xc2\x85"),
	    L_STR("g", NULL), L_STR("h", "a/b:c,d"), L_STRN("i", ((struct str){"\0", 1})));
}

static void
odd_values_are_quoted_and_escaped(void **state)
{
	(void)state;
	capture(log_odd_values);
	assert_string_equal(after_time(output),
	    " level=error verb=x a=\"one\\ntwo\\r\\t\" b=\"q\\\"\\\\\" c=\"k=v\" d=\"\" "
	    "e=\"\\x1b[31m\\x7f\" f=\"\u00e9\\xff\\xc2\\x85\" g=\"\" h=a/b:c,d i=\"\\x00\"\n");
}

static char long_value[9000];

static void
log_long_value(void)
{
	log_error("long", L_STR("v", long_value), L_INT("gone", 1));
}

static void
a_long_line_is_cut_with_an_ellipsis(void **state)
{
	(void)state;
	memset(long_value, 'x', sizeof long_value - 1);
	capture(log_long_value);
	size_t len = strlen(output);
	assert_in_range(len, 4090, 4096);
	assert_string_equal(output + len - 5, "x\u2026\n");
}

static void
a_cut_inside_quotes_closes_them_and_splits_no_character(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(long_value, ' ', shift);
		for (size_t i = shift; i + 4 < sizeof long_value; i += 4)
			memcpy(long_value + i, "\U0001f600", 5);
		capture(log_long_value);
		size_t len = strlen(output);
		assert_in_range(len, 4090, 4096);
		assert_string_equal(output + len - 9, "\U0001f600\u2026\"\n");
		assert_true(str_is_text(str_of(output)));
	}
}

static void
log_at_each_level(void)
{
	log_debug("d", L_INT("n", 1));
	log_info("i", L_INT("n", 2));
	log_set_level(LOG_LEVEL_WARN);
	log_info("i", L_INT("n", 3));
	log_warn("w", L_INT("n", 4));
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("d", L_INT("n", 5));
}

static void
lines_below_the_level_are_not_written(void **state)
{
	(void)state;
	capture(log_at_each_level);
	assert_null(strstr(output, "n=1"));
	assert_non_null(strstr(output, "level=info verb=i n=2\n"));
	assert_null(strstr(output, "n=3"));
	assert_non_null(strstr(output, "level=warn verb=w n=4\n"));
	assert_non_null(strstr(output, "level=debug verb=d n=5\n"));
}

static void
log_to_a_journal(void)
{
	must(setenv("JOURNAL_STREAM", "8:1", 1) == 0);
	log_set_level(LOG_LEVEL_DEBUG);
	log_error("e", L_INT("n", 1));
	log_warn("w", L_INT("n", 1));
	log_info("i", L_INT("n", 1));
	log_debug("d", L_INT("n", 1));
}

static void
a_journal_gets_priorities(void **state)
{
	static const char *const priorities[] = {"<3>", "<4>", "<6>", "<7>"};
	const char *line = output;

	(void)state;
	capture(log_to_a_journal);
	for (size_t i = 0; i < COUNT_OF(priorities); i++) {
		assert_memory_equal(line, priorities[i], 3);
		line = strchr(after_time(line + 3), '\n') + 1;
	}
	assert_string_equal(line, "");
}

static void
log_to_nowhere(void)
{
	errno = ENOENT;
	close(STDERR_FILENO);
	log_error("e", L_INT("n", 1));
	must(errno == ENOENT);
}

static void
logging_leaves_errno_alone(void **state)
{
	(void)state;
	capture(log_to_nowhere);
	assert_string_equal(output, "");
}

static void
lines_that_repeat_are_said_ever_more_rarely(void **state)
{
	int said = 0;

	(void)state;
	for (uint64_t n = 1; n <= 16; n++)
		assert_true(log_is_said(n));
	assert_false(log_is_said(17));
	assert_true(log_is_said(1024));
	for (uint64_t n = 1; n <= 1000000; n++)
		said += log_is_said(n);
	assert_true(said < 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_is_logfmt),
	    cmocka_unit_test(odd_values_are_quoted_and_escaped),
	    cmocka_unit_test(a_long_line_is_cut_with_an_ellipsis),
	    cmocka_unit_test(a_cut_inside_quotes_closes_them_and_splits_no_character),
	    cmocka_unit_test(lines_below_the_level_are_not_written),
	    cmocka_unit_test(a_journal_gets_priorities),
	    cmocka_unit_test(logging_leaves_errno_alone),
	    cmocka_unit_test(lines_that_repeat_are_said_ever_more_rarely),
	};

	unsetenv("JOURNAL_STREAM");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
