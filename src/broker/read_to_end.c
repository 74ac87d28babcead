#include "carillon/broker/broker.h"

enum { SLICE_MS = 100, SLICES = 100 };

bool
reader_read_to_end(
    struct reader *r, const char *what, struct broker_message *out, struct err *e)
{
	for (int i = 0; i < SLICES; i++) {
		if (reader_next(r, SLICE_MS, out, e))
			return true;
		if (e->kind != ERR_NONE || reader_is_at_end(r))
			return false;
	}
	return fail(e, ERR_TEMP, "the %s stopped answering", what);
}
