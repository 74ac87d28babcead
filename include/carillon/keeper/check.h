/*
 * Questions to a destination with a customer's credential: whose is it, does the channel exist.
 * Each is one request of its own, and waited for.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/config.h"
#include "carillon/base/records.h"
#include "carillon/vault/vault.h"

/* One answer: a sentence, and whether it is good news. */
typedef void keeper_answer_fn(const char *what, bool ok, const char *sentence, void *arg);

/* Borrowed for the call. */
struct keeper_question {
	struct arena *arena; /* owns what is filled into the connection */
	const struct config *config;
	const struct secret *credential;
	keeper_answer_fn *each; /* hears of everything; may be NULL */
	void *arg;
};

/*
 * Asks who the credential belongs to and about each channel of `rec`, and fills in what the
 * destination says (team, names). Without `each` the first bad answer is the error. ERR_DENIED:
 * the destination refuses; ERR_TEMP: no answer; ERR_SETUP: of a type this build does not know.
 */
MUST_USE bool keeper_check_account(
    const struct keeper_question *q, connection_record *rec, struct err *e);
/* The same about one channel alone, which the connection need not name. */
MUST_USE bool keeper_check_channel(const struct keeper_question *q,
    const connection_record *rec, const char *channel, struct err *e);
