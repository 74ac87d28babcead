/*
 * Any text as a rule's template, on any payload: "<template line>\n<payload>". What compiles
 * must render to a JSON array of blocks and a text; and when the template is the built-in one
 * (an empty line), nothing but its own date, and addresses of the web, may stand in brackets.
 */
#include "dest/slack/render.h"

#include "fuzz_findings.h"
#include "fuzz_lines.h"

static void
check_mentions(struct str s)
{
	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.ptr[i] != '<')
			continue;
		struct str rest = {s.ptr + i, s.len - i};
		must(str_starts_with(rest, STR("<!date^")) ||
		     str_starts_with(rest, STR("<https://")) ||
		     str_starts_with(rest, STR("<http://")));
	}
}

static void
check(struct arena *a, const struct slack_body *r, bool built_in)
{
	const struct json *blocks;
	struct err e;
	must(json_parse(a, r->blocks, JSON_DEPTH_MAX, &blocks, &e));
	must(blocks->kind == JSON_ARRAY && blocks->count >= 1 && blocks->count <= 50);
	must(r->text.len > 0 && r->text.len <= 4 * 3000 && str_is_text(r->text));
	must(r->color.len == 0 || r->color.len == 7);
	for (int i = 0; i < r->base.warnings.n; i++)
		must(str_is_text(warning_sentence(&r->base.warnings.items[i], a)));
	if (!built_in)
		return;
	check_mentions(r->text);
	JSON_EACH (block, blocks) {
		const struct json *text = json_get(block, STR("text"));
		if (str_eq(json_string(text, STR("type")), STR("mrkdwn")))
			check_mentions(json_string(text, STR("text")));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str source, payload;
	if (!cut_in_two(bytes, size, &source, &payload))
		return 0;
	struct arena *a = arena_new(0);
	struct event ev = {.type = STR("a.b"), .payload_text = payload};
	const struct dest_template *t;
	struct findings found;
	struct err e;
	bool ok = json_parse(a, payload, JSON_DEPTH_MAX, &ev.payload, &e) &&
	          ev.payload->kind == JSON_OBJECT;
	findings_init(&found, a);
	if (ok && slack_template_compile(a, source, &t, &found)) {
		const struct dest_body *b = slack_render(t, &ev, severity_default(), a);
		check(a, slack_body_of(b), source.len == 0);
	} else if (ok) {
		check_findings(&found);
	}
	arena_free(a);
	return 0;
}
