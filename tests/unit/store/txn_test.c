#include "store_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "store/store_private.h"

/* --- the sticky error --- */

struct attempt {
	int runs;
	bool succeed;
};

static bool
fill_then_decide(struct txn *t, void *arg, struct err *e)
{
	struct attempt *a = arg;

	a->runs++;
	store_set_applied(t, 99);
	if (a->succeed)
		return true;
	fail(e, ERR_CONFLICT, "somebody was first");
	return false;
}

static uint64_t
applied(struct store *s)
{
	struct txn *t = txn_read(s, STORE_HISTORY);
	const uint64_t seq = store_applied(t);

	txn_end(t);
	return seq;
}

static void
a_fill_that_fails_writes_nothing_and_its_error_is_told(void **state)
{
	struct fixture *f = *state;
	struct attempt a = {0};
	struct err e;

	assert_false(store_write(f->store, STORE_HISTORY, fill_then_decide, &a, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_string_equal(e.text, "somebody was first");
	assert_int_equal(applied(f->store), 0);
	a.succeed = true;
	assert_true(store_write(f->store, STORE_HISTORY, fill_then_decide, &a, &e));
	assert_int_equal(applied(f->store), 99);
	assert_int_equal(a.runs, 2);
}

/* As code does that puts ten times and checks at the end only. */
static bool
fill_after_error(struct txn *t, void *arg, struct err *e)
{
	uint64_t *seen = arg;

	(void)e;
	state_apply(t, STR("acme.rule.r1"), STR("x"), 5);
	txn_fail(t, ENOSPC);
	txn_fail(t, MDB_CORRUPTED); /* the first one stays */
	state_apply(t, STR("acme.rule.r2"), STR("x"), 5);
	store_set_applied(t, 8);
	*seen = store_applied(t);
	return true;
}

static void
after_a_first_error_nothing_is_done_and_the_write_fails(void **state)
{
	struct fixture *f = *state;
	struct store_stats stats;
	uint64_t seen = 1;
	struct err e;

	assert_false(store_write(f->store, STORE_STATE, fill_after_error, &seen, &e));
	assert_int_equal(e.kind, ERR_FULL);
	assert_int_equal(seen, 0);
	store_stats(f->store, &stats);
	assert_int_equal(stats.state_records, 0);
}

static bool
fill_bad_key(struct txn *t, void *arg, struct err *e)
{
	const struct key k = key_by_workspace((struct str){arg, 65}, 1);

	(void)e;
	txn_put(t, TABLE_BY_WORKSPACE, &k, STR(""));
	return true;
}

static void
a_key_that_is_too_long_is_an_error_not_a_shorter_key(void **state)
{
	struct fixture *f = *state;
	char id[65];
	struct err e;

	memset(id, 'a', sizeof(id));
	assert_false(store_write(f->store, STORE_HISTORY, fill_bad_key, id, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "\"aaaaaaaa"));
	assert_non_null(strstr(e.text, "(table by_workspace)"));
}

static void
a_reader_sees_what_was_there_when_it_began(void **state)
{
	struct fixture *f = *state;
	struct attempt a = {.succeed = true};
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	write_store(f->store, STORE_HISTORY, fill_then_decide, &a);
	assert_int_equal(store_applied(t), 0);
	txn_end(t);
	assert_int_equal(store_applied_now(f->store, STORE_HISTORY), 99);
}

static void
ending_a_reader_tells_its_first_error(void **state)
{
	struct fixture *f = *state;
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	struct err e = {0};

	assert_true(txn_finish(t, &e));
	assert_int_equal(e.kind, ERR_NONE);
	t = txn_read(f->store, STORE_HISTORY);
	txn_fail(t, ENOSPC);
	assert_false(txn_finish(t, &e));
	assert_int_equal(e.kind, ERR_FULL);
	t = txn_read(f->store, STORE_HISTORY);
	txn_fail(t, ENOSPC);
	assert_false(txn_finish(t, NULL));
}

/* --- growing --- */

enum { GROW_WRITES = 60, GROW_BATCH = 40, GROW_READERS = 3 };

struct batch {
	uint64_t first;
	int runs;
};

static bool
fill_batch(struct txn *t, void *arg, struct err *e)
{
	static char reason[2000];
	struct batch *b = arg;

	(void)e;
	b->runs++;
	memset(reason, 'r', sizeof(reason) - 1);
	for (uint64_t seq = b->first; seq < b->first + GROW_BATCH; seq++) {
		history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;
		delivery_record d = delivery_of("acme", seq, "rule", DELIVERY_FAILED);
		d.reason = reason;
		entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
		entry.delivery = &d;
		history_apply(t, &entry);
	}
	store_set_applied(t, b->first + GROW_BATCH - 1);
	return true;
}

struct reader {
	struct store *store;
	atomic_bool *stop;
	long reads;
	pthread_t thread;
};

/* Every snapshot is whole: the last applied one is there, the next is not. Both environments
 * are read at once, as the API does. */
static void *
read_on(void *arg)
{
	struct reader *r = arg;
	struct arena *a = arena_new(0);

	while (!atomic_load(r->stop)) {
		struct txn *t = txn_read(r->store, STORE_HISTORY);
		struct txn *other = txn_read(r->store, STORE_STATE);
		const uint64_t seq = store_applied(t);
		must(seq == 0 || history_delivery(t, a, seq, STR("rule")));
		must(!history_delivery(t, a, seq + 1, STR("rule")));
		must(!txn_error(t) && !txn_error(other));
		txn_end(other);
		txn_end(t);
		arena_reset(a);
		r->reads++;
	}
	arena_free(a);
	return NULL;
}

static void
a_map_of_1_mib_grows_under_readers(void **state)
{
	struct fixture *f = *state;
	struct reader readers[GROW_READERS];
	atomic_bool stop = false;
	struct store_stats stats;
	int runs = 0;

	for (size_t i = 0; i < COUNT_OF(readers); i++) {
		readers[i] = (struct reader){.store = f->store, .stop = &stop};
		must(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]) == 0);
	}
	for (uint64_t i = 0; i < GROW_WRITES; i++) {
		struct batch b = {.first = i * GROW_BATCH + 1};
		write_store(f->store, STORE_HISTORY, fill_batch, &b);
		runs += b.runs;
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < COUNT_OF(readers); i++)
		pthread_join(readers[i].thread, NULL);
	store_stats(f->store, &stats);
	assert_int_equal(stats.deliveries, GROW_WRITES * GROW_BATCH);
	assert_true(stats.history_bytes > 4 << 20);
	assert_true(runs >= GROW_WRITES + 2); /* it ran again each time the map grew */
}

