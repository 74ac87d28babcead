/* A template of a webhook: any JSON, whose strings are templates of text. */
#include "webhook.h"

#include "carillon/rules/template.h"

struct webhook_node {
	enum json_kind kind;
	struct str key;              /* of a member */
	struct str text;             /* of a number */
	const struct template *made; /* of a string */
	const struct webhook_node *first, *next;
};

static struct webhook_node *compile_value(
    struct arena *a, const struct json *v, const struct pointer *at, struct findings *f);

static struct pointer
step_to(const struct json *v, const struct pointer *up, uint32_t index, bool is_member)
{
	return is_member ? (struct pointer){.up = up, .name = v->key}
	                 : (struct pointer){.up = up, .index = index};
}

static bool
compile_children(struct arena *a, const struct json *parent, const struct pointer *at,
    struct webhook_node *out, struct findings *f)
{
	const struct webhook_node **end = &out->first;
	uint32_t index = 0;
	bool ok = true;

	JSON_EACH (v, parent) {
		struct pointer step = step_to(v, at, index++, parent->kind == JSON_OBJECT);
		struct webhook_node *n = compile_value(a, v, &step, f);

		ok = ok && n != NULL;
		if (n == NULL)
			continue;
		*end = n;
		end = &n->next;
	}
	return ok;
}

static struct webhook_node *
compile_value(
    struct arena *a, const struct json *v, const struct pointer *at, struct findings *f)
{
	struct webhook_node *n = ARENA_NEW(a, struct webhook_node);
	struct template_error e;
	struct template *made;

	*n = (struct webhook_node){.kind = v->kind, .key = arena_str(a, v->key)};
	if (v->kind == JSON_NUMBER)
		n->text = arena_str(a, v->text);
	if (v->kind == JSON_STRING) {
		if (!template_compile(a, v->text, &made, &e)) {
			(void)template_found(f, at, STR("data"), &e);
			return NULL;
		}
		n->made = made;
	}
	return compile_children(a, v, at, n, f) ? n : NULL;
}

const struct webhook_node *
webhook_document_compile(struct arena *a, const struct json *data, struct findings *f)
{
	const struct pointer at = {.name = STR("data")};

	return compile_value(a, data, &at, f);
}

/* --- rendering --- */

struct rendering {
	struct json_writer *w;
	const struct event *ev;
	struct template_context context;
	struct warnings *warnings;
	struct arena *arena;
	struct buf text;
	size_t begins_at; /* in the writer's buffer */
	int steps_left;
	bool is_too_much;
};

static void
warn(struct rendering *r, const struct template_warnings *w)
{
	struct warning missing = {
	    WARNING_MISSING, .slot = STR("data"), .path = w->first_missing};
	struct warning limit = {WARNING_LIMIT, .slot = STR("data")};
	struct warning date = {WARNING_BAD_DATE, .slot = STR("data")};

	if (w->missing > 0)
		warnings_add(r->warnings, r->arena, &missing);
	if (w->cut && r->steps_left > 0)
		warnings_add(r->warnings, r->arena, &limit);
	if (w->bad_date)
		warnings_add(r->warnings, r->arena, &date);
}

static void
render_text(struct rendering *r, const struct template *t)
{
	struct template_warnings w;

	buf_clear(&r->text);
	template_run(t, r->ev, &r->context, &r->text, &w);
	warn(r, &w);
	r->is_too_much = r->is_too_much || (w.cut && r->steps_left == 0);
	jw_string(r->w, buf_view(&r->text));
}

static void render(struct rendering *r, const struct webhook_node *n);

static void
render_children(struct rendering *r, const struct webhook_node *n)
{
	bool is_object = n->kind == JSON_OBJECT;

	if (is_object)
		jw_object(r->w);
	else
		jw_array(r->w);
	for (const struct webhook_node *c = n->first; c != NULL; c = c->next) {
		if (is_object)
			jw_keyn(r->w, c->key);
		render(r, c);
	}
	if (is_object)
		jw_object_end(r->w);
	else
		jw_array_end(r->w);
}

/* What is too much is not written to its end, but its brackets are. */
static void
render(struct rendering *r, const struct webhook_node *n)
{
	r->is_too_much =
	    r->is_too_much || r->w->out->len - r->begins_at > (size_t)WEBHOOK_DATA_MAX;
	if (r->is_too_much) {
		jw_null(r->w);
		return;
	}
	switch (n->kind) {
	case JSON_NULL: jw_null(r->w); break;
	case JSON_FALSE:
	case JSON_TRUE: jw_bool(r->w, n->kind == JSON_TRUE); break;
	case JSON_NUMBER: jw_raw(r->w, n->text); break;
	case JSON_STRING: render_text(r, n->made); break;
	case JSON_ARRAY:
	case JSON_OBJECT: render_children(r, n); break;
	}
}

bool
webhook_document_render(struct json_writer *w, const struct webhook_node *n,
    const struct event *ev, struct str severity, struct warnings *warnings, struct arena *a)
{
	struct rendering r = {.w = w,
	    .ev = ev,
	    .warnings = warnings,
	    .arena = a,
	    .begins_at = w->out->len,
	    .steps_left = WEBHOOK_STEPS_MAX};

	r.context =
	    (struct template_context){.severity = severity, .steps_left = &r.steps_left};
	render(&r, n);
	buf_fini(&r.text);
	return !r.is_too_much;
}
