/*
 * A compiled filter: made by filter_compile.c, run by filter.c, told in words by
 * filter_explain.c.
 *
 * The program is only its conditions, in the order written; all, any and not have become where
 * to go on after each one, always forward. 64 conditions cost at most 64 steps.
 */
#pragma once

#include "carillon/rules/filter.h"
#include "rules/event_attribute.h"
#include "rules/path.h"

enum {
	FILTER_CONDITIONS_MAX = 64,
	FILTER_DEPTH_MAX = 8,
	FILTER_BYTES_MAX = 16 * 1024,
	FILTER_ACCEPT = UINT16_MAX, /* where to go on: nowhere, it is decided */
	FILTER_REJECT = UINT16_MAX - 1,
};

enum filter_op {
#define FILTER_OP(NAME, name, operand, yes, no) FILTER_##NAME,
#include "rules/filter_ops.def"
#undef FILTER_OP
	FILTER_OPS
};

/* A value of the rule. A short whole number is kept as such too: most are. */
struct operand {
	enum json_kind kind; /* JSON_NUMBER also for a numeric string, of a field of numbers */
	struct str text;
	bool is_small;
	int64_t small;
};

struct condition {
	enum filter_op op;
	uint16_t on_true, on_false;
	bool expected;   /* exists */
	bool is_numeric; /* the schema says number: numeric strings of the payload are too */
	bool is_text;    /* the value is written as a string */
	int rank;        /* at_least */
	int attribute;   /* of the event; else the path into the payload */
	struct path path;
	const struct operand *operands; /* in and not_in have many */
	size_t n_operands;
};

struct filter {
	uint16_t entry;
	int n;
	const struct condition *conditions;
	const struct severity_order *order;
	struct str text; /* as written, for filter_explain; empty: accepts everything */
};

/* A whole number of at most 18 digits. */
bool filter_small_number(struct str text, int64_t *out);
/* Where the value of a field is made that the payload does not hold as it is. */
struct field_scratch {
	struct path_scratch path;
	struct json attribute;
	char time[CLOCK_TEXT_MAX];
};
const struct json *filter_field(const struct filter *f, const struct condition *c,
    const struct event *ev, struct field_scratch *scratch);
bool filter_holds(const struct filter *f, const struct condition *c, const struct json *v);
