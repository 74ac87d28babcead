#include "carillon/vault/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
write_whole(int fd, const char *at, size_t left)
{
	while (left > 0) {
		ssize_t put = write(fd, at, left);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		at += put;
		left -= (size_t)put;
	}
	return true;
}

static bool
write_parts(int fd, const struct file_part *parts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct secret *s = parts[i].secret;

		if (!write_whole(fd, parts[i].text.ptr, parts[i].text.len) ||
		    (s != NULL && !write_whole(fd, secret_bytes(s), secret_len(s))))
			return false;
	}
	return true;
}

/* Writes a new file beside `path` and leaves its name in `beside`. */
static bool
write_beside(const char *path, mode_t mode, const struct file_part *parts, size_t n,
    char beside[PATH_MAX], struct err *e)
{
	int len = snprintf(beside, PATH_MAX, "%s.XXXXXX", path);
	if (len < 0 || len >= PATH_MAX)
		return fail(e, ERR_SETUP, "the path is too long");
	int fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return fail(e, ERR_SETUP, "writing a file beside it: %s", strerror(errno));
	bool ok = fchmod(fd, mode) == 0 && write_parts(fd, parts, n) && fsync(fd) == 0;
	int error = errno;
	close(fd);
	if (ok)
		return true;
	unlink(beside);
	return fail(e, ERR_SETUP, "writing a file beside it: %s", strerror(error));
}

/* A name is only safe on disk once its directory is. */
static bool
sync_directory(const char *path, struct err *e)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
	must(str_copy(dir, sizeof(dir), slash ? (struct str){path, len} : STR(".")));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	int error = errno;
	if (fd >= 0)
		close(fd);
	return ok ||
	       fail(e, ERR_SETUP, "its directory could not be synced: %s", strerror(error));
}

/* link(2), not rename(2): it never replaces what is already there. */
bool
private_file_create(const char *path, const struct file_part *parts, size_t n, struct err *e)
{
	char beside[PATH_MAX];
	if (!write_beside(path, PRIVATE_FILE_MODE, parts, n, beside, e))
		return false;
	bool ok = link(beside, path) == 0;
	int error = errno;
	unlink(beside);
	if (!ok && error == EEXIST)
		return fail(e, ERR_CONFLICT, "exists already; it was left as it is");
	if (!ok)
		return fail(e, ERR_SETUP, "%s", strerror(error));
	return sync_directory(path, e);
}

bool
private_file_replace(
    const char *path, mode_t mode, const struct file_part *parts, size_t n, struct err *e)
{
	char real[PATH_MAX], beside[PATH_MAX];
	if (!realpath(path, real)) {
		if (errno != ENOENT)
			return fail(e, ERR_SETUP, "%s", strerror(errno));
		if (!str_copy(real, sizeof(real), str_of(path)))
			return fail(e, ERR_SETUP, "the path is too long");
	}
	if (!write_beside(real, mode & 0777, parts, n, beside, e))
		return false;
	if (rename(beside, real) != 0) {
		int error = errno;
		unlink(beside);
		return fail(e, ERR_SETUP, "%s", strerror(error));
	}
	return sync_directory(real, e);
}
