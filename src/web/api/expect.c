/* What an event would post and where, for a product's own tests: nothing is sent. */
#include <microhttpd.h>

#include "carillon/registry/expect.h"
#include "trial.h"

struct expecting {
	struct json_writer w;
	int n;
};

static void
write_one(const struct expected *x, void *arg)
{
	struct expecting *t = arg;

	t->n++;
	expected_json(&t->w, x);
}

/* All rules have no sample in common. */
static bool
has_event(struct request *q, const struct json *object)
{
	const struct json *event = json_get(object, STR("event"));

	return (event != NULL && event->kind == JSON_OBJECT &&
		   json_get(event, STR("sample")) == NULL) ||
	       problem(q, PROBLEM_INVALID_VALUE,
		   "\"event\" must be an event, or the id of one: {\"id\": \"...\"}");
}

/* The records go into a text of their own: what is wrong with the event is known after them. */
void
api_expect(struct request *q)
{
	static const char *const members[] = {"event", NULL};
	struct preview_request event = {.workspace = request_part(q, 0), .now = q->now};
	struct expect_request ask = {.workspace = request_part(q, 0), .now = q->now};
	struct expecting t = {0};
	const struct json *object;
	struct buf records = {0};
	struct json_writer w;
	struct err e = {0};

	if (!request_object(q, &object) || !request_members(q, object, members) ||
	    !api_has_workspace(q) || !has_event(q, object) ||
	    !trial_event(q, json_get(object, STR("event")), &event))
		return;
	ask.event_type = event.event_type;
	ask.event = event.event;
	jw_init(&t.w, &records);
	jw_array(&t.w);
	if (expect_each(request_store(q), &ask, write_one, &t, &e)) {
		jw_array_end(&t.w);
		answer_json(q, MHD_HTTP_OK, &w);
		jw_object(&w);
		jw_kv_int(&w, "count", t.n);
		jw_key(&w, "records");
		jw_raw(&w, buf_view(&records));
		jw_object_end(&w);
	} else {
		(void)problem_of(q, &e);
	}
	buf_fini(&records);
}
