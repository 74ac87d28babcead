/*
 * The text templates of a rule's slots: a strict subset of Liquid. What is accepted renders as
 * LiquidJS renders it, except the declared Slack escaping and `date`; everything else is
 * refused at compile time with line, column and a suggestion. Compiled once, read-only after;
 * any thread may render.
 *
 *     {{ payload.value | minus: payload.threshold | round: 1 }}
 *     {% if payload.severity == "high" %}...{% elsif %}...{% else %}...{% endif %}
 *     {% for x in payload.items limit: 5 %}...{% endfor %}
 *
 * Names: payload, event (type, resource, resource_id, id, source, time, workspace), and forloop
 * inside a loop. Filters: template_filters.def. Bounded: source 16 KiB, nesting 8, loop 50
 * turns, output 16 KiB, and steps.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/buf.h"
#include "carillon/base/findings.h"
#include "carillon/rules/event.h"

struct template;

/* How substituted values (never the template's own text) are written. */
enum template_escape {
	TEMPLATE_ESCAPE_NONE, /* as LiquidJS: plain_text fields, keys, the differential test */
	TEMPLATE_ESCAPE_MRKDWN, /* & < > as entities: a value can mention nobody and link
	                           nowhere */
};

struct template_error {
	int line, column;    /* from 1, characters */
	char text[200];      /* lower case: unknown filter "upcse" */
	char advice[80];     /* add {% endif %}, or empty */
	char suggestion[80]; /* the word that was probably meant: upcase; or empty */
};

MUST_USE bool template_compile(
    struct arena *a, struct str source, struct template **out, struct template_error *e);
/* An error at `at`, in the slot of that name (empty: it is in none). Returns false. */
bool template_found(struct findings *f, const struct pointer *at, struct str slot,
    const struct template_error *e);

struct template_warnings {
	int missing; /* paths that led nowhere */
	struct str first_missing;
	bool cut;      /* output, loop or step limit was reached */
	bool disarmed; /* a value stood inside the template's own <...> and was made text */
};
/* Appends to `out`. Cannot fail: limits cut. `w` may be NULL. */
void template_render(const struct template *t, const struct event *ev, enum template_escape esc,
    struct buf *out, struct template_warnings *w);
/* Whether it has no substitution: the same text for every event. */
bool template_is_constant(const struct template *t);
