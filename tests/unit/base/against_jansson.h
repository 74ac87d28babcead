/*
 * What our JSON reader and writer must agree on with jansson, for any bytes. Aborts if not.
 */
#pragma once

/* Both libraries have these names; jansson's are JANSSON_... here. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY  JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_TRUE   JANSSON_TRUE
#define JSON_FALSE  JANSSON_FALSE
#define JSON_NULL   JANSSON_NULL
#define json_string jansson_string
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL
#undef json_string

#include "carillon/base/json.h"

static inline void
check_same_number(const struct json *ours, const json_t *theirs)
{
	int64_t integer;
	double real;

	if (theirs->type == JSON_INTEGER) {
		must(json_int64(ours, &integer));
		must(integer == json_integer_value(theirs));
		return;
	}
	must(theirs->type == JSON_REAL);
	must(json_double(ours, &real));
	must(memcmp(&real, &(double){json_real_value(theirs)}, sizeof real) == 0);
}

static inline void check_same_tree(const struct json *ours, json_t *theirs);

static inline void
check_same_members(const struct json *ours, json_t *theirs)
{
	void *at = json_object_iter(theirs);

	must(theirs->type == JANSSON_OBJECT && json_object_size(theirs) == ours->count);
	JSON_EACH (member, ours) {
		must(str_eq(member->key, str_of(json_object_iter_key(at))));
		must(json_get(ours, member->key) == member);
		check_same_tree(member, json_object_iter_value(at));
		at = json_object_iter_next(theirs, at);
	}
	must(!at);
}

static inline void
check_same_elements(const struct json *ours, json_t *theirs)
{
	size_t i = 0;

	must(theirs->type == JANSSON_ARRAY && json_array_size(theirs) == ours->count);
	JSON_EACH (element, ours)
		check_same_tree(element, json_array_get(theirs, i++));
	must(i == ours->count);
}

static inline void
check_same_tree(const struct json *ours, json_t *theirs)
{
	must(theirs);
	switch (ours->kind) {
	case JSON_NULL: must(theirs->type == JANSSON_NULL); return;
	case JSON_FALSE: must(theirs->type == JANSSON_FALSE); return;
	case JSON_TRUE: must(theirs->type == JANSSON_TRUE); return;
	case JSON_NUMBER: check_same_number(ours, theirs); return;
	case JSON_STRING: must(str_eq(ours->text, str_of(json_string_value(theirs)))); return;
	case JSON_ARRAY: check_same_elements(ours, theirs); return;
	case JSON_OBJECT: check_same_members(ours, theirs); return;
	}
	must(theirs == NULL);
}

/* Two of our trees, numbers by their text. */
static inline void
check_equal(const struct json *a, const struct json *b)
{
	must(a->kind == b->kind && a->count == b->count);
	must(str_eq(a->key, b->key) && str_eq(a->text, b->text));
	for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
		check_equal(a, b);
	must(!a && !b);
}

/* Written and read again, `v` is the same. */
static inline void
check_round_trip(struct arena *a, const struct json *v, bool indent)
{
	struct json_writer w;
	struct buf out = {0};
	const struct json *again;
	struct err e;

	jw_init(&w, &out);
	w.indent = indent;
	jw_value(&w, v);
	must(json_parse(a, buf_view(&out), JSON_DEPTH_MAX, &again, &e));
	check_equal(v, again);
	buf_fini(&out);
}

/* Whether we read `text`. Where the two readers may differ, this says why. */
static inline bool
check_against_jansson(struct str text)
{
	struct arena *a = arena_new(0);
	const struct json *ours = NULL;
	struct err e = {0};
	json_error_t error;
	bool ok = json_parse(a, text, JSON_DEPTH_MAX, &ours, &e);
	json_t *theirs = json_loadb(text.len ? text.ptr : "", text.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	if (ok && theirs)
		check_same_tree(ours, theirs);
	else if (ok) /* our numbers have no range */
		must(json_error_code(&error) == json_error_numeric_overflow);
	else if (theirs) /* jansson allows more levels, and takes a NUL for the end */
		must(strstr(e.text, "levels of nesting") || memchr(text.ptr, '\0', text.len));
	if (ok) {
		check_round_trip(a, ours, false);
		check_round_trip(a, ours, true);
	} else {
		must(e.kind == ERR_INPUT && str_starts_with(str_of(e.text), STR("line ")));
		must(str_is_text(str_of(e.text)));
	}
	json_decref(theirs);
	arena_free(a);
	return ok;
}
