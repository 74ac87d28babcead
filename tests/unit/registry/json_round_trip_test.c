/*
 * A record that is written as JSON and read again is the same: what people give comes from the
 * JSON, what the service keeps stays as it was. With random records of every kind.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/registry/json_read.h"
#include "carillon/registry/replays.h"
#include "carillon/registry/json_write.h"
#include "unit/base/found.h"
#include "unit/base/testing.h"

#include <cmocka.h>

enum { ROUNDS = 2000 };

static uint64_t seed;

static uint32_t
below(uint32_t end)
{
	return (uint32_t)random_below(&seed, end);
}

static bool
flip(void)
{
	return below(2) == 1;
}

/* Any text, with what JSON escapes and what it does not. */
static char *
text(struct arena *a)
{
	static const char *const pieces[] = {"a", "Z", "0", " ", "\"", "\\", "/", "\n", "\t",
	    "\x01", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\xb4", "{{ x }}", "<", "null"};
	struct buf b = {0};
	char *out;

	for (uint32_t i = below(6); i > 0; i--)
		buf_cstr(&b, pieces[below(COUNT_OF(pieces))]);
	out = arena_cstr(a, buf_view(&b));
	buf_fini(&b);
	return out;
}

/* A JSON object as our writer writes it. */
static char *
document(struct arena *a)
{
	static const char *const documents[] = {"", "{}",
	    "{\"all\":[{\"field\":\"a\",\"op\":\"eq\",\"value\":1.10}]}",
	    "{\"body\":\"\\u0001 \\\" \xc3\xa9\",\"n\":[1e400,-0,true,null,{}]}"};

	return arena_cstr(a, str_of(documents[below(COUNT_OF(documents))]));
}

static int64_t
some_time(void)
{
	return flip() ? 0 : (int64_t)random_below(&seed, UINT64_C(4102444800000));
}

static uint32_t *
numbers(struct arena *a, size_t *n)
{
	uint32_t *list = ARENA_ARRAY(a, uint32_t, 4);

	*n = below(5);
	for (size_t i = 0; i < *n; i++)
		list[i] = (uint32_t)random_next(&seed);
	return list;
}

static char **
texts(struct arena *a, size_t *n)
{
	char **list = ARENA_ARRAY(a, char *, 3);

	*n = below(4);
	for (size_t i = 0; i < *n; i++)
		list[i] = text(a);
	return list;
}

/* --- random records --- */

static void
make_workspace(struct arena *a, void *record)
{
	workspace_record *r = record;

	r->id = text(a);
	r->name = text(a);
	r->created_ms = some_time();
	r->paused = flip();
}

static void
make_connection(struct arena *a, void *record)
{
	connection_record *r = record;
	Carillon__V1__Channel *channel = ARENA_ARRAY(a, Carillon__V1__Channel, 2);

	r->id = text(a);
	r->dest = text(a);
	r->name = text(a);
	r->status = (Carillon__V1__ConnectionStatus)below(4);
	r->status_reason = text(a);
	r->status_code = text(a);
	r->team_id = text(a);
	r->team_name = text(a);
	r->bot_user_id = text(a);
	r->n_channels = below(3);
	r->channels = ARENA_ARRAY(a, Carillon__V1__Channel *, 2);
	for (size_t i = 0; i < r->n_channels; i++) {
		r->channels[i] = &channel[i];
		carillon__v1__channel__init(&channel[i]);
		channel[i].id = text(a);
		channel[i].name = text(a);
	}
	r->retry_s = numbers(a, &r->n_retry_s);
	r->created_ms = some_time();
	r->updated_ms = some_time();
}

static Carillon__V1__QuietHours *
quiet_hours(struct arena *a)
{
	Carillon__V1__QuietHours *q = ARENA_NEW(a, Carillon__V1__QuietHours);

	carillon__v1__quiet_hours__init(q);
	q->from = text(a);
	q->to = text(a);
	q->time_zone = text(a);
	q->unless_severity = text(a);
	return q;
}

static void
make_rule(struct arena *a, void *record)
{
	rule_record *r = record;

	r->id = text(a);
	r->name = text(a);
	r->event_type = text(a);
	r->connection = text(a);
	r->channel = text(a);
	r->active = flip();
	r->hold_reason = text(a);
	r->hold_code = text(a);
	r->on_unknown = (Carillon__V1__OnUnknown)below(2);
	r->on_message_error = (Carillon__V1__OnMessageError)below(2);
	r->on_burst = (Carillon__V1__OnBurst)below(3);
	r->thread_key = text(a);
	r->thread_hours = r->thread_key[0] != '\0' ? 1 + below(UINT32_MAX) : 0;
	r->update_key = text(a);
	r->dedupe_key = text(a);
	r->dedupe_minutes = r->dedupe_key[0] != '\0' ? 1 + below(UINT32_MAX) : 0;
	r->quiet_hours = flip() ? quiet_hours(a) : NULL;
	r->retry_s = numbers(a, &r->n_retry_s);
	r->filter = document(a);
	r->template_ = document(a);
	r->created_ms = some_time();
	r->updated_ms = some_time();
}

/* A default rule keeps nothing, and is of its type. */
static rule_record *
default_rule(struct arena *a, const type_record *t)
{
	rule_record *r = ARENA_NEW(a, rule_record);

	carillon__v1__rule__init(r);
	make_rule(a, r);
	if (r->event_type[0] == '\0')
		r->event_type = t->name;
	r->hold_reason = r->hold_code = (char *)(uintptr_t) "";
	r->created_ms = r->updated_ms = 0;
	return r;
}

static void
make_type(struct arena *a, void *record)
{
	type_record *t = record;
	Carillon__V1__SeverityLevel *level = ARENA_ARRAY(a, Carillon__V1__SeverityLevel, 3);

	t->name = text(a);
	t->description = text(a);
	t->schema = document(a);
	t->sample = document(a);
	t->default_template = document(a);
	t->n_severity_order = below(4);
	t->severity_order = ARENA_ARRAY(a, Carillon__V1__SeverityLevel *, 3);
	for (size_t i = 0; i < t->n_severity_order; i++) {
		t->severity_order[i] = &level[i];
		carillon__v1__severity_level__init(&level[i]);
		level[i].name = text(a);
		level[i].aliases = texts(a, &level[i].n_aliases);
	}
	t->n_default_rules = below(3);
	t->default_rules = ARENA_ARRAY(a, rule_record *, 2);
	for (size_t i = 0; i < t->n_default_rules; i++)
		t->default_rules[i] = default_rule(a, t);
}

static void
make_replay(struct arena *a, void *record)
{
	replay_record *r = record;

	r->id = text(a);
	r->action = (Carillon__V1__ReplayAction)below(2);
	r->status = (Carillon__V1__ReplayStatus)below(5);
	r->event_id = text(a);
	r->rule = text(a);
	r->connection = text(a);
	r->states = texts(a, &r->n_states);
	r->from_ms = some_time();
	r->to_ms = some_time();
	r->again = flip();
	r->todays_rules = flip();
	r->rate = (uint32_t)random_next(&seed);
	r->from_seq = random_next(&seed);
	r->to_seq = random_next(&seed);
	r->position = random_next(&seed);
	r->selected = random_next(&seed);
	r->sent = random_next(&seed);
	r->skipped = random_next(&seed);
	r->created_ms = some_time();
	r->by = text(a);
}

/* --- what the service keeps: not from the JSON --- */

static void
keep_workspace(void *to, const void *from)
{
	((workspace_record *)to)->created_ms = ((const workspace_record *)from)->created_ms;
}

static void
keep_connection(void *to, const void *from)
{
	const connection_record *r = from;
	connection_record *out = to;

	out->status = r->status;
	out->status_reason = r->status_reason;
	out->status_code = r->status_code;
	out->team_id = r->team_id;
	out->team_name = r->team_name;
	out->bot_user_id = r->bot_user_id;
	out->created_ms = r->created_ms;
	out->updated_ms = r->updated_ms;
}

static void
keep_rule(void *to, const void *from)
{
	const rule_record *r = from;
	rule_record *out = to;

	out->hold_reason = r->hold_reason;
	out->hold_code = r->hold_code;
	out->created_ms = r->created_ms;
	out->updated_ms = r->updated_ms;
}

static void
make_key(struct arena *a, void *record)
{
	key_record *k = record;

	k->id = text(a);
	k->kind = flip() ? CARILLON__V1__KEY_KIND__KEY_KIND_SECRET
	                 : CARILLON__V1__KEY_KIND__KEY_KIND_PUBLISHABLE;
	k->name = text(a);
	k->n_scopes = 2;
	k->scopes = ARENA_ARRAY(a, char *, 2);
	k->scopes[0] = text(a);
	k->scopes[1] = text(a);
	k->last4 = text(a);
	k->created_ms = some_time();
	k->expires_ms = some_time();
}

static void
keep_key(void *to, const void *from)
{
	const key_record *k = from;
	key_record *out = to;

	out->id = k->id;
	out->last4 = k->last4;
	out->created_ms = k->created_ms;
}

static void
keep_type(void *to, const void *from)
{
	(void)to;
	(void)from;
}

static void
keep_replay(void *to, const void *from)
{
	const replay_record *r = from;
	replay_record *out = to;

	out->id = r->id;
	out->status = r->status;
	out->from_seq = r->from_seq;
	out->to_seq = r->to_seq;
	out->position = r->position;
	out->selected = r->selected;
	out->sent = r->sent;
	out->skipped = r->skipped;
	out->created_ms = r->created_ms;
	out->by = r->by;
}

/* --- written and read --- */

static void
write_as_json(struct json_writer *w, enum state_kind kind, const void *record)
{
	const struct held held = {.count = 7, .oldest_ms = 8};
	const struct replay_outcome outcome = {.of[DELIVERY_FAILED] = 3};

	switch (kind) {
	case STATE_WORKSPACE: json_write_workspace(w, record, 9, &held); break;
	case STATE_CONNECTION: json_write_connection(w, record, 9, &held); break;
	case STATE_RULE: json_write_rule(w, record, 9, &held); break;
	case STATE_TYPE: json_write_type(w, record, 9); break;
	case STATE_KEY:
		json_write_key_open(w, record, 9);
		jw_object_end(w);
		break;
	default: replay_write(w, record, 9, &outcome); break;
	}
}

static const struct kind {
	const ProtobufCMessageDescriptor *type;
	void (*make)(struct arena *a, void *record);
	void (*keep)(void *to, const void *from);
} kinds[STATE_KINDS] = {
    [STATE_WORKSPACE] = {&carillon__v1__workspace__descriptor, make_workspace, keep_workspace},
    [STATE_CONNECTION] = {&carillon__v1__connection__descriptor, make_connection,
	keep_connection},
    [STATE_RULE] = {&carillon__v1__rule__descriptor, make_rule, keep_rule},
    [STATE_TYPE] = {&carillon__v1__event_type__descriptor, make_type, keep_type},
    [STATE_REPLAY] = {&carillon__v1__replay__descriptor, make_replay, keep_replay},
    [STATE_KEY] = {&carillon__v1__key__descriptor, make_key, keep_key},
};

static void *
record_new(struct arena *a, enum state_kind kind)
{
	void *record = arena_must(a, kinds[kind].type->sizeof_message);

	kinds[kind].type->message_init(record);
	return record;
}

static void
play(struct arena *a, enum state_kind kind)
{
	void *first = record_new(a, kind), *second = record_new(a, kind);
	struct findings *found = found_new(a, "");
	struct buf out = {0};
	struct json_writer w;
	const struct json *v;
	struct err e;

	kinds[kind].make(a, first);
	jw_init(&w, &out);
	write_as_json(&w, kind, first);
	if (!json_parse(a, buf_view(&out), JSON_DEPTH_MAX + 2, &v, &e))
		fail_msg("%s: %s", out.ptr, e.text);
	if (!json_read_record(a, kind, v, second, found))
		fail_msg("%s: %s", out.ptr, found_text(found));
	kinds[kind].keep(second, first);
	if (!str_eq(record_pack(a, first), record_pack(a, second)))
		fail_msg("%s is read as something else", out.ptr);
	buf_fini(&out);
}

static void
what_is_written_is_read_as_it_was(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		seed = i * 977 + 1;
		for (enum state_kind kind = 0; kind < STATE_KINDS; kind++)
			play(a, kind);
		arena_reset(a);
	}
	arena_free(a);
}

/* A change of nothing, read into the record itself, leaves all of it. */
static void
a_record_read_into_itself_stays_whole(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		enum state_kind kind = (enum state_kind)(i % STATE_KINDS);
		struct findings *found = found_new(a, "");
		struct json nothing = {.kind = JSON_OBJECT};
		void *record = record_new(a, kind);
		struct str before;

		seed = i * 31 + 7;
		kinds[kind].make(a, record);
		before = record_pack(a, record);
		assert_true(json_read_record(a, kind, &nothing, record, found));
		assert_true(str_eq(before, record_pack(a, record)));
		arena_reset(a);
	}
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_as_it_was),
	    cmocka_unit_test(a_record_read_into_itself_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
