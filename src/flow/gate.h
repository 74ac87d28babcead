/*
 * Whether a rule may send right now, or why its deliveries must wait for a person. Pure.
 */
#pragma once

#include "rulebook.h"

struct gate {
	bool is_open;
	struct str reason, action; /* sentences for the customer, when it is not */
};

/* `rule` may be NULL: it was deleted. */
struct gate gate_of(const struct ruleset *r, const struct rule *rule);
