#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "carillon/vault/vault.h"

#include <cmocka.h> /* last: it makes a macro of fail */

#include "unit/vault/memory.h"

static void
a_secret_holds_what_was_appended(void **state)
{
	(void)state;
	struct secret *s = secret_new(10);
	assert_int_equal(secret_len(s), 0);
	assert_string_equal(secret_bytes(s), "");
	assert_true(secret_append(s, "abc", 3));
	assert_true(secret_append(s, NULL, 0));
	assert_true(secret_append(s, "defghij", 7));
	assert_int_equal(secret_len(s), 10);
	assert_string_equal(secret_bytes(s), "abcdefghij");
	secret_free(s);
}

static void
what_does_not_fit_leaves_a_secret_unchanged(void **state)
{
	(void)state;
	struct secret *s = secret_new(4);
	assert_true(secret_append(s, "abc", 3));
	assert_false(secret_append(s, "de", 2));
	assert_false(secret_append(s, "de", SIZE_MAX));
	assert_string_equal(secret_bytes(s), "abc");
	secret_free(s);
	secret_free(NULL);
}

static void
the_longest_secret_keeps_its_nul(void **state)
{
	(void)state;
	struct secret *s = secret_new(SECRET_MAX);
	for (int i = 0; i < SECRET_MAX; i++)
		assert_true(secret_append(s, "x", 1));
	assert_false(secret_append(s, "x", 1));
	assert_int_equal(strlen(secret_bytes(s)), SECRET_MAX);
	secret_free(s);
}

static void
clear_and_free_wipe(void **state)
{
	(void)state;
	struct secret *s = secret_new(SECRET_MAX);
	const char *at = secret_bytes(s);
	assert_true(secret_append(s, "0123456789", 10));
	assert_false(memory_is_zero(at, 10));
	secret_clear(s);
	assert_int_equal(secret_len(s), 0);
	assert_true(memory_is_zero(at, SECRET_MAX));
	for (int i = 0; i < SECRET_MAX; i++)
		assert_true(secret_append(s, "y", 1));
	secret_free(s);
	assert_true(memory_is_zero(at, SECRET_MAX));
}

static void
secrets_are_left_out_of_core_dumps_and_of_children(void **state)
{
	(void)state;
	enum { MANY = 200 }; /* more than one region */
	struct secret *all[MANY];
	for (int i = 0; i < MANY; i++) {
		all[i] = secret_new(8);
		assert_true(secret_append(all[i], &i, sizeof(i)));
	}
	for (int i = 0; i < MANY; i++) {
		assert_memory_equal(secret_bytes(all[i]), &i, sizeof(i));
		assert_true(memory_has_flag(secret_bytes(all[i]), "dd"));
		assert_true(memory_has_flag(secret_bytes(all[i]), "wf"));
		if (!UNDER_SANITIZER && secret_memory_is_locked(NULL)) /* they ignore mlock */
			assert_true(memory_has_flag(secret_bytes(all[i]), "lo"));
	}
	for (int i = 0; i < MANY; i++)
		secret_free(all[i]);
}

static void
a_forked_child_finds_the_secret_zeroed(void **state)
{
	(void)state;
	struct secret *s = secret_new(8);
	assert_true(secret_append(s, "abc", 3));
	pid_t child = fork();
	if (child == 0)
		_exit(secret_bytes(s)[0] == 0 ? 0 : 1);
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(secret_bytes(s), "abc");
	secret_free(s);
}

static void
a_secret_is_read_up_to_the_newline_and_no_further(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "first\nsecond", 12), 12);
	close(ends[1]);
	struct err e = {0};
	struct secret *s = secret_new(6);
	assert_true(secret_read_fd(s, ends[0], &e));
	assert_string_equal(secret_bytes(s), "first");
	secret_clear(s);
	assert_true(secret_read_fd(s, ends[0], &e));
	assert_string_equal(secret_bytes(s), "second");
	secret_clear(s);
	assert_true(secret_read_fd(s, ends[0], &e));
	assert_int_equal(secret_len(s), 0);
	close(ends[0]);
	secret_free(s);
}

static void
a_secret_too_long_to_read_is_refused_without_being_shown(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abcdef\n", 7), 7);
	struct err e = {0};
	struct secret *s = secret_new(5);
	assert_false(secret_read_fd(s, ends[0], &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.text, "reading a secret: longer than 5 bytes");
	assert_int_equal(secret_bytes(s)[5], 0);
	close(ends[0]);
	close(ends[1]);
	assert_false(secret_read_fd(s, -1, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	secret_free(s);
}

static void *
use_secrets(void *arg)
{
	for (int i = 0; i < 3000; i++) {
		struct secret *a = secret_new(sizeof(i)), *b = secret_new(sizeof(arg));
		must(secret_append(a, &i, sizeof(i)) && secret_append(b, &arg, sizeof(arg)));
		must(memcmp(secret_bytes(a), &i, sizeof(i)) == 0);
		must(memcmp(secret_bytes(b), &arg, sizeof(arg)) == 0);
		secret_free(a);
		secret_free(b);
	}
	return NULL;
}

static void
threads_never_share_a_secret(void **state)
{
	(void)state;
	pthread_t threads[4];
	for (uintptr_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, use_secrets, (void *)(i + 1)), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_join(threads[i], NULL);
}

static int
exhaust_locked_memory(void)
{
	const char *why = NULL;
	/* Root may lock beyond the limit, so the right to do so goes first. */
	if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0}) != 0)
		return 2;
	if (geteuid() == 0 && setuid(65534) != 0)
		return 2;
	struct secret *all[400]; /* more than the tests before have left free */
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		all[i] = secret_new(3);
		must(secret_append(all[i], "abc", 3));
	}
	return !secret_memory_is_locked(&why) && strstr(why, "RLIMIT_MEMLOCK is 0 KiB") ? 0 : 1;
}

