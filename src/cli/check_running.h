/* The part of `check` that looks at what runs, and at what it runs on. */
#pragma once

#include "command.h"

/* How bad a finding is: a note is worth a look and no reason to end with a failure. */
enum check_result { CHECK_OK, CHECK_NOTE, CHECK_BAD };

/* A finding of `what`; `code` "" is of one that is in order. */
typedef void check_found_fn(
    enum check_result f, const char *what, const char *code, const char *sentence, void *arg);

/* Processes that answer, how far they are behind, and the server's clock against this one's.
 * The broker must be open. */
void check_running(struct command *c, check_found_fn *found, void *arg);
/* The room on the disks of the index. */
void check_disks(struct command *c, check_found_fn *found, void *arg);
/* What this machine's nats-server does not promise: its configuration, where `nats config` has
 * written it. */
void check_sync(struct command *c, check_found_fn *found, void *arg);
