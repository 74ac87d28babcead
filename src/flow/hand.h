/*
 * What is in our hands: every message between ingest and settle, by sequence and by event id.
 * It bounds memory (the valve), drops what the broker sends again while we still have it, and
 * tells the broker that we are still working on what takes long. Any thread; one short lock.
 */
#pragma once

#include "message.h"

struct hand;

/* At most `limit` deliveries; a message counts as many as it has, and at least one. */
struct hand *hand_new(size_t limit);
void hand_free(struct hand *h);
/* What is in hand already stays. */
void hand_set_limit(struct hand *h, size_t limit);
size_t hand_limit(struct hand *h);
/* How many more may be taken. One message may go past the limit by its own deliveries. */
size_t hand_room(struct hand *h);
size_t hand_count(struct hand *h); /* messages */
/* Waits until there is room for one, at most wait_ms. */
bool hand_wait_room(struct hand *h, int64_t wait_ms);

enum hand_take {
	HAND_TAKEN,
	HAND_SAME_MESSAGE, /* this message of the stream is in hand already: drop it */
	HAND_OTHERWISE,  /* the ledger brought it back, for other deliveries: come back later */
	HAND_SAME_EVENT, /* another sequence with the same event id is: drop it, that one will
	                    be sent again by the broker if we lose it */
};
/* Takes the keys of its deliveries with it; those of a delivery that finds one taken stay. */
enum hand_take hand_take(struct hand *h, struct message *m);
bool hand_has(struct hand *h, uint64_t seq);
/* Whether it is, and for what the broker is to bring back: what waits in the ledger is free. */
bool hand_has_of_stream(struct hand *h, uint64_t seq);
/* Whether this message of the stream is in hand: before it is decoded it can be dropped. */
bool hand_notes_repeat(struct hand *h, uint64_t seq, struct handout again);
/* Whether a digest of the rule is on its way. */
bool hand_has_digest(struct hand *h, struct str workspace, struct str rule);
/* Lets go; the message stays the caller's. */
void hand_release(struct hand *h, struct message *m);
/* When the broker last handed the message out, counting repeats we dropped. */
struct handout hand_handout(struct hand *h, const struct message *m);

/*
 * Messages of the stream that were not reported for `after_ms`: calls `each` with the reply
 * subject and marks them reported at `now`.
 */
typedef void hand_overdue_fn(struct str reply, void *arg);
void hand_overdue(
    struct hand *h, mono_t now, int64_t after_ms, hand_overdue_fn *each, void *arg);
