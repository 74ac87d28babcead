#include "unreadable.h"

struct unreadable_listing {
	struct listing *listing;
	struct str column;
};

static bool
list_one(const struct stored *s, void *arg)
{
	const struct unreadable_listing *u = arg;
	struct listing *l = u->listing;
	struct arena *a = l->doc.command->arena;

	listing_record(l);
	if (listing_is_json(l)) {
		jw_object(l->w);
		jw_kv_string(l->w, "id", s->key.id);
		jw_kv_cstr(l->w, "broken", s->why.text);
		jw_key(l->w, "revision");
		jw_uint(l->w, s->revision);
		jw_object_end(l->w);
		return true;
	}
	listing_cell(l, s->key.id);
	/* The header's cells are the first ones. */
	for (size_t i = 1; i < l->n_columns; i++)
		listing_cell(l, !str_eq(l->cells[i], u->column)
				    ? (struct str){0}
				    : arena_printf(a, "broken: %s", s->why.text));
	return true;
}

bool
list_unreadable(struct listing *l, struct str workspace, enum state_kind kind,
    const char *column, struct err *e)
{
	struct unreadable_listing u = {l, str_of(column)};

	return registry_each_unreadable(
	    l->doc.command->registry, workspace, kind, list_one, &u, e);
}
