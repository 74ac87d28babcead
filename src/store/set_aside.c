/*
 * Putting a damaged file aside, so that the service can begin a new one and fill it from the
 * streams. Nothing is deleted: somebody may want to look at it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "store_private.h"

enum {
	LOCK_TRIES = 50, /* a command of the CLI may be reading */
	LOCK_PAUSE_MS = 100,
	NAMES_MAX = 1000, /* of one second */
};

static bool
lock_patiently(const char *path, int *lock)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		*lock = env_lock_alone(path);
		if (*lock >= 0)
			return true;
		clock_sleep(LOCK_PAUSE_MS);
	}
	return false;
}

/* "<path>.damaged-20260417T160200Z", with a number behind it when that is taken. */
static bool
aside_name(const char *path, char out[static STORE_ASIDE_MAX])
{
	const time_t now = (time_t)(clock_wall().ms / 1000);
	struct tm utc;
	char at[32];

	must(gmtime_r(&now, &utc) != NULL);
	strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &utc);
	snprintf(out, STORE_ASIDE_MAX, "%s.damaged-%s", path, at);
	for (int n = 2; access(out, F_OK) == 0 && n < NAMES_MAX; n++)
		snprintf(out, STORE_ASIDE_MAX, "%s.damaged-%s-%d", path, at, n);
	return access(out, F_OK) != 0;
}

bool
env_set_aside(const struct env *env, const struct err *why, char to[static STORE_ASIDE_MAX],
    struct err *e)
{
	int lock;

	if (!lock_patiently(env->path, &lock))
		return fail(e, ERR_CORRUPT,
		    "%.200s; it cannot be set aside while another process has it open: end "
		    "that "
		    "and start again",
		    why->text);
	if (!aside_name(env->path, to) || rename(env->path, to) != 0) {
		(void)fail(e, ERR_SETUP, "%s: is damaged and cannot be renamed to %s: %s",
		    env->path, to, strerror(errno));
		close(lock);
		return false;
	}
	(void)path_sync(env->dir, O_RDONLY | O_DIRECTORY);
	close(lock);
	log_warn("store.set_aside", L_STR("path", env->path), L_STR("to", to),
	    L_STR("why", why->text),
	    L_STR("next", "it is rebuilt from the streams; the file set aside may be deleted"));
	return true;
}

const char *
store_set_aside(const struct store *s, enum store_env env)
{
	return s->aside[env][0] != '\0' ? s->aside[env] : NULL;
}

void
store_remove(const char *dir)
{
	static const char *const names[] = {
	    "state.mdb", "state.mdb-lock", "history.mdb", "history.mdb-lock"};
	char path[STORE_ASIDE_MAX];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}
