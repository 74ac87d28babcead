#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"

#include <cmocka.h>

static struct command *
command(void)
{
	static struct command c;

	c = (struct command){.arena = arena_new(0)};
	return &c;
}

/* Leaves the name of a new file of `len` blanks, which the caller unlinks. */
static void
write_blanks(char path[static 32], off_t len)
{
	int fd;

	snprintf(path, 32, "/tmp/carillon-input-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, len), 0);
	close(fd);
}

static void
a_file_is_read_whole_up_to_its_limit(void **state)
{
	struct command *c = command();
	char path[32];
	struct str text;
	struct err e = {0};

	(void)state;
	write_blanks(path, INPUT_MAX);
	assert_true(read_input(c, path, &text, &e));
	assert_int_equal(text.len, INPUT_MAX);
	assert_int_equal(truncate(path, INPUT_MAX + 1), 0);
	assert_false(read_input(c, path, &text, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "is longer than"));
	unlink(path);
	arena_free(c->arena);
}

static void
a_length_of_time_has_a_unit(void **state)
{
	struct command *c = command();
	struct err e = {0};
	int64_t ms = 0;

	(void)state;
	c->options[OPTION_DROP_OLDER_THAN] = "90m";
	assert_true(read_duration(c, OPTION_DROP_OLDER_THAN, &ms, &e));
	assert_int_equal(ms, 90 * 60000);
	c->options[OPTION_DROP_OLDER_THAN] = "7d";
	assert_true(read_duration(c, OPTION_DROP_OLDER_THAN, &ms, &e));
	assert_int_equal(ms, 7 * 86400000);
	c->options[OPTION_DROP_OLDER_THAN] = "90";
	assert_false(read_duration(c, OPTION_DROP_OLDER_THAN, &ms, &e));
	assert_true(c->is_misused);
	arena_free(c->arena);
}

static void
a_schedule_is_seconds_with_commas(void **state)
{
	struct command *c = command();
	struct err e = {0};
	uint32_t *retry_s = NULL;
	size_t n = 0;

	(void)state;
	c->options[OPTION_RETRY] = "5,30,120";
	assert_true(read_schedule(c, &retry_s, &n, &e));
	assert_int_equal(n, 3);
	assert_int_equal(retry_s[2], 120);
	c->options[OPTION_RETRY] = "5,30,";
	assert_false(read_schedule(c, &retry_s, &n, &e));
	c->options[OPTION_RETRY] = "-5";
	assert_false(read_schedule(c, &retry_s, &n, &e));
	arena_free(c->arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_is_read_whole_up_to_its_limit),
	    cmocka_unit_test(a_length_of_time_has_a_unit),
	    cmocka_unit_test(a_schedule_is_seconds_with_commas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
