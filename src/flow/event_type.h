/*
 * What the catalogue says of an event type, compiled once and shared by all rules of the type:
 * its schema, severity order, default template, and the filters and templates of its default
 * rules, which most rules keep as they came. Immutable; lives in the arena it was made in.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/rules/filter.h"
#include "carillon/base/records.h"
#include "carillon/rules/render.h"
#include "carillon/rules/schema.h"

/* A filter or template of a default rule, under its text. Either may be NULL. */
struct ready_made {
	struct str filter_text, template_text;
	const struct filter *filter;
	const struct message_template *template;
};

struct event_type {
	struct str name;
	const struct severity_order *order;
	const struct schema *schema;             /* NULL: it has none */
	const struct message_template *template; /* of rules without one */
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
const struct message_template *event_type_template(const struct event_type *t, struct str text);
