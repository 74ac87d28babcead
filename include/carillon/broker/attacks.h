/*
 * What a bad producer would try, tried on a running server: harmless by itself, and told apart
 * by what the service sees of it. An event or two of the two workspaces that try it stay
 * behind.
 */
#pragma once

#include "carillon/broker/broker.h"

enum { SIGNATURE_SIZE = 64 };

/* A producer that connects, by a key that only its owner signs with. Borrowed. */
struct attacker {
	const char *url, *ca;  /* as in broker_options */
	const char *workspace; /* whose events it may publish */
	const char *token;     /* its JWT; empty with static accounts */
	const char *key;       /* public; static accounts know it by that */
	void (*sign)(void *arg, const void *nonce, size_t len, uint8_t out[SIGNATURE_SIZE]);
	void *arg;
};

/*
 * Tries every attack as `bad`, `other` being another producer, and tells of each in a sentence.
 * `service` is connected as the service, and has its streams. False if it could not be tried:
 * a producer cannot connect, or cannot even publish its own event.
 */
typedef void broker_attack_fn(bool got_through, const char *sentence, void *arg);
MUST_USE bool broker_attacks(struct broker *service, const struct attacker *bad,
    const struct attacker *other, broker_attack_fn *each, void *arg, struct err *e);
