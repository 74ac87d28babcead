/*
 * Active messages: all that are in hand, between ingest and settle, by sequence and by event
 * id. Their number bounds memory (the valve); what the broker sends again of them is dropped;
 * and those that take long are known, so that the broker can be told. Any thread; one short
 * lock.
 */
#pragma once

#include "carillon/store/store.h"
#include "key_lines.h"
#include "message.h"

struct active;

/* At most `limit` deliveries; a message counts those that are not settled, and at least one. */
struct active *active_new(size_t limit);
void active_free(struct active *h);
/* Another limit from now on. Messages that are in hand already stay. */
void active_set_limit(struct active *h, size_t limit);
size_t active_limit(struct active *h);
/* How many more deliveries may be taken. One message may go past the limit by its own. */
size_t active_room(struct active *h);
size_t active_count(struct active *h); /* messages */
/* Waits until there is room for one, at most wait_ms. */
bool active_wait_room(struct active *h, int64_t wait_ms);

enum active_take {
	ACTIVE_TAKEN,
	ACTIVE_SAME_MESSAGE, /* this message of the stream is in hand already: drop it */
	ACTIVE_OTHERWISE,    /* the ledger brought it back for other deliveries: come later */
	/* Another sequence with the same event id is in hand: drop it. The broker will send
	 * that one again if we lose it. */
	ACTIVE_SAME_EVENT,
};
/* Takes the message in hand, and the keys of its deliveries with it. A key that another
 * message has stays taken, and the delivery is told. */
enum active_take active_take(struct active *h, struct message *m);
bool active_has(struct active *h, uint64_t seq);
/* Whether this very delivery is being worked on, or goes out in a digest that is. */
bool active_has_delivery(struct active *h, uint64_t seq, struct str rule);
/* The delivery's last word is safe: the ledger may bring it back, though its siblings are not
 * done. */
void active_settled(struct active *h, struct delivery *d);
/* Whether this message of the stream is in hand, so that a repeat can be dropped before it is
 * decoded; notes that it was handed out again. */
bool active_notes_repeat(struct active *h, uint64_t seq, struct handout again);
/* Whether a digest of the lane is on its way. */
bool active_has_digest(struct active *h, const struct lane_id *lane);
/* Deliveries that waited for a key which is free now, or will soon be: up to `max` of them, to
 * be read again by the ledger. Returns how many. */
size_t active_take_called(struct active *h, struct key_waiter *out, size_t max);
bool active_has_called(struct active *h);
/* The reverse of active_take. The message stays the caller's. */
void active_release(struct active *h, struct message *m);
/* How often the broker has handed the message out, counting repeats we dropped. */
struct handout active_handout(struct active *h, const struct message *m);

enum { ACTIVE_UNSEEN_MAX = 64 };
/*
 * Up to ACTIVE_UNSEEN_MAX messages that were taken `after_ms` ago or earlier and of which
 * history may know nothing; each is told of once. For the scribe's thread, which alone ends
 * messages.
 */
size_t active_unseen(struct active *h, mono_t now, int64_t after_ms,
    struct message *out[static ACTIVE_UNSEEN_MAX]);

enum { ACTIVE_OVERDUE_MAX = 64 };
/*
 * Up to ACTIVE_OVERDUE_MAX messages of the stream that were not reported for `after_ms`: copies
 * their reply subjects into `a`, and takes them for reported at `now`. Returns how many; ask
 * again while that is the most.
 */
size_t active_overdue(struct active *h, mono_t now, int64_t after_ms, struct arena *a,
    struct str replies[static ACTIVE_OVERDUE_MAX]);
