#include "digest.h"

#include "carillon/base/arena.h"

static void
tally_add(struct dest_tally *t, struct str name)
{
	for (int i = 0; i < t->n; i++) {
		if (str_eq(t->names[i], name)) {
			t->counts[i]++;
			return;
		}
	}
	if (t->n == DEST_TALLY_MAX) {
		t->others++;
		return;
	}
	t->names[t->n] = name;
	t->counts[t->n++] = 1;
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

/* The setting's URL with the workspace in it; only http(s), so that nothing else can be linked.
 */
static struct str
history_of(struct arena *a, const char *url, struct str workspace)
{
	struct str s = str_of(url);
	const char *mark = s.len ? memmem(s.ptr, s.len, "{workspace}", 11) : NULL;

	if (!str_starts_with(s, STR("https://")) && !str_starts_with(s, STR("http://")))
		return (struct str){0};
	if (mark == NULL)
		return arena_str(a, s);
	return arena_printf(
	    a, "%.*s%.*s%s", (int)(mark - s.ptr), s.ptr, STR_ARG(workspace), mark + 11);
}

static void
count_names(struct dest_digest *g, const struct digest_item *items, int n)
{
	for (int i = 0; i < n; i++) {
		const event_record *ev = items[i].event;

		if (ev == NULL)
			continue;
		tally_add(&g->types, str_of(ev->type));
		if (ev->severity[0] != '\0')
			tally_add(&g->severities, str_of(ev->severity));
	}
}

static void
write_message(
    struct delivery *d, const struct digest_item *items, int n, const char *history_url)
{
	struct arena *a = d->message->arena;
	struct dest_digest g = {
	    .n = n,
	    .since = earliest(items, n),
	    .history = history_of(a, history_url, d->message->event.workspace),
	};

	count_names(&g, items, n);
	d->body = d->rule->template->type->digest(&g, a);
}

struct str
digest_sentence(const struct delivery *d, struct arena *a)
{
	const int n = d->digest->n;

	return arena_printf(a, "posted in a digest together with %d other%s%s", n,
	    n == 1 ? "" : "s", d->maybe_posted ? ", perhaps for the second time" : "");
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
