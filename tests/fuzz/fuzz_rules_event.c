/* Whatever a producer publishes, decoding ends with an event or a sentence. */
#include "carillon/base/id.h"
#include "carillon/rules/event_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct header structured[] = {
    {{"content-type", 12}, {"application/cloudevents+json", 28}}};

/* The first byte says in which form the rest comes; in binary mode the end of the first line is
 * a header's value. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + (size > 0);
	size_t len = size > 0 ? size - 1 : 0, line = 0;
	int form = size > 0 ? data[0] % 3 : 0;

	while (line < len && bytes[line] != '\n')
		line++;
	const struct header binary[] = {
	    {STR("ce-id"), {bytes, line}},
	    {STR("ce-time"), {bytes, line}},
	    {STR("ce-source"), {bytes, line}},
	};
	const struct event_source from = {
	    .workspace = STR("acme"),
	    .type = STR("alert.triggered"),
	    .bytes = {bytes, len},
	    .headers = form == 1   ? structured
	               : form == 2 ? binary
	                           : NULL,
	    .n_headers = form == 1   ? 1
	                 : form == 2 ? COUNT_OF(binary)
	                             : 0,
	    .seq = 7,
	};
	struct arena *a = arena_new(0), *body = arena_new(EVENT_MEMORY_MAX);
	struct str failure;
	struct event ev;
	bool ok = event_decode(&ev, &from, a, body, &failure);

	(void)event_as_protobuf(&from, a);
	must(ok == (failure.len == 0));
	must(id_is_event(ev.id));
	must(!ok || (ev.payload != NULL && ev.payload->kind == JSON_OBJECT));
	arena_free(body);
	arena_free(a);
	return 0;
}
