/*
 * Requests that come again with the same Idempotency-Key: the answer to the first is given
 * again, for a day, by any web process. What a server made once and tells once (keys, tokens)
 * is not kept: who repeats that is told that it was made.
 */
#pragma once

#include "request.h"

/* Of a POST with the header, on a worker. True: the handler is to run, and repeats_end must be
 * called after it. False: the answer is there. */
bool repeats_begin(struct request *q);
/* Keeps the answer, or forgets the key if trying again may help. */
void repeats_end(struct request *q);
/* Whether the request is one of these. */
bool repeats_has(const struct request *q);
