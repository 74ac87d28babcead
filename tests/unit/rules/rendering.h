/* One template on one payload, for tests of what it becomes. cmocka comes first. */
#pragma once

#include "carillon/rules/template.h"

struct fixture {
	struct arena *arena;
	struct buf out;
	struct template_warnings warnings;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	f->arena = arena_new(0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	arena_free(f->arena);
	buf_fini(&f->out);
	free(f);
	return 0;
}

/* With a dialect, or NULL. Valid until the next one. */
static const char *
rendered(struct fixture *f, const struct template_dialect *dialect, const char *source,
    const char *payload)
{
	struct template *t;
	struct template_error te;
	struct err e;
	struct event ev = {.type = STR("alert.triggered"),
	    .resource = STR("alert"),
	    .payload_text = str_of(payload),
	    .time = {1776441720000}};
	if (!json_parse(f->arena, ev.payload_text, JSON_DEPTH_MAX, &ev.payload, &e))
		fail_msg("%s", e.text);
	if (!template_compile(f->arena, str_of(source), &t, &te))
		fail_msg("%s at %d:%d", te.text, te.line, te.column);
	buf_clear(&f->out);
	template_render(t, &ev, dialect, &f->out, &f->warnings);
	return f->out.ptr ? f->out.ptr : "";
}
