#include "recent.h"

#include <stdlib.h>

#include "carillon/base/id.h"

enum { KEPT_MAX = 2048 };

struct kept {
	enum change_kind kind;
	struct position at;
	char workspace[WORKSPACE_ID_MAX + 1];
	struct buf element;
};

struct recent {
	struct position from; /* everything since is here */
	size_t next, n;       /* a ring: where the next one goes, and how many there are */
	struct kept all[KEPT_MAX];
};

struct recent *
recent_new(void)
{
	struct recent *r = calloc(1, sizeof(*r));

	must(r != NULL);
	return r;
}

void
recent_free(struct recent *r)
{
	for (size_t i = 0; i < KEPT_MAX; i++)
		buf_fini(&r->all[i].element);
	free(r);
}

void
recent_begin(struct recent *r, struct position at)
{
	r->from = at;
}

void
change_write(struct buf *out, const struct change *c)
{
	struct json_writer w;

	if (out->len > 0)
		buf_putc(out, ',');
	jw_init(&w, out);
	jw_array(&w);
	for (int i = 0; i < c->n_ids; i++)
		jw_string(&w, c->ids[i]);
	jw_array_end(&w);
}

static bool
is_of_history(enum change_kind kind)
{
	return kind == CHANGE_DELIVERY || kind == CHANGE_EVENT;
}

/* The oldest goes: what came with it is not known any more. */
static void
drop(struct recent *r, const struct kept *k)
{
	if (is_of_history(k->kind) && r->from.history <= k->at.history)
		r->from.history = k->at.history + 1;
	else if (!is_of_history(k->kind) && r->from.state <= k->at.state)
		r->from.state = k->at.state + 1;
}

void
recent_add(struct recent *r, const struct change *c, struct position at)
{
	struct kept *k = &r->all[r->next];

	if (r->n == KEPT_MAX)
		drop(r, k);
	else
		r->n++;
	r->next = (r->next + 1) % KEPT_MAX;
	k->kind = c->kind;
	k->at = at;
	(void)str_copy(k->workspace, sizeof(k->workspace), c->workspace);
	buf_clear(&k->element);
	change_write(&k->element, c);
}

bool
recent_reaches(const struct recent *r, struct position since)
{
	return since.history >= r->from.history && since.state >= r->from.state;
}

int
recent_write(const struct recent *r, struct str workspace, enum change_kind kind,
    struct position since, struct buf *out)
{
	int n = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct kept *k = &r->all[(r->next + KEPT_MAX - r->n + i) % KEPT_MAX];
		bool is_after = is_of_history(kind) ? k->at.history >= since.history
		                                    : k->at.state >= since.state;

		if (k->kind != kind || !is_after || !str_eq(str_of(k->workspace), workspace))
			continue;
		if (n++ > 0)
			buf_putc(out, ',');
		buf_str(out, buf_view(&k->element));
	}
	return n;
}
