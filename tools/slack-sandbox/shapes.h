/* The tables of Block Kit, and finding one's way in them. Immutable; any thread. */
#pragma once

#include "findings.h"

enum place_bit {
#define PLACE(id) BIT_OF_##id,
#include "places.def"
#undef PLACE
};

enum place {
	PART = 0, /* nowhere by itself: what a property holds */
#define PLACE(id) IN_##id = 1 << BIT_OF_##id,
#include "places.def"
#undef PLACE
};

/* Where what stands has a block_id, or may have an action_id. */
enum {
	BLOCK_PLACES = IN_BLOCKS | IN_CONTAINER | IN_CAROUSEL | IN_PLAN,
	ACTION_PLACES = IN_ACTIONS | IN_ACCESSORY | IN_CONTEXT_ACTIONS | IN_CARD,
};

enum words {
#define WORDS(id, list) WORDS_##id,
#include "words.def"
#undef WORDS
};

enum rule {
	RULE_STRING,
	RULE_URL,
	RULE_BOOL,
	RULE_NUMBER,
	RULE_INT,
	RULE_WORD,   /* one of some words */
	RULE_PLAIN,  /* a text object of type plain_text */
	RULE_TEXT,   /* a text object of either type */
	RULE_TEXTS,  /* a list of text objects */
	RULE_OBJECT, /* one element */
	RULE_LIST,   /* a list of elements */
	RULE_PART,   /* an object without a type */
	RULE_PARTS,  /* a list of them */
	RULE_ROWS,   /* of a table */
	RULE_ANY,
};

enum shape_id {
#define SHAPE(id, type, places, kind) SHAPE_##id,
#define PROP(shape, name, rule, need, most, detail)
#include "shapes.def"
#undef SHAPE
#undef PROP
};

struct shape {
	struct str type; /* empty: a PART */
	enum shape_id id;
	unsigned places;
	bool is_open;
};

struct prop {
	enum shape_id shape;
	struct str name;
	enum rule rule;
	bool is_required;
	unsigned most, detail;
};

/* The shape of an element of this type in this place, or NULL. */
const struct shape *shape_find(struct str type, enum place place);
const struct shape *shape_at(enum shape_id id);
const struct prop *prop_find(const struct shape *s, struct str name);
/* The n-th property of any shape, or NULL after the last. */
const struct prop *prop_at(size_t n);
/* "primary|danger" */
struct str words_of(enum words id);
bool words_have(enum words id, struct str word);
