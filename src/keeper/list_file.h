/*
 * The rows of a list of channels, and the file that keeps them. One owner at a time.
 */
#pragma once

#include "carillon/base/table.h"
#include "carillon/dest/dest.h"
#include "lists.h"

struct channel_row {
	struct str id, name;
	bool is_private, is_member, is_archived;
};

struct channel_rows {
	struct arena *arena; /* of the texts; NULL until the first */
	struct table *by_id;
	struct channel_row **items; /* by name once sorted */
	size_t n, cap;
	bool is_sorted;
};

void rows_fini(struct channel_rows *r);
/* Adds one; of an id that is there already it takes what is said now. Beyond LIST_CHANNELS_MAX
 * none is added. */
void rows_add(struct channel_rows *r, const struct dest_channel *c);
void rows_sort(struct channel_rows *r);
/* Fills in the channels that a query wants, of sorted rows: first those whose name begins with
 * what is looked for, each by name. */
void rows_find(const struct channel_rows *r, const struct list_query *q, struct arena *a,
    keeper_answer *out);

/* False: there is none, of this team; the rows are empty then. */
MUST_USE bool list_file_read(const char *dir, const char *workspace, const char *connection,
    const char *team, struct channel_rows *r, int64_t *at_ms, bool *is_limited);
/* Removes the files of connections that are not there any more. */
typedef bool list_is_wanted_fn(struct str workspace, struct str connection, void *arg);
void list_files_sweep(const char *dir, list_is_wanted_fn *is_wanted, void *arg);
MUST_USE bool list_file_write(const char *dir, const char *workspace, const char *connection,
    const char *team, const struct channel_rows *r, int64_t at_ms, bool is_limited,
    struct err *e);
