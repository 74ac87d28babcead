#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>

#include "store/store_private.h"

static bool
fill_some(struct txn *t, void *arg, struct err *e)
{
	static char reason[3000]; /* long enough for a page of its own */
	const uint64_t *first = arg;

	(void)e;
	memset(reason, 'r', sizeof(reason) - 1);
	for (uint64_t seq = *first; seq < *first + 50; seq++) {
		history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;
		delivery_record d = delivery_of("acme", seq, "rule", DELIVERY_HELD);
		if (seq % 5 == 0)
			d.reason = reason;
		entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
		entry.delivery = &d;
		history_apply(t, &entry);
	}
	return true;
}

static void
fill_store(struct fixture *f)
{
	for (uint64_t first = 1; first < 1000; first += 50)
		write_store(f->store, STORE_HISTORY, fill_some, &first);
}

static void
reopen(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
	open_store(f);
}

/* Closes, so that the file can be damaged. */
static const char *
history_file(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
	return arena_printf(f->arena, "%s/history.mdb", f->dir).ptr;
}

static bool
try_open(struct fixture *f, bool read_only, struct err *e)
{
	struct store_options o = small_options(f->dir);

	o.read_only = read_only;
	e->kind = ERR_NONE;
	return store_open(&f->store, &o, e);
}

static bool
count_one(const delivery_record *d, void *arg)
{
	size_t *count = arg;

	(*count)++;
	return d->seq > 0;
}

static size_t
count_deliveries(struct fixture *f)
{
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	size_t count = 0;

	history_each_delivery_of(
	    t, f->arena, &(struct delivery_list){STR("acme")}, count_one, &count);
	assert_null(txn_error(t));
	txn_end(t);
	return count;
}

/* What `e` must say about a bad file: which, and what to do. */
static void
assert_says_corrupt(struct fixture *f, const struct err *e)
{
	const struct str move = arena_printf(f->arena, "with repair off, move %s away", f->dir);

	assert_int_equal(e->kind, ERR_CORRUPT);
	assert_non_null(strstr(e->text, "/history.mdb: not a Carillon index ("));
	assert_non_null(strstr(e->text, move.ptr));
	assert_non_null(strstr(e->text, "rebuilt from the streams"));
}

static void
what_was_written_is_there_after_opening_again(void **state)
{
	struct fixture *f = *state;
	struct err e;

	fill_store(f);
	reopen(f);
	assert_int_equal(count_deliveries(f), 1000);
	store_close(f->store);
	assert_true(try_open(f, true, &e));
	assert_int_equal(count_deliveries(f), 1000);
}

/* In place of the C library's, for LMDB: counts, and syncs nothing. */
static int syncs;

int
fdatasync(int fd)
{
	(void)fd;
	syncs++;
	return 0;
}

static void
what_was_committed_is_on_disk(void **state)
{
	struct fixture *f = *state;
	uint64_t first = 1;

	for (int env = 0; env < STORE_ENVS; env++) {
		unsigned flags = 0;

		assert_int_equal(mdb_env_get_flags(f->store->envs[env].mdb, &flags), 0);
		assert_int_equal(
		    flags & (MDB_NOSYNC | MDB_NOMETASYNC | MDB_WRITEMAP | MDB_MAPASYNC), 0);
	}
	syncs = 0;
	for (; first < 1000; first += 50) {
		int before = syncs;

		write_store(f->store, STORE_HISTORY, fill_some, &first);
		assert_true(syncs > before);
	}
}

static void
directory_and_files_are_for_their_owner_only(void **state)
{
	struct fixture *f = *state;
	const char *dir = arena_printf(f->arena, "%s/a/b", f->dir).ptr;
	const char *file = arena_printf(f->arena, "%s/state.mdb", dir).ptr;
	const struct store_options o = small_options(dir);
	struct store *s;
	struct stat st;
	struct err e;

	assert_true(store_open(&s, &o, &e));
	store_close(s);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0077, 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_false(store_open(&s, &o, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_non_null(strstr(e.text, "others may write there (mode 0777); run: chmod 700"));
}

static void
only_looking_needs_a_store(void **state)
{
	struct fixture *f = *state;
	const char *dir = arena_printf(f->arena, "%s/none", f->dir).ptr;
	struct store_options o = small_options(dir);
	struct store *s;
	struct err e;

	o.read_only = true;
	assert_false(store_open(&s, &o, &e));
	assert_null(s);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "carillon serve"));
	assert_int_not_equal(access(dir, F_OK), 0);
}

static bool
fill_nothing(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	store_set_applied(t, 1);
	return true;
}

