/*
 * Finding things in a parsed tree, and in the text it came from.
 */
#include "carillon/base/json.h"

enum { INDEX_DIGITS_MAX = 10 }; /* of 4294967294 */

void
json_position(struct str text, size_t offset, int *line, int *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < offset && i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c == '\n') {
			++*line;
			*column = 1;
		} else if ((c & 0xc0) != 0x80) {
			++*column;
		}
	}
}

const struct json *
json_get(const struct json *obj, struct str key)
{
	if (!obj || obj->kind != JSON_OBJECT)
		return NULL;
	JSON_EACH (member, obj) {
		if (str_eq(member->key, key))
			return member;
	}
	return NULL;
}

int64_t
json_index_of(struct str name)
{
	int64_t n = 0;

	if (name.len == 0 || name.len > INDEX_DIGITS_MAX ||
	    (name.len > 1 && name.ptr[0] == '0'))
		return -1;
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] < '0' || name.ptr[i] > '9')
			return -1;
		n = n * 10 + (name.ptr[i] - '0');
	}
	return n < UINT32_MAX ? n : -1;
}

static const struct json *
get_element(const struct json *array, struct str digits)
{
	int64_t index = json_index_of(digits);

	if (!array || array->kind != JSON_ARRAY || index < 0)
		return NULL;
	JSON_EACH (element, array) {
		if (index-- == 0)
			return element;
	}
	return NULL;
}

static struct str
skip(struct str s, size_t n)
{
	return (struct str){s.ptr + n, s.len - n};
}

/* What stands before the first of `any_of`, or all. */
static struct str
until(struct str s, const char *any_of)
{
	size_t n = 0;

	while (n < s.len && !(s.ptr[n] && strchr(any_of, s.ptr[n])))
		n++;
	return (struct str){s.ptr, n};
}

/* Follows as many "[0]" as come next. */
static const struct json *
take_brackets(const struct json *at, struct str *path)
{
	while (at && path->len && path->ptr[0] == '[') {
		struct str digits = until(skip(*path, 1), "]");

		if (digits.len + 2 > path->len)
			return NULL;
		at = get_element(at, digits);
		*path = skip(*path, digits.len + 2);
	}
	return at;
}

const struct json *
json_path(const struct json *root, struct str path)
{
	const struct json *at = root;
	bool wants_name = path.len && path.ptr[0] != '[';

	while (at && (wants_name || path.len)) {
		if (wants_name) {
			struct str name = until(path, ".[");

			at =
			    at->kind == JSON_ARRAY ? get_element(at, name) : json_get(at, name);
			path = name.len ? skip(path, name.len) : path;
		}
		at = take_brackets(at, &path);
		wants_name = path.len && path.ptr[0] == '.';
		if (path.len && !wants_name)
			return NULL; /* such as "a[0]b" */
		if (wants_name)
			path = skip(path, 1);
	}
	return at;
}

struct str
json_string(const struct json *obj, struct str key)
{
	const struct json *member = json_get(obj, key);

	return member && member->kind == JSON_STRING ? member->text : (struct str){NULL, 0};
}

const char *
json_kind_name(enum json_kind kind)
{
	static const char *const names[] = {
	    [JSON_NULL] = "null",
	    [JSON_FALSE] = "false",
	    [JSON_TRUE] = "true",
	    [JSON_NUMBER] = "a number",
	    [JSON_STRING] = "a string",
	    [JSON_ARRAY] = "an array",
	    [JSON_OBJECT] = "an object",
	};

	must((size_t)kind < COUNT_OF(names));
	return names[kind];
}
