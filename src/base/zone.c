/*
 * A TZif file has everything twice: a block with 32-bit times for old readers, which is
 * skipped, and one with 64-bit times; then the rule for the time after the last change.
 */
#include "carillon/base/zone.h"

#include "base/zone_posix.h"

enum {
	HEADER_LEN = 44,
	TYPES_MAX = 256,
	TYPE_LEN = 6,
	OFFSET_LEAST_S = -89999, /* RFC 8536, 3.2: nobody is further than 25 h west */
	OFFSET_MOST_S = 93599,   /* or 26 h east */
};

struct change {
	int64_t at_s;
	int32_t offset_s;
};

struct zone {
	int32_t first_offset_s; /* before any change */
	bool has_rule;
	struct zone_posix rule; /* after the last one */
	size_t n;
	struct change changes[]; /* ascending */
};

struct counts {
	uint64_t utc_marks, standard_marks, leaps, times, types, chars;
};

static struct zone *
zone_new(size_t n)
{
	struct zone *z = malloc(sizeof(*z) + n * sizeof(z->changes[0]));

	must(z); /* out of memory */
	*z = (struct zone){.n = n};
	return z;
}

struct zone *
zone_utc(void)
{
	return zone_new(0);
}

void
zone_free(struct zone *z)
{
	free(z);
}

static uint64_t
big_endian(const char *bytes, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | (unsigned char)bytes[i];
	return n;
}

static bool
take(struct str *from, uint64_t len, struct str *out)
{
	if (len > from->len)
		return false;
	*out = (struct str){from->ptr, (size_t)len};
	*from = (struct str){from->ptr + len, from->len - (size_t)len};
	return true;
}

static bool
take_header(struct str *s, struct counts *c)
{
	struct str h;

	if (!take(s, HEADER_LEN, &h) || memcmp(h.ptr, "TZif", 4) != 0 || h.ptr[4] < '2')
		return false;
	*c = (struct counts){
	    .utc_marks = big_endian(h.ptr + 20, 4),
	    .standard_marks = big_endian(h.ptr + 24, 4),
	    .leaps = big_endian(h.ptr + 28, 4),
	    .times = big_endian(h.ptr + 32, 4),
	    .types = big_endian(h.ptr + 36, 4),
	    .chars = big_endian(h.ptr + 40, 4),
	};
	return true;
}

static uint64_t
block_len(const struct counts *c, uint64_t time_len)
{
	return c->times * (time_len + 1) + c->types * TYPE_LEN + c->chars +
	       c->leaps * (time_len + 4) + c->standard_marks + c->utc_marks;
}

/* The offset of each kind of time; the rest of what is said about it does not matter here. */
static bool
read_types(struct str bytes, int32_t offset_s[static TYPES_MAX])
{
	for (size_t i = 0; i < bytes.len / TYPE_LEN; i++) {
		int64_t offset = (int64_t)big_endian(bytes.ptr + i * TYPE_LEN, 4);

		if (offset > INT32_MAX)
			offset -= INT64_C(1) << 32;
		if (offset < OFFSET_LEAST_S || offset > OFFSET_MOST_S)
			return false;
		offset_s[i] = (int32_t)offset;
	}
	return true;
}

static bool
read_changes(struct zone *z, struct str times, struct str kinds,
    const int32_t offset_s[static TYPES_MAX], uint64_t n_types)
{
	for (size_t i = 0; i < z->n; i++) {
		struct change *c = &z->changes[i];
		unsigned char kind = (unsigned char)kinds.ptr[i];

		c->at_s = (int64_t)big_endian(times.ptr + i * 8, 8);
		if (kind >= n_types || (i > 0 && c->at_s <= c[-1].at_s))
			return false;
		c->offset_s = offset_s[kind];
	}
	return true;
}

