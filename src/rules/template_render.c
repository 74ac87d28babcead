#include "carillon/base/clock.h"
#include "carillon/rules/filter.h"
#include "carillon/rules/characters.h"
#include "canonical.h"
#include "template_run.h"
#include "template_url.h"

struct buf *
renderer_buffer(struct renderer *r)
{
	struct buf *b = &r->buffers[r->next_buffer];
	r->next_buffer = (r->next_buffer + 1) % TEMPLATE_BUFFERS;
	buf_clear(b);
	return b;
}

size_t
value_cost(const struct renderer *r, const struct value *v)
{
	return (v->kind == VALUE_TREE ? r->ev->payload_text.len : v->text.len) / 64;
}

/* In a key what differs must differ: a list has an end and an object its members. */
struct str
renderer_text(struct renderer *r, const struct value *v)
{
	struct buf *b = renderer_buffer(r);
	if (v->kind != VALUE_TREE || !r->context->is_key)
		return value_text(v, b);
	canonical_put(v->tree, b);
	return buf_view(b);
}

static size_t
room(const struct renderer *r)
{
	size_t used = r->out->len - r->out_start;
	size_t max = r->context->is_key ? TEMPLATE_KEY_MAX : TEMPLATE_OUTPUT_MAX;
	return used < max ? max - used : 0;
}

/* All of `s`, or what fits of it on a character. */
static void
emit(struct renderer *r, struct str s)
{
	if (s.len > room(r)) {
		s.len = str_utf8_cut(s, room(r));
		r->stopped = true;
	}
	buf_str(r->out, s);
}

/* All of `s` or, past the limit, nothing. */
static void
emit_whole(struct renderer *r, struct str s)
{
	if (s.len > room(r))
		r->stopped = true;
	else
		buf_str(r->out, s);
}

/* The template's own text may open markup, which decides how a value inside is written. */
static void
emit_literal(struct renderer *r, struct str s)
{
	const struct template_dialect *dialect = r->context->dialect;
	size_t at = r->out->len;
	emit(r, s);
	if (dialect && dialect->follow)
		dialect->follow(&r->mark, s, at);
}

/* The value's text; in a link such that it stays one part of the address. */
static struct str
text_in_place(struct renderer *r, const struct value *v, bool in_path)
{
	struct str s = renderer_text(r, v);
	if (!in_path || v->is_encoded)
		return s;
	struct buf *out = renderer_buffer(r);
	url_put(s, URL_PART, out);
	return buf_view(out);
}

/* As the dialect writes it. */
static void
emit_in_dialect(struct renderer *r, const struct value *v)
{
	const struct template_dialect *dialect = r->context->dialect;
	if (dialect->disarm && dialect->disarm(&r->mark, r->out) && r->warnings)
		r->warnings->disarmed = true;
	if (v->kind == VALUE_MARKUP && v->markup.len > 0 && r->mark.place == 0) {
		emit_whole(r, v->markup);
		return;
	}
	if (!renderer_step(r, value_cost(r, v)))
		return;
	struct str s = text_in_place(r, v, r->mark.in_path);
	if (!dialect->put(s, r->mark.place, r->context->one_line, room(r), r->out))
		r->stopped = true;
}

static struct str
so_far(const struct renderer *r)
{
	return (struct str){r->out->ptr + r->out_start, r->out->len - r->out_start};
}

static void
emit_value(struct renderer *r, const struct value *v)
{
	if (r->context->dialect)
		emit_in_dialect(r, v);
	else if (renderer_step(r, value_cost(r, v)))
		emit(r, text_in_place(r, v, r->context->is_url && url_is_in_path(so_far(r))));
}

/* An empty attribute is one that the event does not have. */
static struct value
event_value(struct renderer *r, enum event_attribute attribute)
{
	struct str s =
	    event_attribute_text(r->ev, attribute, r->context->severity, r->time_text);
	return s.len ? value_of_string(s) : (struct value){.kind = VALUE_UNDEFINED};
}

static struct value
forloop_value(const struct loop_frame *f, enum forloop_attribute attribute)
{
	struct value truth = {.kind = VALUE_BOOL};
	switch (attribute) {
	case FORLOOP_ATTRIBUTE_INDEX: return value_of_number((double)(f->index + 1));
	case FORLOOP_ATTRIBUTE_INDEX0: return value_of_number((double)f->index);
	case FORLOOP_ATTRIBUTE_RINDEX: return value_of_number((double)(f->length - f->index));
	case FORLOOP_ATTRIBUTE_RINDEX0:
		return value_of_number((double)(f->length - f->index - 1));
	case FORLOOP_ATTRIBUTE_FIRST: truth.truth = f->index == 0; return truth;
	case FORLOOP_ATTRIBUTE_LAST: truth.truth = f->index == f->length - 1; return truth;
	case FORLOOP_ATTRIBUTE_LENGTH: return value_of_number((double)f->length);
	case FORLOOP_ATTRIBUTES: break;
	}
	return truth;
}

