/* At the end of every story: the index made anew from the streams says the same. */
#include <stdio.h>

#include "carillon/index/catch_up.h"
#include "player.h"

struct gathering {
	struct arena *arena;
	struct buf text;
};

static bool
gather(const delivery_record *d, void *arg)
{
	struct gathering *g = arg;
	struct str packed = record_pack(g->arena, d);

	buf_printf(&g->text, "%s/%s/%s is %s, %zu bytes ", d->workspace, d->event_id, d->rule,
	    delivery_state_name((enum delivery_state)d->state), packed.len);
	buf_str(&g->text, packed);
	buf_putc(&g->text, '\n');
	return true;
}

/* All deliveries of a workspace, as text that can be compared. */
static void
read_all(struct store *s, const char *workspace, struct gathering *g)
{
	struct txn *t = txn_read(s, STORE_HISTORY);

	*g = (struct gathering){.arena = arena_new(0)};
	history_each_delivery_of(
	    t, g->arena, &(struct delivery_list){str_of(workspace)}, gather, g);
	must(txn_error(t) == NULL);
	txn_end(t);
}

static bool
are_same(struct store *a, struct store *b, const char *workspace)
{
	struct gathering of_a, of_b;
	bool same;

	read_all(a, workspace, &of_a);
	read_all(b, workspace, &of_b);
	same = str_eq(buf_view(&of_a.text), buf_view(&of_b.text));
	buf_fini(&of_a.text);
	buf_fini(&of_b.text);
	arena_free(of_a.arena);
	arena_free(of_b.arena);
	return same;
}

void
story_check_rebuilt(struct story *s, struct line *l)
{
	struct world *w = &s->world;
	char dir[sizeof(w->dir) + 8];
	const struct store_options o = {.dir = dir, .state_map_mb = 1, .history_map_mb = 4};
	struct store *index = world_store(w), *again = NULL;
	struct err e = {0};

	/* What a dead life wrote to the stream only is applied at the next start. */
	fake_broker_down(w->broker, false);
	if (w->life == NULL && !history_catch_up(w->broker, index, &e))
		line_fail(l, "%s", e.text);
	snprintf(dir, sizeof(dir), "%s/again", w->dir);
	if (!store_open(&again, &o, &e) || !history_catch_up(w->broker, again, &e))
		line_fail(l, "%s", e.text);
	/* The stream has more than an index whose size is limited. */
	for (int i = 0; i < s->n_workspaces && w->config.history_max_mb == 0; i++)
		if (!are_same(index, again, s->workspaces[i]))
			line_fail(l,
			    "an index made anew says something else about workspace %s",
			    s->workspaces[i]);
	store_close(again);
}
