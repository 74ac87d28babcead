/*
 * Questions to a destination with a customer's credential: whose is it, does the channel exist.
 */
#pragma once

#include "carillon/dest/dest.h"
#include "carillon/base/records.h"

#include "command.h"

/* One answer, for connection test: a sentence, and whether it is good news. */
typedef void asked_fn(const char *what, bool ok, const char *sentence, void *arg);

/*
 * Asks who the credential belongs to and about each channel of `rec`, and fills in what the
 * destination says (team, names). `each` may be NULL and hears of everything; without it the
 * first bad answer is the error. ERR_DENIED: the destination refuses; ERR_TEMP: no answer.
 */
MUST_USE bool ask_about(struct command *c, connection_record *rec,
    const struct secret *credential, asked_fn *each, void *arg, struct err *e);
