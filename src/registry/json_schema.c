#include "carillon/registry/json_schema.h"

#include "json_members.h"

static const struct members *const tables[JSON_RECORDS] = {
    [JSON_RECORD_WORKSPACE] = &workspace_members,
    [JSON_RECORD_CONNECTION] = &connection_members,
    [JSON_RECORD_RULE] = &rule_members,
    [JSON_RECORD_TYPE] = &type_members,
    [JSON_RECORD_REPLAY] = &replay_members,
    [JSON_RECORD_KEY] = &key_members,
    [JSON_RECORD_EVENT] = &event_record_members,
    [JSON_RECORD_WARNING] = &event_warning_members,
    [JSON_RECORD_DELIVERY] = &delivery_members,
    [JSON_RECORD_ATTEMPT] = &attempt_members,
    [JSON_RECORD_PUBLISHED] = &event_members,
};

static void write_object(struct json_writer *w, const struct members *of, bool is_given);

static void
write_words(struct json_writer *w, const struct words *words)
{
	jw_object(w);
	jw_key(w, "enum");
	jw_array(w);
	for (int i = 0; i < words->n; i++)
		jw_cstr(w, words->names[i]);
	jw_array_end(w);
	jw_object_end(w);
}

static void
write_list(struct json_writer *w, const struct member *m, bool is_given)
{
	jw_object(w);
	jw_kv_cstr(w, "type", "array");
	jw_key(w, "items");
	if (m->kind == MEMBER_TEXTS)
		jw_raw(w, STR("{\"type\":\"string\"}"));
	else if (m->kind == MEMBER_NUMBERS)
		jw_raw(w, STR("{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}"));
	else
		write_object(w, m->of, is_given);
	jw_object_end(w);
}

static void
write_value(struct json_writer *w, const struct member *m, bool is_given)
{
	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_BYTES: jw_raw(w, STR("{\"type\":\"string\"}")); break;
	case MEMBER_FLAG: jw_raw(w, STR("{\"type\":\"boolean\"}")); break;
	case MEMBER_NUMBER:
	case MEMBER_KEY_VERSION:
		jw_raw(w, STR("{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}"));
		break;
	case MEMBER_SEQUENCE:
	case MEMBER_COUNT: jw_raw(w, STR("{\"type\":\"integer\",\"minimum\":0}")); break;
	case MEMBER_TIME:
		jw_raw(w, STR("{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"));
		break;
	case MEMBER_WORD: write_words(w, m->words); break;
	case MEMBER_DOCUMENT:
		jw_raw(w, is_given ? STR("{\"type\":\"object\"}") : STR("{}"));
		break;
	case MEMBER_TEXTS:
	case MEMBER_NUMBERS:
	case MEMBER_OBJECTS: write_list(w, m, is_given); break;
	case MEMBER_OBJECT: write_object(w, m->of, is_given); break;
	case MEMBER_BESIDE: jw_raw(w, STR("{}")); break;
	}
}

/* As given, null is as if it were not there. */
static void
write_value_or_null(struct json_writer *w, const struct member *m, bool is_given)
{
	if (!is_given && m->kind != MEMBER_OBJECT) {
		write_value(w, m, is_given);
		return;
	}
	jw_object(w);
	jw_key(w, "anyOf");
	jw_array(w);
	write_value(w, m, is_given);
	jw_raw(w, STR("{\"type\":\"null\"}"));
	jw_array_end(w);
	jw_object_end(w);
}

/* What is written by hand beside the table is described by hand, too. */
static bool
is_described(const struct member *m, bool is_given)
{
	return m->kind != MEMBER_BESIDE && (!is_given || m->owner == GIVEN);
}

static void
write_properties(struct json_writer *w, const struct members *of, bool is_given)
{
	for (size_t i = 0; i < of->n; i++)
		if (is_described(&of->list[i], is_given)) {
			jw_key(w, of->list[i].name);
			write_value_or_null(w, &of->list[i], is_given);
		}
}

static void
write_required(struct json_writer *w, const struct members *of)
{
	for (size_t i = 0; i < of->n; i++)
		if (is_described(&of->list[i], false))
			jw_cstr(w, of->list[i].name);
}

static void
write_whole(struct json_writer *w, const struct members *of, bool is_given)
{
	jw_object(w);
	jw_kv_cstr(w, "type", "object");
	if (!is_given) {
		jw_key(w, "required");
		jw_array(w);
		write_required(w, of);
		jw_array_end(w);
	}
	jw_key(w, "properties");
	jw_object(w);
	write_properties(w, of, is_given);
	jw_object_end(w);
	jw_kv_bool(w, "additionalProperties", false);
	jw_object_end(w);
}

static void
write_object(struct json_writer *w, const struct members *of, bool is_given)
{
	if (!is_given || of->short_form == NULL) {
		write_whole(w, of, is_given);
		return;
	}
	jw_object(w);
	jw_key(w, "anyOf");
	jw_array(w);
	jw_raw(w, STR("{\"type\":\"string\"}"));
	write_whole(w, of, is_given);
	jw_array_end(w);
	jw_object_end(w);
}

void
json_schema_answered(struct json_writer *w, enum json_record r)
{
	if (tables[r] != NULL)
		write_properties(w, tables[r], false);
}

void
json_schema_required(struct json_writer *w, enum json_record r)
{
	if (tables[r] != NULL)
		write_required(w, tables[r]);
}

void
json_schema_given(struct json_writer *w, enum json_record r)
{
	if (tables[r] != NULL)
		write_properties(w, tables[r], true);
}
