/* How a digest reads: "37 more like this since 16:02", with counts and where to read on. */
#include "carillon/base/clock.h"

#include "mrkdwn.h"
#include "render.h"

static void
put_escaped(struct buf *b, struct str s)
{
	(void)mrkdwn_put(s, MRKDWN_TEXT, true, SIZE_MAX, b);
}

static void
put_tally(struct buf *b, const struct dest_tally *t)
{
	for (int i = 0; i < t->n; i++) {
		buf_printf(b, "%s*%d* ", i ? " · " : "", t->counts[i]);
		put_escaped(b, t->names[i]);
	}
	if (t->others > 0)
		buf_printf(b, " · *%d* others", t->others);
}

static void
put_since(struct buf *b, wall_t since)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(since, text);
	buf_printf(b, "<!date^%lld^{date_short_pretty} {time}|%.10s %.5s UTC>",
	    (long long)(since.ms / 1000), text, text + 11);
}

static void
put_words(struct buf *b, const struct dest_digest *g)
{
	buf_printf(b, "*%d more like this* since ", g->n);
	put_since(b, g->since);
	buf_cstr(b, "\n");
	put_tally(b, &g->types);
	if (g->severities.n > 0) {
		buf_cstr(b, "\n");
		put_tally(b, &g->severities);
	}
	if (g->history.len > 0) {
		buf_cstr(b, "\n");
		mrkdwn_put_link(g->history, STR("See all of them"), b);
	}
}

static struct str
section(struct arena *a, struct str text)
{
	struct buf out = {0};
	struct json_writer w;
	struct str blocks;

	jw_init(&w, &out);
	jw_array(&w);
	jw_object(&w);
	jw_kv_cstr(&w, "type", "section");
	jw_key(&w, "text");
	jw_object(&w);
	jw_kv_cstr(&w, "type", "mrkdwn");
	jw_kv_bool(&w, "verbatim", true);
	jw_kv_string(&w, "text", text);
	jw_object_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	blocks = arena_str(a, buf_view(&out));
	buf_fini(&out);
	return blocks;
}

const struct dest_body *
slack_digest(const struct dest_digest *g, struct arena *a)
{
	struct slack_body *b = ARENA_NEW(a, struct slack_body);
	struct buf words = {0};

	put_words(&words, g);
	*b = (struct slack_body){
	    .base = {.type = &dest_slack, .has_layout = true},
	    .blocks = section(a, buf_view(&words)),
	    .text = arena_printf(a, "%d more messages like this", g->n),
	};
	buf_fini(&words);
	return &b->base;
}