static void
a_map_grows_while_its_writer_reads_the_other_environment(void **state)
{
	struct fixture *f = *state;
	struct txn *t = txn_read(f->store, STORE_STATE);

	for (uint64_t i = 0; i < 20; i++) {
		struct batch b = {.first = i * GROW_BATCH + 1};
		write_store(f->store, STORE_HISTORY, fill_batch, &b);
	}
	assert_int_equal(store_applied(t), 0);
	txn_end(t);
	assert_int_equal(applied(f->store), 20 * GROW_BATCH);
}

/* --- other processes --- */

static void
wait_child(pid_t child, int signal)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	if (signal)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signal);
	else
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* In a child: opens the store anew and writes batches from `first` on. */
static void
write_batches(const char *dir, uint64_t first, uint64_t batches)
{
	const struct store_options o = small_options(dir);
	struct store *s;
	struct err e;

	must(store_open(&s, &o, &e));
	for (uint64_t i = 0; i < batches; i++) {
		struct batch b = {.first = first + i * GROW_BATCH};
		must(store_write(s, STORE_HISTORY, fill_batch, &b, &e));
	}
	store_close(s);
}

static void
what_another_process_writes_into_a_grown_map_is_read(void **state)
{
	struct fixture *f = *state;
	struct batch b = {.first = 30 * GROW_BATCH + 1};
	int gate[2];

	/* the child must not inherit an open environment */
	store_close(f->store);
	f->store = NULL;
	assert_int_equal(pipe(gate), 0);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		char c;
		must(read(gate[0], &c, 1) == 1); /* until the parent has it open */
		write_batches(f->dir, 1, 30);
		_exit(0);
	}
	open_store(f);
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	assert_int_equal(write(gate[1], "g", 1), 1);
	wait_child(child, 0);
	assert_int_equal(store_applied(t), 0); /* its snapshot is of before */
	txn_end(t);
	t = txn_read(f->store, STORE_HISTORY); /* and now the map has to be followed */
	assert_int_equal(store_applied(t), 30 * GROW_BATCH);
	assert_non_null(history_delivery(t, f->arena, 30 * GROW_BATCH, STR("rule")));
	assert_null(txn_error(t));
	txn_end(t);
	write_store(f->store, STORE_HISTORY, fill_batch, &b);
	assert_int_equal(applied(f->store), 31 * GROW_BATCH);
	close(gate[0]);
	close(gate[1]);
}

static void
two_processes_write_by_turns_and_lose_nothing(void **state)
{
	struct fixture *f = *state;
	struct store_stats stats;

	store_close(f->store);
	f->store = NULL;
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_batches(f->dir, 100001, 40);
		_exit(0);
	}
	write_batches(f->dir, 1, 40);
	wait_child(child, 0);
	open_store(f);
	store_stats(f->store, &stats);
	assert_int_equal(stats.deliveries, 2 * 40 * GROW_BATCH);
}

static void
count_round(struct fixture *f, uint64_t *last)
{
	struct store_stats stats;

	open_store(f);
	const uint64_t seq = applied(f->store);
	store_stats(f->store, &stats);
	assert_true(seq >= *last);
	assert_int_equal(stats.deliveries, seq); /* all up to `applied`, none beyond */
	*last = seq;
	store_close(f->store);
	f->store = NULL;
}

static void
a_writer_killed_at_any_moment_leaves_a_whole_store(void **state)
{
	struct fixture *f = *state;
	uint64_t last = 0;

	store_close(f->store);
	f->store = NULL;
	for (int round = 0; round < 20; round++) {
		const pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			write_batches(f->dir, last + 1, 100000);
			_exit(1);
		}
		usleep((useconds_t)(5000 + round * 3571 % 40000));
		kill(child, SIGKILL);
		wait_child(child, SIGKILL);
		count_round(f, &last);
	}
	assert_true(last > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_fill_that_fails_writes_nothing_and_its_error_is_told),
	    STORE_TEST(after_a_first_error_nothing_is_done_and_the_write_fails),
	    STORE_TEST(a_key_that_is_too_long_is_an_error_not_a_shorter_key),
	    STORE_TEST(a_reader_sees_what_was_there_when_it_began),
	    STORE_TEST(ending_a_reader_tells_its_first_error),
	    STORE_TEST(a_map_of_1_mib_grows_under_readers),
	    STORE_TEST(a_map_grows_while_its_writer_reads_the_other_environment),
	    STORE_TEST(what_another_process_writes_into_a_grown_map_is_read),
	    STORE_TEST(two_processes_write_by_turns_and_lose_nothing),
	    STORE_TEST(a_writer_killed_at_any_moment_leaves_a_whole_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
