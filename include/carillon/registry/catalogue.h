/*
 * What the catalogue says of event types, compiled once: for one type its schema, severity
 * order, default template, and the filters and templates of its default rules, which most rules
 * keep as they came; and the catalogue that all workspaces share, an immutable snapshot, held
 * by reference by every ruleset made with it. Any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/records.h"
#include "carillon/rules/filter.h"
#include "carillon/dest/dest.h"
#include "carillon/rules/schema.h"
#include "carillon/store/store.h"

/* A filter or template of a default rule, under its text. Any of them may be NULL; a template
 * is compiled by each destination type, by its place in the table. */
struct ready_made {
	struct str filter_text, template_text;
	const struct filter *filter;
	const struct dest_template *template[DEST_TYPES_MAX];
};

struct event_type {
	struct str name;
	const struct severity_order *order;
	const struct schema *schema;                          /* NULL: it has none */
	const struct dest_template *template[DEST_TYPES_MAX]; /* of rules without one */
	struct ready_made *ready_made;
	int n_ready_made;
};

/*
 * A part that does not compile is logged and left out: one bad entry of the catalogue must not
 * stop the rules of every customer. The record is copied from.
 */
const struct event_type *event_type_compile(struct arena *a, const type_record *rec);
/* NULL if no default rule has this text. */
const struct filter *event_type_filter(const struct event_type *t, struct str text);
/* As the destination type has compiled it; no text is that of a rule without a template. */
const struct dest_template *event_type_template(
    const struct event_type *t, const struct dest_type *dest, struct str text);

struct catalogue;

/* The caller owns the one reference. NULL: the index cannot be read. */
MUST_USE struct catalogue *catalogue_build(struct store *s, struct err *e);
struct catalogue *catalogue_ref(struct catalogue *c);
void catalogue_unref(struct catalogue *c); /* NULL is fine */
/* NULL if the catalogue has no such type. */
const struct event_type *catalogue_type(const struct catalogue *c, struct str name);
