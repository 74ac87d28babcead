#include "carillon/registry/json_read.h"

#include "carillon/base/clock.h"
#include "carillon/base/suggest.h"
#include "carillon/registry/registry.h"
#include "json_members.h"

struct reader {
	struct arena *arena;
	struct findings *f;
};

/* The field has the type that its kind says. */
#define AS(type, field) (*(type *)(void *)(field))

/* --- what is wrong --- */

/* Says that the member is of another kind than `must_be`. */
static bool
refuse_kind(struct reader *r, const struct json *v, const char *must_be)
{
	struct pointer at = {.name = v->key};

	return findings_about(r->f, FINDING_WRONG_KIND, &at, "\"%.*s\" is %s; it must be %s",
	    STR_ARG(v->key), json_kind_name(v->kind), must_be);
}

static bool
refuse_form(struct reader *r, const struct json *v, const char *what)
{
	struct pointer at = {.name = v->key};

	return findings_about(
	    r->f, FINDING_BAD_FORM, &at, "\"%.*s\" %s", STR_ARG(v->key), what);
}

static bool
refuse_member(struct reader *r, const struct members *members, struct str name)
{
	enum { KNOWN_MAX = 32 };
	struct pointer at = {.name = name};
	struct str known[KNOWN_MAX], nearest;

	must(members->n <= KNOWN_MAX);
	for (size_t i = 0; i < members->n; i++)
		known[i] = str_of(members->list[i].name);
	nearest = str_nearest(name, known, members->n);
	(void)findings_about(r->f, FINDING_UNKNOWN_MEMBER, &at, "%s has no \"%.*s\"%s%s",
	    members->noun, (int)str_utf8_cut(name, 60), name.ptr,
	    nearest.len == 0 && members->advice ? "; " : "",
	    nearest.len == 0 && members->advice ? members->advice : "");
	return findings_suggest(r->f, nearest);
}

/* --- one value --- */

static bool
read_number(struct reader *r, const struct json *v, uint32_t *out)
{
	int64_t n;

	if (v->kind != JSON_NUMBER)
		return refuse_kind(r, v, "a number");
	if (!json_int64(v, &n) || n < 0 || n > UINT32_MAX)
		return refuse_form(r, v, "must be a whole number from 0");
	*out = (uint32_t)n;
	return true;
}

static bool
read_time(struct reader *r, const struct json *v, int64_t *out_ms)
{
	wall_t time;

	if (v->kind != JSON_STRING)
		return refuse_kind(r, v, "a string");
	if (!clock_parse(v->text, &time) || time.ms < 0)
		return refuse_form(r, v, "is not a time such as 2026-04-17T16:02:00Z");
	*out_ms = time.ms;
	return true;
}

static bool
read_word(struct reader *r, const struct json *v, const struct words *words, int *out)
{
	struct pointer at = {.name = v->key};
	char known[WORDS_TEXT_MAX];

	if (v->kind == JSON_STRING && word_number(words, v->text, out))
		return true;
	(void)findings_about(r->f, FINDING_UNKNOWN_WORD, &at, "\"%.*s\" must be %s",
	    STR_ARG(v->key), words_text(words, known));
	return findings_suggest(r->f, word_nearest(words, v->text));
}

static char *
document_of(struct arena *a, const struct json *v)
{
	return (char *)(uintptr_t)json_text(a, v).ptr; /* protobuf-c's strings are not const */
}

static bool
read_texts(struct reader *r, const struct json *v, char ***out, size_t *n)
{
	if (v->kind != JSON_ARRAY)
		return refuse_kind(r, v, "a list");
	*n = 0;
	*out = ARENA_ARRAY(r->arena, char *, v->count);
	JSON_EACH (one, v) {
		if (one->kind != JSON_STRING)
			return refuse_form(r, v, "must be a list of strings");
		(*out)[(*n)++] = arena_cstr(r->arena, one->text);
	}
	return true;
}

static bool
read_numbers(struct reader *r, const struct json *v, uint32_t **out, size_t *n)
{
	int64_t number;

	if (v->kind != JSON_ARRAY)
		return refuse_kind(r, v, "a list");
	*n = 0;
	*out = ARENA_ARRAY(r->arena, uint32_t, v->count);
	JSON_EACH (one, v) {
		if (!json_int64(one, &number) || number < 0 || number > UINT32_MAX)
			return refuse_form(
			    r, v, "must be a list of numbers, whole ones from 0");
		(*out)[(*n)++] = (uint32_t)number;
	}
	return true;
}

