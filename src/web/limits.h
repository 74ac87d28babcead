/*
 * How often a key, a session or an address may ask: a bucket of tokens for each, forgotten when
 * it is full again. The listener's.
 */
#pragma once

#include "carillon/base/base.h"

struct limits;

struct limits *limits_new(void);
void limits_free(struct limits *l); /* NULL is fine */
/* Takes a token of who is called `name`, who gets `rate` a second and may save two seconds'
 * worth. False: there is none; *wait_ms: until there is. */
bool limits_take(struct limits *l, struct str name, int64_t rate, mono_t now, int64_t *wait_ms);
