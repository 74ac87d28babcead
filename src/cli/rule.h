/* What the verbs of rules share. */
#pragma once

#include "carillon/base/records.h"

#include "command.h"

/* The rule of the arguments WORKSPACE and ID. */
rule_record *rule_of_arguments(struct command *c, uint64_t *revision, struct err *e);
/* Puts into the rule what options say of it; what they do not name stays. */
MUST_USE bool rule_options_read(struct command *c, rule_record *r, struct err *e);
/* Says on standard error what the sample event of its type shows: not wanted, cut, a path that
 * leads nowhere. */
void rule_try_sample(struct command *c, const rule_record *r);

/* --- rule_object.c --- */

/* A rule from an object with the members that `rule show` prints; what is left out is as usual.
 */
MUST_USE bool rule_object_read(
    struct command *c, const struct json *object, rule_record *r, struct err *e);
/* Whether it is an object with these members at most; `what` it is called. */
MUST_USE bool object_has_only(const struct json *object, const struct str *keys, size_t n,
    const char *what, struct err *e);
/* A member that is text; empty when it is not there. */
char *object_text(struct command *c, const struct json *object, const char *key);
/* A member that is stored as JSON text; empty when it is not there. */
char *object_json(struct command *c, const struct json *object, const char *key);
