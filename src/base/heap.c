#include "carillon/base/heap.h"

enum { CAP_FIRST = 64 };

void
heap_fini(struct heap *h)
{
	for (size_t i = 1; i <= h->len; i++)
		h->slots[i]->slot = 0;
	free(h->slots);
	*h = (struct heap){0};
}

static void
place(struct heap *h, size_t slot, struct heap_node *n)
{
	h->slots[slot] = n;
	n->slot = slot;
}

static void
move_up(struct heap *h, struct heap_node *n, size_t slot)
{
	while (slot > 1 && h->slots[slot / 2]->due.ms > n->due.ms) {
		place(h, slot, h->slots[slot / 2]);
		slot /= 2;
	}
	place(h, slot, n);
}

static void
move_down(struct heap *h, struct heap_node *n, size_t slot)
{
	for (size_t child; (child = slot * 2) <= h->len; slot = child) {
		if (child < h->len && h->slots[child + 1]->due.ms < h->slots[child]->due.ms)
			child++;
		if (h->slots[child]->due.ms >= n->due.ms)
			break;
		place(h, slot, h->slots[child]);
	}
	place(h, slot, n);
}

/* `n` may be wrong for `slot` in either direction; everybody else is right. */
static void
settle(struct heap *h, struct heap_node *n, size_t slot)
{
	move_up(h, n, slot);
	if (n->slot == slot)
		move_down(h, n, slot);
}

static void
make_room(struct heap *h)
{
	if (h->len + 1 < h->cap)
		return;
	h->cap = h->cap ? h->cap * 2 : CAP_FIRST;
	h->slots = realloc(h->slots, h->cap * sizeof *h->slots);
	must(h->slots); /* out of memory */
}

void
heap_set(struct heap *h, struct heap_node *n, mono_t due)
{
	must(n->slot == 0 || (n->slot <= h->len && h->slots[n->slot] == n));
	n->due = due;
	if (n->slot == 0) {
		make_room(h);
		n->slot = ++h->len;
	}
	settle(h, n, n->slot);
}

void
heap_remove(struct heap *h, struct heap_node *n)
{
	size_t hole = n->slot;

	if (hole == 0)
		return;
	must(hole <= h->len && h->slots[hole] == n);
	struct heap_node *last = h->slots[h->len--];
	n->slot = 0;
	if (last != n)
		settle(h, last, hole);
}

struct heap_node *
heap_first(const struct heap *h)
{
	return h->len ? h->slots[1] : NULL;
}

struct heap_node *
heap_take_due(struct heap *h, mono_t now)
{
	struct heap_node *first = heap_first(h);

	if (!first || !mono_reached(now, first->due))
		return NULL;
	heap_remove(h, first);
	return first;
}
