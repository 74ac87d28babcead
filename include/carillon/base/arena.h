/*
 * A region: many small allocations, one free. One owner at a time; not thread-safe; hand it
 * over whole. A message lives in one arena from ingest to settle.
 */
#pragma once

#include "carillon/base/base.h"

struct arena;

/* `limit` is the most bytes it will ever hold; 0 means no limit. */
struct arena *arena_new(size_t limit);
/* For what is small, lives long, and is there a hundred thousand times: wastes little. */
struct arena *arena_new_small(void);
void arena_free(struct arena *a); /* NULL is fine */
/* The same, of one that may hold copies of a credential: they are overwritten first. */
void arena_free_wiped(struct arena *a);
/* Forgets everything, keeping the first block for reuse. */
void arena_reset(struct arena *a);

/*
 * Zeroed, aligned for any type. NULL only when the arena's own limit is passed; out of memory
 * aborts, and JetStream will send the message again.
 */
void *arena_alloc(struct arena *a, size_t size);
/* As arena_alloc, but aborts past the limit: for arenas made without one. */
void *arena_must(struct arena *a, size_t size);
#define ARENA_NEW(a, type)      ((type *)arena_must((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_must((a), (size_t)(n) * sizeof(type)))

/* Copy with a NUL after it, owned by the arena. */
struct str arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
