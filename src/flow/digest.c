#include "digest.h"

#include "carillon/base/arena.h"
#include "carillon/base/buf.h"
#include "carillon/base/clock.h"
#include "carillon/base/json.h"

enum { NAMES_MAX = 12 };

/* How often each name occurs, in the order of first occurrence. */
struct tally {
	struct str names[NAMES_MAX];
	int counts[NAMES_MAX];
	int n, others;
};

static void
tally_add(struct tally *t, struct str name)
{
	for (int i = 0; i < t->n; i++) {
		if (str_eq(t->names[i], name)) {
			t->counts[i]++;
			return;
		}
	}
	if (t->n == NAMES_MAX) {
		t->others++;
		return;
	}
	t->names[t->n] = name;
	t->counts[t->n++] = 1;
}

/* Slack reads & < > in text; names come from the catalogue and from producers. */
static void
put_escaped(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.ptr[i]) {
		case '&': buf_cstr(b, "&amp;"); break;
		case '<': buf_cstr(b, "&lt;"); break;
		case '>': buf_cstr(b, "&gt;"); break;
		case '`': buf_putc(b, '\''); break;
		default: buf_putc(b, s.ptr[i]);
		}
	}
}

static void
put_tally(struct buf *b, const struct tally *t)
{
	for (int i = 0; i < t->n; i++) {
		buf_printf(b, "%s*%d* ", i ? " · " : "", t->counts[i]);
		put_escaped(b, t->names[i]);
	}
	if (t->others > 0)
		buf_printf(b, " · *%d* others", t->others);
}

static wall_t
time_of(const struct digest_item *item)
{
	return (wall_t){
	    item->event != NULL ? item->event->received_ms : item->delivery->created_ms};
}

static wall_t
earliest(const struct digest_item *items, int n)
{
	wall_t t = time_of(&items[0]);

	for (int i = 1; i < n; i++)
		if (time_of(&items[i]).ms < t.ms)
			t = time_of(&items[i]);
	return t;
}

static void
put_since(struct buf *b, wall_t since)
{
	char text[CLOCK_TEXT_MAX];

	clock_text(since, text);
	buf_printf(b, "<!date^%lld^{date_short_pretty} {time}|%.10s %.5s UTC>",
	    (long long)(since.ms / 1000), text, text + 11);
}

/* The setting's URL with the workspace in it; only http(s), so that nothing else can be linked.
 */
static void
put_link(struct buf *b, const char *url, struct str workspace)
{
	struct str s = str_of(url);
	const char *mark = s.len ? memmem(s.ptr, s.len, "{workspace}", 11) : NULL;

	if (!str_starts_with(s, STR("https://")) && !str_starts_with(s, STR("http://")))
		return;
	buf_cstr(b, "\n<");
	if (mark == NULL) {
		put_escaped(b, s);
	} else {
		put_escaped(b, (struct str){s.ptr, (size_t)(mark - s.ptr)});
		buf_str(b, workspace);
		put_escaped(b, str_of(mark + 11));
	}
	buf_cstr(b, "|See all of them>");
}

static struct str
section(struct arena *a, const struct buf *text)
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
	jw_kv_string(&w, "text", buf_view(text));
	jw_object_end(&w);
	jw_object_end(&w);
	jw_array_end(&w);
	blocks = arena_str(a, buf_view(&out));
	buf_fini(&out);
	return blocks;
}

static void
count_names(
    const struct digest_item *items, int n, struct tally *types, struct tally *severities)
{
	for (int i = 0; i < n; i++) {
		const event_record *ev = items[i].event;

		if (ev == NULL)
			continue;
		tally_add(types, str_of(ev->type));
		if (ev->severity[0] != '\0')
			tally_add(severities, str_of(ev->severity));
	}
}

static void
write_message(
    struct delivery *d, const struct digest_item *items, int n, const char *history_url)
{
	struct arena *a = d->message->arena;
	struct tally types = {0}, severities = {0};
	struct buf text = {0};

	count_names(items, n, &types, &severities);
	buf_printf(&text, "*%d more like this* since ", n);
	put_since(&text, earliest(items, n));
	buf_cstr(&text, "\n");
	put_tally(&text, &types);
	if (severities.n > 0) {
		buf_cstr(&text, "\n");
		put_tally(&text, &severities);
	}
	put_link(&text, history_url, d->message->event.workspace);
	d->rendered = (struct rendered){
	    .blocks = section(a, &text),
	    .text = arena_printf(a, "%d more messages like this", n),
	};
	d->is_rendered = true;
	buf_fini(&text);
}

void
digest_make(struct delivery *d, const struct digest_item *items, int n, const char *history_url)
{
	struct digest *digest = ARENA_NEW(d->message->arena, struct digest);

	must(n >= 2 && n <= DIGEST_MAX);
	digest->members = ARENA_ARRAY(d->message->arena, const delivery_record *, n - 1);
	for (int i = 1; i < n; i++) {
		digest->members[digest->n++] = items[i].delivery;
		/* In doubt for one, in doubt for the message. */
		delivery_doubt(d, items[i].delivery->maybe_posted ||
				      items[i].delivery->state == (int)DELIVERY_SENDING);
	}
	d->digest = digest;
	write_message(d, items, n, history_url);
}
