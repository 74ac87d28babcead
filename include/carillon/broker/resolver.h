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
