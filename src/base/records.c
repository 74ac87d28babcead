#include "carillon/base/records.h"

static const struct {
	const char *name;
	bool is_final;
} STATES[DELIVERY_STATES] = {
    [DELIVERY_NONE] = {"none", false},
#define STATE(NAME, text, final, words) [DELIVERY_##NAME] = {text, final},
#include "carillon/base/states.def"
#undef STATE
};

static const struct {
	const char *name, *sentence;
} FIXES[REPAIRS] = {
    [REPAIR_NONE] = {"", ""},
#define REPAIR(NAME, text, words) [REPAIR_##NAME] = {text, words},
#include "carillon/base/repairs.def"
#undef REPAIR
};

/* The tables and the schema list the same things in the same order. */
#define STATE(NAME, text, final, words)                                                  \
	_Static_assert(                                                                  \
	    (int)DELIVERY_##NAME == CARILLON__V1__DELIVERY_STATE__DELIVERY_STATE_##NAME, \
	    "states.def is not in the order of history.proto");
#include "carillon/base/states.def"
#undef STATE
#define OUTCOME(NAME, text, words)                                                             \
	_Static_assert((int)OUTCOME_##NAME == CARILLON__V1__OUTCOME_CODE__OUTCOME_CODE_##NAME, \
	    "outcomes.def is not in the order of history.proto");
#include "carillon/base/outcomes.def"
#undef OUTCOME

#define REPAIR(NAME, text, words)                                                 \
	_Static_assert((int)REPAIR_##NAME == CARILLON__V1__REPAIR__REPAIR_##NAME, \
	    "repairs.def is not in the order of repair.proto");
#include "carillon/base/repairs.def"
#undef REPAIR

/* Numbers come from the wire: one that a newer version knows counts as none. */
static enum delivery_state
known_state(enum delivery_state s)
{
	return (unsigned)s < DELIVERY_STATES ? s : DELIVERY_NONE;
}

const char *
delivery_state_name(enum delivery_state s)
{
	return STATES[known_state(s)].name;
}

bool
delivery_state_is_final(enum delivery_state s)
{
	return STATES[known_state(s)].is_final;
}

enum delivery_state
delivery_state_of(struct str name)
{
	for (enum delivery_state s = DELIVERY_NONE + 1; s < DELIVERY_STATES; s++) {
		if (str_eq(name, str_of(STATES[s].name)))
			return s;
	}
	return DELIVERY_NONE;
}

static enum repair
known_repair(enum repair r)
{
	return (unsigned)r < REPAIRS ? r : REPAIR_NONE;
}

const char *
repair_name(enum repair r)
{
	return FIXES[known_repair(r)].name;
}

struct remedy
remedy_of(enum repair r)
{
	return (struct remedy){known_repair(r), str_of(FIXES[known_repair(r)].sentence)};
}

/* --- protobuf-c in an arena --- */

struct source {
	struct arena *arena;
	bool full;
};

static void *
source_alloc(void *data, size_t size)
{
	struct source *from = data;
	void *bytes = arena_alloc(from->arena, size);

	from->full = from->full || !bytes;
	return bytes;
}

static void
source_free(void *data, void *bytes)
{
	(void)data;
	(void)bytes; /* the arena frees all at once */
}

bool
record_unpack(const ProtobufCMessageDescriptor *type, struct arena *a, struct str bytes,
    void *out_message, struct err *e)
{
	struct source from = {a, false};
	ProtobufCAllocator allocator = {source_alloc, source_free, &from};
	const void *message =
	    protobuf_c_message_unpack(type, &allocator, bytes.len, (const uint8_t *)bytes.ptr);

	/* the caller's pointer has the type of the message */
	memcpy(out_message, &message, sizeof(message));
	if (message)
		return true;
	if (from.full)
		return fail(e, ERR_INPUT, "%s of %zu bytes: takes too much memory to read",
		    type->short_name, bytes.len);
	return fail(e, ERR_INPUT, "%zu bytes are no %s in protobuf's binary format", bytes.len,
	    type->short_name);
}

struct str
record_pack(struct arena *a, const void *message)
{
	const size_t len = protobuf_c_message_get_packed_size(message);
	char *bytes = arena_must(a, len + 1);

	protobuf_c_message_pack(message, (uint8_t *)bytes);
	return (struct str){bytes, len};
}
