/*
 * Reading a stream up to a sequence that it has had: the newest messages may have been deleted
 * since, so the end is what the server says, not only the number.
 */
#pragma once

#include "carillon/broker/broker.h"

/* The reader's next message. False with ERR_NONE: nothing more is there; ERR_TEMP: the server
 * stopped answering. `what` names the stream. */
MUST_USE bool read_on(
    struct reader *r, const char *what, struct broker_message *out, struct err *e);
