#include "carillon/index/history_batch.h"

#include <stdlib.h>

#include "carillon/base/log.h"

enum {
	ITEMS_FIRST = 256,
	/* Other servers may take more than the usual 1 MiB; ours may be moved to one of those.
	 */
	MESSAGE_MAX = 1024 * 1024,
	HEADERS_MAX = 4 * 1024, /* of a message, and what the server adds */
	TEXT_KEPT = 256,        /* of each text of a record that is too large without bodies */
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
	free(b->items);
	free(b->entries);
}

void
batch_clear(struct batch *b)
{
	arena_reset(b->arena);
	b->n = b->bytes = b->taken = 0;
}

/* --- adding --- */

static size_t
varint_size(size_t n)
{
	size_t size = 1;

	for (; n >= 0x80; n >>= 7)
		size++;
	return size;
}

/* Field 1 of a HistoryBatch: its tag, its length, itself. */
static size_t
packed_size(const history_entry *entry)
{
	size_t len = protobuf_c_message_get_packed_size(&entry->base);

	return 1 + varint_size(len) + len;
}

static void
grow(struct batch *b)
{
	b->cap = b->cap > 0 ? 2 * b->cap : ITEMS_FIRST;
	b->items = reallocarray(b->items, b->cap, sizeof(*b->items));
	b->entries = reallocarray(b->entries, b->cap, sizeof(history_entry *));
	must(b->items != NULL && b->entries != NULL);
}

void
batch_add_entry(struct batch *b, const history_entry *entry, enum batch_join join)
{
	struct batch_item *item;

	must(b->taken == 0);
	if (b->n == b->cap)
		grow(b);
	item = &b->items[b->n];
	*item = (struct batch_item){
	    .entry = *entry,
	    .bytes = packed_size(entry),
	    .is_joined = join == BATCH_JOINED && b->n > 0,
	};
	b->n++;
	b->bytes += item->bytes;
}

void
batch_add_event(struct batch *b, event_record *rec, enum batch_join join)
{
	history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;

	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT;
	entry.event = rec;
	batch_add_entry(b, &entry, join);
}

void
batch_add_delivery(struct batch *b, delivery_record *rec, enum batch_join join)
{
	history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;

	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	entry.delivery = rec;
	batch_add_entry(b, &entry, join);
}

bool
batch_is_full(const struct batch *b)
{
	return b->n >= BATCH_ENTRIES_ENOUGH || b->bytes >= BATCH_BYTES_ENOUGH;
}

/* --- what is too large by itself --- */

static void
leave_out_bodies(struct batch *b, delivery_record *rec)
{
	static const char said[] = "(left out: too large for a message of history)";
	const ProtobufCBinaryData instead = {
	    .len = sizeof(said) - 1, .data = (uint8_t *)(uintptr_t)said};
	attempt_record **shorter = ARENA_ARRAY(b->arena, attempt_record *, rec->n_attempts + 1);

	for (size_t i = 0; i < rec->n_attempts; i++) {
		shorter[i] = ARENA_NEW(b->arena, attempt_record);
		*shorter[i] = *rec->attempts[i];
		if (shorter[i]->request.len > instead.len)
			shorter[i]->request = instead;
		if (shorter[i]->response.len > instead.len)
			shorter[i]->response = instead;
	}
	rec->attempts = shorter;
}

static void
cut_texts(struct batch *b, ProtobufCMessage *m)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		char **text = (char **)(void *)((char *)m + f->offset);
		struct str s;

		if (f->type != PROTOBUF_C_TYPE_STRING || f->label == PROTOBUF_C_LABEL_REPEATED)
			continue;
		s = str_of(*text);
		if (s.len > TEXT_KEPT)
			*text = arena_cstr(
			    b->arena, (struct str){s.ptr, str_utf8_cut(s, TEXT_KEPT)});
	}
}

static char *
said_too_large(struct batch *b, const char *reason)
{
	return arena_cstr(b->arena,
	    arena_printf(b->arena, "(cut: too large for a message of history) %s", reason));
}

