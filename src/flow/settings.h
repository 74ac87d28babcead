/*
 * The settings in force while the service runs, which a reload changes. Each thread has a view
 * of its own and takes the newest at the beginning of a turn: nobody reads a setting while
 * another writes it, and one turn sees one set of them. Turns are at most half a second apart.
 */
#pragma once

#include "carillon/base/config.h"

struct settings;

struct settings_view {
	struct config config;
	uint64_t version; /* 0: nothing was taken yet */
};

struct settings *settings_new(const struct config *c);
void settings_free(struct settings *s); /* NULL is fine */
/* Copies. Any thread. */
void settings_change(struct settings *s, const struct config *c);
/* Brings the view up to date; true if it was not. Any thread, each with its own view. */
bool settings_take(struct settings *s, struct settings_view *v);
