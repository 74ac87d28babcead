/*
 * What a rule would make of an event: whether it wants it and why not, and the message. Made by
 * the code that real deliveries go through, so what is shown is what is sent. Used by the
 * command line, the API and the UI. Any thread; no clock, no store.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/findings.h"
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
	struct str event;          /* a packed carillon.v1.Event, as published */
	wall_t now;                /* the event's time if it brings none */
	struct findings *findings; /* gets all that is wrong with the rule */
};

/* Why a rule does not want an event. */
enum why_not {
	WHY_NOT_NONE, /* it does, or its filter does not compile */
	WHY_NOT_INACTIVE,
	WHY_NOT_TYPE,
	WHY_NOT_CONDITION,
};

struct preview {
	bool matches; /* the rule wants the event */
	enum why_not why_not;
	struct str why_not_pointer; /* of the condition, into the filter */
	struct str reason;          /* the same as a sentence; empty if it wants it */
	const struct filter_finding *conditions; /* of the filter, each with its result */
	int n_conditions;
	struct str channel;
	/* The message, also when the rule does not want the event; NULL: its template does not
	 * compile. */
	const struct dest_body *body;
	struct str keys[KEY_USES]; /* of the rule's options; empty: none */
	struct warnings warnings;  /* the message's, the keys', and of what was mended */
	const struct findings *findings;
};

/*
 * False with ERR_INPUT when the event would be refused, and then `out` is empty; or when the
 * rule does not compile, and then `out` has what can be told all the same. The result is owned
 * by `a`.
 */
MUST_USE bool preview_make(
    struct arena *a, const struct preview_request *q, struct preview *out, struct err *e);
/* "thread_key" ... */
extern const char *const preview_key_names[KEY_USES];
/* One JSON object with everything. */
void preview_json(struct json_writer *w, const struct preview *p);
/* What type.sample is as an event, packed into `a`; empty: the type has none. */
struct str preview_sample(struct arena *a, const type_record *type);
