#include "journal.h"

#include <errno.h>

#include "carillon/base/table.h"

enum { CHUNK = 4096 /* entries */ };

struct journal {
	struct entry **chunks;
	size_t chunk_count;
	uint64_t first, last; /* sequences kept: first..last; empty if first > last */
	uint64_t fattest;     /* bodies before this one are gone */
	size_t body_max, memory_max, memory_used;
	struct table *strings;
	FILE *file;
	struct buf line;
};

struct journal *
journal_new(size_t body_max, size_t memory_max, const char *path)
{
	FILE *file = path ? fopen(path, "ae") : NULL;
	if (path && !file)
		return NULL;
	struct journal *j = calloc(1, sizeof *j);
	must(j);
	j->first = j->fattest = 1;
	j->body_max = body_max;
	j->memory_max = memory_max;
	j->strings = table_new();
	j->file = file;
	return j;
}

static struct entry *
slot(const struct journal *j, uint64_t seq)
{
	size_t index = (size_t)(seq - j->first);
	return &j->chunks[index / CHUNK][index % CHUNK];
}

void
journal_clear(struct journal *j)
{
	for (uint64_t seq = j->first; seq <= j->last; seq++) {
		free(slot(j, seq)->key);
		free(slot(j, seq)->body);
	}
	for (size_t i = 0; i < j->chunk_count; i++)
		free(j->chunks[i]);
	free(j->chunks);
	j->chunks = NULL;
	j->chunk_count = 0;
	j->memory_used = 0;
	j->first = j->fattest = j->last + 1;
}

void
journal_free(struct journal *j)
{
	journal_clear(j);
	size_t at = 0;
	struct str key;
	for (char *s; (s = table_next(j->strings, &at, &key));)
		free(s);
	table_free(j->strings);
	if (j->file)
		(void)fclose(j->file);
	buf_fini(&j->line);
	free(j);
}

const char *
journal_intern(struct journal *j, struct str s)
{
	char *known = table_get(j->strings, s);
	if (known)
		return known;
	known = strndup(s.ptr ? s.ptr : "", s.len);
	must(known);
	(void)table_set(j->strings, s, known);
	return known;
}

static char *
dup_bytes(struct str s)
{
	char *copy = malloc(s.len + 1);
	must(copy);
	memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}

static void
make_room(struct journal *j)
{
	size_t index = (size_t)(j->last - j->first + 1);
	if (index / CHUNK < j->chunk_count)
		return;
	j->chunks = realloc(j->chunks, (j->chunk_count + 1) * sizeof(struct entry *));
	must(j->chunks);
	j->chunks[j->chunk_count] = calloc(CHUNK, sizeof(struct entry));
	must(j->chunks[j->chunk_count]);
	j->chunk_count++;
}

static void
keep_body(struct journal *j, struct entry *e, struct str body)
{
	if (body.len == 0 || body.len > j->body_max)
		return;
	e->body = dup_bytes(body);
	e->body_len = (uint32_t)body.len;
	j->memory_used += body.len;
	for (; j->memory_used > j->memory_max && j->fattest < e->seq; j->fattest++) {
		struct entry *old = slot(j, j->fattest);
		j->memory_used -= old->body ? old->body_len : 0;
		free(old->body);
		old->body = NULL;
	}
}

uint64_t
journal_add(struct journal *j, struct entry e, struct str key, struct str body)
{
	make_room(j);
	struct entry *kept = slot(j, ++j->last);
	*kept = e;
	kept->seq = j->last;
	kept->key = key.len ? dup_bytes(key) : NULL;
	kept->body = NULL;
	kept->body_len = 0;
	keep_body(j, kept, body);
	if (j->file && kept->is_posted) {
		buf_clear(&j->line);
		journal_line(&j->line, kept);
		(void)fwrite(j->line.ptr, 1, j->line.len, j->file);
		(void)fflush(j->file);
	}
	return kept->seq;
}

struct entry *
journal_at(const struct journal *j, uint64_t seq)
{
	return seq >= j->first && seq <= j->last ? slot(j, seq) : NULL;
}

uint64_t
journal_last(const struct journal *j)
{
	return j->last;
}

void
journal_line(struct buf *out, const struct entry *e)
{
	char ts[TS_TEXT_MAX];
	buf_printf(out, "%llu %lld %.*s %s %s\n", (unsigned long long)e->seq,
	    (long long)e->at_ms, STR_ARG(e->channel->id), ts_text(e->ts_us, ts),
	    e->key ? e->key : "-");
}

uint64_t
hash_fnv1a(struct str s)
{
	uint64_t hash = 0xcbf29ce484222325U;
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.ptr[i]) * 0x100000001b3U;
	return hash;
}
