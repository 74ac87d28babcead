/*
 * Tells the operators of producers whose credentials the servers refuse, and why: expired,
 * revoked, of another set-up, altered. A client that is refused tries again for ever and its
 * server says no more than "authentication error", so each is told of once an hour.
 */
#pragma once

#include "carillon/keeper/producers.h"

/* Why a token does not count. */
struct refusal {
	struct str workspace;      /* empty unless the token is of ours */
	struct str who;            /* "acme/billing", or what else is known */
	struct str key;            /* public; empty when the token cannot be read */
	struct str reason, action; /* sentences; empty for users of our own accounts */
};

/* What a refused token says of itself, and the list of `all` credentials of it; in `a`. */
void refusal_explain(struct refusal *out, const struct accounts *accounts,
    const struct list *all, struct str token, int64_t now_s, struct arena *a);

struct broker;
struct broker_options;
/* The name of a client that tries whether anybody is let in: it wants to be refused, and that
 * is no news. */
#define REFUSAL_WANTED "carillon-probe"

struct refusals;
/*
 * Watches the servers by the directory's credential for their system account, with a connection
 * of its own: `o` says where they are. Tells by `service`, which is borrowed. False when the
 * directory, or that credential in it, is not there or not for us: there is nothing to tell of.
 */
MUST_USE bool refusals_open(struct refusals **out, const char *nats_dir,
    const struct broker_options *o, struct broker *service, struct err *e);
void refusals_close(struct refusals *r); /* NULL is fine */
