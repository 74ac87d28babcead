/* What the API says of itself. */
#include <microhttpd.h>

#include "common.h"

void
api_openapi_get(struct request *q)
{
	q->answer.status = MHD_HTTP_OK;
	q->answer.content_type = "application/json";
	web_openapi(&q->answer.body, web_public_url(q->web));
}

void
api_problem_get(struct request *q)
{
	for (int p = 0; p < PROBLEMS; p++)
		if (str_eq(request_part(q, 0), str_of(problem_code((enum problem)p)))) {
			q->answer.status = MHD_HTTP_OK;
			q->answer.content_type = "text/plain; charset=utf-8";
			buf_printf(&q->answer.body, "%s (%u)\n\n%s\n",
			    problem_title((enum problem)p), problem_status((enum problem)p),
			    problem_sentence((enum problem)p));
			return;
		}
	(void)problem_not_found(q);
}
