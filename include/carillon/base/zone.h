/*
 * Time zones: what a clock on a wall in Berlin shows, from the system's own files (TZif,
 * RFC 8536) and the rule at their end, so for any year. Neither TZ nor the process's own zone
 * is looked at or changed.
 *
 * A zone is immutable once made: any thread may ask it. New rules of a government are seen at
 * the next start.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/clock.h"

enum {
	ZONE_NAME_MAX = 64,            /* bytes */
	ZONE_FILE_MAX = 64 * 1024,     /* bytes; the largest known has 4 KiB */
	ZONE_OFFSET_MAX_S = 26 * 3600, /* every offset is nearer to UTC than this */
};

struct zone;

/*
 * The zone called `name`, such as "Europe/Berlin"; "UTC" needs no files. ERR_INPUT if there is
 * none, with the name that may have been meant; ERR_SETUP if the machine has no zone files.
 * The caller owns it.
 */
MUST_USE struct zone *zone_load(struct str name, struct err *e);
/* From the bytes of a TZif file, version 2 or later; ERR_CORRUPT if they are not. Pure. */
MUST_USE struct zone *zone_parse(struct str bytes, struct err *e);
/* Needs no files. The caller owns it. */
struct zone *zone_utc(void);
void zone_free(struct zone *z); /* NULL is fine */

/* As zone_load, but read once and kept until the process ends: never free it. */
MUST_USE const struct zone *zone_shared(struct str name, struct err *e);

/* The name of a zone on this machine that `name` may have been meant for; false if none is
 * near. */
bool zone_nearest(struct str name, char out[static ZONE_NAME_MAX + 1]);

/* Seconds to add to UTC; east is positive. */
int32_t zone_offset_s(const struct zone *z, wall_t t);
/* What the zone's clock shows at `t`. */
struct civil zone_civil(const struct zone *z, wall_t t);
/*
 * The first instant at which the zone's clock shows `c` or later: of a time that is shown twice
 * the first, of one that is skipped the instant of the jump. The day may lie outside its month
 * (0 is the day before the first); the weekday is not looked at.
 */
wall_t zone_wall(const struct zone *z, const struct civil *c);
