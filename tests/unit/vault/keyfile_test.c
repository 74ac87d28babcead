#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "carillon/vault/vault.h"

#include <cmocka.h> /* last: it makes a macro of fail */

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "A00102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

static char dir[64], path[96];
static struct err err;

static int
make_directory(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "keyfile_test.XXXXXX");
	must(mkdtemp(dir) != NULL);
	(void)snprintf(path, sizeof(path), "%s/k", dir);
	err = (struct err){0};
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	unlink(path);
	must(rmdir(dir) == 0); /* no file was left beside */
	return 0;
}

static void
write_key_file(const char *text, mode_t mode)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static size_t
read_key_file(char out[static 1200])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t len = read(fd, out, 1199);
	assert_true(len >= 0);
	close(fd);
	out[len] = '\0';
	return (size_t)len;
}

/* The version of the vault that opens from `text`, or 0. */
static uint32_t
version_of(const char *text)
{
	struct vault *v = NULL;
	write_key_file(text, 0600);
	if (!vault_open(&v, path, &err)) {
		assert_int_equal(err.kind, ERR_SETUP);
		assert_null(strstr(err.text, "0f1011")); /* no digit of a key */
		return 0;
	}
	uint32_t version = vault_version(v);
	vault_close(v);
	return version;
}

static void
assert_refused(const char *text, const char *why)
{
	char wanted[256];
	(void)snprintf(wanted, sizeof(wanted), "%s: %s", path, why);
	assert_int_equal(version_of(text), 0);
	assert_string_equal(err.text, wanted);
}

static void
the_newest_version_seals_wherever_it_stands(void **state)
{
	(void)state;
	assert_int_equal(version_of("1 " KEY_A "\n"), 1);
	assert_int_equal(version_of("1 " KEY_A), 1);
	assert_int_equal(version_of("7 " KEY_A "\n3 " KEY_B "\n"), 7);
	assert_int_equal(version_of("4294967295 " KEY_A "\n"), UINT32_MAX);
}

static void
a_damaged_key_file_is_refused_without_showing_a_key(void **state)
{
	(void)state;
	const char *form =
	    "line 1: must be a version from 1, a space and 64 hexadecimal digits";
	assert_refused("", "is empty; restore it from your backup");
	assert_refused(KEY_A "\n", form);
	assert_refused("0 " KEY_A "\n", form);
	assert_refused("01 " KEY_A "\n", form);
	assert_refused("4294967296 " KEY_A "\n", form);
	assert_refused("-1 " KEY_A "\n", form);
	assert_refused("1\t" KEY_A "\n", form);
	assert_refused("1", form);
	assert_refused("\n1 " KEY_A "\n", form);
	assert_refused("1 " KEY_A "\n1 " KEY_B "\n", "line 2: key version 1 is there twice");
	assert_refused("1 " KEY_A " \n",
	    "line 1: the key has 65 characters, not 64; it is cut or altered");
	assert_refused("1 0001020304050607z8090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
	    "line 1: the key has a character that is no hexadecimal digit");
}

static void
a_key_file_cut_anywhere_is_refused(void **state)
{
	(void)state;
	char text[] = "1 " KEY_A;
	for (size_t len = strlen(text) - 1; len > 0; len--) {
		text[len] = '\0';
		assert_int_equal(version_of(text), 0);
	}
}

static void
a_file_that_is_no_key_file_is_refused(void **state)
{
	(void)state;
	char many[13 * 80 + 1] = "", large[5000];
	for (int i = 1; i <= 13; i++)
		(void)snprintf(
		    many + strlen(many), sizeof(many) - strlen(many), "%d %s\n", i, KEY_A);
	assert_int_equal(version_of(many), 0);
	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_refused(large, "is no key file: 4999 bytes are more than 12 key versions");
	struct vault *v;
	assert_false(vault_open(&v, dir, &err));
	assert_non_null(strstr(err.text, "is not a regular file"));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(vault_open(&v, path, &err));
	assert_non_null(strstr(err.text, "is not a regular file"));
}

static void
a_missing_file_says_how_to_make_one(void **state)
{
	(void)state;
	struct vault *v;
	char wanted[256];
	assert_false(vault_open(&v, path, &err));
	assert_int_equal(err.kind, ERR_SETUP);
	(void)snprintf(
	    wanted, sizeof(wanted), "%s: no such file; run `carillon vault init`", path);
	assert_string_equal(err.text, wanted);
}

static void
a_file_others_can_use_is_refused_with_the_remedy(void **state)
{
	(void)state;
	static const mode_t wrong[] = {0644, 0640, 0604, 0610, 0620, 0602, 01600, 04600};
	struct vault *v;
	char wanted[256];
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		write_key_file("1 " KEY_A "\n", wrong[i]);
		assert_false(vault_open(&v, path, &err));
		assert_int_equal(err.kind, ERR_SETUP);
	}
	write_key_file("1 " KEY_A "\n", 0644);
	assert_false(vault_open(&v, path, &err));
	(void)snprintf(wanted, sizeof(wanted),
	    "%s: readable by others (mode 0644); run: chmod 600 %s", path, path);
	assert_string_equal(err.text, wanted);
	write_key_file("1 " KEY_A "\n", 0400);
	assert_true(vault_open(&v, path, &err));
	vault_close(v);
}

static void
a_file_of_another_user_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can give a file away\n");
		skip();
	}
	struct vault *v;
	write_key_file("1 " KEY_A "\n", 0600);
	assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
	assert_false(vault_open(&v, path, &err));
	assert_int_equal(err.kind, ERR_SETUP);
	assert_non_null(strstr(err.text, ": owned by user 65534, not by us (user 0) or root"));
	assert_non_null(strstr(err.text, "sudo -u '#65534' carillon"));
}

