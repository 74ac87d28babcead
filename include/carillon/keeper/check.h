/*
 * Questions to a destination with a customer's credential: whose is it, does the channel exist.
 * Each is one request of its own, and waited for.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/config.h"
#include "carillon/base/records.h"
#include "carillon/vault/vault.h"

/* One answer. Borrowed for the call. */
struct keeper_answer {
	const char *what;     /* "credential", "channel C0123456789" */
	bool ok;              /* it is good news */
	const char *sentence; /* which says it, and of bad news what repairs it */
	/* Of bad news, for programs; each may be empty. */
	const char *code;   /* as outcomes are called: "auth_failed" */
	const char *error;  /* the destination's own word: "invalid_auth" */
	const char *repair; /* "reconnect" */
};
typedef void keeper_answer_fn(const struct keeper_answer *answer, void *arg);

/* Borrowed for the call. */
struct keeper_question {
	struct arena *arena; /* owns what is filled into the connection */
	const struct config *config;
	const struct secret *credential;
	int64_t timeout_ms;     /* of each request; 0: as destinations and settings have it */
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
/* Whether the connection's own address, if its type has one, may be asked (guard.h). ERR_INPUT:
 * why not. Asks nobody. */
MUST_USE bool keeper_check_url(
    const struct config *config, const connection_record *rec, struct err *e);
/* The same about one channel alone, which the connection need not name. */
MUST_USE bool keeper_check_channel(const struct keeper_question *q,
    const connection_record *rec, const char *channel, struct err *e);
