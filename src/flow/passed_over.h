/*
 * What the broker's consumer has passed and nobody was given. Everything up to its ack floor is
 * settled, as far as the broker knows; history knows better:
 *
 *     compared ........... floor        no record of an event: the consumer was moved over it
 *              |  ?  |                  a delivery is the broker's to bring back: it forgot it
 *
 * nats-server 2.9 does both to every consumer of a stream when one subject of it is purged.
 * Such events are read again by their sequence, one at a time, by the matcher's thread, which
 * owns this.
 */
#pragma once

#include "flow_private.h"

struct passed_over;
struct passed_over *passed_over_new(struct flow *f);
void passed_over_free(struct passed_over *p);

/*
 * Compares a little more, at most as far as the consumer was some seconds ago. A message that
 * is to be admitted: the caller's. NULL: there is none now, or `more` is to be looked at.
 */
MUST_USE struct message *passed_over_next(struct passed_over *p, mono_t now, bool *more);
/* It was admitted: until then it is found again, and with `has_more` (message.h) after that. */
void passed_over_taken(struct passed_over *p, uint64_t seq, bool has_more);