static void
init_makes_a_private_file_whatever_the_umask(void **state)
{
	(void)state;
	struct stat st;
	char text[1200];
	mode_t before = umask(0);
	bool ok = vault_init(path, &err);
	umask(before);
	assert_true(ok);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(read_key_file(text), 67);
	assert_memory_equal(text, "1 ", 2);
}

static void
init_never_replaces_a_key(void **state)
{
	(void)state;
	char before[1200], after[1200];
	assert_true(vault_init(path, &err));
	read_key_file(before);
	assert_false(vault_init(path, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_non_null(strstr(err.text, "exists already"));
	read_key_file(after);
	assert_string_equal(before, after);
}

static void
init_into_no_directory_is_an_error(void **state)
{
	(void)state;
	assert_false(vault_init("keyfile_test.none/k", &err));
	assert_int_equal(err.kind, ERR_SETUP);
	assert_string_equal(err.text,
	    "keyfile_test.none/k: writing a file beside it: No such file or directory");
}

static void
a_new_version_keeps_the_old_keys_and_the_mode(void **state)
{
	(void)state;
	struct stat st;
	uint32_t version = 0;
	char text[1200];
	write_key_file("3 " KEY_A "\n", 0400);
	assert_true(vault_add_version(path, &version, &err));
	assert_int_equal(version, 4);
	assert_int_equal(read_key_file(text), 2 * 67);
	assert_memory_equal(text, "3 " KEY_A "\n4 ", 67 + 2);
	assert_memory_not_equal(text + 69, KEY_A, 64);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_true(vault_drop_old_versions(path, &err));
	assert_int_equal(read_key_file(text), 67);
	assert_memory_equal(text, "4 ", 2);
}

static void
versions_can_be_added_until_the_file_is_full(void **state)
{
	(void)state;
	uint32_t version = 0;
	assert_true(vault_init(path, &err));
	for (uint32_t i = 2; i <= 12; i++) {
		assert_true(vault_add_version(path, &version, &err));
		assert_int_equal(version, i);
	}
	assert_false(vault_add_version(path, &version, &err));
	assert_int_equal(err.kind, ERR_FULL);
	assert_true(vault_drop_old_versions(path, &err));
	assert_true(vault_add_version(path, &version, &err));
	assert_int_equal(version, 13);
	write_key_file("4294967295 " KEY_A "\n", 0600);
	assert_false(vault_add_version(path, &version, &err));
	assert_int_equal(err.kind, ERR_FULL);
}

static void
two_rotations_at_once_are_a_conflict(void **state)
{
	(void)state;
	uint32_t version = 0;
	assert_true(vault_init(path, &err));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_false(vault_add_version(path, &version, &err));
	assert_int_equal(err.kind, ERR_CONFLICT);
	close(fd);
	assert_true(vault_add_version(path, &version, &err));
}

static void
processes_rotating_at_once_lose_no_key(void **state)
{
	(void)state;
	enum { PROCESSES = 4, EACH = 2 };
	assert_true(vault_init(path, &err));
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			uint32_t version;
			for (int done = 0; done < EACH;)
				if (vault_add_version(path, &version, &err))
					done++;
				else if (err.kind != ERR_CONFLICT)
					_exit(1);
			_exit(0);
		}
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	char text[1200];
	assert_int_equal(read_key_file(text), 67 * (1 + PROCESSES * EACH));
	assert_memory_equal(text + 67 * PROCESSES * EACH, "9 ", 2);
}

static void
a_link_to_the_key_file_stays_a_link(void **state)
{
	(void)state;
	char link[128];
	uint32_t version = 0;
	struct stat st;
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	assert_true(vault_init(path, &err));
	assert_int_equal(symlink("k", link), 0);
	bool ok = vault_add_version(link, &version, &err);
	int rc = lstat(link, &st);
	unlink(link);
	assert_true(ok);
	assert_int_equal(rc, 0);
	assert_true(S_ISLNK(st.st_mode));
	char text[1200];
	assert_int_equal(read_key_file(text), 2 * 67);
}

static void
a_link_of_another_user_is_not_followed(void **state)
{
	char link[128];
	struct vault *v;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can give a link away\n");
		skip();
	}
	(void)snprintf(link, sizeof(link), "%s/link", dir);
	assert_true(vault_init(path, &err));
	assert_int_equal(symlink("k", link), 0);
	assert_true(vault_open(&v, link, &err));
	vault_close(v);
	assert_int_equal(lchown(link, 65534, (gid_t)-1), 0);
	const bool opened = vault_open(&v, link, &err);
	unlink(link);
	assert_false(opened);
	assert_int_equal(err.kind, ERR_SETUP);
	assert_non_null(strstr(err.text, "is a link of user 65534's"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_newest_version_seals_wherever_it_stands),
	    TEST(a_damaged_key_file_is_refused_without_showing_a_key),
	    TEST(a_key_file_cut_anywhere_is_refused),
	    TEST(a_file_that_is_no_key_file_is_refused),
	    TEST(a_missing_file_says_how_to_make_one),
	    TEST(a_file_others_can_use_is_refused_with_the_remedy),
	    TEST(a_file_of_another_user_is_refused),
	    TEST(init_makes_a_private_file_whatever_the_umask),
	    TEST(init_never_replaces_a_key),
	    TEST(init_into_no_directory_is_an_error),
	    TEST(a_new_version_keeps_the_old_keys_and_the_mode),
	    TEST(versions_can_be_added_until_the_file_is_full),
	    TEST(two_rotations_at_once_are_a_conflict),
	    TEST(processes_rotating_at_once_lose_no_key),
	    TEST(a_link_to_the_key_file_stays_a_link),
	    TEST(a_link_of_another_user_is_not_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
