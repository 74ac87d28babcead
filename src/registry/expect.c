#include "carillon/registry/expect.h"

#include "carillon/base/json.h"
#include "carillon/rules/event_decode.h"

static bool
decode(struct event *ev, const struct expect_request *q, struct arena *a, struct arena *body,
    struct err *e)
{
	const struct event_source from = {
	    .workspace = q->workspace,
	    .type = q->event_type,
	    .bytes = q->event,
	    .received_at = q->now,
	};
	struct str failure;

	return event_decode(ev, &from, a, body, &failure) ||
	       fail(e, ERR_INPUT, "%.*s", STR_ARG(failure));
}

/* A rule that does not compile wants what its type says: its deliveries fail. */
static bool
is_wanted(const struct rule *rule, const struct event *ev)
{
	if (rule->left_out != LEFT_OUT_NOT)
		return false;
	return rule->problem.len > 0 ? rule->active && id_type_matches(rule->pattern, ev->type)
	                             : rule_wants(rule, ev);
}

static void
each_wanted(const struct ruleset *r, const struct event *ev, struct arena *a, expected_fn *each,
    void *arg)
{
	for (int i = 0; i < r->n_rules; i++) {
		const struct rule *rule = &r->rules[i];
		struct expected x = {.rule = rule};

		if (!is_wanted(rule, ev))
			continue;
		x.gate = gate_of(r, rule);
		if (rule->problem.len == 0 && rule->template != NULL)
			x.body =
			    rule->template->type->render(rule->template, ev, rule->order, a);
		each(&x, arg);
	}
}

bool
expect_each(struct store *s, const struct expect_request *q, expected_fn *each, void *arg,
    struct err *e)
{
	struct arena *a = arena_new(0), *body = arena_new(EVENT_MEMORY_MAX);
	struct rulebook *book = rulebook_new(s, 1);
	struct ruleset *r = rulebook_get(book, q->workspace, e);
	struct event ev;
	bool ok = r != NULL && decode(&ev, q, a, body, e);

	if (ok && !r->exists)
		ok = fail(
		    e, ERR_NOT_FOUND, "there is no workspace \"%.*s\"", STR_ARG(q->workspace));
	if (ok)
		each_wanted(r, &ev, a, each, arg);
	ruleset_unref(r);
	rulebook_free(book);
	arena_free(body);
	arena_free(a);
	return ok;
}

const char *
expected_state(const struct expected *x)
{
	if (!x->gate.is_open)
		return "held";
	return x->body == NULL ? "failed" : "pending";
}

static void
write_where(struct json_writer *w, const struct rule *rule)
{
	const struct ruleset_connection *c = rule->connection;

	jw_kv_string(w, "rule", rule->id);
	jw_kv_string(w, "connection", rule->connection_id);
	jw_kv_cstr(w, "destination", c != NULL && c->dest != NULL ? c->dest->name : "");
	jw_kv_string(w, "channel", rule->channel);
}

void
expected_json(struct json_writer *w, const struct expected *x)
{
	static const struct warnings none = {0};
	struct str reason = !x->gate.is_open  ? x->gate.reason
	                    : x->body == NULL ? x->rule->problem
	                                      : STR("");

	jw_object(w);
	write_where(w, x->rule);
	jw_kv_cstr(w, "state", expected_state(x));
	jw_kv_string(w, "reason", reason);
	jw_key(w, "message");
	if (x->body != NULL) {
		jw_object(w);
		x->body->type->write_members(w, x->body);
		jw_object_end(w);
	} else {
		jw_null(w);
	}
	jw_key(w, "warnings");
	warnings_write(w, x->body != NULL ? &x->body->warnings : &none);
	jw_object_end(w);
}
