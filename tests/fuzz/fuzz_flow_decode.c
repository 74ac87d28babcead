/* Whatever a producer publishes, decoding ends with an event or a sentence. */
#include "flow/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message *m = message_new(ORIGIN_STREAM, 7);
	bool ok = decode(
	    m, STR("acme"), STR("alert.triggered"), (struct str){(const char *)data, size});

	must(ok == (m->failure.len == 0));
	must(id_is_event(m->event.id));
	must(!ok || (m->event.payload != NULL && m->event.payload->kind == JSON_OBJECT));
	message_free(m);
	return 0;
}
