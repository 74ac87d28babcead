/*
 * The channels of accounts, read page by page at the destination's pace and kept for search: in
 * memory as long as there is room, and in a file each ("channels/<workspace>/<connection>" in
 * the data directory, which may be deleted). A list that is read anew is searched as it was
 * until the new one is whole.
 *
 * Any thread: one lock over all of it. The keeper's thread sees when the next page is due, a
 * slow thread reads it.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/records.h"

struct channel_lists;
struct keeper;

enum {
	LIST_CHANNELS_MAX = 50000,
	LIST_PAGE_MAX = 200,
	LIST_PAGE_USUAL = 50,
};

/* What is searched for. Borrowed. */
struct list_query {
	struct str workspace, connection;
	struct str team;  /* the account; a list of another one is forgotten */
	struct str part;  /* of a name; empty: all */
	struct str after; /* an id; empty: from the first */
	size_t limit;
	bool refresh; /* read it anew, unless that was done a moment ago */
};

struct channel_lists *lists_new(struct keeper *k, const char *data_dir);
void lists_free(struct channel_lists *l); /* NULL is fine */
/* Begins to read a list that is not there or is old. `may_read`: the scopes allow it. Fills in
 * the channels, those whose name begins with it first, and how far the list is, in `a`. */
void lists_search(struct channel_lists *l, const struct list_query *q, bool may_read,
    struct arena *a, keeper_answer *out);
/* Begins the pages that are due; now and then removes the lists of connections that are gone.
 */
void lists_turn(struct channel_lists *l, mono_t now);
