/*
 * blocks_limits.def as tables, for the two files that read it.
 */
#pragma once

#include "message_template.h"

/* Where an object may stand. */
enum block_place {
	BLOCK = 1,
	ACCESSORY = 2,
	CONTEXT_ELEMENT = 4,
	ACTION = 8,
	TEXT = 16,
	PLAIN = 32,
};

enum member_kind {
	PLAIN_OBJECT,
	TEXT_OBJECT,
	FIELDS_LIST,
	ACCESSORY_OBJECT,
	CONTEXT_LIST,
	ACTION_LIST,
	FLAG,
	WHOLE, /* a whole number from 1 */
	ID,
	URL,
	STRING,
	STYLE,
	WORDS,
};

enum block_object {
#define OBJECT(name, place) OBJECT_##name,
#include "blocks_limits.def"
#undef OBJECT
	OBJECTS
};

struct block_member {
	enum block_object object;
	const char *name;
	enum member_kind kind;
	bool required;
	size_t max;
};

struct block_object_type {
	const char *name;
	int places; /* enum block_place */
};

extern const struct block_object_type block_objects[];
extern const struct block_member block_members[];
extern const size_t n_block_members;
