#include "carillon/index/history_batch.h"

#include "carillon/base/arena.h"

enum {
	RECORD_BYTES = 256, /* of ids and numbers, for the estimate */
};

void
batch_init(struct batch *b)
{
	*b = (struct batch){.arena = arena_new(0)};
}

void
batch_fini(struct batch *b)
{
	arena_free(b->arena);
}

void
batch_clear(struct batch *b)
{
	arena_reset(b->arena);
	b->n = b->bytes = 0;
}

bool
batch_has_room(const struct batch *b, size_t more)
{
	return b->n + more <= BATCH_ENTRIES_MAX &&
	       b->bytes + more * RECORD_BYTES <= BATCH_BYTES_MAX;
}

history_entry *
batch_add(struct batch *b)
{
	history_entry *entry = ARENA_NEW(b->arena, history_entry);

	must(b->n < BATCH_ENTRIES_MAX);
	carillon__v1__history_entry__init(entry);
	b->entries[b->n++] = entry;
	b->bytes += RECORD_BYTES;
	return entry;
}

static uint64_t
seq_of(const history_entry *e)
{
	return e->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT ? e->event->seq
	                                                                 : e->delivery->seq;
}

/* Events before their deliveries, each in order of sequence: what LMDB appends instead of
 * inserting, which halves the size of the index. */
static int
by_key(const void *a, const void *b)
{
	const history_entry *x = *(history_entry *const *)a, *y = *(history_entry *const *)b;
	uint64_t x_seq = seq_of(x), y_seq = seq_of(y);

	if (x_seq != y_seq)
		return x_seq < y_seq ? -1 : 1;
	if (x->entry_case != y->entry_case)
		return x->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT ? -1 : 1;
	if (x->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT)
		return 0;
	if (strcmp(x->delivery->rule, y->delivery->rule) != 0)
		return strcmp(x->delivery->rule, y->delivery->rule);
	/* Recorded as pending for a sibling's sake, and settled in the same batch: that comes
	 * last. */
	return (int)x->delivery->state - (int)y->delivery->state;
}

struct str
batch_pack(struct batch *b, const char *node)
{
	history_batch batch;

	qsort(b->entries, b->n, sizeof(b->entries[0]), by_key);
	carillon__v1__history_batch__init(&batch);
	batch.entries = b->entries;
	batch.n_entries = b->n;
	batch.node = (char *)(uintptr_t)node;
	return record_pack(b->arena, &batch);
}
