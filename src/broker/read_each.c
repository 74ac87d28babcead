#include "carillon/broker/broker.h"

bool
broker_read_each(struct broker *b, const struct stream_span *span, read_each_fn *each,
    void *arg, struct err *e)
{
	struct reader *reader;
	struct broker_message m;
	uint64_t at = 0;
	bool ok = true;

	if (!reader_open(&reader, b, span->stream, span->from, e))
		return false;
	while (ok && at < span->until) {
		if (!reader_read_to_end(reader, span->what, &m, e)) {
			ok = e->kind == ERR_NONE; /* its newest were deleted */
			break;
		}
		at = m.seq;
		ok = each(&m, arg, e);
		broker_message_free(&m);
	}
	reader_close(reader);
	return ok;
}
