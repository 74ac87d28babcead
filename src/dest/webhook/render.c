#include "webhook.h"

#include <stdarg.h>
#include <stdio.h>

#include "carillon/base/clock.h"

struct webhook_template {
	struct dest_template base;
	const struct webhook_node *data; /* NULL: the event as it is */
};

const struct webhook_body *
webhook_body_of(const struct dest_body *b)
{
	must(b->type == &dest_webhook);
	return CONTAINER_OF(b, const struct webhook_body, base);
}

/* --- templates --- */

static bool
compile_parsed(
    struct arena *a, const struct json *root, struct webhook_template *t, struct findings *f)
{
	const struct json *data = json_get(root, STR("data"));

	if (data == NULL || root->count != 1)
		return findings_about(f, FINDING_MISSING, NULL,
		    "the template of a webhook is an object with one member, \"data\": any "
		    "JSON whose strings are templates");
	t->data = webhook_document_compile(a, data, f);
	return t->data != NULL;
}

static bool
compile(struct arena *a, struct str text, struct webhook_template *t, struct findings *f)
{
	struct arena *parsed;
	const struct json *root;
	bool ok;

	if (text.len > WEBHOOK_SOURCE_MAX)
		return findings_about(f, FINDING_TOO_LONG, NULL,
		    "the template is longer than %d bytes", WEBHOOK_SOURCE_MAX);
	parsed = arena_new(64 * WEBHOOK_SOURCE_MAX);
	ok = findings_parse(f, parsed, text, JSON_DEPTH_MAX, &root) &&
	     compile_parsed(a, root, t, f);
	arena_free(parsed);
	return ok;
}

bool
webhook_template_compile(
    struct arena *a, struct str text, const struct dest_template **out, struct findings *f)
{
	static const struct webhook_template built_in = {.base = {.type = &dest_webhook}};
	struct webhook_template *t;

	*out = &built_in.base;
	if (text.len == 0)
		return true;
	t = ARENA_NEW(a, struct webhook_template);
	t->base.type = &dest_webhook;
	*out = &t->base;
	return compile(a, text, t, f);
}

/* --- bodies --- */

static void
write_event(struct json_writer *w, const struct event *ev, struct str severity)
{
	jw_object(w);
	jw_kv_string(w, "id", ev->id);
	jw_kv_string(w, "workspace", ev->workspace);
	jw_kv_string(w, "resource", ev->resource);
	jw_kv_string(w, "resource_id", ev->resource_id);
	jw_kv_string(w, "source", ev->source);
	jw_kv_string(w, "severity", severity);
	if (ev->test_rule.len > 0)
		jw_kv_bool(w, "test", true);
	jw_key(w, "payload");
	if (ev->payload != NULL)
		jw_value(w, ev->payload);
	else
		jw_null(w);
	jw_object_end(w);
}

/* What the template makes of the event; the event as it is if there is none, or it took too
 * much. */
static void
write_data(struct buf *out, const struct webhook_template *t, struct webhook_body *b,
    const struct event *ev, struct str severity, struct arena *a)
{
	struct warning costly = {
	    WARNING_EXPENSIVE, .slot = STR("data"), .max = WEBHOOK_STEPS_MAX};
	struct json_writer w;

	jw_init(&w, out);
	if (t->data != NULL &&
	    webhook_document_render(&w, t->data, ev, severity, &b->base.warnings, a))
		return;
	if (t->data != NULL) {
		b->base.is_too_costly = true;
		warnings_add(&b->base.warnings, a, &costly);
	}
	buf_clear(out);
	jw_init(&w, out);
	write_event(&w, ev, severity);
}

const struct dest_body *
webhook_render(const struct dest_template *t, const struct event *ev,
    const struct severity_order *order, struct arena *a)
{
	struct webhook_body *b = ARENA_NEW(a, struct webhook_body);
	const struct webhook_template *template;
	struct buf data = {0};

	must(t->type == &dest_webhook);
	template = CONTAINER_OF(t, const struct webhook_template, base);
	*b = (struct webhook_body){
	    .base = {.type = &dest_webhook},
	    .type = arena_str(a, ev->type),
	    .time = ev->time,
	};
	write_data(&data, template, b, ev, severity_of(order, ev->payload), a);
	b->data = arena_str(a, buf_view(&data));
	buf_fini(&data);
	return &b->base;
}

static void
write_tally(struct json_writer *w, const char *key, const struct dest_tally *t)
{
	jw_key(w, key);
	jw_object(w);
	for (int i = 0; i < t->n; i++) {
		jw_keyn(w, t->names[i]);
		jw_int(w, t->counts[i]);
	}
	jw_object_end(w);
}

const struct dest_body *
webhook_digest(const struct dest_digest *g, struct arena *a)
{
	struct webhook_body *b = ARENA_NEW(a, struct webhook_body);
	char since[CLOCK_TEXT_MAX];
	struct json_writer w;
	struct buf out = {0};

	jw_init(&w, &out);
	jw_object(&w);
	jw_kv_int(&w, "count", g->n);
	jw_kv_cstr(&w, "since", clock_text(g->since, since));
	write_tally(&w, "types", &g->types);
	write_tally(&w, "severities", &g->severities);
	jw_kv_string(&w, "history", g->history);
	jw_object_end(&w);
	*b = (struct webhook_body){
	    .base = {.type = &dest_webhook},
	    .type = STR("carillon.digest"),
	    .time = g->since,
	    .data = arena_str(a, buf_view(&out)),
	};
	buf_fini(&out);
	return &b->base;
}

/* --- writing --- */

void
webhook_write_members(struct json_writer *w, const struct dest_body *body)
{
	const struct webhook_body *b = webhook_body_of(body);
	char time[CLOCK_TEXT_MAX];

	jw_kv_string(w, "type", b->type);
	jw_kv_cstr(w, "timestamp", clock_text(b->time, time));
	jw_key(w, "data");
	jw_raw(w, b->data);
}