/* Nothing that we write ourselves is so large. */
static void
cut_all(struct batch *b, history_entry *entry)
{
	if (entry->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT) {
		entry->event->reason = said_too_large(b, entry->event->reason);
		cut_texts(b, &entry->event->base);
	} else if (entry->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY) {
		entry->delivery->n_attempts = 0;
		entry->delivery->reason = said_too_large(b, entry->delivery->reason);
		cut_texts(b, &entry->delivery->base);
	}
}

static void
shorten(struct batch *b, history_entry *entry, bool is_all)
{
	if (is_all)
		cut_all(b, entry);
	else if (entry->entry_case == CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY)
		leave_out_bodies(b, entry->delivery);
}

/* --- taking --- */

/* Items from `from` that stay together: returns the end, and how much they are. */
static size_t
unit_end(const struct batch *b, size_t from, size_t *bytes)
{
	size_t end = from;

	*bytes = 0;
	do
		*bytes += b->items[end++].bytes;
	while (end < b->n && b->items[end].is_joined);
	return end;
}

/* Makes a unit fit into `room`, as far as it goes. */
static void
shorten_unit(struct batch *b, size_t from, size_t room)
{
	size_t bytes, end = unit_end(b, from, &bytes);

	for (int is_all = 0; is_all <= 1 && bytes > room; is_all++) {
		log_warn("history.too_large", L_INT("bytes", bytes), L_INT("limit", room),
		    L_STR("left_out", is_all ? "attempts" : "bodies of attempts"));
		for (size_t i = from; i < end; i++) {
			shorten(b, &b->items[i].entry, is_all);
			b->items[i].bytes = packed_size(&b->items[i].entry);
		}
		(void)unit_end(b, from, &bytes);
	}
}

static size_t
part_end(struct batch *b, size_t room, size_t *bytes)
{
	size_t at = b->taken, more, end;

	shorten_unit(b, at, room);
	at = unit_end(b, at, bytes);
	for (; at < b->n; at = end) {
		end = unit_end(b, at, &more);
		if (*bytes + more > room)
			break;
		*bytes += more;
	}
	return at;
}

static uint64_t
seq_of(const history_entry *e)
{
	switch (e->entry_case) {
	case CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT: return e->event->seq;
	case CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY: return e->delivery->seq;
	default: return 0;
	}
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
	if (x->entry_case != CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY)
		return 0;
	if (strcmp(x->delivery->rule, y->delivery->rule) != 0)
		return strcmp(x->delivery->rule, y->delivery->rule);
	/* Recorded as pending for a sibling's sake, and settled in the same batch: that comes
	 * last. */
	return (int)x->delivery->state - (int)y->delivery->state;
}

size_t
batch_limit(struct broker *b)
{
	size_t most = broker_payload_max(b);

	return (most < MESSAGE_MAX ? most : MESSAGE_MAX) - HEADERS_MAX;
}

bool
batch_take(struct batch *b, size_t limit, const char *node, struct str *out)
{
	history_batch message = CARILLON__V1__HISTORY_BATCH__INIT;
	size_t around, bytes, end;
	char *packed;

	if (b->taken == b->n)
		return false;
	message.node = (char *)(uintptr_t)node;
	around = protobuf_c_message_get_packed_size(&message.base);
	must(around < limit);
	end = part_end(b, limit - around, &bytes);
	message.entries = &b->entries[b->taken];
	message.n_entries = end - b->taken;
	for (size_t i = b->taken; i < end; i++)
		b->entries[i] = &b->items[i].entry;
	qsort(message.entries, message.n_entries, sizeof(message.entries[0]), by_key);
	packed = arena_must(b->arena, around + bytes);
	must(protobuf_c_message_pack(&message.base, (uint8_t *)packed) == around + bytes);
	*out = (struct str){packed, around + bytes};
	b->taken = end;
	return true;
}
