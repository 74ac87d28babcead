#include "catalogue.h"

#include <stdatomic.h>

#include "carillon/base/log.h"
#include "carillon/base/table.h"
#include "registry_check.h"

struct catalogue {
	atomic_int refs;
	struct arena *arena;
	struct table *types; /* by name, to struct event_type */
};

static bool
add_type(struct str id, const struct state_value *v, void *arg)
{
	struct catalogue *c = arg;
	struct arena *scratch = arena_new(0);
	struct err e = {0};
	void *record;

	if (record_unpack(
		&carillon__v1__event_type__descriptor, scratch, v->bytes, &record, &e)) {
		const struct event_type *t = event_type_compile(c->arena, record);

		(void)table_set(c->types, t->name, (void *)(uintptr_t)t);
	} else {
		log_warn("catalogue.type_left_out", L_STRN("type", id), L_STR("error", e.text));
	}
	arena_free(scratch);
	return true;
}

struct catalogue *
catalogue_build(struct store *s, struct err *e)
{
	struct txn *t = txn_read(s, STORE_STATE);
	struct catalogue *c = calloc(1, sizeof(*c));
	bool ok;

	must(c != NULL);
	atomic_init(&c->refs, 1);
	c->arena = arena_new(0);
	c->types = table_new();
	state_each(t, CATALOGUE_WORKSPACE_ID, STATE_TYPE, add_type, c);
	ok = txn_error(t) == NULL;
	if (!ok && e != NULL)
		*e = *txn_error(t);
	txn_end(t);
	if (ok)
		return c;
	(void)fail_within(e, "the catalogue");
	catalogue_unref(c);
	return NULL;
}

struct catalogue *
catalogue_ref(struct catalogue *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void
catalogue_unref(struct catalogue *c)
{
	if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	table_free(c->types);
	arena_free(c->arena);
	free(c);
}

const struct event_type *
catalogue_type(const struct catalogue *c, struct str name)
{
	return table_get(c->types, name);
}
