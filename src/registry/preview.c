#include "carillon/registry/preview.h"

#include "carillon/base/id.h"
#include "carillon/registry/rulebook.h"
#include "carillon/rules/event_decode.h"
#include "carillon/rules/rule_keys.h"

static bool
compile(struct arena *a, const struct preview_request *q, struct rule *rule, struct err *e)
{
	rule_compile(
	    a, q->rule, q->type ? event_type_compile(a, q->type) : NULL, q->dest, rule);
	if (rule->problem.len == 0)
		return true;
	return fail(e, ERR_INPUT, "%.*s", STR_ARG(rule->problem));
}

/* --- why --- */

struct conditions {
	struct arena *arena;
	struct filter_finding *items;
	int n, cap;
};

static void
add_condition(const struct filter_finding *f, void *arg)
{
	struct conditions *c = arg;

	if (c->n == c->cap) {
		int cap = c->cap ? 2 * c->cap : 16;
		struct filter_finding *more = ARENA_ARRAY(c->arena, struct filter_finding, cap);

		if (c->n > 0)
			memcpy(more, c->items, (size_t)c->n * sizeof(*more));
		c->items = more;
		c->cap = cap;
	}
	c->items[c->n++] = *f;
}

/* The deepest condition told first that is false: what to look at, in a nested filter too. */
static struct str
first_false(struct arena *a, const struct conditions *c)
{
	const struct filter_finding *found = NULL;

	for (int i = 0; i < c->n; i++) {
		if (found != NULL && c->items[i].depth <= found->depth)
			break;
		if (!c->items[i].result)
			found = &c->items[i];
	}
	return found ? arena_printf(
			   a, "the filter does not accept it: %.*s", STR_ARG(found->sentence))
	             : STR("the filter does not accept it");
}

static struct str
reason_of(struct arena *a, const struct rule *rule, const struct event *ev,
    const struct conditions *c)
{
	if (!rule->active)
		return STR("the rule is inactive: it wants nothing until it is enabled");
	if (!id_type_matches(rule->pattern, ev->type))
		return arena_printf(a,
		    "the rule is for events of type \"%.*s\"; this one is \"%.*s\"",
		    STR_ARG(rule->pattern), STR_ARG(ev->type));
	return first_false(a, c);
}

static void
fill(struct arena *a, const struct rule *rule, const struct event *ev, struct preview *out)
{
	struct conditions c = {.arena = a};

	*out = (struct preview){.channel = rule->channel};
	(void)filter_explain(rule->filter, ev, a, add_condition, &c);
	out->conditions = c.items;
	out->n_conditions = c.n;
	out->matches = rule_wants(rule, ev);
	if (!out->matches)
		out->reason = reason_of(a, rule, ev, &c);
	out->body = rule->template->type->render(rule->template, ev, rule->order, a);
	for (enum key_use use = 0; use < KEY_USES; use++)
		out->keys[use] = rule_key_text(rule->key[use], ev, a);
}

bool
preview_make(
    struct arena *a, const struct preview_request *q, struct preview *out, struct err *e)
{
	const struct event_source from = {
	    .workspace = q->workspace,
	    .type = q->event_type,
	    .bytes = q->event,
	    .received_at = q->now,
	};
	struct arena *body;
	struct event ev;
	struct str failure;
	struct rule rule;
	bool ok;

	if (!compile(a, q, &rule, e))
		return false;
	body = arena_new(EVENT_MEMORY_MAX);
	ok = event_decode(&ev, &from, a, body, &failure);
	if (ok)
		fill(a, &rule, &ev, out);
	else
		(void)fail(e, ERR_INPUT, "%.*s", STR_ARG(failure));
	arena_free(body);
	return ok;
}

/* --- as JSON --- */

static void
write_conditions(struct json_writer *w, const struct preview *p)
{
	jw_key(w, "conditions");
	jw_array(w);
	for (int i = 0; i < p->n_conditions; i++) {
		const struct filter_finding *f = &p->conditions[i];

		jw_object(w);
		jw_kv_string(w, "pointer", f->pointer);
		jw_kv_int(w, "depth", f->depth);
		jw_kv_bool(w, "result", f->result);
		jw_kv_string(w, "sentence", f->sentence);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
write_warnings(struct json_writer *w, const struct dest_body *b)
{
	jw_key(w, "warnings");
	jw_array(w);
	for (int i = 0; i < b->n_warnings; i++)
		jw_string(w, b->warnings[i]);
	jw_array_end(w);
}

void
preview_json(struct json_writer *w, const struct preview *p)
{
	static const char *const key_names[KEY_USES] = {
	    "thread_key", "update_key", "dedupe_key"};

	jw_object(w);
	jw_kv_bool(w, "matched", p->matches);
	jw_kv_string(w, "reason", p->reason);
	write_conditions(w, p);
	jw_kv_string(w, "channel", p->channel);
	p->body->type->write_members(w, p->body);
	for (int use = 0; use < KEY_USES; use++)
		jw_kv_string(w, key_names[use], p->keys[use]);
	write_warnings(w, p->body);
	jw_object_end(w);
}
