/*
 * Talking to the servers about accounts, by a connection of the system account. A broker that
 * was connected as such a user is good for nothing else.
 */
#pragma once

#include "carillon/broker/broker.h"

/*
 * Gives the servers' resolver the token of an account, which from then on counts, at once and
 * for those who are connected. Every server of a cluster hears it; the first answer is waited
 * for. ERR_SETUP: the server has no resolver that can be written; ERR_DENIED: it does not want
 * this token, and says why.
 */
MUST_USE bool broker_push_account(
    struct broker *system, struct str token, int64_t wait_ms, struct err *e);

/*
 * Hears of every client that a server refused: the server's own words, a JSON object, on a
 * thread of the library's. Until it is closed, which must come before `system` is.
 */
struct refusal_watch;
typedef void refusal_fn(struct str advisory, void *arg);
MUST_USE bool refusal_watch_open(struct refusal_watch **out, struct broker *system,
    refusal_fn *each, void *arg, struct err *e);
/* Nothing is called any more when it returns. NULL is fine. */
void refusal_watch_close(struct refusal_watch *w);
