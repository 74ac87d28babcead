/*
 * The text of a rule's key (thread, update, dedupe): what its template makes of an event. Pure.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/rules/event.h"
#include "carillon/rules/template.h"

/* Cut to what is compared, in `a`; empty: none. `key` may be NULL: the rule has no such key. */
struct str rule_key_text(const struct template *key, const struct event *ev, struct arena *a);
