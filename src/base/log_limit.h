/*
 * How often a line may be written: of a verb and a workspace so many in a minute, of a verb
 * over all workspaces ten times as many. What is not written is counted, and the count is told.
 * Pure but for its lock; any thread.
 */
#pragma once

#include "carillon/base/base.h"

enum {
	LOG_LIMIT_WINDOW_MS = 60000,
	LOG_LIMIT_LINES = 20, /* a window */
	LOG_LIMIT_LINES_OF_ALL = 200,
	LOG_LIMIT_WORKSPACE_MAX = 64, /* bytes; what is longer is cut */
};

/* Whether a line may be written; *unwritten is how many like it were not since the last one.
 * `verb` must live as long as the program; `workspace` may be empty. */
bool log_limit_pass(const char *verb, struct str workspace, mono_t now, uint64_t *unwritten);

struct log_unwritten {
	const char *verb;
	char workspace[LOG_LIMIT_WORKSPACE_MAX + 1];
	uint64_t lines;
};
/* Takes the count of lines that have not been written and of which none has come for a window;
 * looks once a second. With `all` looks now and takes younger ones, too. */
bool log_limit_take(mono_t now, bool all, struct log_unwritten *out);
