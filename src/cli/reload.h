/* SIGHUP: the settings are read again and what may change while the service runs, changes. */
#pragma once

#include "carillon/flow/flow.h"

#include "command.h"

/* By the setting log_level. */
void serve_log_level(const struct config *c);
/*
 * Reads file, environment and options again, as at start. What a reload can change is handed to
 * the flow and written to c->config; what needs a restart is named in the log. Settings that
 * are not sound change nothing.
 */
void serve_reload(struct command *c, struct flow *flow);
