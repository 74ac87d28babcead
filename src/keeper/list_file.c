#include "list_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/vault/private_file.h"

enum { FILE_MAX = 32 << 20, PATH_MAX_BYTES = 1400, DIR_MODE = 0700 };

/* --- rows --- */

void
rows_fini(struct channel_rows *r)
{
	arena_free(r->arena);
	table_free(r->by_id);
	free(r->items);
	*r = (struct channel_rows){0};
}

void
rows_add(struct channel_rows *r, const struct dest_channel *c)
{
	struct str id = str_of(c->id);
	struct channel_row *row;

	if (r->arena == NULL) {
		r->arena = arena_new(0);
		r->by_id = table_new();
	}
	row = table_get(r->by_id, id);
	if (row == NULL && r->n >= LIST_CHANNELS_MAX)
		return;
	if (row == NULL) {
		if (r->n == r->cap) {
			r->cap = r->cap ? 2 * r->cap : 256;
			r->items = realloc(r->items, r->cap * sizeof(struct channel_row *));
			must(r->items != NULL);
		}
		row = ARENA_NEW(r->arena, struct channel_row);
		row->id = arena_str(r->arena, id);
		r->items[r->n++] = row;
		(void)table_set(r->by_id, row->id, row);
	}
	row->name = arena_str(r->arena, str_of(c->name));
	row->is_private = c->is_private;
	/* users.conversations says nothing of a membership that it is a list of. */
	row->is_member = c->is_member || row->is_member;
	row->is_archived = c->is_archived;
	r->is_sorted = false;
}

static int
by_name(const void *a, const void *b)
{
	const struct channel_row *x = *(struct channel_row *const *)a;
	const struct channel_row *y = *(struct channel_row *const *)b;
	int order = str_cmp(x->name, y->name);

	return order != 0 ? order : str_cmp(x->id, y->id);
}

void
rows_sort(struct channel_rows *r)
{
	if (!r->is_sorted && r->n > 0)
		qsort(r->items, r->n, sizeof(struct channel_row *), by_name);
	r->is_sorted = true;
}

/* --- searching --- */

enum rank { RANK_PREFIX, RANK_INSIDE, RANK_NONE };

static enum rank
rank_of(const struct channel_row *row, struct str part)
{
	if (part.len > 0 && part.ptr[0] == '#')
		part = (struct str){part.ptr + 1, part.len - 1};
	if (part.len == 0)
		return RANK_PREFIX;
	for (size_t i = 0; i + part.len <= row->name.len; i++)
		if (strncasecmp(row->name.ptr + i, part.ptr, part.len) == 0)
			return i == 0 ? RANK_PREFIX : RANK_INSIDE;
	return RANK_NONE;
}

static void
put(struct arena *a, keeper_answer *out, const struct channel_row *row)
{
	Carillon__V1__KeeperChannel *c = ARENA_NEW(a, Carillon__V1__KeeperChannel);

	carillon__v1__keeper_channel__init(c);
	c->id = arena_cstr(a, row->id);
	c->name = arena_cstr(a, row->name);
	c->private_ = row->is_private;
	c->member = row->is_member;
	c->archived = row->is_archived;
	out->channels[out->n_channels++] = c;
}

void
rows_find(const struct channel_rows *r, const struct list_query *q, struct arena *a,
    keeper_answer *out)
{
	const struct channel_row *after =
	    q->after.len > 0 && r->by_id != NULL ? table_get(r->by_id, q->after) : NULL;
	enum rank first = after != NULL ? rank_of(after, q->part) : RANK_PREFIX;
	bool is_past = after == NULL;

	out->channels = ARENA_ARRAY(a, Carillon__V1__KeeperChannel *, q->limit);
	for (enum rank rank = first; rank < RANK_NONE; rank++) {
		for (size_t i = 0; i < r->n && out->n_channels < q->limit; i++) {
			if (is_past && rank_of(r->items[i], q->part) == rank)
				put(a, out, r->items[i]);
			is_past = is_past || r->items[i] == after;
		}
		is_past = true;
	}
}

/* --- the file --- */

static bool
path_of(char out[static PATH_MAX_BYTES], const char *dir, const char *workspace,
    const char *connection)
{
	return snprintf(out, PATH_MAX_BYTES, "%s/%s/%s", dir, workspace, connection) <
	       PATH_MAX_BYTES;
}

