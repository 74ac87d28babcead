#include "carillon/vault/vault.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <sys/mman.h>

/*
 * Blocks of 32 bytes to 128 KiB, by powers of two, from chunks left out of core dumps; what is
 * larger has a mapping of its own. A size has its own lock and free list: libcurl allocates on
 * one thread and now and then on a resolver's, so the locks are hardly ever contended.
 *
 *     | next or size | kind, mark |  the caller's bytes ...  |
 *     0              8            16
 *
 * The bytes of a free block are all zero: new pages are, and free and realloc wipe whatever the
 * caller could write. So calloc has nothing to do.
 */
enum {
	KIND_SHIFT_MIN = 5,  /* 32 bytes */
	KIND_SHIFT_MAX = 17, /* 128 KiB: 64 KiB and a header need it */
	KIND_COUNT = KIND_SHIFT_MAX - KIND_SHIFT_MIN + 1,
	KIND_LARGE = KIND_COUNT, /* has its own mapping */
	CHUNK_SIZE = 256 * 1024,
	PAGE_MASK = 4095,
};

/* Tell a live block from a freed or foreign one: a double free aborts. */
static const uint32_t MARK_LIVE = 0x6c697665;
static const uint32_t MARK_FREE = 0x66726565;

struct block {
	union {
		struct block *next; /* while free */
		size_t size;        /* while live: what the caller asked for */
	};
	uint32_t kind, mark;
	alignas(16) char bytes[];
};

struct pool {
	alignas(64) pthread_mutex_t lock; /* no two pools share a cache line */
	struct block *free;
	char *fresh, *fresh_end; /* the part of the newest chunk that was never given out */
};

#define POOL                                      \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}
static struct pool pools[] = {
    POOL, POOL, POOL, POOL, POOL, POOL, POOL, POOL, POOL, POOL, POOL, POOL, POOL};
_Static_assert(COUNT_OF(pools) == KIND_COUNT, "a pool for every kind");
_Static_assert(sizeof(struct block) == 16, "blocks stay aligned for any type");

static void *
pages_map(size_t size)
{
	void *pages =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return NULL;
	must(madvise(pages, size, MADV_DONTDUMP) == 0);
	return pages;
}

/* For a block of `total` bytes with its header. */
static uint32_t
kind_of(size_t total)
{
	if (total <= (size_t)1 << KIND_SHIFT_MIN)
		return 0;
	if (total > (size_t)1 << KIND_SHIFT_MAX)
		return KIND_LARGE;
	int bits = 64 - __builtin_clzll((unsigned long long)total - 1);
	return (uint32_t)(bits - KIND_SHIFT_MIN);
}

static size_t
kind_room(uint32_t kind)
{
	return ((size_t)1 << (kind + KIND_SHIFT_MIN)) - sizeof(struct block);
}

static size_t
large_total(size_t size)
{
	return (size + sizeof(struct block) + PAGE_MASK) & ~(size_t)PAGE_MASK;
}

/* The caller holds the pool's lock. NULL when the system has no memory. */
static struct block *
pool_carve(struct pool *p, uint32_t kind)
{
	size_t total = kind_room(kind) + sizeof(struct block);
	if (p->fresh == p->fresh_end) {
		char *chunk = pages_map(CHUNK_SIZE);
		if (!chunk)
			return NULL;
		p->fresh = chunk;
		p->fresh_end = chunk + CHUNK_SIZE;
	}
	struct block *b = (struct block *)(void *)p->fresh;
	p->fresh += total;
	return b;
}

static struct block *
pool_take(uint32_t kind)
{
	struct pool *p = &pools[kind];
	pthread_mutex_lock(&p->lock);
	struct block *b = p->free;
	if (b)
		p->free = b->next;
	else
		b = pool_carve(p, kind);
	pthread_mutex_unlock(&p->lock);
	return b;
}

void *
wiped_malloc(size_t size)
{
	if (size > PTRDIFF_MAX - 2 * (size_t)PAGE_MASK) {
		errno = ENOMEM;
		return NULL;
	}
	uint32_t kind = kind_of(size + sizeof(struct block));
	struct block *b = kind == KIND_LARGE ? pages_map(large_total(size)) : pool_take(kind);
	if (!b) {
		errno = ENOMEM;
		return NULL;
	}
	b->size = size;
	b->kind = kind;
	b->mark = MARK_LIVE;
	return b->bytes;
}

void *
wiped_calloc(size_t n, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;
		return NULL;
	}
	return wiped_malloc(total);
}

static struct block *
block_of(void *ptr)
{
	struct block *b = CONTAINER_OF(ptr, struct block, bytes);
	must(b->mark == MARK_LIVE); /* freed twice, or not from here */
	return b;
}

void
wiped_free(void *ptr)
{
	if (!ptr)
		return;
	struct block *b = block_of(ptr);
	size_t size = b->size;
	explicit_bzero(b->bytes, size);
	b->mark = MARK_FREE;
	if (b->kind == KIND_LARGE) {
		munmap(b, large_total(size));
		return;
	}
	struct pool *p = &pools[b->kind];
	pthread_mutex_lock(&p->lock);
	b->next = p->free;
	p->free = b;
	pthread_mutex_unlock(&p->lock);
}

/* Whether a block may keep its place: it fits, and would not waste more than half. */
static bool
block_resize(struct block *b, size_t size)
{
	if (b->kind == KIND_LARGE || kind_of(size + sizeof(*b)) != b->kind)
		return false;
	if (size < b->size)
		explicit_bzero(b->bytes + size, b->size - size);
	b->size = size;
	return true;
}

void *
wiped_realloc(void *ptr, size_t size)
{
	if (!ptr)
		return wiped_malloc(size);
	if (size == 0) {
		wiped_free(ptr);
		return NULL;
	}
	struct block *b = block_of(ptr);
	if (size <= PTRDIFF_MAX && block_resize(b, size))
		return ptr;
	void *bigger = wiped_malloc(size);
	if (!bigger)
		return NULL;
	memcpy(bigger, ptr, size < b->size ? size : b->size);
	wiped_free(ptr);
	return bigger;
}

char *
wiped_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = wiped_malloc(size);
	return copy ? memcpy(copy, s, size) : NULL;
}
