#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keeper/list_file.h"

#include <cmocka.h> /* last: it makes a macro of fail */

static struct channel_rows rows;
static struct arena *arena;
static keeper_answer found;

static int
set_up(void **state)
{
	(void)state;
	arena = arena_new(0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	rows_fini(&rows);
	arena_free(arena);
	return 0;
}

static void
add(const char *id, const char *name, bool is_member)
{
	struct dest_channel c = {.is_member = is_member};

	assert_true(str_copy(c.id, sizeof(c.id), str_of(id)));
	assert_true(str_copy(c.name, sizeof(c.name), str_of(name)));
	rows_add(&rows, &c);
}

static void
find(const char *part, const char *after, size_t limit)
{
	carillon__v1__keeper_answer__init(&found);
	rows_sort(&rows);
	rows_find(&rows,
	    &(struct list_query){.part = str_of(part), .after = str_of(after), .limit = limit},
	    arena, &found);
}

static void
expect(const char *ids)
{
	char text[256] = "";

	for (size_t i = 0; i < found.n_channels; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
		    i ? " " : "", found.channels[i]->id);
	assert_string_equal(text, ids);
}

static void
what_begins_with_it_comes_first(void **state)
{
	(void)state;
	add("C1", "ops", false);
	add("C2", "devops", false);
	add("C3", "Ops-night", false);
	add("C4", "general", false);
	find("ops", "", 10);
	expect("C3 C1 C2");
	find("#ops", "", 10);
	expect("C3 C1 C2");
	find("", "", 10);
	expect("C3 C2 C4 C1");
	find("none", "", 10);
	expect("");
}

static void
pages_together_are_the_whole_list(void **state)
{
	char id[16], name[32], after[16] = "";
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 500; i++) {
		(void)snprintf(id, sizeof(id), "C%d", i);
		(void)snprintf(
		    name, sizeof(name), i % 3 == 0 ? "team-%d" : "my-team-%d", i * 7919 % 500);
		add(id, name, false);
	}
	for (;;) {
		find("team", after, 7);
		n += found.n_channels;
		if (found.n_channels < 7)
			break;
		(void)snprintf(after, sizeof(after), "%s", found.channels[6]->id);
	}
	assert_int_equal(n, 500);
}

static void
a_channel_read_twice_is_one_and_stays_joined(void **state)
{
	(void)state;
	add("C1", "before", true);
	add("C1", "after", false);
	find("", "", 10);
	expect("C1");
	assert_string_equal(found.channels[0]->name, "after");
	assert_true(found.channels[0]->member);
}

static void
more_than_may_be_are_left_out(void **state)
{
	char id[16];

	(void)state;
	for (int i = 0; i < LIST_CHANNELS_MAX + 10; i++) {
		(void)snprintf(id, sizeof(id), "C%d", i);
		add(id, id, false);
	}
	assert_int_equal(rows.n, LIST_CHANNELS_MAX);
}

static void
a_file_keeps_the_list_of_its_account(void **state)
{
	char dir[] = "list_file_test.XXXXXX", command[64];
	struct channel_rows read = {0};
	int64_t at_ms;
	bool is_limited;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	add("C1", "ops", true);
	add("G2", "secret", false);
	rows_sort(&rows);
	assert_true(list_file_write(dir, "acme", "conn_1", "T1", &rows, 42, true, &e));
	assert_true(list_file_read(dir, "acme", "conn_1", "T1", &read, &at_ms, &is_limited));
	assert_int_equal(read.n, 2);
	assert_int_equal(at_ms, 42);
	assert_true(is_limited);
	assert_true(read.items[0]->is_member);
	rows_fini(&read);
	assert_false(list_file_read(dir, "acme", "conn_1", "T2", &read, &at_ms, &is_limited));
	assert_false(list_file_read(dir, "acme", "conn_2", "T1", &read, &at_ms, &is_limited));
	rows_fini(&read);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static bool
is_first(struct str workspace, struct str connection, void *arg)
{
	(void)arg;
	return str_eq(workspace, STR("acme")) && str_eq(connection, STR("conn_1"));
}

static void
files_of_what_is_gone_are_removed(void **state)
{
	char dir[] = "list_file_test.XXXXXX", command[64];
	struct channel_rows read = {0};
	int64_t at_ms;
	bool is_limited;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	add("C1", "ops", true);
	rows_sort(&rows);
	assert_true(list_file_write(dir, "acme", "conn_1", "T1", &rows, 42, false, &e));
	assert_true(list_file_write(dir, "acme", "conn_2", "T1", &rows, 42, false, &e));
	assert_true(list_file_write(dir, "gone", "conn_1", "T1", &rows, 42, false, &e));
	list_files_sweep(dir, is_first, NULL);
	assert_true(list_file_read(dir, "acme", "conn_1", "T1", &read, &at_ms, &is_limited));
	rows_fini(&read);
	assert_false(list_file_read(dir, "acme", "conn_2", "T1", &read, &at_ms, &is_limited));
	(void)snprintf(command, sizeof(command), "test ! -e '%s/gone'", dir);
	assert_int_equal(system(command), 0);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_begins_with_it_comes_first),
	    TEST(pages_together_are_the_whole_list),
	    TEST(a_channel_read_twice_is_one_and_stays_joined),
	    TEST(more_than_may_be_are_left_out),
	    TEST(a_file_keeps_the_list_of_its_account),
	    TEST(files_of_what_is_gone_are_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
