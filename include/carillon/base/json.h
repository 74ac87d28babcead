/*
 * A strict JSON reader that keeps a number's text, and a writer that cannot produce bad JSON.
 * Why our own: no library of Debian 12 and 13 is both strict and number-preserving (1.10 must
 * stay 1.10; json-c strict refuses non-ASCII, jansson rewrites numbers). Fuzzed against
 * jansson.
 *
 * Strict means RFC 8259 and: UTF-8 well-formed, no NUL (not even \u0000), no lone surrogate, no
 * key twice in one object, one value and nothing after it, a given depth at most.
 *
 * A tree lives in the caller's arena and is read-only afterwards; strings without escapes point
 * into the source text, which must live as long. Any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/buf.h"

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

enum { JSON_DEPTH_MAX = 32 }; /* of an event's payload; [] is depth 1 */

struct json {
	enum json_kind kind;
	uint32_t count;           /* members or elements */
	struct str key;           /* decoded name, when a member of an object */
	struct str text;          /* string: decoded; number: as written; else empty */
	const struct json *child; /* first member or element */
	const struct json *next;  /* sibling */
	size_t offset;            /* byte in the source where the value starts */
};

#define JSON_EACH(v, parent) for (const struct json *v = (parent)->child; v; v = v->next)

/*
 * Parses `text`. On failure err.text says "line L, column C: what was expected", kind
 * ERR_INPUT. `depth_max` levels of nesting; the arena's limit bounds memory (also ERR_INPUT).
 */
MUST_USE bool json_parse(
    struct arena *a, struct str text, int depth_max, const struct json **out, struct err *e);

/* Where a text stops being JSON; line and column from 1. */
struct json_error {
	int line, column;
	char what[96]; /* expected ',' or '}' */
};
/* As json_parse, with the error as data. */
MUST_USE bool json_parse_placed(struct arena *a, struct str text, int depth_max,
    const struct json **out, struct json_error *error);

enum json_flaw {
#define FLAW(NAME, name, sentence) JSON_FLAW_##NAME,
#include "carillon/base/json_flaws.def"
#undef FLAW
	JSON_FLAWS
};

/* What was mended in a text: how often, and where first, from 1. */
struct json_flaws {
	uint32_t count[JSON_FLAWS];
	int line[JSON_FLAWS], column[JSON_FLAWS];
};

/*
 * As json_parse, for what strangers wrote: what their library got wrong in one character costs
 * that character, not the text, and is noted in `flaws`. A NUL byte, which says that something
 * was cut, is refused. Slower than json_parse: to be tried after it.
 */
MUST_USE bool json_parse_mending(struct arena *a, struct str text, int depth_max,
    const struct json **out, struct json_flaws *flaws, struct err *e);
/* "half of a surrogate pair became U+FFFD" */
const char *json_flaw_sentence(enum json_flaw flaw);

/*
 * The members of an object that can be read, up to where the text breaks off or is none: for an
 * answer of which only some count. A member whose value cannot be read is left out. NULL if it
 * is no object.
 */
const struct json *json_skim(struct arena *a, struct str text);

/* Line and column, both from 1, of a byte offset; a column counts characters, not bytes. */
void json_position(struct str text, size_t offset, int *line, int *column);

/* The member called `key`, or NULL (also when `obj` is NULL or no object). */
const struct json *json_get(const struct json *obj, struct str key);
/* The value at a dotted path with array indexes, "a.b.0.c" or "a.b[0].c", or NULL. */
const struct json *json_path(const struct json *root, struct str path);
/* The index of an element that a member's name is, by JavaScript's rule: "0", "17", not "01",
 * and less than 2^32 - 1. Else -1. */
int64_t json_index_of(struct str name);
/* The member's text if it is a string, else the empty string. */
struct str json_string(const struct json *obj, struct str key);
/* Number to double; exact for integers up to 2^53. False if not a number or out of range. */
MUST_USE bool json_double(const struct json *v, double *out);
/* Number to int64. False if not a number, not integral, or out of range. */
MUST_USE bool json_int64(const struct json *v, int64_t *out);
/* Compares two number texts by value, exactly, whatever their length: -1, 0, 1. */
int json_number_cmp(struct str a, struct str b);
const char *json_kind_name(enum json_kind kind); /* "a number", "an object" ... */

/*
 * Writing. Commas and colons are placed by the writer; must() catches a misuse. Strings must be
 * UTF-8; ill-formed bytes are written as U+FFFD, so output is always valid.
 */
struct json_writer {
	struct buf *out;
	uint8_t depth;
	bool indent; /* two spaces and newlines, for people */
	bool after_key;
	uint64_t has_item; /* bit d: level d already has an item */
	uint64_t is_object;
};

void jw_init(struct json_writer *w, struct buf *out);
void jw_object(struct json_writer *w);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_array_end(struct json_writer *w);
void jw_key(struct json_writer *w, const char *key);
void jw_keyn(struct json_writer *w, struct str key);
void jw_string(struct json_writer *w, struct str s);
void jw_cstr(struct json_writer *w, const char *s);
void jw_int(struct json_writer *w, int64_t n);
void jw_uint(struct json_writer *w, uint64_t n);
void jw_bool(struct json_writer *w, bool b);
void jw_null(struct json_writer *w);
/* A whole value that is already JSON. */
void jw_raw(struct json_writer *w, struct str json);
/* A parsed tree, numbers as they were written. */
void jw_value(struct json_writer *w, const struct json *v);
/* The same as a text of the arena's, with a NUL after it. */
struct str json_text(struct arena *a, const struct json *v);
/* key and value in one call */
void jw_kv_string(struct json_writer *w, const char *key, struct str s);
void jw_kv_cstr(struct json_writer *w, const char *key, const char *s);
void jw_kv_int(struct json_writer *w, const char *key, int64_t n);
void jw_kv_bool(struct json_writer *w, const char *key, bool b);
