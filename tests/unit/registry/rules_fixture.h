/* What the tests of rules share: a real store with a workspace, its connection and its rules.
 */
#pragma once

#include "unit/store/store_fixture.h"

#include "carillon/registry/check.h"
#include "carillon/registry/rulebook.h"

#define TEXT(s) ((char *)(uintptr_t)(s)) /* protobuf-c's strings are not const */

struct put_record {
	const char *workspace, *id;
	enum state_kind kind;
	const void *record; /* NULL: delete, */
	struct str garbage; /* or this */
};

static inline bool
fill_record(struct txn *t, void *arg, struct err *e)
{
	const struct put_record *p = arg;
	struct arena *a = arena_new(0);
	uint64_t revision = store_applied(t) + 1;
	char key[STATE_KEY_MAX];

	(void)e;
	state_key(key, str_of(p->workspace), p->kind, str_of(p->id));
	state_apply(
	    t, str_of(key), p->record ? record_pack(a, p->record) : p->garbage, revision);
	store_set_applied(t, revision);
	arena_free(a);
	return true;
}

static inline void
put_record(struct fixture *f, const char *workspace, enum state_kind kind, const char *id,
    const void *record)
{
	struct put_record p = {workspace, id, kind, record, {0}};

	write_store(f->store, STORE_STATE, fill_record, &p);
}

/* Whatever bytes, as with `nats kv put`. */
static inline void
put_garbage(struct fixture *f, const char *workspace, enum state_kind kind, const char *id,
    const char *bytes)
{
	struct put_record p = {workspace, id, kind, NULL, str_of(bytes)};

	write_store(f->store, STORE_STATE, fill_record, &p);
}

static inline void
put_workspace(struct fixture *f, const char *id)
{
	workspace_record w = CARILLON__V1__WORKSPACE__INIT;
	connection_record c = CARILLON__V1__CONNECTION__INIT;
	static uint8_t sealed[] = "sealed";

	w.id = TEXT(id);
	put_record(f, id, STATE_WORKSPACE, id, &w);
	c.id = TEXT("slack");
	c.dest = TEXT("slack");
	c.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	c.sealed = (ProtobufCBinaryData){sizeof(sealed), sealed};
	put_record(f, id, STATE_CONNECTION, "slack", &c);
}

/* An active rule for alert.triggered that sends to C0ALERTS. */
static inline rule_record
rule_of(const char *id, const char *filter)
{
	rule_record r = CARILLON__V1__RULE__INIT;

	r.id = TEXT(id);
	r.event_type = TEXT("alert.triggered");
	r.connection = TEXT("slack");
	r.channel = TEXT("C0ALERTS");
	r.filter = TEXT(filter);
	r.active = true;
	return r;
}

static inline void
put_rule(struct fixture *f, const char *workspace, const char *id, const char *filter)
{
	rule_record r = rule_of(id, filter);

	put_record(f, workspace, STATE_RULE, id, &r);
}

/* An entry for alert.triggered, in "_catalogue" or a workspace's own. */
static inline void
put_type(struct fixture *f, const char *workspace, const char *schema, const char *template)
{
	type_record t = CARILLON__V1__EVENT_TYPE__INIT;

	t.name = TEXT("alert.triggered");
	t.schema = TEXT(schema);
	t.default_template = TEXT(template);
	put_record(f, workspace, STATE_TYPE, "alert.triggered", &t);
}

static inline struct ruleset *
get_rules(struct rulebook *b, const char *workspace)
{
	struct err e = {0};
	struct ruleset *r = rulebook_get(b, str_of(workspace), &e);

	assert_string_equal(e.text, "");
	assert_non_null(r);
	return r;
}

/* An alert.triggered of workspace acme with this payload, in the fixture's arena. */
static inline struct event
event_of(struct fixture *f, const char *payload)
{
	struct event ev = {.workspace = {"acme", 4},
	    .id = {"ev1", 3},
	    .type = {"alert.triggered", 15},
	    .resource = {"alert", 5},
	    .payload_text = str_of(payload)};
	struct err e = {0};

	assert_true(json_parse(f->arena, ev.payload_text, JSON_DEPTH_MAX, &ev.payload, &e));
	return ev;
}

static inline void
assert_says(struct str text, const char *part)
{
	bool does = memmem(text.ptr, text.len, part, strlen(part)) != NULL;

	if (!does)
		print_error("\"%.*s\" does not say \"%s\"\n", STR_ARG(text), part);
	assert_true(does);
}
