/*
 * Any text as a template, on any payload: "<payload line>\n<template>". What compiles must
 * render within its bounds, as text, and escaped so that no value mentions anybody.
 */
#include "carillon/rules/template.h"
#include "dest/slack/mrkdwn.h"

#include "fuzz_lines.h"

static void
check_error(const struct template_error *e)
{
	must(e->text[0] != '\0' && e->line >= 1 && e->column >= 1);
	must(str_is_text(str_of(e->text)) && str_is_text(str_of(e->advice)) &&
	     str_is_text(str_of(e->suggestion)));
}

static void
render(const struct template *t, const struct event *ev, const struct template_dialect *dialect)
{
	struct buf out = {0};
	struct template_warnings w;
	template_render(t, ev, dialect, &out, &w);
	must(out.len <= 17 * 1024 && (out.len == 0 || str_is_text(buf_view(&out))));
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str payload, source;
	if (!cut_in_two(bytes, size, &payload, &source))
		return 0;
	struct arena *a = arena_new(0);
	struct event ev = {.type = STR("a.b"), .payload_text = payload};
	struct template *t;
	struct template_error te;
	struct err e;
	if (!json_parse(a, payload, JSON_DEPTH_MAX, &ev.payload, &e))
		ev.payload = NULL;
	if (template_compile(a, source, &t, &te)) {
		render(t, &ev, NULL);
		render(t, &ev, &mrkdwn_dialect);
	} else {
		check_error(&te);
	}
	arena_free(a);
	return 0;
}
