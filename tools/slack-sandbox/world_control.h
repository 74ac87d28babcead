/* Reading and changing the world over the control interface. The caller holds the lock. */
#pragma once

#include "carillon/base/json.h"

struct sandbox;

/* Writes teams with their channels as members of an open object. Tokens are not shown. */
void world_control_write(struct sandbox *s, struct json_writer *w);
/* Does what an object says, in the order README.md lists; stops at the first thing wrong. */
MUST_USE bool world_control_apply(struct sandbox *s, const struct json *change, struct err *e);
