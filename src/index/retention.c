#include "carillon/index/retention.h"

#include "carillon/base/log.h"

enum {
	STEP_EVENTS = 256,  /* a transaction: 16,384 stall the writer for 267 ms */
	PAUSE_MS = 10000,   /* when nothing was old enough */
	BUSY_PAUSE_MS = 20, /* between steps while there is more */
};

struct step {
	wall_t before;
	uint64_t max_bytes;
	size_t gone;
};

static bool
expire(struct txn *t, void *arg, struct err *e)
{
	const wall_t everything = {INT64_MAX};
	struct step *s = arg;
	bool is_too_much = s->max_bytes > 0 && history_bytes(t) > s->max_bytes;

	(void)e;
	s->gone = history_expire(t, is_too_much ? everything : s->before, STEP_EVENTS);
	return true;
}

void
retention_turn(struct retention *r, mono_t now, wall_t wall)
{
	struct step s = {.before = {wall.ms - r->max_age_ms}, .max_bytes = r->max_bytes};
	struct err e = {0};

	if (!mono_reached(now, r->next_at))
		return;
	if (!store_write(r->store, STORE_HISTORY, expire, &s, &e))
		log_error("scribe.retention", L_STR("error", e.text));
	r->next_at = mono_after(now, s.gone > 0 ? BUSY_PAUSE_MS : PAUSE_MS);
}
