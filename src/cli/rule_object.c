/*
 * A rule as a JSON object, as `rule show` prints it: its members are taken for the options of
 * `rule add`, and read by what reads those.
 */
#include "carillon/base/suggest.h"

#include "rule.h"

struct member {
	const char *key;
	enum option option;
};

static const struct member option_members[] = {
    {"thread_key", OPTION_THREAD_KEY},
    {"thread_hours", OPTION_THREAD_HOURS},
    {"update_key", OPTION_UPDATE_KEY},
    {"dedupe_key", OPTION_DEDUPE_KEY},
    {"dedupe_minutes", OPTION_DEDUPE_MINUTES},
    {"retry", OPTION_RETRY},
    {"on_burst", OPTION_ON_BURST},
};
static const struct member quiet_members[] = {
    {"from", OPTION_QUIET_FROM},
    {"to", OPTION_QUIET_TO},
    {"time_zone", OPTION_QUIET_ZONE},
    {"unless_severity", OPTION_QUIET_UNLESS},
};
/* The first of each is the usual one. */
static const char *const on_unknown_names[] = {"prefer_duplicate", "prefer_silence"};
static const char *const on_message_error_names[] = {"plain_text", "fail"};

bool
object_has_only(const struct json *object, const struct str *keys, size_t n, const char *what,
    struct err *e)
{
	if (object->kind != JSON_OBJECT)
		return fail(e, ERR_INPUT, "%s is %s; it must be an object", what,
		    json_kind_name(object->kind));
	JSON_EACH (member, object) {
		struct str nearest = str_nearest(member->key, keys, n);
		bool known = false;

		for (size_t i = 0; i < n; i++)
			known = known || str_eq(member->key, keys[i]);
		if (known)
			continue;
		if (nearest.len > 0)
			return fail(e, ERR_INPUT, "%s has no \"%.*s\"; did you mean \"%.*s\"?",
			    what, STR_ARG(member->key), STR_ARG(nearest));
		return fail(e, ERR_INPUT, "%s has no \"%.*s\"", what, STR_ARG(member->key));
	}
	return true;
}

char *
object_text(struct command *c, const struct json *object, const char *key)
{
	return arena_cstr(c->arena, json_string(object, str_of(key)));
}

char *
object_json(struct command *c, const struct json *object, const char *key)
{
	const struct json *v = json_get(object, str_of(key));
	struct buf text = {0};
	struct json_writer w;
	char *out;

	if (v == NULL || v->kind == JSON_NULL)
		return arena_cstr(c->arena, STR(""));
	jw_init(&w, &text);
	jw_value(&w, v);
	out = arena_cstr(c->arena, buf_view(&text));
	buf_fini(&text);
	return out;
}

/* [5, 30] as "5,30". */
static bool
list_text(struct command *c, const struct json *list, const char **out, struct err *e)
{
	struct buf text = {0};

	JSON_EACH (v, list) {
		if (v->kind != JSON_NUMBER) {
			buf_fini(&text);
			return fail(e, ERR_INPUT, "\"%.*s\" must be a list of numbers",
			    STR_ARG(list->key));
		}
		buf_printf(&text, "%s%.*s", text.len > 0 ? "," : "", STR_ARG(v->text));
	}
	*out = text.len > 0 ? arena_cstr(c->arena, buf_view(&text)) : NULL;
	buf_fini(&text);
	return true;
}

/* What `rule show` prints for "none" is none: null, "", 0 and []. */
static bool
member_text(struct command *c, const struct json *v, const char **out, struct err *e)
{
	*out = NULL;
	if (v == NULL || v->kind == JSON_NULL)
		return true;
	if (v->kind == JSON_ARRAY)
		return list_text(c, v, out, e);
	if (v->kind != JSON_STRING && v->kind != JSON_NUMBER)
		return fail(e, ERR_INPUT, "\"%.*s\" is %s; it must be text or a number",
		    STR_ARG(v->key), json_kind_name(v->kind));
	if (v->text.len > 0 && !str_eq(v->text, STR("0")))
		*out = arena_cstr(c->arena, v->text);
	return true;
}

static bool
take_members(struct command *as_options, const struct json *object,
    const struct member *members, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!member_text(as_options, json_get(object, str_of(members[i].key)),
			&as_options->options[members[i].option], e))
			return false;
	return true;
}

static bool
take_quiet_hours(struct command *as_options, const struct json *quiet, struct err *e)
{
	struct str keys[COUNT_OF(quiet_members)];

	if (quiet == NULL || quiet->kind == JSON_NULL)
		return true;
	for (size_t i = 0; i < COUNT_OF(quiet_members); i++)
		keys[i] = str_of(quiet_members[i].key);
	return object_has_only(quiet, keys, COUNT_OF(keys), "\"quiet_hours\"", e) &&
	       take_members(as_options, quiet, quiet_members, COUNT_OF(quiet_members), e);
}

static bool
read_options(struct command *c, const struct json *object, rule_record *r, struct err *e)
{
	struct command *as_options = calloc(1, sizeof(*as_options));
	bool ok;

	must(as_options != NULL);
	as_options->arena = c->arena;
	ok = take_members(as_options, object, option_members, COUNT_OF(option_members), e) &&
	     take_quiet_hours(as_options, json_get(object, STR("quiet_hours")), e) &&
	     rule_options_read(as_options, r, e);
	free(as_options);
	return ok;
}

/* The index of the member's word among two; the first if it is not there. */
static bool
read_choice(const struct json *object, const char *key, const char *const names[2], int *out,
    struct err *e)
{
	const struct json *v = json_get(object, str_of(key));

	*out = 0;
	if (v == NULL || v->kind == JSON_NULL || str_eq(v->text, str_of(names[0])))
		return true;
	*out = 1;
	if (str_eq(v->text, str_of(names[1])))
		return true;
	return fail(e, ERR_INPUT, "\"%s\" must be %s or %s", key, names[0], names[1]);
}

bool
rule_object_read(struct command *c, const struct json *object, rule_record *r, struct err *e)
{
	static const struct str keys[] = {
	    {"id", 2},
	    {"name", 4},
	    {"event_type", 10},
	    {"filter", 6},
	    {"template", 8},
	    {"channel", 7},
	    {"connection", 10},
	    {"on_unknown", 10},
	    {"on_message_error", 16},
	    {"thread_key", 10},
	    {"thread_hours", 12},
	    {"update_key", 10},
	    {"dedupe_key", 10},
	    {"dedupe_minutes", 14},
	    {"retry", 5},
	    {"on_burst", 8},
	    {"quiet_hours", 11},
	};
	int on_unknown, on_message_error;

	carillon__v1__rule__init(r);
	if (!object_has_only(object, keys, COUNT_OF(keys), "a default rule", e) ||
	    !read_choice(object, "on_unknown", on_unknown_names, &on_unknown, e) ||
	    !read_choice(
		object, "on_message_error", on_message_error_names, &on_message_error, e))
		return false;
	r->id = object_text(c, object, "id");
	r->name = object_text(c, object, "name");
	r->event_type = object_text(c, object, "event_type");
	r->channel = object_text(c, object, "channel");
	r->connection = object_text(c, object, "connection");
	r->filter = object_json(c, object, "filter");
	r->template_ = object_json(c, object, "template");
	r->on_unknown = (Carillon__V1__OnUnknown)on_unknown;
	r->on_message_error = (Carillon__V1__OnMessageError)on_message_error;
	return read_options(c, object, r, e);
}
