/* What the verbs of events and deliveries share. */
#pragma once

#include "carillon/base/records.h"

#include "command.h"

/* Whether an answer that found `found` records is about a workspace that exists, or did. */
MUST_USE bool history_is_known(struct command *c, size_t found, struct err *e);
static inline enum delivery_state
state_of(const delivery_record *r)
{
	return (enum delivery_state)r->state;
}

/* The event of the arguments WORKSPACE and EVENT, or NULL with a sentence. */
event_record *event_of_arguments(struct command *c, struct txn *t, struct err *e);