static void
secrets_work_without_locked_memory_and_say_so(void **state)
{
	(void)state;
	if (UNDER_SANITIZER) {
		print_message("skipped: sanitizers ignore mlock\n");
		skip();
	}
	pid_t child = fork();
	if (child == 0)
		_exit(exhaust_locked_memory());
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int
hardened_child(const char *allow_core)
{
	struct rlimit core;
	if (allow_core)
		setenv("CARILLON_ALLOW_CORE", allow_core, 1);
	setrlimit(RLIMIT_CORE, &(struct rlimit){4096, 4096});
	process_harden();
	getrlimit(RLIMIT_CORE, &core);
	bool allowed = allow_core && strcmp(allow_core, "1") == 0;
	bool dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
	if ((core.rlim_max == 4096) != allowed)
		return 1;
	return UNDER_SANITIZER || dumpable == allowed ? 0 : 2;
}

static void
a_hardened_process_dumps_no_core_unless_a_developer_allows_it(void **state)
{
	(void)state;
	static const char *const allow[] = {NULL, "0", "1"};
	for (size_t i = 0; i < COUNT_OF(allow); i++) {
		pid_t child = fork();
		if (child == 0)
			_exit(hardened_child(allow[i]));
		int status = -1;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

enum { MARKER_LEN = 32 };

/*
 * A process with one marker in a secret, in small, large and huge wiped memory, and another
 * marker in ordinary memory. Each is computed in place, byte by byte, from `seed`, so that no
 * copy of one is anywhere else.
 */
static void
hold_markers(const unsigned char seed[MARKER_LEN], int ready)
{
	struct secret *s = secret_new(MARKER_LEN);
	volatile unsigned char *places[] = {
	    wiped_malloc(MARKER_LEN), wiped_malloc(20000), wiped_malloc(1 << 20)};
	volatile unsigned char *ordinary = malloc(MARKER_LEN);
	must(ordinary != NULL);
	for (int i = 0; i < MARKER_LEN; i++) {
		char c = (char)(seed[i] ^ 0x5a);
		must(secret_append(s, &c, 1));
		for (size_t p = 0; p < COUNT_OF(places); p++)
			places[p][i] = seed[i] ^ 0x5a;
		ordinary[i] = seed[i] ^ 0xa5;
	}
	must(write(ready, "r", 1) == 1);
	for (;;)
		pause();
}

static bool
core_holds(const char *path, const unsigned char seed[MARKER_LEN], unsigned char mask)
{
	unsigned char marker[MARKER_LEN];
	for (int i = 0; i < MARKER_LEN; i++)
		marker[i] = seed[i] ^ mask;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	void *core = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(core, MAP_FAILED);
	bool found = memmem(core, (size_t)st.st_size, marker, sizeof(marker)) != NULL;
	munmap(core, (size_t)st.st_size);
	close(fd);
	return found;
}

static void
a_core_dump_holds_no_secret(void **state)
{
	(void)state;
	if (UNDER_SANITIZER || system("command -v gcore >/dev/null") != 0) {
		print_message("skipped: needs gcore (gdb) and no sanitizer\n");
		skip();
	}
	unsigned char seed[MARKER_LEN];
	int ready[2];
	char c, path[64], command[128];
	assert_int_equal(getrandom(seed, sizeof(seed), 0), sizeof(seed));
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0)
		hold_markers(seed, ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)snprintf(path, sizeof(path), "secret_test_core.%d", child);
	(void)snprintf(command, sizeof(command),
	    "gcore -o secret_test_core %d >/dev/null 2>&1 </dev/null", child);
	int rc = system(command);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	if (rc != 0 || access(path, R_OK) != 0) {
		print_message("skipped: gcore may not trace here\n");
		skip();
	}
	bool ordinary = core_holds(path, seed, 0xa5), secret = core_holds(path, seed, 0x5a);
	unlink(path);
	assert_true(ordinary); /* else the search itself does not work */
	assert_false(secret);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_secret_holds_what_was_appended),
	    cmocka_unit_test(what_does_not_fit_leaves_a_secret_unchanged),
	    cmocka_unit_test(the_longest_secret_keeps_its_nul),
	    cmocka_unit_test(clear_and_free_wipe),
	    cmocka_unit_test(secrets_are_left_out_of_core_dumps_and_of_children),
	    cmocka_unit_test(a_forked_child_finds_the_secret_zeroed),
	    cmocka_unit_test(a_secret_is_read_up_to_the_newline_and_no_further),
	    cmocka_unit_test(a_secret_too_long_to_read_is_refused_without_being_shown),
	    cmocka_unit_test(threads_never_share_a_secret),
	    cmocka_unit_test(secrets_work_without_locked_memory_and_say_so),
	    cmocka_unit_test(a_hardened_process_dumps_no_core_unless_a_developer_allows_it),
	    cmocka_unit_test(a_core_dump_holds_no_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
