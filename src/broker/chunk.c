#include "carillon/broker/chunk.h"

struct chunk *
chunk_new(void)
{
	struct chunk *c = calloc(1, sizeof(*c));

	must(c != NULL);
	return c;
}

void
chunk_clear(struct chunk *c)
{
	for (size_t i = 0; i < c->n; i++)
		broker_message_free(&c->messages[i]);
	c->n = c->bytes = 0;
	c->end = 0;
}

void
chunk_free(struct chunk *c)
{
	if (c == NULL)
		return;
	chunk_clear(c);
	free(c);
}

uint64_t
chunk_last(const struct chunk *c)
{
	return c->end != 0 ? c->end : c->messages[c->n - 1].seq;
}

static bool
is_full(const struct chunk *c)
{
	return c->n == CHUNK_MAX || c->bytes >= CHUNK_BYTES_MAX;
}

static void
keep(struct chunk *c, const struct broker_message *m)
{
	c->messages[c->n++] = *m;
	c->bytes += m->data.len;
}

bool
chunk_read(struct chunk *c, struct reader *r, const char *what, uint64_t until, struct err *e)
{
	struct broker_message m;
	uint64_t at = 0;

	chunk_clear(c);
	while (at < until && !is_full(c)) {
		if (reader_read_to_end(r, what, &m, e)) {
			at = m.seq;
			keep(c, &m);
		} else if (e->kind == ERR_NONE) { /* its newest were deleted */
			at = c->end = until;
		} else {
			return false;
		}
	}
	return true;
}

bool
chunk_follow(struct chunk *c, struct reader *r, int64_t wait_ms, struct err *e)
{
	struct broker_message m;

	chunk_clear(c);
	if (!reader_next(r, wait_ms, &m, e))
		return false;
	keep(c, &m);
	while (!is_full(c) && m.pending > 0 && reader_next(r, 0, &m, NULL))
		keep(c, &m);
	return true;
}
