#include "vault/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/vault/private_file.h"
#include "vault/secret_private.h"

/* Root would take the file away from the service if it made it its own. */
static bool
fail_owner(const char *path, uid_t owner, struct err *e)
{
	if (geteuid() == 0)
		return fail(e, ERR_SETUP,
		    "%s: owned by user %u, not by us (user 0) or root; run this as that user: "
		    "sudo -u '#%u' carillon ...",
		    path, owner, owner);
	return fail(e, ERR_SETUP,
	    "%s: owned by user %u, not by us (user %u) or root; run: chown %u %s", path, owner,
	    geteuid(), geteuid(), path);
}

static bool
check_owner_and_mode(
    int fd, const char *path, enum keyfile_rule rule, struct stat *st, struct err *e)
{
	if (fstat(fd, st) != 0)
		return fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st->st_mode))
		return fail(e, ERR_SETUP, "%s: is not a regular file", path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return fail_owner(path, st->st_uid, e);
	mode_t allowed = rule == KEYFILE_SYSTEMD ? 0740 : 0700;
	mode_t mode = st->st_mode & 07777;
	if ((mode & ~allowed) == 0)
		return true;
	return fail(e, ERR_SETUP, "%s: %s by others (mode %04o); run: chmod 600 %s", path,
	    (mode & 0044) ? "readable" : "writable", mode, path);
}

/* A link of somebody else's could be turned to another key file of ours, or of root's. */
static bool
check_link(const char *path, struct err *e)
{
	struct stat link;

	return lstat(path, &link) != 0 || !S_ISLNK(link.st_mode) || link.st_uid == 0 ||
	       link.st_uid == geteuid() ||
	       fail(e, ERR_SETUP,
		   "%s: is a link of user %u's, not of ours (user %u) or root's; run: chown -h "
		   "%u "
		   "%s",
		   path, link.st_uid, geteuid(), geteuid(), path);
}

static int
open_checked(const char *path, enum keyfile_rule rule, struct stat *st, struct err *e)
{
	if (!check_link(path, e))
		return -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang us */
	if (fd < 0 && errno == ENOENT) {
		(void)fail(e, ERR_SETUP, "%s: no such file; run `carillon vault init`", path);
		return -1;
	}
	if (fd < 0) {
		(void)fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (check_owner_and_mode(fd, path, rule, st, e))
		return fd;
	close(fd);
	return -1;
}

/* The whole file, straight into locked memory. */
static bool
read_whole(struct secret *text, int fd, size_t size, struct err *e)
{
	char *at = size > SECRET_MAX ? NULL : secret_extend(text, size);
	if (!at)
		return fail(e, ERR_SETUP,
		    "is no key file: %zu bytes are more than %d key versions", size,
		    KEYRING_MAX);
	while (size > 0) {
		ssize_t got = read(fd, at, size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return fail(
			    e, ERR_SETUP, "%s", got < 0 ? strerror(errno) : "became shorter");
		at += got;
		size -= (size_t)got;
	}
	return true;
}

static bool
read_fd(struct keyring *ring, int fd, const struct stat *st, const char *path, struct err *e)
{
	struct secret *text = secret_new(SECRET_MAX);
	bool ok = read_whole(text, fd, (size_t)st->st_size, e) && keyring_parse(ring, text, e);
	secret_free(text);
	return ok || fail_within(e, "%s", path);
}

bool
keyfile_read(struct keyring *ring, const char *path, enum keyfile_rule rule, struct err *e)
{
	struct stat st;
	int fd = open_checked(path, rule, &st, e);
	if (fd < 0)
		return false;
	bool ok = read_fd(ring, fd, &st, path, e);
	close(fd);
	return ok;
}

static bool
create_file(const struct keyring *ring, const char *path, struct err *e)
{
	struct secret *text = keyring_text(ring);
	bool ok = private_file_create(path, &(struct file_part){.secret = text}, 1, e);
	secret_free(text);
	return ok;
}

static bool
replace_file(const struct keyring *ring, const char *path, mode_t mode, struct err *e)
{
	struct secret *text = keyring_text(ring);
	bool ok = private_file_replace(path, mode, &(struct file_part){.secret = text}, 1, e);
	secret_free(text);
	return ok;
}

/*
 * Two rotations at once would write the same version with two keys, and one of the keys would
 * be gone. So a change holds a lock on the very file that has the name now.
 */
static bool
lock_file(int fd, const char *path, const struct stat *opened, struct err *e)
{
	struct stat now;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && stat(path, &now) == 0 &&
	    now.st_ino == opened->st_ino && now.st_dev == opened->st_dev)
		return true;
	return fail(
	    e, ERR_CONFLICT, "%s: is being changed by another process; try again", path);
}

typedef bool keyring_change(struct keyring *ring, struct err *e);

/* Reads the file, changes the ring and puts the file back, nobody else doing so meanwhile. */
static bool
change_file(const char *path, keyring_change *change, uint32_t *newest, struct err *e)
{
	struct stat st;
	struct keyring ring = {0};
	int fd = open_checked(path, KEYFILE_OWNER_ONLY, &st, e);
	if (fd < 0)
		return false;
	bool ok = lock_file(fd, path, &st, e) && read_fd(&ring, fd, &st, path, e);
	if (ok)
		ok = (change(&ring, e) && replace_file(&ring, path, st.st_mode, e)) ||
		     fail_within(e, "%s", path);
	if (ok)
		*newest = keyring_newest(&ring)->version;
	keyring_fini(&ring);
	close(fd);
	return ok;
}

bool
vault_init(const char *path, struct err *e)
{
	struct keyring ring = {0};
	bool ok = keyring_add_random(&ring, e) && create_file(&ring, path, e);
	keyring_fini(&ring);
	return ok || fail_within(e, "%s", path);
}

bool
vault_add_version(const char *path, uint32_t *version, struct err *e)
{
	return change_file(path, keyring_add_random, version, e);
}

static bool
drop_old(struct keyring *ring, struct err *e)
{
	(void)e;
	keyring_drop_old(ring);
	return true;
}

bool
vault_drop_old_versions(const char *path, struct err *e)
{
	uint32_t version;
	return change_file(path, drop_old, &version, e);
}
