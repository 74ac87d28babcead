/*
 * Admission: the one way into the flow, for what the stream brings, what the ledger reads again
 * and what a replay asks for. It decides whether a message may come in now, takes its keys,
 * looks at earlier messages of them once nobody else has them, and hands it on. Any thread.
 */
#pragma once

#include "flow_private.h"

/* Messages that were admitted, by who is next: handed over together, because to wake a thread
 * costs more than what it does for one of them. Each thread that admits has its own, and its
 * view of the settings with it. */
struct onward {
	struct settings_view settings;
	struct list to_courier, to_scribe;
	int n;
};
void onward_init(struct onward *o);
void onward_send(struct onward *o, struct flow *f);

/* How many deliveries a lane may have in memory: what it can send soon. */
size_t admit_lane_limit(const struct config *c, const struct dest_type *dest);
/* At the start: which lanes have overflow in the ledger. */
MUST_USE bool admit_load(struct flow *f, struct err *e);

enum admission {
	ADMITTED,             /* it is on its way, and the flow's */
	REFUSED_SAME_MESSAGE, /* this message of the stream is in hand: it will be settled */
	REFUSED_SAME_EVENT, /* another sequence with its event id is in hand: it is a repeat */
	REFUSED_BUSY,       /* its event is in hand for other deliveries: come back later */
	REFUSED_UNREADABLE, /* what the ledger knows of its keys cannot be read just now */
};
/* Its deliveries are decided as far as their rules and the ledger go. Refused, the message
 * stays the caller's; `e` says why it is unreadable. */
enum admission admit(
    struct flow *f, struct message *m, struct onward *o, wall_t now, struct err *e);
/*
 * A delivery that has a place and cannot use it before `until` waits in its lane's overflow, of
 * which nothing comes back before then.
 */
void admit_wait_in_line(struct flow *f, struct delivery *d, mono_t until, struct str reason);
/* What the delivery is now stands in the index: its keys and its place are free. */
void admit_settled(struct flow *f, struct delivery *d);
/* The reverse, once nothing of it is open any more. The message stays the caller's. */
void admit_end(struct flow *f, struct message *m);
