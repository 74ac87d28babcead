#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/single_instance.h"

#include <cmocka.h>

static void
a_directory_has_one_service(void **state)
{
	char dir[] = "/tmp/carillon-single-XXXXXX", lock[sizeof(dir) + 16], pid[32];
	struct err e = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(lock, sizeof(lock), "%s/serve.lock", dir);
	snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
	assert_true(single_instance("serve", dir, &e));
	/* The lock is the open file's: a second try is one of another process to it. */
	assert_false(single_instance("serve", dir, &e));
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_non_null(strstr(e.text, pid));
	unlink(lock);
	rmdir(dir);
}

static void
a_link_in_the_place_of_the_lock_is_not_followed(void **state)
{
	char dir[] = "/tmp/carillon-single-XXXXXX", lock[sizeof(dir) + 16],
	     file[sizeof(dir) + 16];
	struct err e = {0};
	struct stat st;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(lock, sizeof(lock), "%s/serve.lock", dir);
	snprintf(file, sizeof(file), "%s/victim", dir);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	assert_int_equal(symlink(file, lock), 0);
	assert_false(single_instance("serve", dir, &e));
	assert_int_equal(e.kind, ERR_SETUP);
	assert_non_null(strstr(e.text, "serve.lock is a link"));
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, 8);
	unlink(lock);
	unlink(file);
	rmdir(dir);
}

static void
what_cannot_be_locked_is_told_by_who_opens_it(void **state)
{
	struct err e = {0};

	(void)state;
	assert_true(single_instance("serve", "/proc/carillon/none", &e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_directory_has_one_service),
	    cmocka_unit_test(a_link_in_the_place_of_the_lock_is_not_followed),
	    cmocka_unit_test(what_cannot_be_locked_is_told_by_who_opens_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
