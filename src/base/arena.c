#include "carillon/base/arena.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdarg.h>

enum {
	BLOCK_FIRST = 2048,     /* bytes; each next block is twice as large ... */
	BLOCK_MOST = 64 * 1024, /* ... up to this, or what one allocation needs */
	BLOCK_SMALL = 352,      /* of a small arena, always; 384 with what malloc adds */
};

struct block {
	struct block *older;
	size_t size, used; /* bytes, of `bytes` */
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct block *newest;
	size_t limit;                /* bytes; 0 = none */
	size_t used;                 /* bytes, with the padding between allocations */
	size_t next_size, most_size; /* bytes, of the next block; of any */
};

/*
 * First blocks come and go with every message, made by one thread and freed by another, which
 * is what malloc is worst at. So a few megabytes of them are kept. Not where a sanitizer must
 * see each use after free.
 */
enum { KEPT_MAX = 2048 }; /* 4 MiB */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool keeps_blocks = false;
#else
static const bool keeps_blocks = true;
#endif

static struct {
	pthread_mutex_t lock;
	struct block *first;
	size_t n;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct block *
take_kept(void)
{
	struct block *b;

	pthread_mutex_lock(&kept.lock);
	b = kept.first;
	if (b) {
		kept.first = b->older;
		kept.n--;
	}
	pthread_mutex_unlock(&kept.lock);
	return b;
}

static bool
keep(struct block *b)
{
	bool has_room;

	pthread_mutex_lock(&kept.lock);
	has_room = kept.n < KEPT_MAX;
	if (has_room) {
		b->older = kept.first;
		kept.first = b;
		kept.n++;
	}
	pthread_mutex_unlock(&kept.lock);
	return has_room;
}

static void
block_free(struct block *b)
{
	if (!keeps_blocks || b->size != BLOCK_FIRST || !keep(b))
		free(b);
}

static struct block *
block_new(size_t size, struct block *older)
{
	must(size < SIZE_MAX / 2);
	struct block *b = size == BLOCK_FIRST ? take_kept() : NULL;

	if (!b)
		b = malloc(sizeof *b + size);

	must(b); /* out of memory */
	b->older = older;
	b->size = size;
	b->used = 0;
	return b;
}

struct arena *
arena_new(size_t limit)
{
	struct arena *a = malloc(sizeof *a);

	must(a); /* out of memory */
	*a = (struct arena){
	    .limit = limit, .next_size = 2 * BLOCK_FIRST, .most_size = BLOCK_MOST};
	a->newest = block_new(BLOCK_FIRST, NULL);
	return a;
}

struct arena *
arena_new_small(void)
{
	struct arena *a = malloc(sizeof *a);

	must(a); /* out of memory */
	*a = (struct arena){.next_size = BLOCK_SMALL, .most_size = BLOCK_SMALL};
	a->newest = block_new(BLOCK_SMALL, NULL);
	return a;
}

void
arena_reset(struct arena *a)
{
	while (a->newest->older) {
		struct block *older = a->newest->older;

		block_free(a->newest);
		a->newest = older;
	}
	a->newest->used = 0;
	a->used = 0;
	if (a->most_size > BLOCK_SMALL)
		a->next_size = 2 * BLOCK_FIRST;
}

void
arena_free(struct arena *a)
{
	if (!a)
		return;
	arena_reset(a);
	block_free(a->newest);
	free(a);
}

void
arena_free_wiped(struct arena *a)
{
	for (struct block *b = a ? a->newest : NULL; b; b = b->older)
		explicit_bzero(b->bytes, b->used);
	arena_free(a);
}

static void
add_block(struct arena *a, size_t size)
{
	a->newest = block_new(size > a->next_size ? size : a->next_size, a->newest);
	if (a->next_size < a->most_size)
		a->next_size *= 2;
}

/* Not zeroed. `align` is a power of two; a new block is aligned for anything. */
static void *
alloc_raw(struct arena *a, size_t size, size_t align)
{
	struct block *b = a->newest;
	size_t pad = -b->used & (align - 1);

	if (a->limit && size > a->limit)
		return NULL;
	must(size < SIZE_MAX / 2);
	bool fits = pad + size <= b->size - b->used;
	if (!fits)
		pad = 0;
	if (a->limit && pad + size > a->limit - a->used)
		return NULL;
	if (!fits) {
		add_block(a, size);
		b = a->newest;
	}
	char *bytes = b->bytes + b->used + pad;
	b->used += pad + size;
	a->used += pad + size;
	return bytes;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	void *bytes = alloc_raw(a, size, alignof(max_align_t));

	return bytes ? memset(bytes, 0, size) : NULL;
}

void *
arena_must(struct arena *a, size_t size)
{
	void *bytes = arena_alloc(a, size);

	must(bytes);
	return bytes;
}

struct str
arena_str(struct arena *a, struct str s)
{
	return (struct str){arena_cstr(a, s), s.len};
}

char *
arena_cstr(struct arena *a, struct str s)
{
	char *copy = alloc_raw(a, s.len + 1, 1);

	must(copy);
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}

struct str
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args, again;

	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	must(len >= 0);
	char *text = alloc_raw(a, (size_t)len + 1, 1);
	must(text);
	(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(args);
	return (struct str){text, (size_t)len};
}
