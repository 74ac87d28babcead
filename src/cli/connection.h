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
/* One of type `dest` by the options, active, without a credential. */
MUST_USE bool connection_new(
    struct command *c, connection_record *r, const char *dest, struct err *e);
/* A credential nobody asked about may be wrong; --no-test says that this is meant. Fills in
 * what the destination says. */
MUST_USE bool connection_ask_unless_told_not_to(
    struct command *c, connection_record *r, const struct secret *credential, struct err *e);
void connection_seal(struct command *c, connection_record *r, const struct secret *credential);
void connection_set_active(connection_record *r);
/* Puts it as active, saying what is released; --drop-older-than comes first. */
MUST_USE bool connection_repair(
    struct command *c, connection_record *r, uint64_t revision, struct err *e);
