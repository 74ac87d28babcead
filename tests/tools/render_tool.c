/*
 * Renders templates for tests written in other languages. Reads JSON lines on standard input:
 *
 *     {"template": "...", "payload": {...}, "escape": "none" or "mrkdwn"}
 *     {"message": {...}, "payload": {...}, "event": {"type": "..."}}      a rule's template
 *
 * and writes one for each: {"ok":true,"output":"..."} or {"ok":true,"blocks":[...],"text":...},
 * else {"ok":false,"error":...,"line":...,"column":...,"suggestion":...}.
 */
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/dest/dest.h"
#include "carillon/rules/filter.h"
#include "carillon/rules/template.h"
#include "dest/slack/mrkdwn.h"

static struct event
event_of(const struct json *line)
{
	const struct json *attributes = json_get(line, STR("event"));
	struct event ev = {
	    .workspace = json_string(attributes, STR("workspace")),
	    .id = json_string(attributes, STR("id")),
	    .type = json_string(attributes, STR("type")),
	    .resource = json_string(attributes, STR("resource")),
	    .resource_id = json_string(attributes, STR("resource_id")),
	    .source = json_string(attributes, STR("source")),
	    .time = {1776441720000},
	    .payload = json_get(line, STR("payload")),
	};
	struct str time = json_string(attributes, STR("time"));
	if (time.len > 0 && !clock_parse(time, &ev.time))
		fputs("render_tool: the event's time is not RFC 3339\n", stderr);
	return ev;
}

static void
write_error(struct json_writer *w, const char *where, int line, int column, const char *text,
    const char *suggestion)
{
	jw_kv_bool(w, "ok", false);
	jw_kv_cstr(w, "slot", where);
	jw_kv_int(w, "line", line);
	jw_kv_int(w, "column", column);
	jw_kv_cstr(w, "error", text);
	jw_kv_cstr(w, "suggestion", suggestion);
}

static void
answer_template(struct json_writer *w, struct arena *a, const struct json *line)
{
	struct template *t;
	struct template_error e;
	if (!template_compile(a, json_string(line, STR("template")), &t, &e)) {
		write_error(w, "", e.line, e.column, e.text,
		    e.suggestion[0] ? arena_printf(a, "did you mean \"%s\"?", e.suggestion).ptr
				    : e.advice);
		return;
	}
	bool mrkdwn = str_eq(json_string(line, STR("escape")), STR("mrkdwn"));
	struct event ev = event_of(line);
	struct template_warnings warnings;
	struct buf out = {0};
	template_render(t, &ev, mrkdwn ? &mrkdwn_dialect : NULL, &out, &warnings);
	jw_kv_bool(w, "ok", true);
	jw_kv_string(w, "output", buf_view(&out));
	jw_kv_int(w, "missing", warnings.missing);
	jw_kv_bool(w, "cut", warnings.cut || warnings.loop_length > 0);
	buf_fini(&out);
}

static void
answer_message(struct json_writer *w, struct arena *a, const struct json *line)
{
	const struct json *given = json_get(line, STR("message"));
	struct buf source = {0};
	struct json_writer inner;
	jw_init(&inner, &source);
	if (given->kind == JSON_OBJECT)
		jw_value(&inner, given);
	const struct dest_template *t;
	struct findings f;
	findings_init(&f, a);
	if (!dest_default()->template_compile(a, buf_view(&source), &t, &f)) {
		const struct finding *first = &f.items[0];
		write_error(w, first->slot.ptr ? first->slot.ptr : first->pointer.ptr,
		    first->line, first->column, finding_sentence(&f, first).ptr, "");
		buf_fini(&source);
		return;
	}
	struct event ev = event_of(line);
	const struct dest_body *b = t->type->render(t, &ev, severity_default(), a);
	jw_kv_bool(w, "ok", true);
	t->type->write_members(w, b);
	jw_key(w, "warnings");
	warnings_write(w, &b->warnings);
	buf_fini(&source);
}

static void
answer(struct str text, struct buf *out)
{
	struct arena *a = arena_new(0);
	const struct json *line;
	struct err e;
	struct json_writer w;
	jw_init(&w, out);
	jw_object(&w);
	if (!json_parse(a, text, JSON_DEPTH_MAX + 2, &line, &e))
		write_error(&w, "", 0, 0, e.text, "");
	else if (json_get(line, STR("message")))
		answer_message(&w, a, line);
	else
		answer_template(&w, a, line);
	jw_object_end(&w);
	arena_free(a);
}

int
main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	struct buf out = {0};
	while ((len = getline(&line, &size, stdin)) > 0) {
		buf_clear(&out);
		answer((struct str){line, (size_t)len - (line[len - 1] == '\n')}, &out);
		puts(out.ptr);
		fflush(stdout);
	}
	buf_fini(&out);
	free(line);
	return 0;
}
