/* Keys: secret ones of servers, publishable ones of a workspace. */
#include <microhttpd.h>
#include <sodium.h>

#include "carillon/registry/json_read.h"
#include "common.h"

enum {
	OVERLAP_USUAL_H = 24,
	OVERLAP_MAX_H = 24 * 30,
	HOUR_MS = 3600 * 1000,
};

static void
write_one(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_key_open(w, record, revision);
	jw_object_end(w);
}

void
api_keys_list(struct request *q)
{
	if (q->who.n_workspaces > 0)
		(void)problem(q, PROBLEM_FORBIDDEN, "this key may only see its own workspaces");
	else
		api_list(q, KEYS_WORKSPACE, STATE_KEY, write_one);
}

void
api_publishable_keys_list(struct request *q)
{
	if (api_has_workspace(q))
		api_list(q, request_part(q, 0), STATE_KEY, write_one);
}

/* The only time that the text is told. */
static void
answer_made(struct request *q, struct str workspace, const char *id, char *text)
{
	struct err e = {0};
	struct json_writer w;
	uint64_t revision = 0;
	const key_record *k =
	    registry_key(q->registry, q->arena, workspace, str_of(id), &revision, &e);

	if (k == NULL) {
		(void)problem_of(q, &e);
	} else {
		answer_json(q, MHD_HTTP_CREATED, &w);
		json_write_key_open(&w, k, revision);
		jw_kv_cstr(&w, "key", text);
		jw_object_end(&w);
		q->answer.is_secret = true;
	}
	sodium_memzero(text, KEY_TEXT_MAX);
}

static bool
put(struct request *q, struct str workspace, const key_record *k, uint64_t expected)
{
	struct findings f;
	struct err e = {0};

	findings_init(&f, q->arena);
	return registry_put_key(q->registry, workspace, k, expected, &f, &e) ||
	       problem_of_write(q, PROBLEM_INVALID_VALUE, &f, &e);
}

/* A key that may see some workspaces only makes none that may see more. */
static bool
is_within(struct request *q, const key_record *k)
{
	if (q->who.n_workspaces == 0)
		return true;
	for (size_t i = 0; i < k->n_workspaces; i++)
		if (!principal_sees(&q->who, str_of(k->workspaces[i])))
			return problem(q, PROBLEM_FORBIDDEN,
			    "this key may not see the workspace %s itself", k->workspaces[i]);
	return k->n_workspaces > 0 ||
	       problem(q, PROBLEM_FORBIDDEN, "this key may only make keys with workspaces");
}

static void
create(struct request *q, struct str workspace, Carillon__V1__KeyKind kind)
{
	const struct json *object;
	char text[KEY_TEXT_MAX];
	struct findings f;
	key_record k;

	findings_init(&f, q->arena);
	carillon__v1__key__init(&k);
	if (!request_object(q, &object))
		return;
	if (!json_read_record(q->arena, STATE_KEY, object, &k, &f)) {
		(void)problem_found(q, PROBLEM_INVALID_VALUE, &f);
		return;
	}
	k.kind = kind;
	key_make(&k, q->arena, workspace, q->now, text);
	if ((kind == CARILLON__V1__KEY_KIND__KEY_KIND_PUBLISHABLE || is_within(q, &k)) &&
	    put(q, workspace, &k, 0))
		answer_made(q, workspace, k.id, text);
	sodium_memzero(text, sizeof(text));
}

void
api_key_create(struct request *q)
{
	create(q, KEYS_WORKSPACE, CARILLON__V1__KEY_KIND__KEY_KIND_SECRET);
}

void
api_publishable_key_create(struct request *q)
{
	if (api_has_workspace(q))
		create(q, request_part(q, 0), CARILLON__V1__KEY_KIND__KEY_KIND_PUBLISHABLE);
}

static bool
read_overlap(struct request *q, int64_t *hours)
{
	static const char *const members[] = {"overlap_hours", NULL};
	const struct json *object, *given;

	*hours = OVERLAP_USUAL_H;
	if (!request_object(q, &object) || !request_members(q, object, members))
		return false;
	given = json_get(object, STR("overlap_hours"));
	if (given == NULL ||
	    (json_int64(given, hours) && *hours >= 0 && *hours <= OVERLAP_MAX_H))
		return true;
	return problem(q, PROBLEM_INVALID_VALUE, "overlap_hours: from 0 to %d", OVERLAP_MAX_H);
}

/* The new one first: if anything fails then, both count. */
void
api_key_rotate(struct request *q)
{
	struct err e = {0};
	char text[KEY_TEXT_MAX];
	uint64_t revision;
	int64_t hours;
	key_record *old, fresh;

	if (!read_overlap(q, &hours))
		return;
	old = registry_key(
	    q->registry, q->arena, KEYS_WORKSPACE, request_part(q, 0), &revision, &e);
	if (old == NULL) {
		(void)problem_of(q, &e);
		return;
	}
	if (!is_within(q, old))
		return;
	fresh = *old;
	fresh.expires_ms = 0;
	fresh.replaced_by = (char *)(uintptr_t)protobuf_c_empty_string;
	key_make(&fresh, q->arena, KEYS_WORKSPACE, q->now, text);
	old->replaced_by = fresh.id;
	old->expires_ms = q->now.ms + hours * HOUR_MS;
	if (put(q, KEYS_WORKSPACE, &fresh, 0) && put(q, KEYS_WORKSPACE, old, revision))
		answer_made(q, KEYS_WORKSPACE, fresh.id, text);
	sodium_memzero(text, sizeof(text));
}

static void
end_key(struct request *q, struct str workspace, struct str id)
{
	struct err e = {0};
	uint64_t revision;
	const key_record *k = registry_key(q->registry, q->arena, workspace, id, &revision, &e);

	if (k == NULL) {
		(void)problem_of(q, &e);
		return;
	}
	if (str_eq(workspace, KEYS_WORKSPACE) && !is_within(q, k))
		return;
	if (registry_delete(q->registry, workspace, STATE_KEY, id, revision, &e))
		answer_nothing(q);
	else
		(void)problem_of(q, &e);
}

void
api_key_delete(struct request *q)
{
	end_key(q, KEYS_WORKSPACE, request_part(q, 0));
}

void
api_publishable_key_delete(struct request *q)
{
	if (api_has_workspace(q))
		end_key(q, request_part(q, 0), request_part(q, 1));
}
