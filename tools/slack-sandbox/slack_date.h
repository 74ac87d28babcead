/* <!date^...> as a reader sees it, in the reader's own zone. Pure; any thread. */
#pragma once

#include "carillon/base/buf.h"
#include "carillon/base/zone.h"

/* Who reads, and when. */
struct reader {
	const struct zone *zone; /* borrowed */
	wall_t now;
};

/* Appends `format`, such as "{date_short_pretty} at {time}", for `unix_s`. */
void slack_date_write(
    struct buf *out, const struct reader *r, struct str format, int64_t unix_s);
