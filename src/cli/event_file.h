/* An event as people write it into a file. */
#pragma once

#include "carillon/base/records.h"

#include "command.h"

/*
 * Reads {"type", "resource", "resource_id", "payload": {...}} (also "id", "source", "time",
 * "thread_key"), or with `type` a bare payload, into `msg`; texts live in the command's arena.
 * An id is made when there is none.
 */
MUST_USE bool event_file_read(
    struct command *c, const char *path, const char *type, event_message *msg, struct err *e);
