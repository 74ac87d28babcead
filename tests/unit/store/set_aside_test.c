/* A damaged file is renamed and begun anew; what is whole stays. */
#include "store_fixture.h"

#include <fcntl.h>

#include "store/store_private.h"

static void
fill(struct fixture *f)
{
	for (uint64_t seq = 1; seq <= 200; seq++)
		put_delivery(f, "acme", seq, "rule", DELIVERY_HELD);
}

static bool
fill_type(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	state_apply(t, STR("acme.type.a/b"), STR("a record"), 7);
	store_set_applied(t, 7);
	return true;
}

static const char *
close_file(struct fixture *f, const char *name)
{
	store_close(f->store);
	f->store = NULL;
	return arena_printf(f->arena, "%s/%s.mdb", f->dir, name).ptr;
}

static bool
open_to_repair(struct fixture *f, struct err *e)
{
	struct store_options o = small_options(f->dir);

	o.sets_aside = true;
	*e = (struct err){0};
	return store_open(&f->store, &o, e);
}

/* What a damaged file must lead to: a new index, and the old bytes under another name. */
static void
assert_begun_anew(struct fixture *f, off_t size_before)
{
	const char *to = store_set_aside(f->store, STORE_HISTORY);
	struct stat st;

	assert_non_null(to);
	assert_non_null(strstr(to, "/history.mdb.damaged-"));
	assert_int_equal(stat(to, &st), 0);
	assert_int_equal(st.st_size, size_before);
	assert_null(store_set_aside(f->store, STORE_STATE));
	assert_int_equal(store_applied_now(f->store, STORE_HISTORY), 0);
	assert_int_equal(store_applied_now(f->store, STORE_STATE), 7);
}

static void
damage_and_open(struct fixture *f, void (*damage)(int fd, off_t size))
{
	struct stat before, after;
	struct err e;
	int fd;

	write_store(f->store, STORE_STATE, fill_type, NULL);
	fill(f);
	const char *path = close_file(f, "history");
	assert_int_equal(stat(path, &before), 0);
	fd = open(path, O_RDWR);
	damage(fd, before.st_size);
	assert_int_equal(fstat(fd, &after), 0);
	close(fd);
	assert_true(open_to_repair(f, &e));
	assert_string_equal(e.text, "");
	assert_begun_anew(f, after.st_size);
	put_delivery(f, "acme", 1, "rule", DELIVERY_HELD); /* it can be written */
}

static void
cut_in_a_page(int fd, off_t size)
{
	assert_int_equal(ftruncate(fd, size / 2 + 100), 0);
}

static void
cut_to_nothing(int fd, off_t size)
{
	(void)size;
	assert_int_equal(ftruncate(fd, 0), 0);
}

static void
wipe_all_but_the_head(int fd, off_t size)
{
	const char zeros[4096] = {0};

	for (off_t at = 2 * 4096; at < size; at += 4096)
		assert_int_equal(pwrite(fd, zeros, sizeof(zeros), at), sizeof(zeros));
}

static void
a_file_cut_in_a_page_is_set_aside(void **state)
{
	damage_and_open(*state, cut_in_a_page);
}

static void
an_empty_file_is_set_aside(void **state)
{
	damage_and_open(*state, cut_to_nothing);
}

static void
wiped_pages_are_set_aside(void **state)
{
	damage_and_open(*state, wipe_all_but_the_head);
}

static void
whole_files_stay(void **state)
{
	struct fixture *f = *state;
	struct err e;

	write_store(f->store, STORE_STATE, fill_type, NULL);
	(void)close_file(f, "state");
	assert_true(open_to_repair(f, &e));
	assert_null(store_set_aside(f->store, STORE_STATE));
	assert_null(store_set_aside(f->store, STORE_HISTORY));
	assert_int_equal(store_applied_now(f->store, STORE_STATE), 7);
}

static void
both_files_may_be_damaged_and_twice_a_second(void **state)
{
	struct fixture *f = *state;
	const char *names[] = {"state", "history"};
	const char *last = "";
	struct err e;

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 2; i++)
			assert_int_equal(truncate(close_file(f, names[i]), 5000), 0);
		assert_true(open_to_repair(f, &e));
		assert_non_null(store_set_aside(f->store, STORE_STATE));
		assert_string_not_equal(store_set_aside(f->store, STORE_HISTORY), last);
		last = arena_cstr(f->arena, str_of(store_set_aside(f->store, STORE_HISTORY)));
	}
}

static void
a_damaged_file_to_be_rewritten_is_not_copied(void **state)
{
	struct fixture *f = *state;
	struct err e;

	fill(f);
	assert_true(store_ask_rewrite(f->dir, &e));
	assert_int_equal(truncate(close_file(f, "history"), 5000), 0);
	assert_true(open_to_repair(f, &e));
	assert_false(store_wants_rewrite(f->dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_file_cut_in_a_page_is_set_aside),
	    STORE_TEST(an_empty_file_is_set_aside),
	    STORE_TEST(wiped_pages_are_set_aside),
	    STORE_TEST(whole_files_stay),
	    STORE_TEST(both_files_may_be_damaged_and_twice_a_second),
	    STORE_TEST(a_damaged_file_to_be_rewritten_is_not_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
