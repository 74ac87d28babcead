/*
 * The world of a story: a broker and destinations that outlive the service, the service's data
 * directory, and the lives of the service, one after the other, in virtual time.
 *
 * A life is the real flow with its stages called in turn (player_fiber.h). Whenever a moment
 * has nothing left to do, time jumps to the next moment that has.
 */
#pragma once

#include "carillon/registry/registry.h"
#include "carillon/vault/vault.h"
#include "fake/fake.h"
#include "fake/fake_broker.h"
#include "fake/fake_pool.h"
#include "flow/flow_private.h"

struct life;

struct world {
	char dir[128]; /* of the index and the key; ours */
	struct config config;
	struct broker *broker;
	struct vault *vault;
	struct store *store; /* NULL while nobody has it open */
	struct life *life;   /* NULL while the service is down */
	struct life *ended;  /* lives that died: what they held stays as it was */
	mono_t began;
	bool has_replays; /* the ledger thread always finds something to look at */
	bool has_died;    /* at a point the story named; the life is to be put away */
};

void world_init(struct world *w);
void world_fini(struct world *w);
/* The index, opened if it is not. */
struct store *world_store(struct world *w);
/* The vault of that name, in the place of the one before; made when it is not there. */
void world_use_key(struct world *w, const char *name);
/* Deletes the index. The service must be down. */
void world_delete_index(struct world *w);

MUST_USE bool world_start(struct world *w, struct err *e);
/* kill -9. */
void world_kill(struct world *w);
/* SIGHUP: w->config is what the settings are now. */
void world_reload(struct world *w);
/* SIGTERM. Returns whether everything was finished or given back. */
bool world_drain(struct world *w);
/* Lets `ms` pass. */
void world_pass(struct world *w, int64_t ms);
/* Messages in hand; 0 while the service is down. */
size_t world_hand(const struct world *w);
/* What is to be seen of the present life; zeroes while the service is down. */
void world_look(const struct world *w, struct flow_view *out);
