#include <microhttpd.h>

#include "common.h"

static void
write_one(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_connection(w, record, revision, NULL);
}

void
api_connections_list(struct request *q)
{
	if (api_has_workspace(q))
		api_list(q, request_part(q, 0), STATE_CONNECTION, write_one);
}

void
api_connection_get(struct request *q)
{
	static const char *const parameters[] = {NULL};
	uint64_t revision;
	const connection_record *r;
	struct json_writer w;
	struct held held;

	if (!request_parameters(q, parameters) || (r = api_connection(q, &revision)) == NULL ||
	    !api_held(q, str_of(r->id), (struct str){0}, &held))
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	json_write_connection(&w, r, revision, &held);
	answer_etag(q, revision);
}