static bool
read_whole(const char *path, struct buf *out)
{
	char chunk[16384];
	size_t n;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	while (out->len < FILE_MAX && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_put(out, chunk, n);
	bool ok = feof(f) != 0;
	(void)fclose(f);
	return ok;
}

static void
take_all(struct channel_rows *r, const channel_index_record *rec)
{
	for (size_t i = 0; i < rec->n_channels; i++) {
		const Carillon__V1__KeeperChannel *from = rec->channels[i];
		struct dest_channel c = {.is_private = from->private_,
		    .is_member = from->member,
		    .is_archived = from->archived};

		if (str_copy(c.id, sizeof(c.id), str_of(from->id)) && c.id[0] != '\0') {
			(void)str_copy(c.name, sizeof(c.name), str_of(from->name));
			rows_add(r, &c);
		}
	}
	rows_sort(r);
}

bool
list_file_read(const char *dir, const char *workspace, const char *connection, const char *team,
    struct channel_rows *r, int64_t *at_ms, bool *is_limited)
{
	char path[PATH_MAX_BYTES];
	struct arena *a = arena_new(2 * (size_t)FILE_MAX);
	struct buf bytes = {0};
	void *unpacked;
	bool ok = path_of(path, dir, workspace, connection) && read_whole(path, &bytes) &&
	          record_unpack(&carillon__v1__channel_index__descriptor, a, buf_view(&bytes),
		      &unpacked, NULL);

	if (ok) {
		const channel_index_record *rec = unpacked;

		ok = strcmp(rec->team_id, team) == 0 && rec->at_ms > 0;
		if (ok) {
			take_all(r, rec);
			*at_ms = rec->at_ms;
			*is_limited = rec->limited;
		}
	}
	buf_fini(&bytes);
	arena_free(a);
	return ok;
}

static bool
make_dirs(const char *dir, const char *workspace, struct err *e)
{
	char path[PATH_MAX_BYTES];

	snprintf(path, sizeof(path), "%s/%s", dir, workspace);
	if ((mkdir(dir, DIR_MODE) == 0 || errno == EEXIST) &&
	    (mkdir(path, DIR_MODE) == 0 || errno == EEXIST))
		return true;
	return fail(e, ERR_SETUP, "%s: %s", path, strerror(errno));
}

bool
list_file_write(const char *dir, const char *workspace, const char *connection,
    const char *team, const struct channel_rows *r, int64_t at_ms, bool is_limited,
    struct err *e)
{
	struct arena *a = arena_new(0);
	keeper_answer all = CARILLON__V1__KEEPER_ANSWER__INIT;
	channel_index_record rec = CARILLON__V1__CHANNEL_INDEX__INIT;
	char path[PATH_MAX_BYTES];
	bool ok = make_dirs(dir, workspace, e) &&
	          (path_of(path, dir, workspace, connection) ||
		      fail(e, ERR_SETUP, "%s: the path is too long", dir));

	if (ok) {
		rows_find(r, &(struct list_query){.limit = r->n}, a, &all);
		rec.channels = all.channels;
		rec.n_channels = all.n_channels;
		rec.at_ms = at_ms;
		rec.limited = is_limited;
		rec.team_id = (char *)(uintptr_t)team;
		const struct file_part part = {.text = record_pack(a, &rec)};
		ok = private_file_replace(path, PRIVATE_FILE_MODE, &part, 1, e);
	}
	arena_free(a);
	return ok;
}

/* --- those that nobody needs --- */

static bool
is_entry(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void
sweep_workspace(const char *dir, const char *workspace, list_is_wanted_fn *is_wanted, void *arg)
{
	char path[PATH_MAX_BYTES], file[PATH_MAX_BYTES];
	const struct dirent *d;
	DIR *all;

	snprintf(path, sizeof(path), "%s/%s", dir, workspace);
	all = opendir(path);
	while (all != NULL && (d = readdir(all)) != NULL)
		if (is_entry(d) && !is_wanted(str_of(workspace), str_of(d->d_name), arg) &&
		    path_of(file, dir, workspace, d->d_name))
			(void)unlink(file);
	if (all != NULL)
		closedir(all);
	(void)rmdir(path); /* if nothing is in it any more */
}

void
list_files_sweep(const char *dir, list_is_wanted_fn *is_wanted, void *arg)
{
	DIR *all = opendir(dir);
	const struct dirent *d;

	while (all != NULL && (d = readdir(all)) != NULL)
		if (is_entry(d))
			sweep_workspace(dir, d->d_name, is_wanted, arg);
	if (all != NULL)
		closedir(all);
}
