/* A connection as a producer has it, for src/broker only. One thread. */
#pragma once

#include <stdatomic.h>

#include <nats/nats.h>

#include "carillon/broker/attacks.h"

struct intruder {
	const struct attacker *who;
	natsConnection *nc;
	natsOptions *options;
	atomic_int denials;
	char inbox[96];
};

MUST_USE bool intruder_open(struct intruder *i, const struct attacker *who, struct err *e);
void intruder_close(struct intruder *i); /* {0} is fine */
/* Waits until the server has seen everything; true if it refused something meanwhile, which had
 * been refused `before` times. */
bool intruder_was_denied(struct intruder *i, int before);
/* Publishes and waits for the answer, in `*answer`; false if none came. `header` is "Name:
 * value" or "". */
bool intruder_request(
    struct intruder *i, const char *subject, const char *header, natsMsg **answer);
