/*
 * Whether an entry of history is one that the service can have written. Whoever may publish to
 * the history stream may publish anything: what passes here is applied, and what is applied is
 * trusted by everything that reads the index.
 */
#include "carillon/base/id.h"
#include "store_private.h"

enum {
	CHANNEL_MAX = 256, /* bytes; more than any destination has */
	ATTEMPTS_MAX = 64, /* of a delivery's record */
	SPENT_MAX = 100000,
};

/* A stream that counts to it has stored a million events a second for three centuries. */
#define SEQ_MAX (UINT64_C(1) << 53)
/* The end of the year 9999, the last time that can be written. */
#define TIME_MAX_MS INT64_C(253402300799999)

static bool
is_time(int64_t ms)
{
	return ms >= 0 && ms <= TIME_MAX_MS;
}

static bool
is_seq(uint64_t seq)
{
	return seq > 0 && seq <= SEQ_MAX;
}

static const char *
flaw_of_event(const event_record *ev)
{
	if (!id_is_workspace(str_of(ev->workspace)) || str_of(ev->event_id).len > EVENT_ID_MAX)
		return "its ids are not those of a record";
	if (!is_seq(ev->seq))
		return "its sequence is none that a stream gives";
	return is_time(ev->received_ms) ? NULL : "its times are none";
}

static bool
attempts_fit(const delivery_record *d)
{
	if (d->n_attempts > ATTEMPTS_MAX || d->spent > SPENT_MAX)
		return false;
	for (size_t i = 0; i < d->n_attempts; i++)
		if (!is_time(d->attempts[i]->started_ms))
			return false;
	return true;
}

static const char *
flaw_of_delivery(const delivery_record *d)
{
	if (!id_is_workspace(str_of(d->workspace)) || !id_is_record(str_of(d->rule)) ||
	    str_of(d->event_id).len > EVENT_ID_MAX ||
	    str_of(d->connection).len > RECORD_ID_MAX || str_of(d->channel).len > CHANNEL_MAX)
		return "its ids are not those of a record";
	if (!is_seq(d->seq))
		return "its sequence is none that a stream gives";
	if ((int)d->state <= DELIVERY_NONE || (int)d->state >= DELIVERY_STATES)
		return "its state is none that this version knows";
	if (!is_time(d->created_ms) || !is_time(d->updated_ms) || !is_time(d->due_ms))
		return "its times are none";
	return attempts_fit(d) ? NULL : "its attempts are more than there can be";
}

const char *
history_flaw(const history_entry *entry)
{
	switch (entry->entry_case) {
	case CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT: return flaw_of_event(entry->event);
	case CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY:
		return flaw_of_delivery(entry->delivery);
	default: return NULL; /* of a newer version; it is kept in the stream */
	}
}
