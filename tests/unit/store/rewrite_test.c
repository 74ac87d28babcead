/* Writing the files anew, and what erasing needs besides. */
#include "store_fixture.h"

#include <fcntl.h>

static bool
file_has(struct fixture *f, const char *name, const char *word)
{
	char path[96], *bytes;
	struct stat st;
	bool found;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	const int fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	bytes = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	found = memmem(bytes, (size_t)st.st_size, word, strlen(word)) != NULL;
	free(bytes);
	return found;
}

static bool
fill_erase(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	while (history_erase(t, STR("hidden"), 1000) > 0)
		;
	return true;
}

/* Both workspaces' records side by side on the same pages. */
static void
fill_both(struct fixture *f)
{
	char id[32];

	for (uint64_t seq = 1; seq <= 400; seq++) {
		snprintf(id, sizeof(id), "%s-event-%d", seq % 2 ? "hidden" : "kept", (int)seq);
		put_event(f, seq % 2 ? "hidden" : "acme", seq, id);
		put_delivery(f, seq % 2 ? "hidden" : "acme", seq, "r1", DELIVERY_FAILED);
	}
}

static size_t
count_events(struct fixture *f, const char *workspace)
{
	struct listing l = {0};
	struct txn *t = txn_read(f->store, STORE_HISTORY);

	history_each_event_of(t, f->arena, str_of(workspace), 0, list_event, &l);
	assert_null(txn_error(t));
	txn_end(t);
	return l.count;
}

static void
reopen(struct fixture *f)
{
	store_close(f->store);
	open_store(f);
}

static void
files_written_anew_have_nothing_of_what_was_erased(void **state)
{
	struct fixture *f = *state;
	struct store_stats before, after;
	struct err e = {0};

	fill_both(f);
	write_store(f->store, STORE_HISTORY, fill_erase, NULL);
	store_stats(f->store, &before);
	assert_true(file_has(f, "history.mdb", "hidden-event")); /* or this shows nothing */
	assert_true(store_ask_rewrite(f->dir, &e));
	reopen(f);
	assert_false(store_wants_rewrite(f->dir));
	assert_false(file_has(f, "history.mdb", "hidden"));
	assert_true(file_has(f, "history.mdb", "kept-event"));
	assert_int_equal(count_events(f, "acme"), 200);
	store_stats(f->store, &after);
	assert_int_equal(after.events, before.events);
	assert_int_equal(after.deliveries, before.deliveries);
	put_event(f, "acme", 1000, "later");
	assert_int_equal(count_events(f, "acme"), 201);
}

/* A process that has it open and answers when it may end. */
static pid_t
open_in_another_process(struct fixture *f, int ready[2], int end[2])
{
	const pid_t pid = fork();
	char byte = 0;

	if (pid != 0)
		return pid;
	const struct store_options o = small_options(f->dir);
	if (!store_open(&f->store, &o, NULL))
		_exit(1);
	if (write(ready[1], &byte, 1) != 1 || read(end[0], &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

static void
files_that_another_process_has_open_are_left_alone(void **state)
{
	struct fixture *f = *state;
	int ready[2], end[2], status;
	struct err e = {0};
	char byte = 0;

	fill_both(f);
	store_close(f->store);
	f->store = NULL;
	assert_true(pipe(ready) == 0 && pipe(end) == 0);
	const pid_t pid = open_in_another_process(f, ready, end);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_true(store_ask_rewrite(f->dir, &e));
	open_store(f);
	assert_true(store_wants_rewrite(f->dir));
	assert_int_equal(write(end[1], &byte, 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	reopen(f);
	assert_false(store_wants_rewrite(f->dir));
	assert_int_equal(count_events(f, "hidden"), 200);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(end[i]);
	}
}

/* --- lists --- */

struct seqs {
	uint64_t seqs[8];
	int n, stop_after;
};

static bool
note_seq(uint64_t seq, void *arg)
{
	struct seqs *s = arg;

	s->seqs[s->n++] = seq;
	return s->n != s->stop_after;
}

static void
sequences_of_a_workspace_come_oldest_first_from_where_it_is_said(void **state)
{
	struct fixture *f = *state;
	struct seqs all = {0}, some = {.stop_after = 2};

	put_event(f, "acme", 3, "a");
	put_event(f, "acme-2", 4, "b");
	put_event(f, "acme", 5, "c");
	put_event(f, "acme", 9, "d");
	put_event(f, "abc", 10, "e");
	struct txn *t = txn_read(f->store, STORE_HISTORY);
	history_each_seq_of(t, STR("acme"), 0, note_seq, &all);
	history_each_seq_of(t, STR("acme"), 4, note_seq, &some);
	txn_end(t);
	assert_int_equal(all.n, 3);
	assert_true(all.seqs[0] == 3 && all.seqs[1] == 5 && all.seqs[2] == 9);
	assert_int_equal(some.n, 2);
	assert_true(some.seqs[0] == 5 && some.seqs[1] == 9);
}

struct change {
	const char *key, *bytes;
	uint64_t revision;
};

static bool
fill_change(struct txn *t, void *arg, struct err *e)
{
	const struct change *c = arg;

	(void)e;
	state_apply(t, str_of(c->key), str_of(c->bytes), c->revision);
	return true;
}

static bool
fill_forget(struct txn *t, void *arg, struct err *e)
{
	(void)e;
	*(size_t *)arg = state_forget(t, STR("acme"), 2);
	return true;
}

static bool
list_of_kind(struct str workspace, struct str id, const struct state_value *v, void *arg)
{
	struct listing *l = arg;
	const size_t len = strlen(l->text);

	(void)v;
	snprintf(l->text + len, sizeof(l->text) - len, "%.*s/%.*s ", STR_ARG(workspace),
	    STR_ARG(id));
	return ++l->count != l->stop_after;
}

static void
a_kind_is_listed_over_all_workspaces_and_deletions_are_forgotten(void **state)
{
	struct fixture *f = *state;
	struct change changes[] = {{"acme.replay.r1", "x", 1}, {"acme-2.replay.r1", "x", 2},
	    {"acme.rule.r1", "x", 3}, {"beta.replay.r2", "x", 4}, {"acme.replay.r1", "", 5},
	    {"acme.rule.r1", "", 6}, {"acme.rule.r2", "", 7}, {"acme-2.rule.r9", "", 8}};
	struct listing l = {0};
	size_t gone;

	for (size_t i = 0; i < COUNT_OF(changes); i++)
		write_store(f->store, STORE_STATE, fill_change, &changes[i]);
	struct txn *t = txn_read(f->store, STORE_STATE);
	state_each_of_kind(t, STATE_REPLAY, list_of_kind, &l);
	txn_end(t);
	assert_string_equal(l.text, "acme-2/r1 beta/r2 ");
	write_store(f->store, STORE_STATE, fill_forget, &gone);
	assert_int_equal(gone, 2);
	write_store(f->store, STORE_STATE, fill_forget, &gone);
	assert_int_equal(gone, 1); /* and not those of acme-2 */
	write_store(f->store, STORE_STATE, fill_forget, &gone);
	assert_int_equal(gone, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(files_written_anew_have_nothing_of_what_was_erased),
	    STORE_TEST(files_that_another_process_has_open_are_left_alone),
	    STORE_TEST(sequences_of_a_workspace_come_oldest_first_from_where_it_is_said),
	    STORE_TEST(a_kind_is_listed_over_all_workspaces_and_deletions_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
