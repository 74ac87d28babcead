#include "carillon/registry/catalogue.h"

#include <stdatomic.h>
#include "carillon/base/log.h"
#include "carillon/base/table.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/stored.h"

/* --- one entry --- */

/* A part while it is compiled, and what is found wrong with it. */
struct part {
	const struct event_type *type;
	const char *what;
	struct arena *scratch;
	struct findings findings;
};

static struct part
part_begin(const struct event_type *t, const char *what)
{
	struct part p = {.type = t, .what = what, .scratch = arena_new(0)};

	findings_init(&p.findings, p.scratch);
	return p;
}

static void
part_end(struct part *p)
{
	struct err e;

	if (!findings_none(&p->findings, &e))
		log_warn("catalogue.part_left_out", L_STRN("type", p->type->name),
		    L_STR("part", p->what), L_STR("error", e.text));
	arena_free(p->scratch);
}

static const struct schema *
schema_of(struct arena *a, const struct event_type *t, const char *text)
{
	struct part p = part_begin(t, "schema");
	struct schema *schema = NULL;

	if (!schema_compile(a, str_of(text), &schema, &p.findings))
		schema = NULL;
	part_end(&p);
	return schema;
}

/* What the destination types make of a template; NULL where it does not compile. */
static void
compile_template(struct arena *a, const struct event_type *t, const char *what,
    const char *text, const struct dest_template *out[static DEST_TYPES_MAX])
{
	for (int i = 0; i < dest_count(); i++) {
		struct part p = part_begin(t, what);

		if (!dest_at(i)->template_compile(a, str_of(text), &out[i], &p.findings))
			out[i] = NULL;
		part_end(&p);
	}
}

/* Of rules without one: the type's own, or what the destination has built in. */
static void
compile_default_template(struct arena *a, struct event_type *t, const char *text)
{
	compile_template(a, t, "default template", text, t->template);
	for (int i = 0; i < dest_count(); i++) {
		struct part p;

		if (t->template[i] != NULL)
			continue;
		p = part_begin(t, "built-in template");
		must(dest_at(i)->template_compile(
		    a, (struct str){0}, &t->template[i], &p.findings));
		part_end(&p);
	}
}

static const struct filter *
filter_of(struct arena *a, const struct event_type *t, struct str text)
{
	struct part p = part_begin(t, "filter of a default rule");
	struct filter *filter = NULL;

	if (!filter_compile(a, text, t->order, t->schema, &filter, &p.findings))
		filter = NULL;
	part_end(&p);
	return filter;
}

static struct ready_made
ready_made_of(struct arena *a, const struct event_type *t, const rule_record *rec)
{
	struct ready_made r = {0};

	if (rec->filter[0] != '\0') {
		r.filter_text = arena_str(a, str_of(rec->filter));
		r.filter = filter_of(a, t, r.filter_text);
	}
	if (rec->template_[0] != '\0') {
		r.template_text = arena_str(a, str_of(rec->template_));
		compile_template(
		    a, t, "template of a default rule", rec->template_, r.template);
	}
	return r;
}

const struct event_type *
event_type_compile(struct arena *a, const type_record *rec)
{
	struct event_type *t = ARENA_NEW(a, struct event_type);

	t->name = arena_str(a, str_of(rec->name));
	t->order = severity_new(a, rec);
	t->schema = schema_of(a, t, rec->schema);
	compile_default_template(a, t, rec->default_template);
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

const struct dest_template *
event_type_template(const struct event_type *t, const struct dest_type *dest, struct str text)
{
	int at = dest_index(dest);

	if (t != NULL && text.len == 0)
		return t->template[at];
	for (int i = 0; t != NULL && i < t->n_ready_made; i++)
		if (t->ready_made[i].template[at] != NULL &&
		    str_eq(t->ready_made[i].template_text, text))
			return t->ready_made[i].template[at];
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
