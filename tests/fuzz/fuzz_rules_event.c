/* Whatever a producer publishes, decoding ends with an event or a sentence. */
#include "carillon/base/id.h"
#include "carillon/rules/event_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct event_source from = {
	    .workspace = STR("acme"),
	    .type = STR("alert.triggered"),
	    .bytes = {(const char *)data, size},
	    .seq = 7,
	};
	struct arena *a = arena_new(0), *body = arena_new(EVENT_MEMORY_MAX);
	struct str failure;
	struct event ev;
	bool ok = event_decode(&ev, &from, a, body, &failure);

	must(ok == (failure.len == 0));
	must(id_is_event(ev.id));
	must(!ok || (ev.payload != NULL && ev.payload->kind == JSON_OBJECT));
	arena_free(body);
	arena_free(a);
	return 0;
}