static struct value
payload_value(const struct renderer *r)
{
	if (!r->ev->payload)
		return (struct value){.kind = VALUE_UNDEFINED};
	return value_of_json(r->ev->payload);
}

static struct value
path_value(struct renderer *r, const struct path *p, struct value from)
{
	struct value v = from;
	size_t walked = 0; /* members are found one after the other */
	for (int i = 0; i < p->n; i++) {
		walked += v.kind == VALUE_TREE ? v.tree->count : 0;
		v = value_step(&v, &p->steps[i]);
	}
	if (v.kind == VALUE_UNDEFINED && from.kind == VALUE_TREE) {
		const struct json *found = path_find_joined(p, from.tree, &walked);
		v = found ? value_of_json(found) : v;
	}
	renderer_step(r, 1 + walked / 64);
	return v;
}

static struct value
operand_value(struct renderer *r, const struct operand *o)
{
	struct value v = {0};
	switch (o->kind) {
	case OPERAND_LITERAL: return o->literal;
	case OPERAND_PAYLOAD: v = payload_value(r); break;
	case OPERAND_EVENT: v = event_value(r, (enum event_attribute)o->index); break;
	case OPERAND_LOOP: v = r->frames[o->index].item; break;
	case OPERAND_FORLOOP:
		v = forloop_value(&r->frames[o->loop], (enum forloop_attribute)o->index);
		break;
	}
	return path_value(r, &o->path, v);
}

static struct value
expr_value(struct renderer *r, const struct expr *e)
{
	if (e->op == OPERATOR_NONE)
		return operand_value(r, e->operand);
	struct value left = expr_value(r, e->left);
	bool decides = e->op == OPERATOR_AND ? !value_is_truthy(&left)
	                                     : e->op == OPERATOR_OR && value_is_truthy(&left);
	if (decides)
		return (struct value){.kind = VALUE_BOOL, .truth = e->op == OPERATOR_OR};
	struct value right = expr_value(r, e->right);
	renderer_step(r, 1 + value_cost(r, &left) + value_cost(r, &right));
	bool truth = value_compare(e->op, &left, &right);
	return (struct value){.kind = VALUE_BOOL, .truth = truth};
}

static void
note_missing(struct renderer *r, const struct operand *o, const struct value *v)
{
	if (v->kind != VALUE_UNDEFINED || o->kind == OPERAND_LITERAL || !r->warnings)
		return;
	if (r->warnings->missing++ == 0)
		r->warnings->first_missing = o->source;
}

static void
note_structured(struct renderer *r, const struct piped *p)
{
	if (r->context->is_key && r->warnings && r->warnings->structured.len == 0 &&
	    p->expr->op == OPERATOR_NONE)
		r->warnings->structured = p->expr->operand->source;
}

static struct value
piped_value(struct renderer *r, const struct piped *p, bool is_output)
{
	struct value v = expr_value(r, p->expr);
	if (is_output && !p->has_default && p->expr->op == OPERATOR_NONE)
		note_missing(r, p->expr->operand, &v);
	for (const struct filter_call *f = p->filters; f && !r->stopped; f = f->next) {
		if (f->id == FILTER_DEFAULT && !value_wants_default(&v))
			continue;
		struct value args[TEMPLATE_ARGS_MAX];
		for (int i = 0; i < f->n_args; i++) {
			args[i] = operand_value(r, &f->args[i]);
			if (is_output && !p->has_default)
				note_missing(r, &f->args[i], &args[i]);
		}
		filter_apply(r, f->id, args, f->n_args, &v);
	}
	if (is_output && v.kind == VALUE_TREE)
		note_structured(r, p);
	return v;
}

static void render_nodes(struct renderer *r, const struct node *n);

static void
render_if(struct renderer *r, const struct node *n)
{
	for (const struct branch *b = n->branches; b; b = b->next) {
		struct value v = piped_value(r, &b->condition, false);
		if (r->stopped)
			return;
		if (value_is_truthy(&v) != b->is_unless) {
			render_nodes(r, b->body);
			return;
		}
	}
	render_nodes(r, n->orelse);
}

static int
by_index(const void *a, const void *b)
{
	const struct json *const *x = a, *const *y = b;
	int64_t m = json_index_of((*x)->key), n = json_index_of((*y)->key);
	return (m > n) - (m < n);
}

/* Members in JavaScript's order: whole numbers ascending, then as written. */
static void
list_members(const struct json *tree, struct buf *list)
{
	JSON_EACH (v, tree)
		if (tree->kind == JSON_OBJECT && json_index_of(v->key) >= 0)
			buf_put(list, &v, sizeof(v));
	if (list->len > 0)
		qsort(list->ptr, list->len / sizeof(void *), sizeof(void *), by_index);
	JSON_EACH (v, tree)
		if (tree->kind != JSON_OBJECT || json_index_of(v->key) < 0)
			buf_put(list, &v, sizeof(v));
}

