/*
 * What a stream lost at its end (lost_tail.h) is put back from the index, at start, before
 * anything is pulled. Each repair first writes down in the index what it found, can be
 * interrupted anywhere, and then goes on at the next start. Nothing is ever taken from a
 * stream, except events that are put at its end again.
 *
 *     state     every key that the stream lost is put again, and the index then made anew
 *     history   every record that the stream does not have is published again
 *     events    cannot be put back, only their names are known: what was to be delivered of
 *               them fails, and no event gets the sequence of another
 *
 * One thread, before all others. With the setting `repair` off: ERR_CORRUPT, saying what is.
 */
#pragma once

#include "carillon/index/index.h"
#include "carillon/index/lost_tail.h"

/* In this order, each before the index is caught up with that stream; events after all. */
MUST_USE bool repair_state(const struct index_parts *p, struct err *e);
MUST_USE bool repair_history(const struct index_parts *p, struct err *e);
MUST_USE bool repair_events(const struct index_parts *p, struct err *e);
/* Tells the operators of index files that were set aside and are rebuilt. */
void repair_tell_rebuilt(const struct index_parts *p);

/* --- shared by the three --- */

/* Looks. Sets *needed, having said in the log what was found, if there is something to do. */
MUST_USE bool repair_is_needed(const struct index_parts *p, enum stream stream,
    struct tail *tail, bool *needed, struct err *e);
/* Writes down in the index which messages are put back, so that the next start goes on with it.
 */
MUST_USE bool repair_write_begun(
    const struct index_parts *p, enum store_env env, struct tail *tail, struct err *e);
/* Says in the log and to the operators what was done: `done` is a sentence. */
void repair_is_done(const struct index_parts *p, const struct tail *tail, const char *done);

/* Of two records of one thing, which differ: whether the first was written later. Pure. */
bool repair_is_newer(const history_entry *ours, const history_entry *theirs);
/* An event's bytes with an id, if they have none, that stays the same however often they are
 * copied. Into `a`, or `bytes` itself. Pure. */
struct str repair_with_id(
    struct arena *a, struct str bytes, struct str subject, uint64_t seq, wall_t stored_at);
