/* What the verbs of connections share. */
#pragma once

#include "carillon/records.h"

#include "command.h"

/* The connection of the arguments WORKSPACE and ID. */
connection_record *connection_of_arguments(
    struct command *c, uint64_t *revision, struct err *e);
/* Puts it, and shows it as it is stored then. */
MUST_USE bool connection_store(
    struct command *c, connection_record *r, uint64_t revision, struct err *e);
void connection_set_active(connection_record *r);
