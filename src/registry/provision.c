/*
 * A new workspace starts with the default rules of the catalogue. The rules are written first
 * and the workspace last: without it nobody sees them, so whoever finds no workspace begins
 * again, and what an interrupted creation wrote is met again under the same ids.
 */
#include <sodium.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "registry_private.h"

struct seeds {
	struct arena *arena;
	rule_record *rules[RULES_MAX];
	int n;
};

/* The same for the same type and place, in every workspace: "default_6f1c8e02a94b_1". */
static char *
seed_id(struct arena *a, const char *type, size_t index)
{
	uint8_t hash[crypto_generichash_BYTES_MIN];
	char hex[2 * sizeof(hash) + 1];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)type, strlen(type), NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return arena_cstr(a, arena_printf(a, "default_%.12s_%zu", hex, index + 1));
}

static bool
gather_seeds(const void *record, uint64_t revision, void *arg)
{
	const type_record *t = record;
	struct seeds *s = arg;

	(void)revision;
	for (size_t i = 0; i < t->n_default_rules; i++) {
		rule_record *r = t->default_rules[i];

		if (s->n++ >= RULES_MAX)
			continue; /* counted, for the sentence */
		r->id = seed_id(s->arena, t->name, i);
		r->event_type = t->name;
		r->active = false;
		s->rules[s->n - 1] = r;
	}
	return true;
}

static bool
plant(struct registry *r, struct str workspace, const struct seeds *s, int64_t now_ms,
    struct err *e)
{
	for (int i = 0; i < s->n; i++) {
		rule_record *rule = s->rules[i];

		rule->created_ms = rule->updated_ms = now_ms;
		/* ERR_CONFLICT: an interrupted creation had come so far. */
		if (!registry_put_record(r, workspace, STATE_RULE, rule, 0, e) &&
		    e->kind != ERR_CONFLICT)
			return false;
	}
	return true;
}

static bool
provision(struct registry *r, const workspace_record *w, struct seeds *s, struct err *e)
{
	struct str workspace = str_of(w->id);

	if (!registry_each(r, s->arena, &(struct state_list){CATALOGUE_WORKSPACE, STATE_TYPE},
		gather_seeds, s, e))
		return false;
	if (s->n > RULES_MAX)
		return fail(e, ERR_FULL,
		    "the catalogue has %d default rules and a workspace holds at most %d: "
		    "remove some from the event types",
		    s->n, RULES_MAX);
	return plant(r, workspace, s, w->created_ms ? w->created_ms : clock_wall().ms, e) &&
	       registry_put_workspace(r, w, 0, e);
}

bool
registry_provision_workspace(struct registry *r, const workspace_record *w, struct err *e)
{
	struct str id = str_of(w->id);
	uint64_t revision;
	struct seeds *s;
	bool ok;

	if (!registry_is_sound(r, id, STATE_WORKSPACE, w, NULL, e) ||
	    !registry_catch_up(r, 0, e))
		return false;
	s = calloc(1, sizeof(*s));
	must(s != NULL);
	s->arena = arena_new(0);
	if (registry_workspace(r, s->arena, id, &revision, e) != NULL)
		ok = fail(e, ERR_CONFLICT, "workspace \"%.*s\" exists already", STR_ARG(id));
	else if (e->kind == ERR_CORRUPT) /* it has its rules already */
		ok = registry_put_workspace(r, w, revision, e);
	else
		ok = e->kind == ERR_NOT_FOUND && provision(r, w, s, e);
	arena_free(s->arena);
	free(s);
	return ok;
}
