#include "carillon/registry/preview.h"

#include "carillon/base/id.h"
#include "carillon/registry/rulebook.h"
#include "carillon/rules/event_decode.h"
#include "carillon/rules/rule_keys.h"

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
static const struct filter_finding *
first_false(const struct conditions *c)
{
	const struct filter_finding *found = NULL;

	for (int i = 0; i < c->n; i++) {
		if (found != NULL && c->items[i].depth <= found->depth)
			break;
		if (!c->items[i].result)
			found = &c->items[i];
	}
	return found;
}

static void
tell_why_not(struct arena *a, const struct rule *rule, const struct event *ev,
    const struct conditions *c, struct preview *out)
{
	const struct filter_finding *condition = first_false(c);

	if (!rule->active) {
		out->why_not = WHY_NOT_INACTIVE;
		out->reason = STR("the rule is inactive: it wants nothing until it is enabled");
	} else if (!id_type_matches(rule->pattern, ev->type)) {
		out->why_not = WHY_NOT_TYPE;
		out->reason = arena_printf(a,
		    "the rule is for events of type \"%.*s\"; this one is \"%.*s\"",
		    STR_ARG(rule->pattern), STR_ARG(ev->type));
	} else if (condition != NULL) {
		out->why_not = WHY_NOT_CONDITION;
		out->why_not_pointer = condition->pointer;
		out->reason = arena_printf(
		    a, "the filter does not accept it: %.*s", STR_ARG(condition->sentence));
	}
}

const char *const preview_key_names[KEY_USES] = {"thread_key", "update_key", "dedupe_key"};

static void
fill_key(struct arena *a, const struct rule *rule, const struct event *ev, enum key_use use,
    struct preview *out)
{
	struct template_warnings w;
	struct str slot = str_of(preview_key_names[use]);

	out->keys[use] = rule_key_text(rule->key[use], rule->order, ev, a, &w);
	if (w.structured.len > 0)
		warnings_add(&out->warnings, a,
		    &(struct warning){WARNING_STRUCTURED, .slot = slot, .path = w.structured});
	if (w.cut)
		warnings_add(&out->warnings, a, &(struct warning){WARNING_LIMIT, .slot = slot});
}

static void
note_flaws(struct arena *a, const struct json_flaws *flaws, struct preview *out)
{
	for (int i = 0; flaws != NULL && i < JSON_FLAWS; i++)
		if (flaws->count[i] > 0)
			warnings_add(&out->warnings, a,
			    &(struct warning){WARNING_MENDED, .slot = STR("payload"),
				.path = str_of(json_flaw_sentence((enum json_flaw)i))});
}

/* What does not compile is left out. */
static void
fill(struct arena *a, const struct rule *rule, const struct event *ev, struct preview *out)
{
	struct conditions c = {.arena = a};
	bool is_accepted = false;

	out->channel = rule->channel;
	if (rule->filter != NULL)
		is_accepted = filter_explain(rule->filter, ev, a, add_condition, &c);
	out->conditions = c.items;
	out->n_conditions = c.n;
	out->matches = is_accepted && rule->active && id_type_matches(rule->pattern, ev->type);
	if (!out->matches)
		tell_why_not(a, rule, ev, &c, out);
	if (rule->template != NULL)
		out->body = rule->template->type->render(rule->template, ev, rule->order, a);
	for (int i = 0; out->body != NULL && i < out->body->warnings.n; i++)
		warnings_add(&out->warnings, a, &out->body->warnings.items[i]);
	for (enum key_use use = 0; use < KEY_USES; use++)
		fill_key(a, rule, ev, use, out);
	note_flaws(a, ev->flaws, out);
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
	struct arena *body = arena_new(EVENT_MEMORY_MAX);
	struct event ev;
	struct str failure;
	struct rule rule;
	bool is_event;

	*out = (struct preview){.findings = q->findings};
	rule_compile(a, q->rule, q->type ? event_type_compile(a, q->type) : NULL, q->dest,
	    &rule, q->findings);
	is_event = event_decode(&ev, &from, a, body, &failure);
	if (is_event)
		fill(a, &rule, &ev, out);
	arena_free(body);
	if (rule.problem.len > 0)
		return findings_none(q->findings, e);
	return is_event || fail(e, ERR_INPUT, "%.*s", STR_ARG(failure));
}

struct str
preview_sample(struct arena *a, const type_record *type)
{
	event_message msg;

	if (type->sample[0] == '\0')
		return (struct str){0};
	carillon__v1__event__init(&msg);
	msg.id = (char *)(uintptr_t) "sample";
	msg.type = type->name;
	msg.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	msg.text_data = type->sample;
	return record_pack(a, &msg);
}

/* --- as JSON --- */

static void
write_json(struct json_writer *w, const char *key, struct str json)
{
	if (json.len == 0)
		return;
	jw_key(w, key);
	jw_raw(w, json);
}

static void
write_condition(struct json_writer *w, const struct filter_finding *f)
{
	jw_object(w);
	jw_kv_string(w, "pointer", f->pointer);
	jw_kv_int(w, "depth", f->depth);
	jw_kv_bool(w, "result", f->result);
	jw_kv_string(w, "sentence", f->sentence);
	jw_kv_cstr(w, "op", f->op);
	if (f->field.len == 0) {
		jw_kv_int(w, "of", f->n);
		jw_kv_int(w, "holding", f->n_holding);
	} else {
		jw_kv_string(w, "field", f->field);
		write_json(w, "value", f->value);
		write_json(w, "actual", f->actual);
		jw_kv_bool(w, "missing", f->is_missing);
	}
	if (f->note != NULL)
		jw_kv_cstr(w, "note", f->note);
	jw_object_end(w);
}

static void
write_conditions(struct json_writer *w, const struct preview *p)
{
	jw_key(w, "conditions");
	jw_array(w);
	for (int i = 0; i < p->n_conditions; i++)
		write_condition(w, &p->conditions[i]);
	jw_array_end(w);
}

static void
write_why_not(struct json_writer *w, const struct preview *p)
{
	static const char *const codes[] = {
	    [WHY_NOT_INACTIVE] = "inactive",
	    [WHY_NOT_TYPE] = "type",
	    [WHY_NOT_CONDITION] = "condition",
	};

	jw_key(w, "why_not");
	if (p->why_not == WHY_NOT_NONE) {
		jw_null(w);
		return;
	}
	jw_object(w);
	jw_kv_cstr(w, "code", codes[p->why_not]);
	if (p->why_not == WHY_NOT_CONDITION)
		jw_kv_string(w, "pointer", p->why_not_pointer);
	jw_object_end(w);
}

void
preview_json(struct json_writer *w, const struct preview *p)
{
	jw_object(w);
	jw_kv_bool(w, "matched", p->matches);
	jw_kv_string(w, "reason", p->reason);
	write_why_not(w, p);
	write_conditions(w, p);
	jw_kv_string(w, "channel", p->channel);
	if (p->body != NULL)
		p->body->type->write_members(w, p->body);
	for (int use = 0; use < KEY_USES; use++)
		jw_kv_string(w, preview_key_names[use], p->keys[use]);
	jw_key(w, "warnings");
	warnings_write(w, &p->warnings);
	jw_key(w, "errors");
	findings_write(w, p->findings);
	jw_object_end(w);
}
