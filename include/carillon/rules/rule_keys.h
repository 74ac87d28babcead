/*
 * The text of a rule's key (thread, update, dedupe): what its template makes of an event. Pure.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/rules/event.h"
#include "carillon/rules/filter.h"
#include "carillon/rules/template.h"

enum { KEY_TEXT_MAX = 512 }; /* bytes; a longer one ends with a hash of all of it */

/*
 * The whole key counts, as a text of at most KEY_TEXT_MAX bytes, in `a`; empty: none. `key` may
 * be NULL: the rule has no such key. `w` may be NULL.
 */
struct str rule_key_text(const struct template *key, const struct severity_order *order,
    const struct event *ev, struct arena *a, struct template_warnings *w);