static void
frame_set(struct loop_frame *f, const struct json *v, bool is_member)
{
	if (!is_member) {
		f->item = value_of_json(v);
		return;
	}
	f->pair[1] = (struct json){
	    .kind = JSON_STRING, .text = v->key, .next = &f->pair[2], .offset = v->offset};
	f->pair[2] = *v;
	f->pair[2].next = NULL;
	f->pair[0] = (struct json){
	    .kind = JSON_ARRAY, .count = 2, .child = &f->pair[1], .offset = v->offset};
	f->item = value_of_json(&f->pair[0]);
}

/* Says how many elements are not shown, in a line of its own if each had one. */
static void
end_loop(struct renderer *r, size_t before, int64_t length)
{
	struct str shown = {r->out->ptr + before, r->out->len - before};
	bool has_lines = shown.len > 0 && memchr(shown.ptr, '\n', shown.len);
	char last = shown.len > 0 ? shown.ptr[shown.len - 1] : ' ';
	char text[48];
	snprintf(text, sizeof(text), "%sand %lld more",
	    last == ' ' || last == '\n' ? ""
	    : has_lines                 ? "\n"
					: " ",
	    (long long)(length - TEMPLATE_TURNS_MAX));
	if (r->warnings && r->warnings->loop_length == 0)
		r->warnings->loop_length = (size_t)length;
	if (!r->context->is_url && !r->mark.in_path)
		emit_literal(r, str_of(text));
}

/* A loop over `all` pointers to elements, less what offset and limit leave out. */
static void
render_turns(struct renderer *r, const struct node *n, const struct json *const *all,
    int64_t count, bool is_object)
{
	struct loop_frame *f = &r->frames[n->loop];
	int64_t first = n->offset < count ? n->offset : count;
	int64_t length = count - first;
	if (n->limit >= 0 && n->limit < length)
		length = n->limit;
	f->length = length;
	const size_t before = r->out->len;
	for (int64_t i = 0; i < length && !r->stopped; i++) {
		if (i == TEMPLATE_TURNS_MAX && !r->context->is_key) {
			end_loop(r, before, length);
			return;
		}
		f->index = i;
		frame_set(f, all[first + (n->reversed ? length - 1 - i : i)], is_object);
		render_nodes(r, n->body);
	}
}

/* A string is a list of one; so it is to LiquidJS. */
static void
render_one_turn(struct renderer *r, const struct node *n, const struct value *v)
{
	struct loop_frame *f = &r->frames[n->loop];
	if (n->offset > 0 || n->limit == 0)
		return;
	*f = (struct loop_frame){.item = *v, .length = 1};
	render_nodes(r, n->body);
}

static void
render_for(struct renderer *r, const struct node *n)
{
	struct value v = expr_value(r, n->value.expr);
	if (v.kind == VALUE_STRING && v.text.len > 0) {
		render_one_turn(r, n, &v);
		return;
	}
	if (v.kind != VALUE_TREE || v.tree->count == 0) {
		render_nodes(r, n->orelse);
		return;
	}
	if (!renderer_step(r, v.tree->count / 16))
		return;
	struct buf list = {0};
	list_members(v.tree, &list);
	render_turns(r, n, (const struct json *const *)(void *)list.ptr, (int64_t)v.tree->count,
	    v.tree->kind == JSON_OBJECT);
	buf_fini(&list);
}

static void
render_nodes(struct renderer *r, const struct node *n)
{
	for (; n && renderer_step(r, 1); n = n->next) {
		switch (n->kind) {
		case NODE_TEXT: emit_literal(r, n->text); break;
		case NODE_IF: render_if(r, n); break;
		case NODE_FOR: render_for(r, n); break;
		case NODE_OUTPUT: {
			struct value v = piped_value(r, &n->value, true);
			if (!r->stopped)
				emit_value(r, &v);
		}
		}
	}
}

void
template_run(const struct template *t, const struct event *ev,
    const struct template_context *context, struct buf *out, struct template_warnings *w)
{
	struct renderer r; /* frames are set before they are read */
	r.ev = ev;
	r.context = context;
	r.out = out;
	r.out_start = out->len;
	r.steps = 0;
	r.steps_max = context->steps_left ? *context->steps_left : TEMPLATE_STEPS_MAX;
	r.stopped = false;
	r.mark = (struct template_mark){0};
	r.warnings = w;
	struct buf own[TEMPLATE_BUFFERS] = {0};
	r.buffers = context->buffers ? context->buffers : own;
	r.next_buffer = 0;
	if (w)
		*w = (struct template_warnings){0};
	render_nodes(&r, t->first);
	if (w && r.stopped)
		w->cut = true;
	if (context->steps_left)
		*context->steps_left -= r.steps;
	if (ev->steps)
		*ev->steps += (uint64_t)r.steps;
	for (int i = 0; i < TEMPLATE_BUFFERS; i++)
		buf_fini(&own[i]);
}

void
template_render(const struct template *t, const struct event *ev,
    const struct template_dialect *dialect, struct buf *out, struct template_warnings *w)
{
	struct template_context context = {.dialect = dialect};
	context.severity = severity_of(severity_default(), ev->payload);
	template_run(t, ev, &context, out, w);
}
