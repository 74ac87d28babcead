/*
 * What several tests of this layer need: numbers that look random and repeat, and calls that
 * must abort.
 */
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "carillon/base/base.h"

/* xorshift64*; the state is never 0. */
static inline uint64_t
random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

static inline uint64_t
random_below(uint64_t *state, uint64_t end)
{
	return (random_next(state) >> 11) % end;
}

/* Runs `call` in a child; whether it aborted. */
static inline bool
aborts(void (*call)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		call();
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGABRT;
}
