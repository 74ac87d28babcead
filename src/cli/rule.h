/* What the verbs of rules share. */
#pragma once

#include "carillon/base/records.h"

#include "carillon/registry/preview.h"

#include "command.h"

/* The rule of the arguments WORKSPACE and ID. */
rule_record *rule_of_arguments(struct command *c, uint64_t *revision, struct err *e);
/* Puts into the rule what options say of it; what they do not name stays. */
MUST_USE bool rule_options_read(struct command *c, rule_record *r, struct err *e);
/* Whether the destination has the rule's channel and takes messages there. It is asked when the
 * channel was just named, is none of those that the connection was made with, and nobody said
 * --no-test. */
MUST_USE bool rule_check_channel(struct command *c, const rule_record *r, struct err *e);
/* Takes the channel of the options, if they name one. */
MUST_USE bool rule_read_channel(struct command *c, rule_record *r, struct err *e);
/* The event of --event: a file, or else the id of one of the request's workspace. */
MUST_USE bool rule_take_event(struct command *c, struct preview_request *q, struct err *e);
/* Prints lines of which each may hold what somebody else wrote. */
void print_lines(struct str text);
/* Says on standard error what the sample event of its type shows: not wanted, cut, a path that
 * leads nowhere. */
void rule_try_sample(struct command *c, const rule_record *r);
