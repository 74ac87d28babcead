/*
 * The rules as the hot path wants them: for each workspace an immutable, compiled ruleset, made
 * from LMDB when first needed, shared by reference, and dropped when something of the workspace
 * changes. Whoever holds a reference keeps using what was true when it took it.
 *
 * Any thread. The workspaces are spread over shards, each a short lock around a table of
 * pointers; a change costs one pointer and what is compiled is freed outside the lock, so it
 * never pauses the flow, however many workspaces there are.
 */
#pragma once

#include <stdatomic.h>

#include "carillon/base/base.h"
#include "carillon/dest/dest.h"
#include "carillon/rules/filter.h"
#include "carillon/base/list.h"
#include "carillon/rules/quiet.h"
#include "carillon/store/store.h"
#include "carillon/rules/template.h"
#include "carillon/registry/catalogue.h"

/* Why a stored record counts for nothing (stored.h). Who needs it is held. */
enum left_out {
	LEFT_OUT_NOT,
	LEFT_OUT_UNREADABLE,
	LEFT_OUT_BEYOND, /* the limit of its kind */
};

struct ruleset_connection {
	struct str id;
	enum left_out left_out;       /* then nothing else is known of it */
	const struct dest_type *dest; /* NULL: a type this build does not know */
	Carillon__V1__ConnectionStatus status;
	struct str status_reason;
	enum repair repair; /* of the status */
	int n_retry;        /* schedule of rules that have none; 0: the service's */
	uint32_t const *retry_s;
	struct str sealed;   /* the credential; opened by the courier for one compose */
	struct str api_host; /* its destination's own, empty: the usual one */
	const char *url;     /* its own address; NULL: its type has none */
	/* The channel that its credential has a second way into; empty: none. Until then that
	 * way is taken first, because the first was shut a moment ago; Unix ms. */
	struct str granted_channel;
	atomic_int_least64_t other_way_until_ms;
	atomic_bool is_broken;      /* refused a moment ago; state.proto will say so soon */
	atomic_bool is_sealed_shut; /* the credential did not open a moment ago */
};

struct rule {
	struct str id, pattern, channel;
	enum left_out left_out;                /* then nothing else is known of it */
	struct str hold_reason;                /* not empty: the channel needs a person */
	enum repair repair;                    /* then: what ends it */
	struct str problem;                    /* not empty: it does not compile, and why */
	struct ruleset_connection *connection; /* NULL: it names none that exists */
	struct str connection_id;
	const struct filter *filter;
	const struct dest_template *template; /* of its connection's type */
	const struct severity_order *order;
	const struct quiet *quiet; /* NULL: it has no quiet hours */
	/* By enum key_use: template of the key, or NULL; and how long a key counts, 0: for
	 * ever. */
	const struct template *key[KEY_USES];
	int64_t key_age_ms[KEY_USES];
	/* Not empty: it is a copy for one test message, whose event's id begins so. */
	struct str test_event;
	bool active;
	bool prefer_silence;
	bool plain_text_fallback;
	Carillon__V1__OnBurst on_burst;
	int n_retry; /* own schedule, or else its connection's; 0: the service's */
	uint32_t const *retry_s;
};

struct ruleset {
	atomic_int refs;
	struct list lru;
	struct arena *arena;
	struct catalogue *catalogue; /* a reference: rules point into it */
	struct str workspace;
	bool exists;        /* the workspace is known */
	bool is_unreadable; /* and its record is not */
	bool paused;
	bool is_cut; /* it has still more rules: one that is not here may be among them */
	int n_rules, n_connections;
	struct rule *rules; /* in order of id */
	struct ruleset_connection *connections;
};

struct rulebook;

/* Keeps about `limit` rulesets compiled, never more; the least recently used go first. */
struct rulebook *rulebook_new(struct store *s, size_t limit);
void rulebook_free(struct rulebook *b);
/*
 * The workspace's ruleset as of now; the caller owns a reference. Never NULL unless the index
 * cannot be read (`e` says why). A workspace nobody knows gives one with exists = false.
 */
MUST_USE struct ruleset *rulebook_get(struct rulebook *b, struct str workspace, struct err *e);
void ruleset_unref(struct ruleset *r); /* NULL is fine */
/* Forgets what is compiled for a workspace ("": for all). Those in use live on. */
void rulebook_drop(struct rulebook *b, struct str workspace);
/* NULL if there is none. Where a rule may be one of those cut off it is left out, too. */
struct ruleset_connection *ruleset_connection(const struct ruleset *r, struct str id);
const struct rule *ruleset_rule(const struct ruleset *r, struct str id);

/* Whether the rule wants the event: it is active, and type and filter accept it. */
bool rule_wants(const struct rule *rule, const struct event *ev);

/* Whether a rule may send right now, or why its deliveries must wait for a person. */
struct gate {
	bool is_open;
	struct str reason; /* when it is not: a sentence for the customer */
	struct remedy remedy;
};

/* The part of it that is the same for all rules of the connection. */
struct gate gate_of_connection(const struct ruleset_connection *c);
/* `rule` may be NULL: it was deleted. */
struct gate gate_of(const struct ruleset *r, const struct rule *rule);

/*
 * Compiles one rule record into `a`, for the event type its pattern names (NULL: the catalogue
 * has none such) and the destination that is to render it. What does not compile is left out:
 * `f` has all that is wrong, and out->problem the first of it. Copies from the record, but
 * leaves the connection to the ruleset.
 */
void rule_compile(struct arena *a, const rule_record *rec, const struct event_type *type,
    const struct dest_type *dest, struct rule *out, struct findings *f);
/* NULL for none. */
const uint32_t *schedule_copy(struct arena *a, const uint32_t *retry_s, size_t n);
