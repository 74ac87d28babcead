#include "carillon/index/catch_up.h"

#include <stdatomic.h>

#include "carillon/base/arena.h"
#include "carillon/base/log.h"
#include "carillon/index/lost_tail.h"

static void
say_unreadable(uint64_t seq, const struct err *e)
{
	static atomic_uint_least64_t unreadable;
	const uint64_t n = atomic_fetch_add(&unreadable, 1) + 1;

	if (log_is_said(n))
		log_error("history.unreadable", L_INT("seq", seq), L_STR("error", e->text),
		    L_INT("unreadable_so_far", n));
}

static bool
apply_packed(
    struct store *s, const struct broker_message *bm, struct str stream_id, struct err *e)
{
	struct arena *a = arena_new(64 * 1024 * 1024);
	struct history_applied app = {
	    .seq = bm->seq, .id = bm->msg_id, .is_catching_up = true, .stream_id = stream_id};
	void *batch;
	bool ok;

	if (record_unpack(&carillon__v1__history_batch__descriptor, a, bm->data, &batch, e)) {
		app.entries = ((history_batch *)batch)->entries;
		app.n = ((history_batch *)batch)->n_entries;
	} else {
		/* One bad message must not keep the service from starting for ever. */
		say_unreadable(bm->seq, e);
	}
	ok = history_apply_batch(s, &app, e);
	arena_free(a);
	return ok;
}

static bool
apply_from(struct broker *b, struct store *s, uint64_t from, uint64_t until,
    struct str stream_id, struct err *e)
{
	struct reader *reader;
	struct broker_message bm;
	uint64_t at = from - 1;
	bool ok = true;

	if (!reader_open(&reader, b, STREAM_HISTORY, from, e))
		return false;
	while (ok && at < until) {
		if (reader_read_on(reader, "history stream", &bm, e)) {
			at = bm.seq;
			ok = apply_packed(s, &bm, stream_id, e);
			broker_message_free(&bm);
		} else if (e->kind == ERR_NONE) { /* its newest were deleted */
			struct history_applied end = {.seq = until, .stream_id = stream_id};

			at = until;
			ok = history_apply_batch(s, &end, e);
		} else {
			ok = false;
		}
	}
	reader_close(reader);
	return ok;
}

bool
history_catch_up_to(
    struct broker *b, struct store *s, uint64_t from, uint64_t until, struct err *e)
{
	return apply_from(b, s, from, until, (struct str){0}, e);
}

bool
history_catch_up(struct broker *b, struct store *s, struct err *e)
{
	struct tail tail;
	const struct stream_info *info = &tail.info;
	uint64_t from;

	if (!tail_look(&tail, b, s, STREAM_HISTORY, TAIL_ASK, e) ||
	    !tail_must_be_whole(&tail, e))
		return false;
	from = tail.applied + 1;
	if (from < info->first_seq)
		from = info->first_seq;
	if (info->messages == 0 || from > info->last_seq) {
		struct history_applied none = {.stream_id = str_of(info->id)};

		return history_apply_batch(s, &none, e);
	}
	log_info("history.catch_up", L_INT("from", from), L_INT("to", info->last_seq));
	return apply_from(b, s, from, info->last_seq, str_of(info->id), e);
}