/* --- objects in it --- */

static bool read_members(
    struct reader *r, const struct members *members, const struct json *object, void *record);

static void *
record_new(struct reader *r, const struct members *members)
{
	void *record = arena_must(r->arena, members->type->sizeof_message);

	members->type->message_init(record);
	return record;
}

/* A member of a record that is there already is changed where it stands. */
static bool
read_object(struct reader *r, const struct member *m, const struct json *v, char *field)
{
	struct finding_part part;
	void *record;
	bool ok;

	/* The field is a pointer to a message of its own type. */
	memcpy(&record, field, sizeof(record));
	if (record == NULL)
		record = record_new(r, m->of);
	memcpy(field, &record, sizeof(record));
	findings_enter(r->f, &part, (struct pointer){.name = v->key}, STR(""));
	ok = read_members(r, m->of, v, record);
	findings_leave(r->f);
	return ok;
}

/* An element may be its one member alone: "loud" for {"name": "loud"}. */
static bool
read_element(
    struct reader *r, const struct members *members, const struct json *v, void *record)
{
	struct json member, object = {.kind = JSON_OBJECT, .count = 1, .child = &member};

	if (members->short_form == NULL || v->kind != JSON_STRING)
		return read_members(r, members, v, record);
	member = *v;
	member.key = str_of(members->short_form);
	member.next = NULL;
	return read_members(r, members, &object, record);
}

static struct str
element_label(struct reader *r, const struct members *members, size_t i)
{
	return members->label ? arena_printf(r->arena, "%s %zu", members->label, i + 1)
	                      : (struct str){0};
}

static bool
read_objects(
    struct reader *r, const struct member *m, const struct json *v, char *field, size_t *n)
{
	struct finding_part list, element;
	char *records;
	bool ok = true;
	size_t i = 0;

	if (v->kind != JSON_ARRAY)
		return refuse_kind(r, v, "a list");
	records = (char *)ARENA_ARRAY(r->arena, void *, v->count);
	findings_enter(r->f, &list, (struct pointer){.name = v->key}, STR(""));
	JSON_EACH (one, v) {
		void *record = record_new(r, m->of);

		memcpy(records + i * sizeof(record), &record, sizeof(record));
		findings_enter(r->f, &element, (struct pointer){.index = (uint32_t)i},
		    element_label(r, m->of, i));
		ok = read_element(r, m->of, one, record) && ok;
		findings_leave(r->f);
		i++;
	}
	findings_leave(r->f);
	memcpy(field, &records, sizeof(records));
	*n = i;
	return ok;
}

/* --- members --- */

/* Null: as if it had never been given. */
static void
take_away(const struct member *m, char *record)
{
	void *at = record + m->at;

	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_DOCUMENT:
		AS(char *, at) = (char *)(uintptr_t)protobuf_c_empty_string;
		break;
	case MEMBER_FLAG:
	case MEMBER_WORD: AS(int, at) = 0; break;
	case MEMBER_NUMBER: AS(uint32_t, at) = 0; break;
	case MEMBER_TIME: AS(int64_t, at) = 0; break;
	case MEMBER_OBJECT: memset(at, 0, sizeof(void *)); break;
	case MEMBER_TEXTS:
	case MEMBER_NUMBERS:
	case MEMBER_OBJECTS: AS(size_t, record + m->n_at) = 0; break;
	default: break;
	}
}

static bool
read_value(struct reader *r, const struct member *m, const struct json *v, char *record)
{
	void *at = record + m->at;
	size_t *n = (size_t *)(void *)(record + m->n_at);

	switch (m->kind) {
	case MEMBER_TEXT:
		if (v->kind != JSON_STRING)
			return refuse_kind(r, v, "a string");
		AS(char *, at) = arena_cstr(r->arena, v->text);
		return true;
	case MEMBER_FLAG:
		if (v->kind != JSON_TRUE && v->kind != JSON_FALSE)
			return refuse_kind(r, v, "true or false");
		AS(protobuf_c_boolean, at) = v->kind == JSON_TRUE;
		return true;
	case MEMBER_DOCUMENT: AS(char *, at) = document_of(r->arena, v); return true;
	case MEMBER_NUMBER: return read_number(r, v, at);
	case MEMBER_TIME: return read_time(r, v, at);
	case MEMBER_WORD: return read_word(r, v, m->words, at);
	case MEMBER_TEXTS: return read_texts(r, v, at, n);
	case MEMBER_NUMBERS: return read_numbers(r, v, at, n);
	case MEMBER_OBJECT: return read_object(r, m, v, at);
	case MEMBER_OBJECTS: return read_objects(r, m, v, at, n);
	default: return true;
	}
}

