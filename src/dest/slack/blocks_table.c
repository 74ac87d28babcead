#include "blocks_table.h"

const struct block_object_type block_objects[] = {
#define OBJECT(name, places) {#name, places},
#include "blocks_limits.def"
#undef OBJECT
};

const struct block_member block_members[] = {
#define MEMBER(object, name, kind, required, max) {OBJECT_##object, #name, kind, required, max},
#include "blocks_limits.def"
#undef MEMBER
};

const size_t n_block_members = COUNT_OF(block_members);
