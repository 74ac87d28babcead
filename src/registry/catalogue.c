#include "carillon/registry/catalogue.h"

#include <stdatomic.h>
#include "carillon/base/log.h"
#include "carillon/base/table.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/stored.h"

/* --- one entry --- */

static void
left_out(struct str type, const char *part, const char *why)
{
	log_warn("catalogue.part_left_out", L_STRN("type", type), L_STR("part", part),
	    L_STR("error", why));
}

static const struct schema *
schema_of(struct arena *a, struct str type, const char *text)
{
	struct schema *schema = NULL;
	struct err e = {0};

	if (!schema_compile(a, str_of(text), &schema, &e)) {
		left_out(type, "schema", e.text);
		return NULL;
	}
	return schema;
}

static const struct message_template *
template_of(struct arena *a, struct str type, const char *part, const char *text)
{
	struct message_template *template = NULL;
	struct message_template_error te = {0};

	if (message_template_compile(a, str_of(text), &template, &te))
		return template;
	left_out(type, part, te.text);
	return NULL;
}

static struct ready_made
ready_made_of(struct arena *a, const struct event_type *t, const rule_record *rec)
{
	struct ready_made r = {0};
	struct filter *filter = NULL;
	struct err e = {0};

	if (rec->filter[0] != '\0') {
		r.filter_text = arena_str(a, str_of(rec->filter));
		if (filter_compile(a, r.filter_text, t->order, t->schema, &filter, &e))
			r.filter = filter;
		else
			left_out(t->name, "filter of a default rule", e.text);
	}
	if (rec->template_[0] != '\0') {
		r.template_text = arena_str(a, str_of(rec->template_));
		r.template =
		    template_of(a, t->name, "template of a default rule", rec->template_);
	}
	return r;
}

const struct event_type *
event_type_compile(struct arena *a, const type_record *rec)
{
	struct event_type *t = ARENA_NEW(a, struct event_type);
	struct message_template_error te;
	struct message_template *built_in;

	must(message_template_compile(a, (struct str){0}, &built_in, &te));
	t->name = arena_str(a, str_of(rec->name));
	t->order = severity_new(a, rec);
	t->schema = schema_of(a, t->name, rec->schema);
	t->template = template_of(a, t->name, "default template", rec->default_template);
	if (t->template == NULL)
		t->template = built_in;
	t->ready_made = ARENA_ARRAY(a, struct ready_made, rec->n_default_rules + 1);
	for (size_t i = 0; i < rec->n_default_rules; i++)
		t->ready_made[t->n_ready_made++] = ready_made_of(a, t, rec->default_rules[i]);
	return t;
}

const struct filter *
event_type_filter(const struct event_type *t, struct str text)
{
	for (int i = 0; t != NULL && i < t->n_ready_made; i++)
		if (t->ready_made[i].filter != NULL &&
		    str_eq(t->ready_made[i].filter_text, text))
			return t->ready_made[i].filter;
	return NULL;
}

const struct message_template *
event_type_template(const struct event_type *t, struct str text)
{
	for (int i = 0; t != NULL && i < t->n_ready_made; i++)
		if (t->ready_made[i].template != NULL &&
		    str_eq(t->ready_made[i].template_text, text))
			return t->ready_made[i].template;
	return NULL;
}

/* --- all that workspaces share --- */

struct catalogue {
	atomic_int refs;
	struct arena *arena;
	struct table *types; /* by name, to struct event_type */
};

struct reading {
	struct catalogue *catalogue;
	struct arena *record; /* of the entry that is being read */
};

/* What cannot be read is said by who looks at all that is stored. */
static bool
add_type(const struct stored *s, void *arg)
{
	struct reading *r = arg;
	struct catalogue *c = r->catalogue;

	if (s->record != NULL) {
		const struct event_type *t = event_type_compile(c->arena, s->record);

		(void)table_set(c->types, t->name, (void *)(uintptr_t)t);
	}
	arena_reset(r->record);
	return true;
}

struct catalogue *
catalogue_build(struct store *s, struct err *e)
{
	struct txn *t = txn_read(s, STORE_STATE);
	struct catalogue *c = calloc(1, sizeof(*c));
	struct reading r = {c, arena_new(0)};
	bool ok;

	must(c != NULL);
	atomic_init(&c->refs, 1);
	c->arena = arena_new(0);
	c->types = table_new();
	stored_each(
	    t, r.record, &(struct state_list){CATALOGUE_WORKSPACE, STATE_TYPE}, add_type, &r);
	arena_free(r.record);
	ok = txn_finish(t, e);
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