static const struct member *
find_member(const struct members *members, struct str name)
{
	for (size_t i = 0; i < members->n; i++)
		if (str_eq(name, str_of(members->list[i].name)))
			return &members->list[i];
	return NULL;
}

/* What a rule's keys leave unsaid: how long they count. */
static void
fill_usual(const struct json *object, rule_record *r)
{
	bool has_hours = json_get(object, STR("thread_hours")) != NULL;
	bool has_minutes = json_get(object, STR("dedupe_minutes")) != NULL;

	if (r->thread_key[0] != '\0' && r->thread_hours == 0)
		r->thread_hours = THREAD_HOURS_USUAL;
	else if (r->thread_key[0] == '\0' && !has_hours)
		r->thread_hours = 0;
	if (r->dedupe_key[0] != '\0' && r->dedupe_minutes == 0)
		r->dedupe_minutes = DEDUPE_MINUTES_USUAL;
	else if (r->dedupe_key[0] == '\0' && !has_minutes)
		r->dedupe_minutes = 0;
}

static bool
read_members(
    struct reader *r, const struct members *members, const struct json *object, void *record)
{
	bool ok = true;

	if (object->kind != JSON_OBJECT)
		return findings_about(r->f, FINDING_WRONG_KIND, NULL,
		    "%s is %s; it must be an object", members->noun,
		    json_kind_name(object->kind));
	JSON_EACH (v, object) {
		const struct member *m = find_member(members, v->key);

		if (m == NULL)
			ok = refuse_member(r, members, v->key);
		else if (m->owner == GIVEN && v->kind == JSON_NULL)
			take_away(m, record);
		else if (m->owner == GIVEN)
			ok = read_value(r, m, v, record) && ok;
	}
	if (members->type == &carillon__v1__rule__descriptor)
		fill_usual(object, record);
	return ok;
}

static void
aim_default_rules(type_record *t)
{
	for (size_t i = 0; i < t->n_default_rules; i++)
		if (t->default_rules[i]->event_type[0] == '\0')
			t->default_rules[i]->event_type = t->name;
}

bool
json_read_record(struct arena *a, enum state_kind kind, const struct json *object, void *record,
    struct findings *f)
{
	static const struct members *const by_kind[STATE_KINDS] = {
	    [STATE_WORKSPACE] = &workspace_members,
	    [STATE_CONNECTION] = &connection_members,
	    [STATE_RULE] = &rule_members,
	    [STATE_TYPE] = &type_members,
	    [STATE_REPLAY] = &replay_members,
	    [STATE_KEY] = &key_members,
	};
	struct reader r = {.arena = a, .f = f};
	bool ok = read_members(&r, by_kind[kind], object, record);

	if (kind == STATE_TYPE)
		aim_default_rules(record);
	return ok;
}

/* --- events --- */

bool
json_read_payload(
    struct arena *a, const struct json *payload, event_message *msg, struct findings *f)
{
	struct reader r = {.arena = a, .f = f};

	if (payload == NULL)
		return findings_about(
		    f, FINDING_MISSING, POINTER_TO("payload"), "there is no \"payload\"");
	if (payload->kind != JSON_OBJECT)
		return findings_about(f, FINDING_WRONG_KIND, POINTER_TO("payload"),
		    "\"payload\" is %s; it must be a JSON object",
		    json_kind_name(payload->kind));
	msg->data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	msg->text_data = document_of(r.arena, payload);
	return true;
}

static bool
read_event_time(struct reader *r, const struct json *v, event_message *msg)
{
	int64_t ms;

	if (v == NULL || v->kind == JSON_NULL)
		return true;
	if (!read_time(r, v, &ms))
		return false;
	msg->time = ARENA_NEW(r->arena, Google__Protobuf__Timestamp);
	google__protobuf__timestamp__init(msg->time);
	msg->time->seconds = ms / 1000;
	msg->time->nanos = (int32_t)(ms % 1000 * 1000000);
	return true;
}

bool
json_read_event(
    struct arena *a, const struct json *object, event_message *msg, struct findings *f)
{
	struct reader r = {.arena = a, .f = f};
	bool ok = read_members(&r, &event_members, object, msg);

	if (object->kind != JSON_OBJECT)
		return false;
	ok = read_event_time(&r, json_get(object, STR("time")), msg) && ok;
	return json_read_payload(a, json_get(object, STR("payload")), msg, f) && ok;
}
