#include "shapes.h"

#include "carillon/registry/json_schema.h"

struct shape {
	const char *name;
	enum json_record record;
	const char *members; /* of a given one: the names that are required */
	bool is_given;
};

static const struct shape shapes[] = {
#define SHAPE(name, RECORD, members)  {#name, JSON_RECORD_##RECORD, members, false},
#define GIVEN(name, RECORD, required) {#name, JSON_RECORD_##RECORD, required, true},
#include "shapes.def"
#undef GIVEN
#undef SHAPE
};

static const struct exchange exchanges[] = {
#define EXCHANGE(route, takes, statuses, gives, parameters) \
	{#route, #takes, statuses, gives, parameters},
#include "exchanges.def"
#undef EXCHANGE
};

const struct exchange *
exchange_of(const char *route)
{
	size_t i = 0;

	while (i < COUNT_OF(exchanges) && strcmp(exchanges[i].route, route) != 0)
		i++;
	must(i < COUNT_OF(exchanges));
	return &exchanges[i];
}

/* --- the little language of the tables --- */

bool
shape_next(struct str *text, struct str *word)
{
	size_t n = 0;

	while (text->len > 0 && text->ptr[0] == ' ')
		*text = (struct str){text->ptr + 1, text->len - 1};
	while (n < text->len && text->ptr[n] != ' ')
		n++;
	*word = (struct str){text->ptr, n};
	*text = (struct str){text->ptr + n, text->len - n};
	return n > 0;
}

bool
shape_cut(struct str member, struct str *name, struct str *type)
{
	const char *colon = memchr(member.ptr, ':', member.len);
	bool may_miss;

	must(colon != NULL && colon > member.ptr);
	*name = (struct str){member.ptr, (size_t)(colon - member.ptr)};
	*type = (struct str){colon + 1, member.len - name->len - 1};
	may_miss = name->ptr[name->len - 1] == '?';
	name->len -= may_miss;
	return may_miss;
}

/* Takes `end` off the end of a type, if it is there. */
static bool
take_end(struct str *type, const char *end)
{
	size_t n = strlen(end);

	if (type->len < n || memcmp(type->ptr + type->len - n, end, n) != 0)
		return false;
	type->len -= n;
	return true;
}

/* --- types --- */

static const struct {
	const char *name, *schema;
} simple[] = {
    {"text", "{\"type\":\"string\"}"},
    {"flag", "{\"type\":\"boolean\"}"},
    {"number", "{\"type\":\"integer\"}"},
    {"limit", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":200}"},
    {"time", "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}"},
    {"moment", "{\"type\":\"string\",\"format\":\"date-time\"}"},
    {"text|number", "{\"type\":[\"string\",\"number\"]}"},
    {"any", "{}"},
    {"object", "{\"type\":\"object\",\"minProperties\":1}"},
    {"map", "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}"},
    {"new_events", "{\"type\":\"array\",\"minItems\":1,\"maxItems\":100,\"items\":{\"$ref\":"
		   "\"#/components/schemas/new_event\"}}"},
};

static void
write_words(struct json_writer *w, struct str words)
{
	jw_object(w);
	jw_key(w, "enum");
	jw_array(w);
	while (words.len > 0) {
		const char *comma = memchr(words.ptr, ',', words.len);
		size_t n = comma != NULL ? (size_t)(comma - words.ptr) : words.len;

		jw_string(w, (struct str){words.ptr, n});
		n += comma != NULL;
		words = (struct str){words.ptr + n, words.len - n};
	}
	jw_array_end(w);
	jw_object_end(w);
}

static void
write_reference(struct json_writer *w, struct str shape)
{
	struct buf to = {0};

	buf_printf(&to, "#/components/schemas/%.*s", STR_ARG(shape));
	jw_object(w);
	jw_kv_string(w, "$ref", buf_view(&to));
	jw_object_end(w);
	buf_fini(&to);
}

static void
write_plain(struct json_writer *w, struct str type)
{
	for (size_t i = 0; i < COUNT_OF(simple); i++)
		if (str_eq(type, str_of(simple[i].name))) {
			jw_raw(w, str_of(simple[i].schema));
			return;
		}
	if (type.len > 0 && type.ptr[0] == '=')
		write_words(w, (struct str){type.ptr + 1, type.len - 1});
	else
		write_reference(w, type);
}

void
shape_write_type(struct json_writer *w, struct str type)
{
	if (take_end(&type, "|null")) {
		jw_object(w);
		jw_key(w, "anyOf");
		jw_array(w);
		shape_write_type(w, type);
		jw_raw(w, STR("{\"type\":\"null\"}"));
		jw_array_end(w);
		jw_object_end(w);
	} else if (take_end(&type, "[]")) {
		jw_object(w);
		jw_kv_cstr(w, "type", "array");
		jw_key(w, "items");
		write_plain(w, type);
		jw_object_end(w);
	} else {
		write_plain(w, type);
	}
}

/* --- objects --- */

static void
write_properties(struct json_writer *w, const struct shape *s)
{
	struct str left = str_of(s->members), member, name, type;

	jw_key(w, "properties");
	jw_object(w);
	if (s->is_given)
		json_schema_given(w, s->record);
	else
		json_schema_answered(w, s->record);
	while (!s->is_given && shape_next(&left, &member)) {
		(void)shape_cut(member, &name, &type);
		jw_keyn(w, name);
		shape_write_type(w, type);
	}
	jw_object_end(w);
}

static void
write_required(struct json_writer *w, const struct shape *s)
{
	struct str left = str_of(s->members), member, name, type;

	jw_key(w, "required");
	jw_array(w);
	if (!s->is_given)
		json_schema_required(w, s->record);
	while (shape_next(&left, &member))
		if (s->is_given)
			jw_string(w, member);
		else if (!shape_cut(member, &name, &type))
			jw_string(w, name);
	jw_array_end(w);
}

void
shapes_write(struct json_writer *w)
{
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		jw_key(w, shapes[i].name);
		jw_object(w);
		jw_kv_cstr(w, "type", "object");
		write_properties(w, &shapes[i]);
		write_required(w, &shapes[i]);
		jw_kv_bool(w, "additionalProperties", false);
		jw_object_end(w);
	}
}

bool
shape_is_needed(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		struct str left = str_of(shapes[i].members), member, part, type;

		if (!str_eq(name, str_of(shapes[i].name)))
			continue;
		while (shape_next(&left, &member))
			if (shapes[i].is_given || !shape_cut(member, &part, &type))
				return true;
		return false;
	}
	return true;
}
