/* What an event would post and where, for a product's own tests: nothing is sent. */
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/registry/expect.h"

#include "output.h"
#include "rule.h"

struct expecting {
	struct command *command;
	struct document doc;
	int n;
};

static void
write_one(const struct expected *x, void *arg)
{
	struct expecting *t = arg;

	t->n++;
	expected_json(&t->doc.w, x);
}

static void
print_one(const struct expected *x, void *arg)
{
	struct expecting *t = arg;
	struct str reason = x->gate.is_open ? x->rule->problem : x->gate.reason;
	struct buf text = {0};

	buf_printf(&text, "%s%.*s -> %.*s %.*s: %s%s%.*s\n", t->n++ > 0 ? "\n" : "",
	    STR_ARG(x->rule->id), STR_ARG(x->rule->connection_id), STR_ARG(x->rule->channel),
	    expected_state(x), reason.len > 0 ? ", " : "", STR_ARG(reason));
	if (x->body != NULL)
		x->body->type->write_text(&text, x->body);
	print_lines(buf_view(&text));
	buf_fini(&text);
}

bool
verb_expect(struct command *c, struct err *e)
{
	struct preview_request event = {.workspace = command_argument(c, 0)};
	struct expect_request q = {.workspace = command_argument(c, 0), .now = clock_wall()};
	struct expecting t = {.command = c};
	bool is_json = command_has(c, OPTION_JSON), ok;

	if (!rule_take_event(c, &event, e) || !command_open(c, NEED_STATE, e))
		return false;
	q.event_type = event.event_type;
	q.event = event.event;
	if (!is_json) {
		ok = expect_each(c->store, &q, print_one, &t, e);
		if (ok && t.n == 0)
			printf("no rule wants it\n");
		return ok;
	}
	document_begin(&t.doc, c);
	jw_object(&t.doc.w);
	jw_key(&t.doc.w, "records");
	jw_array(&t.doc.w);
	ok = expect_each(c->store, &q, write_one, &t, e);
	jw_array_end(&t.doc.w);
	jw_kv_int(&t.doc.w, "count", t.n);
	jw_object_end(&t.doc.w);
	if (ok)
		document_end(&t.doc);
	return ok;
}
