/*
 * Records from JSON, as people and programs write them: the members that json_write.h writes.
 * All that is wrong is added to `f`; a member that nobody knows is, too, with the one that was
 * meant. What the service keeps (times, status, revision ...) may stand there and is passed
 * over, so that what was read can be changed and written back. Pure.
 */
#pragma once

#include "carillon/base/findings.h"
#include "carillon/base/json.h"
#include "carillon/base/records.h"
#include "carillon/store/store.h"

/*
 * Puts into `record`, which begins as it was or initialised, what the object gives; null takes
 * away, and what is left out stays. Whether it may be stored is for check.h. Texts are owned by
 * `a`. False: something was added to `f`, and the rest was read all the same.
 */
bool json_read_record(struct arena *a, enum state_kind kind, const struct json *object,
    void *record, struct findings *f);

/* An event as a producer writes it: {"type", "resource", "resource_id", "payload": {...}}, also
 * "id", "source", "time" and "thread_key". The message begins initialised. */
bool json_read_event(
    struct arena *a, const struct json *object, event_message *msg, struct findings *f);
/* Its payload alone; NULL is an error too. */
bool json_read_payload(
    struct arena *a, const struct json *payload, event_message *msg, struct findings *f);
