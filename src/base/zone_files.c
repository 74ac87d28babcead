/* Where zones come from: the system's files, and those that were read already. */
#include "carillon/base/zone.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/base/buf.h"
#include "carillon/base/suggest.h"
#include "carillon/base/table.h"

#define ZONE_DIR "/usr/share/zoneinfo"
enum {
	PATH_LEN_MAX = sizeof(ZONE_DIR) + ZONE_NAME_MAX * 4,
	SIBLINGS_MAX = 256, /* America has 170 */
};

/* No dot is allowed, so no ".." either; and one spelling a file, for the sake of those kept. */
static bool
name_is_sound(struct str name)
{
	static const char others[] = "_+-/";

	if (name.len == 0 || name.len > ZONE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!is_letter && !(c >= '0' && c <= '9') && !memchr(others, c, 4))
			return false;
		if (c == '/' && (i == 0 || i + 1 == name.len || name.ptr[i + 1] == '/'))
			return false;
	}
	return true;
}

static void
path_of(struct str name, char path[static PATH_LEN_MAX])
{
	(void)snprintf(path, PATH_LEN_MAX, ZONE_DIR "/%.*s", STR_ARG(name));
}

static bool
is_file(struct str name)
{
	char path[PATH_LEN_MAX];
	struct stat st;

	path_of(name, path);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Of the names in a directory, the one meant by `word`; copied to `out`. */
static bool
nearest_in(struct str dir, struct str word, char out[static ZONE_NAME_MAX + 1])
{
	char names[SIBLINGS_MAX][ZONE_NAME_MAX + 1];
	struct str known[SIBLINGS_MAX];
	char path[PATH_LEN_MAX];
	size_t n = 0;

	path_of(dir, path);
	DIR *d = opendir(path);
	if (!d)
		return false;
	for (struct dirent *at; n < SIBLINGS_MAX && (at = readdir(d)) != NULL;) {
		/* What begins with a small letter is no zone: "posixrules", "zone.tab". */
		if (at->d_name[0] < 'A' || at->d_name[0] > 'Z' ||
		    !str_copy(names[n], sizeof(names[n]), str_of(at->d_name)))
			continue;
		known[n] = str_of(names[n]);
		n++;
	}
	closedir(d);
	struct str nearest = str_nearest(word, known, n);
	return nearest.len > 0 && str_copy(out, ZONE_NAME_MAX + 1, nearest);
}

/* Part for part, the nearest name that exists: "europe/brelin" is Europe/Berlin. */
bool
zone_nearest(struct str name, char out[static ZONE_NAME_MAX + 1])
{
	struct buf near = {0};
	bool found = true;

	while (found && name.len > 0) {
		const char *slash = memchr(name.ptr, '/', name.len);
		size_t len = slash ? (size_t)(slash - name.ptr) : name.len;
		char part[ZONE_NAME_MAX + 1];

		found = nearest_in(buf_view(&near), (struct str){name.ptr, len}, part);
		if (found)
			buf_printf(&near, "%s%s", near.len > 0 ? "/" : "", part);
		len += slash != NULL;
		name = (struct str){name.ptr + len, name.len - len};
	}
	found = found && is_file(buf_view(&near)) &&
	        str_copy(out, ZONE_NAME_MAX + 1, buf_view(&near));
	buf_fini(&near);
	return found;
}

static bool
fail_unknown(struct str name, struct err *e)
{
	char meant[ZONE_NAME_MAX + 1];

	if (access(ZONE_DIR, R_OK | X_OK) != 0)
		return fail(e, ERR_SETUP,
		    "time zone \"%.*s\": " ZONE_DIR " cannot be read: install the package "
		    "tzdata",
		    STR_ARG(name));
	if (zone_nearest(name, meant))
		return fail(e, ERR_INPUT,
		    "there is no time zone \"%.*s\"; did you mean \"%s\"?", STR_ARG(name),
		    meant);
	return fail(e, ERR_INPUT,
	    "there is no time zone \"%.*s\" on this machine: names look like "
	    "\"Europe/Berlin\"; older ones, such as \"US/Eastern\", may need the package "
	    "tzdata-legacy",
	    STR_ARG(name));
}

/* Up to one byte more than a zone may have, so that zone_parse sees what is too long. */
static bool
read_file(int fd, struct buf *out)
{
	char piece[4096];

	while (out->len <= ZONE_FILE_MAX) {
		ssize_t got = read(fd, piece, sizeof(piece));

		if (got == 0)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (got > 0)
			buf_put(out, piece, (size_t)got);
	}
	return true;
}

static struct zone *
zone_read(struct str name, struct err *e)
{
	char path[PATH_LEN_MAX];
	struct buf bytes = {0};
	struct zone *z = NULL;

	path_of(name, path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !read_file(fd, &bytes))
		fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
	else if ((z = zone_parse(buf_view(&bytes), e)) == NULL)
		fail_within(e, "time zone \"%.*s\"", STR_ARG(name));
	if (fd >= 0)
		close(fd);
	buf_fini(&bytes);
	return z;
}

struct zone *
zone_load(struct str name, struct err *e)
{
	if (str_eq(name, STR("UTC")))
		return zone_utc();
	if (!name_is_sound(name)) {
		fail(e, ERR_INPUT,
		    "\"%.*s\" cannot be a time zone: names look like \"Europe/Berlin\" or "
		    "\"UTC\"",
		    (int)str_utf8_cut(name, ZONE_NAME_MAX), name.ptr ? name.ptr : "");
		return NULL;
	}
	if (!is_file(name)) {
		fail_unknown(name, e);
		return NULL;
	}
	return zone_read(name, e);
}

const struct zone *
zone_shared(struct str name, struct err *e)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct table *known; /* as many as there are files, at most */
	struct zone *z;

	pthread_mutex_lock(&lock);
	if (!known)
		known = table_new();
	z = table_get(known, name);
	if (!z && (z = zone_load(name, e)) != NULL)
		table_set(known, name, z);
	pthread_mutex_unlock(&lock);
	return z;
}
