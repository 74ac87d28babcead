#include "carillon/index/catch_up.h"

#include "carillon/base/log.h"
#include "carillon/index/lost_tail.h"

static bool
apply_from(struct broker *b, struct store *s, uint64_t from, uint64_t until,
    struct str stream_id, struct err *e)
{
	struct reader *reader;
	struct chunk *c;
	uint64_t at = from - 1;
	bool ok = true;

	if (!reader_open(&reader, b, STREAM_HISTORY, from, e))
		return false;
	c = chunk_new();
	while (ok && at < until) {
		ok = chunk_read(c, reader, "history stream", until, e) &&
		     history_apply_chunk(s, c, stream_id, e);
		if (ok)
			at = chunk_last(c);
	}
	chunk_free(c);
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
	static const struct chunk nothing;
	uint64_t from;

	if (!tail_look(&tail, b, s, STREAM_HISTORY, TAIL_ASK, e) ||
	    !tail_must_be_whole(&tail, e))
		return false;
	from = tail.applied + 1;
	if (from < info->first_seq)
		from = info->first_seq;
	if (info->messages == 0 || from > info->last_seq)
		return history_apply_chunk(s, &nothing, str_of(info->id), e);
	log_info("history.catch_up", L_INT("from", from), L_INT("to", info->last_seq));
	return apply_from(b, s, from, info->last_seq, str_of(info->id), e);
}
