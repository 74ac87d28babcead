/*
 * Stage: event x rules -> deliveries. What the rules want of an event, whatever became of it
 * before (resume.h). Reads the ruleset; changes only the message.
 */
#pragma once

#include "message.h"

/* One delivery for each rule that wants the event: sets m->deliveries, matched, severity.
 * False, and nothing is set, when that takes more than `steps_max` steps of work. */
MUST_USE bool match_rules(struct message *m, uint64_t steps_max);

/* Whether the event is the test message that this copy of a rule was made for. A producer may
 * name any rule in an event, but does not know how the id of such an event begins. */
bool match_is_test(const struct rule *rule, const struct event *ev);

/* Sets the destination of a delivery from its rule: with the channel, its lane. */
void match_aim(struct delivery *d);
/* Opens a delivery whose rule is there, or settles it for what is in its way. */
void match_decide(struct delivery *d, bool is_claimed_first);
/* Quiet hours: an open delivery waits until their end, to go out with the others that waited.
 * Asked once its keys are known: they count as awake. */
bool match_is_quiet(struct delivery *d, wall_t now);
