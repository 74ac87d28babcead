#include "repeats.h"

#include "carillon/base/buf.h"
#include "carillon/base/table.h"

/* Keys remembered; then all are forgotten, for by then the ledger knows their counts. */
enum { KEYS_MAX = 4096 };

struct repeats {
	struct table *counts; /* first message, rule, workspace, key -> the count itself */
	struct buf key;
};

struct repeats *
repeats_new(void)
{
	struct repeats *r = calloc(1, sizeof(*r));

	must(r != NULL);
	r->counts = table_new();
	return r;
}

void
repeats_free(struct repeats *r)
{
	table_free(r->counts);
	buf_fini(&r->key);
	free(r);
}

static struct str
key_of(struct repeats *r, const struct delivery *d)
{
	buf_clear(&r->key);
	buf_put(&r->key, &d->repeat_of, sizeof(d->repeat_of));
	buf_str(&r->key, d->rule_id);
	buf_putc(&r->key, '\0');
	buf_str(&r->key, d->message->event.workspace);
	buf_putc(&r->key, '\0');
	buf_str(&r->key, d->key[KEY_DEDUPE]);
	return buf_view(&r->key);
}

uint32_t
repeats_count(struct repeats *r, const struct delivery *d)
{
	struct str key = key_of(r, d);
	uintptr_t last = (uintptr_t)table_get(r->counts, key);
	uintptr_t n = last < d->suppressed ? d->suppressed : last + 1;

	if (table_len(r->counts) >= KEYS_MAX) {
		table_free(r->counts);
		r->counts = table_new();
	}
	table_set(r->counts, key, (void *)n);
	return (uint32_t)n;
}