static void
a_store_opened_to_look_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	struct err e;

	(void)history_file(f);
	assert_true(try_open(f, true, &e));
	assert_false(store_write(f->store, STORE_STATE, fill_nothing, NULL, &e));
	assert_int_equal(e.kind, ERR_SETUP);
}

static void
a_directory_that_cannot_be_one_is_said(void **state)
{
	struct fixture *f = *state;
	const char *dir = arena_printf(f->arena, "%s/state.mdb", f->dir).ptr;
	struct store_options o = small_options(dir);
	struct store *s;
	struct err e;
	char path[400];

	assert_false(store_open(&s, &o, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_non_null(strstr(e.text, "is not a directory"));
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	o.dir = path;
	assert_false(store_open(&s, &o, &e));
	assert_int_equal(e.kind, ERR_SETUP);
}

static void
a_file_of_garbage_is_refused(void **state)
{
	struct fixture *f = *state;
	const int fd = open(history_file(f), O_WRONLY | O_TRUNC);
	struct err e;

	for (int i = 0; i < 5000; i++)
		assert_int_equal(write(fd, "garbage!", 8), 8);
	close(fd);
	assert_false(try_open(f, false, &e));
	assert_says_corrupt(f, &e);
	assert_false(try_open(f, true, &e));
	assert_says_corrupt(f, &e);
}

/* Whatever was cut: it is refused, or all is there. Never half of it, never a SIGBUS. */
static void
a_file_cut_anywhere_is_refused_or_whole(void **state)
{
	struct fixture *f = *state;
	const off_t page = 4096;
	size_t refused = 0, whole = 0;
	struct stat st;
	struct err e;

	fill_store(f);
	const char *file = history_file(f);
	assert_int_equal(stat(file, &st), 0);
	for (off_t size = st.st_size - 1; size > 0;
	     size -= size % page ? size % page : page - 1) {
		assert_int_equal(truncate(file, size), 0);
		for (int read_only = 1; read_only >= 0; read_only--) {
			const bool opened = try_open(f, read_only, &e);
			opened ? whole++ : refused++;
			if (opened)
				assert_int_equal(count_deliveries(f), 1000);
			else
				assert_says_corrupt(f, &e);
			store_close(f->store);
			f->store = NULL;
		}
	}
	assert_true(refused > 100);
	assert_true(whole <= 8);
}

/* One page after another is overwritten, and put back. */
static void
a_torn_page_is_refused_or_was_free(void **state)
{
	struct fixture *f = *state;
	char good[4096], bad[4096];
	size_t refused = 0, pages;
	struct stat st;
	struct err e;

	fill_store(f);
	const int fd = open(history_file(f), O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	pages = (size_t)st.st_size / sizeof(good);
	memset(bad, 0xa5, sizeof(bad));
	for (size_t i = 0; i < pages; i++) {
		const off_t at = (off_t)(i * sizeof(good));
		assert_int_equal(pread(fd, good, sizeof(good), at), sizeof(good));
		assert_int_equal(pwrite(fd, bad, sizeof(bad), at), sizeof(bad));
		if (try_open(f, false, &e)) {
			assert_int_equal(count_deliveries(f), 1000);
		} else {
			assert_says_corrupt(f, &e);
			refused++;
		}
		store_close(f->store);
		f->store = NULL;
		assert_int_equal(pwrite(fd, good, sizeof(good), at), sizeof(good));
	}
	close(fd);
	assert_true(refused > pages / 2);
	open_store(f);
	assert_int_equal(count_deliveries(f), 1000);
}

static bool
fill_and_erase(struct txn *t, void *arg, struct err *e)
{
	history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;
	delivery_record d = delivery_of("zed", 5000, "rule", DELIVERY_HELD);

	(void)e;
	d.reason = arg;
	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	entry.delivery = &d;
	history_apply(t, &entry);
	return history_erase(t, STR("zed"), 1000) > 0;
}

/* Pages that were taken and given back in one transaction are counted but never written. */
static void
a_file_shorter_than_it_says_may_be_whole(void **state)
{
	struct fixture *f = *state;
	MDB_envinfo info;
	struct stat st;
	struct err e;

	char *reason = arena_must(f->arena, 300001);
	memset(reason, 'r', 300000);
	fill_store(f);
	write_store(f->store, STORE_HISTORY, fill_and_erase, reason);
	assert_int_equal(mdb_env_info(f->store->envs[STORE_HISTORY].mdb, &info), 0);
	const char *file = history_file(f);
	assert_int_equal(stat(file, &st), 0);
	assert_true((uint64_t)st.st_size < (info.me_last_pgno + 1) * 4096);
	assert_true(try_open(f, true, &e));
	store_close(f->store);
	assert_true(try_open(f, false, &e)); /* which makes it as long as it says */
	assert_int_equal(stat(file, &st), 0);
	assert_true((uint64_t)st.st_size >= (info.me_last_pgno + 1) * 4096);
	assert_int_equal(count_deliveries(f), 1000);
}

static bool
fill_schema_3(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	meta_set_number(t, STR("schema"), 4);
	return true;
}

static void
a_newer_schema_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct err e;

	write_store(f->store, STORE_HISTORY, fill_schema_3, NULL);
	(void)history_file(f);
	assert_false(try_open(f, false, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_non_null(strstr(e.text, "has schema 4 and this program knows 3"));
	assert_false(try_open(f, true, &e));
	assert_int_equal(e.kind, ERR_SETUP);
}

static void
an_lmdb_file_of_something_else_is_refused(void **state)
{
	struct fixture *f = *state;
	const char *file = history_file(f);
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	struct err e;

	assert_int_equal(remove(file), 0);
	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_open(env, file, MDB_NOSUBDIR, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
	MDB_val k = {3, (void *)(uintptr_t) "key"}, v = k;
	assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	assert_false(try_open(f, false, &e));
	assert_says_corrupt(f, &e);
	assert_false(try_open(f, true, &e));
	assert_says_corrupt(f, &e);
}

/* --- a full disk --- */

static size_t
fill_until_full(struct store *s, struct err *e)
{
	for (uint64_t first = 1; first < 100000; first += 50) {
		if (!store_write(s, STORE_HISTORY, fill_some, &first, e))
			return first - 1;
	}
	return 0;
}

static void
fill_the_disk(const char *file)
{
	static const char zeros[4096];
	const int fd = open(file, O_WRONLY | O_CREAT, 0600);

	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
}

static void
check_full_disk(struct fixture *f, const char *dir)
{
	const char *ballast = arena_printf(f->arena, "%s/ballast", dir).ptr;
	const struct store_options o = small_options(dir);
	struct store *s;
	struct err e;

	fill_the_disk(ballast);
	assert_false(store_open(&s, &o, &e));
	assert_int_equal(e.kind, ERR_FULL);
	assert_int_equal(truncate(ballast, 300 << 10), 0);
	assert_true(store_open(&s, &o, &e));
	const size_t written = fill_until_full(s, &e);
	assert_true(written > 0);
	assert_int_equal(e.kind, ERR_FULL);
	assert_non_null(strstr(e.text, "/history.mdb: cannot be written"));
	assert_non_null(strstr(e.text, "free some space"));
	store_close(f->store);
	f->store = s; /* for counting, and closing */
	assert_int_equal(count_deliveries(f), written);
	assert_int_equal(remove(ballast), 0);
	uint64_t first = written + 1;
	write_store(s, STORE_HISTORY, fill_some, &first);
	assert_int_equal(count_deliveries(f), written + 50);
}

static void
a_full_disk_is_said_and_what_was_written_stays(void **state)
{
	struct fixture *f = *state;
	const char *dir = arena_printf(f->arena, "%s/small", f->dir).ptr;

	assert_int_equal(mkdir(dir, 0700), 0);
	if (mount("tmpfs", dir, "tmpfs", 0, "size=1m") != 0) {
		print_message("SKIPPED: a full disk needs root, to mount a small tmpfs (%s)\n",
		    strerror(errno));
		skip();
	}
	check_full_disk(f, dir);
}

static int
teardown_small_disk(void **state)
{
	struct fixture *f = *state;

	(void)umount2(arena_printf(f->arena, "%s/small", f->dir).ptr, MNT_DETACH);
	return fixture_teardown(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(what_was_written_is_there_after_opening_again),
	    STORE_TEST(what_was_committed_is_on_disk),
	    STORE_TEST(directory_and_files_are_for_their_owner_only),
	    STORE_TEST(only_looking_needs_a_store),
	    STORE_TEST(a_store_opened_to_look_cannot_be_written),
	    STORE_TEST(a_directory_that_cannot_be_one_is_said),
	    STORE_TEST(a_file_of_garbage_is_refused),
	    STORE_TEST(a_file_cut_anywhere_is_refused_or_whole),
	    STORE_TEST(a_torn_page_is_refused_or_was_free),
	    STORE_TEST(a_file_shorter_than_it_says_may_be_whole),
	    STORE_TEST(a_newer_schema_is_left_alone),
	    STORE_TEST(an_lmdb_file_of_something_else_is_refused),
	    cmocka_unit_test_setup_teardown(a_full_disk_is_said_and_what_was_written_stays,
		fixture_setup, teardown_small_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
