/* One message's layout on one payload, for tests of what it becomes. cmocka comes first. */
#pragma once

#include "dest/slack/render.h"
#include "unit/base/found.h"

struct fixture {
	struct arena *arena;
	struct slack_body r;
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
	free(f);
	return 0;
}

/* The blocks; all of it is in `r`. */
static const char *
rendered(struct fixture *f, const char *template, const char *payload)
{
	const struct dest_template *t;
	struct findings found;
	struct err e;
	struct event ev = {.workspace = STR("casterly"),
	    .type = STR("alert.triggered"),
	    .resource = STR("alert"),
	    .resource_id = STR("alrt_tyrion_42"),
	    .payload_text = str_of(payload),
	    .time = {1776441720000}};
	findings_init(&found, f->arena);
	if (!slack_template_compile(f->arena, str_of(template), &t, &found))
		fail_msg("%s", found_text(&found));
	if (!json_parse(f->arena, ev.payload_text, JSON_DEPTH_MAX, &ev.payload, &e))
		fail_msg("%s", e.text);
	f->r = *slack_body_of(slack_render(t, &ev, severity_default(), f->arena));
	return f->r.blocks.ptr;
}

/* The first warning in words. */
static const char *
warning(struct fixture *f)
{
	assert_true(f->r.base.warnings.n > 0);
	return warning_sentence(&f->r.base.warnings.items[0], f->arena).ptr;
}
