#include "carillon/index/event_bytes.h"

#include "carillon/rules/event_decode.h"

struct str
event_bytes(const struct broker_message *m, struct arena *a)
{
	struct event_source from = {.bytes = arena_str(a, m->data)};
	struct header *headers;

	from.n_headers = broker_message_headers(m, a, &headers);
	from.headers = headers;
	return event_as_protobuf(&from, a);
}
