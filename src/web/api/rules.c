#include <microhttpd.h>

#include "common.h"

static void
write_one(struct request *q, struct json_writer *w, const void *record, uint64_t revision)
{
	(void)q;
	json_write_rule(w, record, revision, NULL);
}

void
api_rules_list(struct request *q)
{
	if (api_has_workspace(q))
		api_list(q, request_part(q, 0), STATE_RULE, write_one);
}

void
api_rule_get(struct request *q)
{
	static const char *const parameters[] = {NULL};
	uint64_t revision;
	const rule_record *r;
	struct json_writer w;
	struct held held;

	if (!request_parameters(q, parameters) || (r = api_rule(q, &revision)) == NULL ||
	    !api_held(q, (struct str){0}, str_of(r->id), &held))
		return;
	answer_json(q, MHD_HTTP_OK, &w);
	json_write_rule(&w, r, revision, &held);
	answer_etag(q, revision);
}
