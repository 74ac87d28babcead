/*
 * A rule's filter: a JSON tree of conditions, compiled once into a flat, immutable program in
 * the rulebook's arena. Typed: a number never equals a string by accident. Not Turing-complete.
 *
 *     {"all": [{"field": "severity", "op": "at_least", "value": "high"},
 *              {"not": {"field": "resource", "op": "starts_with", "value": "test_"}}]}
 *
 * Nodes: all, any (arrays, may be empty: all of nothing is true, any of nothing false), not.
 * Ops: eq ne gt gte lt lte in not_in contains starts_with exists at_least. A missing field
 * makes a comparison false, ne and not_in too; only {"op":"exists","value":false} is true of
 * it. Numbers compare as decimals, exactly. contains: a substring of a string, or an element of
 * an array. at_least: by the severity order given. Limits: 64 conditions, depth 8, 16 KiB.
 *
 * `field` is a path into the payload as templates write it, a.b[0].c or payload.a.b[0].c; or
 * with the prefix "event." an attribute of the event: event_attributes.def.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/findings.h"
#include "carillon/rules/event.h"
#include "carillon/base/json.h"
#include "carillon/base/records.h"

struct filter;
struct severity_order;

/* info < low < medium < high < critical, with the usual aliases (warning = medium, ...). */
const struct severity_order *severity_default(void);
/* From the catalogue entry; NULL, or one without an order, means the default. Owned by `a`. */
const struct severity_order *severity_new(struct arena *a, const type_record *type);
/* Rank from 0, aliases included; -1 if unknown. Case and blanks around do not count, and
 * numbers are the same however they are written. */
int severity_rank(const struct severity_order *o, struct str name);
struct str severity_name(const struct severity_order *o, int rank);
int severity_count(const struct severity_order *o);
/* A severity as a payload writes it, a text or a number; empty if `v` is neither or NULL. */
struct str severity_text(const struct json *v);
/* Of a payload's member `severity`: its name by the order, or as it is written if the order
 * does not know it. Empty if there is none. The payload may be NULL. */
struct str severity_of(const struct severity_order *o, const struct json *payload);
/* Its rank by the order. */
int severity_rank_of(const struct severity_order *o, const struct json *payload);

/*
 * Field types known from the event type's JSON Schema ("number", "string"...): a numeric string
 * is compared as a number only where the schema says number. May be NULL: payload types decide.
 */
struct schema;

/* Compiles `text` (empty: accepts everything). False: `findings` has all that is wrong with it.
 * Owned by `a`. */
MUST_USE bool filter_compile(struct arena *a, struct str text,
    const struct severity_order *order, const struct schema *schema, struct filter **out,
    struct findings *findings);
/* Whether the event passes. No allocation, no failure, any thread. */
bool filter_matches(const struct filter *f, const struct event *ev);

/* What a condition makes of an event, as data and in words: for `rule test` and the UI. */
struct filter_finding {
	int depth;
	bool result;
	struct str pointer; /* into the filter: "/all/0" */
	const char *op;     /* "at_least"; of a group: all, any, not */
	/* Of a condition. JSON; an actual value that is very long is a string, cut. */
	struct str field, value, actual; /* empty: it has none */
	bool is_missing;                 /* the event has no such field */
	const char *note; /* text_not_number, number_not_text, unknown_severity; or NULL */
	/* Of a group. */
	uint32_t n, n_holding;
	struct str sentence; /* severity "low" is not at least "high" */
};
/* Tells each condition and group, from the top down. */
typedef void filter_finding_fn(const struct filter_finding *f, void *arg);
bool filter_explain(const struct filter *f, const struct event *ev, struct arena *a,
    filter_finding_fn *each, void *arg);
