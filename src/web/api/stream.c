#include <microhttpd.h>

#include "common.h"
#include "web/hub.h"

void
api_stream_get(struct request *q)
{

	if (!request_no_parameters(q) || !api_has_workspace(q))
		return;
	q->answer.live = live_open(q->web->hub, q);
	if (q->answer.live == NULL)
		return;
	q->answer.status = MHD_HTTP_OK;
	q->answer.content_type = "text/event-stream";
	/* A proxy must pass on what comes as it comes. */
	answer_header(q, "X-Accel-Buffering", STR("no"));
}
