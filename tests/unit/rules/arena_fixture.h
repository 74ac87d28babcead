/* An arena for each test. */
#pragma once

#include "carillon/base/arena.h"

static struct arena *arena;

static inline int
start(void **state)
{
	(void)state;
	arena = arena_new(0);
	return 0;
}

static inline int
finish(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}
