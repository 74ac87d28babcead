#include "base/log_limit.h"

#include <pthread.h>

enum {
	PLACES = 256,
	PROBES = 8, /* places that one key may have */
	LOOK_EVERY_MS = 1000,
};

#define EVERYBODY "*" /* is no workspace */

/* One verb of one workspace, of none, or of everybody. */
struct place {
	const char *verb; /* NULL: free */
	char workspace[LOG_LIMIT_WORKSPACE_MAX + 1];
	mono_t since; /* when its window began */
	int lines;    /* written in it */
	uint64_t unwritten;
};

static struct {
	pthread_mutex_t lock;
	struct place places[PLACES];
	uint64_t homeless; /* unwritten lines of places that others needed */
	mono_t look_at;
} limits = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t
hash_of(const char *verb, const char *workspace)
{
	uint32_t hash = UINT32_C(2166136261); /* FNV-1a */

	for (const char *c = verb; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT32_C(16777619);
	for (const char *c = workspace; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT32_C(16777619);
	return hash;
}

/* Rather a free one, then one that owes no count, then the oldest. */
static bool
is_better_to_take(const struct place *a, const struct place *b)
{
	if (!a->verb || !b->verb)
		return !a->verb && b->verb;
	if ((a->unwritten == 0) != (b->unwritten == 0))
		return a->unwritten == 0;
	return a->since.ms < b->since.ms;
}

/* The key's place; not `taken`, which is in use. */
static struct place *
place_of(const char *verb, const char *workspace, mono_t now, const struct place *taken)
{
	const size_t start = hash_of(verb, workspace);
	struct place *best = NULL;

	for (size_t i = 0; i < PROBES; i++) {
		struct place *p = &limits.places[(start + i) % PLACES];

		if (p->verb && strcmp(p->verb, verb) == 0 &&
		    strcmp(p->workspace, workspace) == 0)
			return p;
		if (p != taken && (!best || is_better_to_take(p, best)))
			best = p;
	}
	limits.homeless += best->unwritten;
	*best = (struct place){.verb = verb, .since = now};
	str_copy(best->workspace, sizeof best->workspace, str_of(workspace));
	return best;
}

static void
place_roll(struct place *p, mono_t now)
{
	if (now.ms - p->since.ms < LOG_LIMIT_WINDOW_MS)
		return;
	p->since = now;
	p->lines = 0;
}

bool
log_limit_pass(const char *verb, struct str workspace, mono_t now, uint64_t *unwritten)
{
	char name[LOG_LIMIT_WORKSPACE_MAX + 1];

	str_copy(name, sizeof name, workspace);
	pthread_mutex_lock(&limits.lock);
	struct place *all = place_of(verb, EVERYBODY, now, NULL);
	struct place *own = place_of(verb, name, now, all);
	place_roll(all, now);
	place_roll(own, now);
	bool passes = own->lines < LOG_LIMIT_LINES && all->lines < LOG_LIMIT_LINES_OF_ALL;
	*unwritten = passes ? own->unwritten : 0;
	own->unwritten = passes ? 0 : own->unwritten + 1;
	own->lines += passes;
	all->lines += passes;
	pthread_mutex_unlock(&limits.lock);
	return passes;
}

static bool
take_place(struct place *p, struct log_unwritten *out)
{
	*out = (struct log_unwritten){.verb = p->verb, .lines = p->unwritten};
	str_copy(out->workspace, sizeof out->workspace, str_of(p->workspace));
	p->unwritten = 0;
	return true;
}

static bool
take_any(mono_t now, bool all, struct log_unwritten *out)
{
	for (size_t i = 0; i < PLACES; i++) {
		struct place *p = &limits.places[i];

		if (p->unwritten > 0 && (all || now.ms - p->since.ms >= LOG_LIMIT_WINDOW_MS))
			return take_place(p, out);
	}
	if (limits.homeless == 0)
		return false;
	*out = (struct log_unwritten){.verb = "others", .lines = limits.homeless};
	limits.homeless = 0;
	return true;
}

bool
log_limit_take(mono_t now, bool all, struct log_unwritten *out)
{
	pthread_mutex_lock(&limits.lock);
	bool found = (all || mono_reached(now, limits.look_at)) && take_any(now, all, out);
	if (!found && mono_reached(now, limits.look_at))
		limits.look_at = mono_after(now, LOOK_EVERY_MS);
	pthread_mutex_unlock(&limits.lock);
	return found;
}
