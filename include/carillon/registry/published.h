/*
 * Events as they stand in the stream: the index knows what became of them, and only the stream
 * has what they said, for as long as it keeps them.
 */
#pragma once

#include "carillon/registry/registry.h"

/*
 * The packed event that was recorded, in `a`. ERR_NOT_FOUND: the stream does not have it any
 * more, or another one under its sequence.
 */
MUST_USE bool published_get(struct registry *r, struct arena *a, const event_record *rec,
    struct str *out, struct err *e);
/* "payload", or null and in "payload_missing" why. */
void published_write_payload(
    struct json_writer *w, struct registry *r, struct arena *a, const event_record *rec);
