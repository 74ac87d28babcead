/*
 * What an event type says about its payloads, as a documented subset of JSON Schema:
 *
 *     type (a name or a list), properties, required, additionalProperties (true or false),
 *     items (one schema), enum, minimum, maximum, minLength, maxLength
 *
 * and, kept but not checked: title, description, default, examples, format, $schema, $id and
 * $comment. Any other keyword is refused by name: a schema must not promise what nobody checks.
 * Immutable once compiled, in the caller's arena; any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/findings.h"
#include "carillon/base/json.h"

struct schema;

enum {
	SCHEMA_BYTES_MAX = 64 * 1024,
	SCHEMA_DEPTH_MAX = 12, /* schemas inside schemas */
};

/* Types a value may have, as a set. */
enum schema_type {
	SCHEMA_NULL = 1 << 0,
	SCHEMA_BOOLEAN = 1 << 1,
	SCHEMA_INTEGER = 1 << 2,
	SCHEMA_NUMBER = 1 << 3, /* integers too */
	SCHEMA_STRING = 1 << 4,
	SCHEMA_ARRAY = 1 << 5,
	SCHEMA_OBJECT = 1 << 6,
};

/*
 * Compiles `text`; empty gives NULL, which accepts everything. False: `findings` has all that
 * is wrong with it. Owned by `a`.
 */
MUST_USE bool schema_compile(
    struct arena *a, struct str text, struct schema **out, struct findings *findings);

/* One way in which a payload is not as the schema says. */
struct schema_finding {
	struct str pointer;  /* into the payload: "/items/0/price"; "" is the payload itself */
	struct str sentence; /* expected a number, got a string */
};
typedef void schema_finding_fn(const struct schema_finding *f, void *arg);

/* True if the payload is as the schema says. Else tells `each` (may be NULL) every difference;
 * texts are owned by `a`. */
bool schema_validate(const struct schema *s, const struct json *payload, struct arena *a,
    schema_finding_fn *each, void *arg);

/* Set of the types that the value at a field path may have; 0 where the schema does not say. */
unsigned schema_type_of(const struct schema *s, struct str path);