/* A line of its own; empty when nobody knows what comes after the last change. */
static bool
read_footer(struct zone *z, struct str s)
{
	const char *end;

	if (s.len < 2 || s.ptr[0] != '\n' || !(end = memchr(s.ptr + 1, '\n', s.len - 1)))
		return false;
	z->has_rule = end > s.ptr + 1;
	return !z->has_rule ||
	       zone_posix_parse((struct str){s.ptr + 1, (size_t)(end - s.ptr - 1)}, &z->rule);
}

/* `block` is as long as its header's counts say. */
static bool
zone_fill(struct zone *z, struct str block, const struct counts *c)
{
	struct str times, kinds, types;
	int32_t offset_s[TYPES_MAX];

	if (!take(&block, c->times * 8, &times) || !take(&block, c->times, &kinds) ||
	    !take(&block, c->types * TYPE_LEN, &types) || !read_types(types, offset_s))
		return false;
	z->first_offset_s = offset_s[0];
	return read_changes(z, times, kinds, offset_s, c->types);
}

struct zone *
zone_parse(struct str bytes, struct err *e)
{
	struct str s = bytes, block;
	struct counts c;
	const char *what =
	    "it is not a time zone file (TZif, version 2 or later), or cut short";

	if (bytes.len > ZONE_FILE_MAX || !take_header(&s, &c) ||
	    !take(&s, block_len(&c, 4), &block) || !take_header(&s, &c) ||
	    !take(&s, block_len(&c, 8), &block) || c.types == 0 || c.types > TYPES_MAX) {
		fail(e, ERR_CORRUPT, "%s", what);
		return NULL;
	}
	if (c.leaps > 0) {
		fail(e, ERR_CORRUPT, "it counts leap seconds, which no clock here does");
		return NULL;
	}
	struct zone *z = zone_new((size_t)c.times);
	if (zone_fill(z, block, &c) && read_footer(z, s))
		return z;
	zone_free(z);
	fail(e, ERR_CORRUPT, "the time zone file is damaged");
	return NULL;
}

static int64_t
seconds_of(int64_t ms)
{
	return ms / 1000 - (ms % 1000 < 0);
}

static struct zone_span
span_at(const struct zone *z, int64_t at_s)
{
	size_t low = 0, high = z->n; /* changes before `low` are past, from `high` on to come */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->changes[middle].at_s <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == z->n && z->has_rule)
		return zone_posix_span(&z->rule, at_s);
	return (struct zone_span){
	    .offset_s = low > 0 ? z->changes[low - 1].offset_s : z->first_offset_s,
	    .until_s = low < z->n ? z->changes[low].at_s : ZONE_NEVER_S,
	};
}

int32_t
zone_offset_s(const struct zone *z, wall_t t)
{
	return span_at(z, seconds_of(t.ms)).offset_s;
}

struct civil
zone_civil(const struct zone *z, wall_t t)
{
	int64_t shift_ms = (int64_t)zone_offset_s(z, t) * 1000, local_ms;

	if (__builtin_add_overflow(t.ms, shift_ms, &local_ms))
		local_ms = t.ms; /* the ends of time are the same everywhere */
	return civil_from_wall((wall_t){local_ms});
}

/*
 * From a second that is surely too early, one stretch of equal offset after the other. In the
 * one that shows `c` the answer is where it does; when a jump went past `c`, where it begins.
 */
wall_t
zone_wall(const struct zone *z, const struct civil *c)
{
	int64_t local_ms = civil_to_wall(c).ms;
	int64_t from_s = seconds_of(local_ms) - ZONE_OFFSET_MAX_S;

	for (;;) {
		struct zone_span span = span_at(z, from_s);
		int64_t shown_ms = local_ms - (int64_t)span.offset_s * 1000;

		if (seconds_of(shown_ms) < from_s)
			return (wall_t){from_s * 1000};
		if (seconds_of(shown_ms) < span.until_s)
			return (wall_t){shown_ms};
		from_s = span.until_s;
	}
}
