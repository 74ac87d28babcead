/*
 * What a rule would make of an event: whether it wants it and why not, and the message. Made by
 * the code that real deliveries go through, so what is shown is what is sent. Used by the
 * command line, the API and the UI. Any thread; no clock, no store.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/rules/filter.h"
#include "carillon/base/json.h"
#include "carillon/base/records.h"
#include "carillon/dest/dest.h"
#include "carillon/store/store.h"

struct preview_request {
	struct str workspace;
	const rule_record *rule;      /* stored or not: it needs no id */
	const type_record *type;      /* registry_type_of_rule; NULL: not in the catalogue */
	const struct dest_type *dest; /* registry_dest_of_rule */
	struct str event_type;
	struct str event; /* a packed carillon.v1.Event, as published */
	wall_t now;       /* the event's time if it brings none */
};

struct preview {
	bool matches;      /* the rule wants the event */
	struct str reason; /* why it does not, a sentence; empty if it does */
	const struct filter_finding *conditions; /* of the filter, each with its result */
	int n_conditions;
	struct str channel;
	const struct dest_body
	    *body;                 /* the message, also when the rule does not want the event */
	struct str keys[KEY_USES]; /* of the rule's options; empty: none */
};

/*
 * ERR_INPUT: the rule does not compile, or the event would be refused; the sentence says where.
 * The result is owned by `a`.
 */
MUST_USE bool preview_make(
    struct arena *a, const struct preview_request *q, struct preview *out, struct err *e);
/* One JSON object with everything. */
void preview_json(struct json_writer *w, const struct preview *p);
