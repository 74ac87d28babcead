/*
 * What a compiled template is made of, shared by the parser and the renderer. Everything lives
 * in the arena given to template_compile and never changes afterwards.
 */
#pragma once

#include "carillon/rules/template.h"
#include "event_attribute.h"
#include "path.h"

enum {
	TEMPLATE_SOURCE_MAX = 16 * 1024,
	TEMPLATE_OUTPUT_MAX = 16 * 1024,
	TEMPLATE_NESTING_MAX = 8,
	TEMPLATE_KEY_MAX = 256 * 1024, /* as long as an event */
	TEMPLATE_STEPS_MAX = 20000,
	TEMPLATE_OPERATORS_MAX = 32, /* in one expression; the parser recurses on them */
	TEMPLATE_FILTERS_MAX = 16,   /* on one value */
	TEMPLATE_ARGS_MAX = 3,
};

/* A value as JavaScript has them, plus Liquid's three words and our markup. */
enum value_kind {
	VALUE_UNDEFINED,
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_STRING,
	VALUE_TREE, /* an array or object of the payload */
	VALUE_NIL,  /* the words nil and null, which compare unlike a null of the payload */
	VALUE_EMPTY,
	VALUE_BLANK,
	VALUE_MARKUP, /* what `date` and `link` made: a dialect's markup, and its plain text */
};

struct value {
	enum value_kind kind;
	bool truth;
	double number;   /* of a number without a text */
	struct str text; /* of a string; the plain form of markup; a number as it is written */
	struct str markup; /* complete and escaped; empty without a dialect */
	const struct json *tree;
	bool
	    is_encoded; /* as it is to stand in a web address: by url_encode, url_escape, raw */
};

enum operand_kind {
	OPERAND_LITERAL,
	OPERAND_PAYLOAD,
	OPERAND_EVENT,
	OPERAND_LOOP, /* the variable of the enclosing loop `index` */
	OPERAND_FORLOOP,
};

enum forloop_attribute {
#define FORLOOP_ATTRIBUTE(NAME, name) FORLOOP_ATTRIBUTE_##NAME,
#include "template_names.def"
#undef FORLOOP_ATTRIBUTE
	FORLOOP_ATTRIBUTES
};

struct operand {
	enum operand_kind kind;
	int index; /* enum event_attribute, enum forloop_attribute, or depth of the loop */
	int loop;  /* of forloop: depth */
	struct value literal;
	struct path path;
	struct str source; /* as written, for warnings */
};

enum operator_kind {
	OPERATOR_NONE, /* just `left` */
#define OPERATOR(NAME, text, is_word, is_joining) OPERATOR_##NAME,
#include "template_names.def"
#undef OPERATOR
	OPERATORS
};

struct expr {
	enum operator_kind op;
	const struct operand *operand; /* when op is OPERATOR_NONE */
	const struct expr *left, *right;
};

enum filter_id {
#define FILTER(NAME, name, min, max, sentence) FILTER_##NAME,
#include "template_filters.def"
#undef FILTER
	FILTERS
};

struct filter_call {
	enum filter_id id;
	int n_args;
	struct operand *args;
	struct filter_call *next;
};

/* An expression and what its value passes through. */
struct piped {
	const struct expr *expr;
	struct filter_call *filters;
	bool has_default; /* a missing value is provided for */
};

enum node_kind { NODE_TEXT, NODE_OUTPUT, NODE_IF, NODE_FOR };

struct branch {
	struct piped condition;
	bool is_unless;
	struct node *body;
	struct branch *next;
};

struct node {
	enum node_kind kind;
	struct str text;         /* NODE_TEXT */
	struct piped value;      /* NODE_OUTPUT; the collection of NODE_FOR in value.expr */
	struct branch *branches; /* NODE_IF, at least one */
	struct node *body, *orelse;
	int limit, offset; /* NODE_FOR; limit is -1 for none */
	bool reversed;
	int loop; /* NODE_FOR: depth, from 0 */
	struct node *next;
};

struct template
{
	struct node *first;
	bool is_constant;
};
