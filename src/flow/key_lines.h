/*
 * Lines before keys: of the deliveries of one key (rule_keys.h) one is in hand, and those that
 * found it taken wait in the ledger. When the key is free again, the next of its line are
 * called: the ledger reads them again at once. What a line forgets comes back when it is due.
 * Whose threads use it, and under which lock, is the owner's (active.c).
 */
#pragma once

#include "carillon/base/buf.h"
#include "delivery.h"

struct key_lines;

struct key_lines *key_lines_new(void);
void key_lines_free(struct key_lines *l);
/* Takes the delivery's keys; of one that another has already, the delivery is told. */
void key_lines_take(struct key_lines *l, struct delivery *d);
/* What is in hand of no delivery any more is given back; nobody joins a line. */
void key_lines_release(struct key_lines *l, struct delivery *d);
/* The same once the delivery's last word is safe: one that is to wait for its key joins the
 * line. */
void key_lines_settle(struct key_lines *l, struct delivery *d);

/* A delivery that waits in the ledger. */
struct key_waiter {
	uint64_t seq;
	char rule[RECORD_ID_MAX + 1];
};
bool key_lines_have_called(const struct key_lines *l);
/* Takes up to `max` of those called. Returns how many. */
size_t key_lines_take_called(struct key_lines *l, struct key_waiter *out, size_t max);
