/*
 * The record of one attempt, made while request and answer are still at hand. Bodies are cut
 * and scrubbed: the credential is never among them.
 */
#pragma once

#include "carillon/dest/dest.h"
#include "carillon/http/pool.h"
#include "message.h"

/* Of a delivery, by history; nine attempts are the default schedule. Of more in one life the
 * first and the newest. */
enum { ATTEMPTS_KEPT = 20 };

/* Appends an attempt to the delivery, from its outcome. */
void attempt_add(struct delivery *d, const struct http_request *req,
    const struct http_response *res, struct flight flight, const struct dest_type *dest,
    bool keep_delivered);
