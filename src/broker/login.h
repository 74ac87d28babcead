/*
 * Who we are to the server, put into libnats's options; and what it means when the server does
 * not let us in, as a sentence that names the setting. Any thread.
 */
#pragma once

#include "broker/private.h"

/* ERR_SETUP: a file is not there, is no such file, or may be used by anybody. */
MUST_USE bool login_set(
    natsOptions *o, const struct broker_options *from, bool has_tls, struct err *e);
/* Fails with the cause; `shown` is the URL without a password. May ask the server what it is,
 * which takes PROBE_WAIT_MS at most. */
bool login_failed(
    natsStatus s, const struct broker_options *from, const char *shown, struct err *e);
