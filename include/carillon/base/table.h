/*
 * A hash table from byte strings to pointers, open addressing, keyed by SipHash with a random
 * key so that tenants cannot choose collisions. Keys are copied. One owner; not thread-safe.
 */
#pragma once

#include "carillon/base/base.h"

struct table;

struct table *table_new(void);
void table_free(struct table *t); /* values are the caller's; NULL is fine */
/* The value of `key`, or NULL. */
void *table_get(const struct table *t, struct str key);
/* Sets it; `value` must not be NULL. Returns the value that was there before, or NULL. */
void *table_set(struct table *t, struct str key, void *value);
/* Removes it. Returns the value that was there, or NULL. */
void *table_remove(struct table *t, struct str key);
size_t table_len(const struct table *t);
/* Iteration in no order: start with *at = 0; NULL ends. Do not change the table meanwhile. */
void *table_next(const struct table *t, size_t *at, struct str *key);
