/*
 * The members that records have as JSON, in the order they are written: one table serves for
 * writing and for reading.
 */
#pragma once

#include "carillon/base/json.h"
#include "carillon/base/records.h"
#include "carillon/registry/words.h"

enum member_kind {
	MEMBER_TEXT,
	MEMBER_FLAG,
	MEMBER_NUMBER,   /* uint32_t */
	MEMBER_SEQUENCE, /* uint64_t; only written */
	MEMBER_TIME,     /* int64_t in milliseconds; 0 is null */
	MEMBER_WORD,
	MEMBER_DOCUMENT, /* text that is JSON itself; "" is null */
	MEMBER_TEXTS,
	MEMBER_NUMBERS,
	MEMBER_OBJECT, /* NULL is null */
	MEMBER_OBJECTS,
	MEMBER_BYTES,       /* as text; only written */
	MEMBER_KEY_VERSION, /* of a sealed credential; only written */
	MEMBER_COUNT,       /* of a list; only written */
	MEMBER_BESIDE,      /* is known, but written and read by hand */
};

/* Who says what it is: a person, or the service, and then a person's is passed over. */
enum member_owner { KEPT, GIVEN };

struct member {
	const char *name;
	enum member_kind kind;
	enum member_owner owner;
	size_t at, n_at; /* offsets in the record: of the field, and of a list's length */
	const struct words *words;
	const struct members *of; /* of the objects in it */
};

struct members {
	const char *noun; /* of a whole: "a rule" has no ... */
	const ProtobufCMessageDescriptor *type;
	const struct member *list;
	size_t n;
	const char *short_form; /* the one member that an object may be written as, or NULL */
	const char *label;      /* of an element for people: "default rule", or NULL */
	const char *advice;     /* to who writes a member that is not known, or NULL */
};

extern const struct members workspace_members, connection_members, rule_members, type_members,
    replay_members, key_members, event_record_members, event_warning_members, delivery_members,
    attempt_members, event_members;
