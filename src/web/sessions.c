#include "sessions.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/id.h"
#include "carillon/base/table.h"

enum { KEY_MAX = 80 };

struct kept {
	uint64_t revision;
	int64_t ends_ms; /* when it may be forgotten */
	size_t len;
	char bytes[];
};

struct sessions {
	pthread_mutex_t lock;
	struct table *by_id; /* of struct kept */
};

struct sessions *
sessions_new(void)
{
	struct sessions *s = calloc(1, sizeof(*s));

	must(s != NULL);
	pthread_mutex_init(&s->lock, NULL);
	s->by_id = table_new();
	return s;
}

void
sessions_free(struct sessions *s)
{
	size_t at = 0;
	struct str id;
	struct kept *k;

	if (s == NULL)
		return;
	while ((k = table_next(s->by_id, &at, &id)) != NULL)
		free(k);
	table_free(s->by_id);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

bool
session_is_alive(const session_record *r, wall_t now)
{
	return r->revoked_ms == 0 && now.ms < r->expires_ms;
}

static session_record *
unpack(struct arena *a, struct str bytes)
{
	void *r = NULL;

	return record_unpack(&carillon__v1__session__descriptor, a, bytes, &r, NULL) ? r : NULL;
}

/* The lock is held. */
static void
replace(struct sessions *s, struct str id, struct kept *k)
{
	struct kept *had = table_get(s->by_id, id);

	if (had != NULL && had->revision >= k->revision)
		had = k;
	else
		had = table_set(s->by_id, id, k);
	free(had);
}

bool
sessions_apply(struct sessions *s, struct str id, struct str bytes, uint64_t revision)
{
	struct arena *a = arena_new(0);
	const session_record *r = unpack(a, bytes);
	struct kept *k;
	bool has_ended = r != NULL && r->revoked_ms != 0;

	if (r != NULL) {
		k = malloc(sizeof(*k) + bytes.len);
		must(k != NULL);
		k->revision = revision;
		k->ends_ms = r->expires_ms + (int64_t)SHORT_AGE_S * 1000;
		k->len = bytes.len;
		if (bytes.len > 0)
			memcpy(k->bytes, bytes.ptr, bytes.len);
		pthread_mutex_lock(&s->lock);
		replace(s, id, k);
		pthread_mutex_unlock(&s->lock);
	}
	arena_free(a);
	return has_ended;
}

void
sessions_forget(struct sessions *s, struct str id)
{
	pthread_mutex_lock(&s->lock);
	free(table_remove(s->by_id, id));
	pthread_mutex_unlock(&s->lock);
}

/* The lock is held. */
static session_record *
copy(struct arena *a, const struct kept *k)
{
	return unpack(a, arena_str(a, (struct str){k->bytes, k->len}));
}

session_record *
sessions_get(struct sessions *s, struct arena *a, struct str id, uint64_t *revision)
{
	session_record *r = NULL;
	const struct kept *k;

	pthread_mutex_lock(&s->lock);
	k = table_get(s->by_id, id);
	if (k != NULL) {
		*revision = k->revision;
		r = copy(a, k);
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}

/* --- all of them --- */

struct listed {
	const session_record *record;
	uint64_t revision;
};

/* Ids grow with time, so that the newest is the last. */
static int
newest_first(const void *left, const void *right)
{
	const struct listed *l = left, *r = right;

	return strcmp(r->record->id, l->record->id);
}

static size_t
list(struct sessions *s, struct arena *a, struct listed **out)
{
	size_t at = 0, n = 0;
	struct str id;
	const struct kept *k;

	pthread_mutex_lock(&s->lock);
	*out = ARENA_ARRAY(a, struct listed, table_len(s->by_id) + 1);
	while ((k = table_next(s->by_id, &at, &id)) != NULL) {
		const session_record *r = copy(a, k);

		if (r != NULL)
			(*out)[n++] = (struct listed){r, k->revision};
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}

void
sessions_each(struct sessions *s, struct arena *a, session_each_fn *each, void *arg)
{
	struct listed *all;
	size_t n = list(s, a, &all);

	qsort(all, n, sizeof(*all), newest_first);
	for (size_t i = 0; i < n && each(all[i].record, all[i].revision, arg); i++)
		;
}

/* Gathered first: the table must not change while it is walked. The lock is held. */
static size_t
find_over(struct sessions *s, struct arena *a, wall_t now, struct str **out)
{
	size_t at = 0, n = 0;
	const struct kept *k;
	struct str id;

	*out = ARENA_ARRAY(a, struct str, table_len(s->by_id) + 1);
	while ((k = table_next(s->by_id, &at, &id)) != NULL)
		if (k->ends_ms <= now.ms)
			(*out)[n++] = arena_str(a, id);
	return n;
}

void
sessions_expire(struct sessions *s, wall_t now)
{
	struct arena *a = arena_new(0);
	struct str *over;
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = find_over(s, a, now, &over);
	for (size_t i = 0; i < n; i++)
		free(table_remove(s->by_id, over[i]));
	pthread_mutex_unlock(&s->lock);
	arena_free(a);
}

bool
sessions_put(struct sessions *s, struct broker *b, const session_record *r, uint64_t expected,
    uint64_t *revision, struct err *e)
{
	struct arena *a = arena_new(0);
	struct str bytes = record_pack(a, r);
	char key[KEY_MAX];
	struct state_change c = {.key = key, .bytes = bytes, .expected = expected};
	bool ok;

	snprintf(key, sizeof(key), "session.%s", r->id);
	ok = broker_short_put(b, &c, revision, e);
	if (ok)
		(void)sessions_apply(s, str_of(r->id), bytes, *revision);
	arena_free(a);
	return ok;
}

/* --- texts --- */

void
session_token_text(
    char out[static SESSION_TEXT_MAX], const char *prefix, struct str id, const char *token)
{
	snprintf(out, SESSION_TEXT_MAX, "%s%.*s_%s", prefix, STR_ARG(id), token);
}

bool
session_text_parse(struct str text, const char *prefix, struct str *id, struct str *token)
{
	const struct str begin = str_of(prefix);
	size_t at;

	if (!str_starts_with(text, begin))
		return false;
	text = (struct str){text.ptr + begin.len, text.len - begin.len};
	for (at = text.len; at > 0 && text.ptr[at - 1] != '_'; at--)
		;
	if (at < 2)
		return false;
	*id = (struct str){text.ptr, at - 1};
	*token = (struct str){text.ptr + at, text.len - at};
	return id_is_record(*id);
}
