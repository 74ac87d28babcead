/* What a record was, and who changed it: the revisions that the state bucket keeps of it. */
#include "carillon/base/id.h"
#include "registry_private.h"

struct history {
	struct arena *arena;
	const struct stored_key *key;
	registry_revision_fn *each;
	void *arg;
};

static bool
give_revision(const struct broker_message *m, void *arg)
{
	struct history *h = arg;
	void *record = NULL;

	if (!m->is_delete && !stored_read(h->arena, h->key, m->data, &record, NULL))
		record = NULL;
	return h->each(
	    &(struct registry_revision){
		.revision = m->seq,
		.at = m->stored_at,
		.by = arena_str(h->arena, m->by),
		.record = record,
		.is_delete = m->is_delete,
	    },
	    h->arg);
}

/* Ids come from outside: one with a wildcard would be everybody's. */
static bool
name_key(char out[static STATE_KEY_MAX], const struct stored_key *key, struct err *e)
{
	const bool fits =
	    key->workspace.len <= WORKSPACE_ID_MAX && key->id.len <= EVENT_TYPE_MAX;
	struct str workspace, id;
	enum state_kind kind;

	if (fits)
		state_key(out, key->workspace, key->kind, key->id);
	if (fits && state_key_parse(str_of(out), &workspace, &kind, &id))
		return true;
	return fail(e, ERR_INPUT, "\"%.*s\" of workspace \"%.*s\" is no id of a %s",
	    (int)str_utf8_cut(key->id, 80), key->id.ptr, (int)str_utf8_cut(key->workspace, 80),
	    key->workspace.ptr, state_kind_name(key->kind));
}

bool
registry_history(struct registry *r, struct arena *a, const struct stored_key *key,
    registry_revision_fn *each, void *arg, struct err *e)
{
	struct history h = {a, key, each, arg};
	char name[STATE_KEY_MAX];

	return name_key(name, key, e) &&
	       broker_state_history(r->broker, name, give_revision, &h, e);
}
