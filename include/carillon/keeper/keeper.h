/*
 * The keeper: the part of `serve` that answers what needs a credential, for those who have
 * none. Questions come by NATS (proto/carillon/v1/keeper.proto) on "<prefix>.keeper.<method>";
 * one of all services answers each. It also renews credentials before they end and keeps lists
 * of channels.
 *
 *     keeper          takes questions, sees what is due             thread 1
 *     keeper-slow     asks destinations, writes the state           threads 2 and 3
 *     eraser          erases the workspaces that the API was asked to   thread 4
 *
 * What waits is bounded: beyond it who asks is told `busy` at once. Nobody is answered later
 * than KEEPER_WAIT_MS after asking; what is done by then is done all the same.
 */
#pragma once

#include "carillon/base/config.h"
#include "carillon/base/metrics.h"
#include "carillon/broker/broker.h"
#include "carillon/broker/micro.h"
#include "carillon/store/store.h"
#include "carillon/vault/vault.h"

#define KEEPER_SERVICE "keeper"

enum { KEEPER_WAIT_MS = 10000 };

enum keeper_problem {
#define PROBLEM(NAME, code, sentence) KEEPER_##NAME,
#include "carillon/keeper/problems.def"
#undef PROBLEM
	KEEPER_PROBLEMS
};
const char *keeper_problem_code(enum keeper_problem p);

/* Borrowed; must outlive the keeper. */
struct keeper_parts {
	const struct config *config; /* copied */
	struct broker *broker;
	struct store *store;
	const struct vault *vault;
};

struct keeper;
/*
 * Reads the app's client secret, publishes the vault's public key (registry/vault_key.h), and
 * starts the threads. ERR_SETUP: the file with the client secret may be read by others, or is
 * not there; the master key is another one.
 */
MUST_USE bool keeper_start(
    struct keeper **out, const struct keeper_parts *parts, struct err *e);
/* Takes over the settings for which a reload is enough. */
void keeper_reload(struct keeper *k, const struct config *c);
/* How often it was asked what, and how long that took, for operators. Any thread. */
void keeper_metrics(struct keeper *k, struct metrics_page *p);
/* The same as endpoints of a service; texts live in `a`. Returns how many. */
size_t keeper_endpoints(
    struct keeper *k, struct micro_endpoint out[MICRO_ENDPOINTS_MAX], struct arena *a);
/* Takes no more questions. */
void keeper_quiesce(struct keeper *k);
/* Ends what is under way, which takes as long as a request may; NULL is fine. */
void keeper_stop(struct keeper *k);
