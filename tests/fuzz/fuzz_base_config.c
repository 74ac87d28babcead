#include "carillon/base/config.h"

/* Any bytes as a settings file: read or refused, and what was read prints and reads the same.
 */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
reads_back(const struct config *c)
{
	struct config again;
	struct buf text = {0};
	struct err e;
	config_defaults(&again);
	config_yaml(c, &text);
	must(config_load_text(&again, buf_view(&text), "printed", &e));
	must(strstr(c->nats_url, "@") || strstr(c->slack_api_url, "@") ||
	     memcmp(c->data_dir, again.data_dir, sizeof(again.data_dir)) == 0);
	buf_fini(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct config c;
	struct err e = {0};
	config_defaults(&c);
	bool ok = config_load_text(&c, (struct str){(const char *)bytes, len}, "fuzz", &e);
	must(ok == (e.kind == ERR_NONE));
	if (ok && config_check(&c, &e))
		reads_back(&c);
	return 0;
}
