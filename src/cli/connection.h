/* What the verbs of connections share. */
#pragma once

#include "carillon/base/records.h"

#include "command.h"
#include "release.h"

/* The connection of the arguments WORKSPACE and ID. */
connection_record *connection_of_arguments(
    struct command *c, uint64_t *revision, struct err *e);
/* Puts it, and shows it as it is stored then, with what it holds unless that is NULL. */
MUST_USE bool connection_store(struct command *c, connection_record *r, uint64_t revision,
    struct held *held, struct err *e);
void connection_set_active(connection_record *r);
/* Puts it as active, saying what is released; --drop-older-than comes first. */
MUST_USE bool connection_repair(
    struct command *c, connection_record *r, uint64_t revision, struct err *e);
