#include "keyed.h"

#include "carillon/base/buf.h"
#include "carillon/rules/template.h"

enum {
	TAKEN_PAUSE_MS = 2000, /* until the message before is settled, usually */
	KEY_TEXT_MAX = 512,    /* bytes of a key that are looked at */
};

static struct str
trimmed(struct str s)
{
	while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
		s = (struct str){s.ptr + 1, s.len - 1};
	while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ')
		s.len--;
	s.len = str_utf8_cut(s, KEY_TEXT_MAX);
	return s;
}

struct str
keyed_text(const struct rule *rule, enum key_use use, const struct event *ev, struct arena *a)
{
	struct buf text = {0};
	struct str key;

	if (rule->key[use] == NULL)
		return (struct str){0};
	template_render(rule->key[use], ev, TEMPLATE_ESCAPE_NONE, &text, NULL);
	key = arena_str(a, trimmed(buf_view(&text)));
	buf_fini(&text);
	return key;
}

static void
prepare(struct delivery *d)
{
	struct message *m = d->message;

	for (enum key_use use = 0; use < KEY_USES; use++)
		d->key[use] = keyed_text(d->rule, use, &m->event, m->arena);
}

void
keyed_prepare(struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++)
		if (m->deliveries[i].step != STEP_SETTLED)
			prepare(&m->deliveries[i]);
}

bool
keyed_has_any(const struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++)
		for (enum key_use use = 0; use < KEY_USES; use++)
			if (m->deliveries[i].key[use].len > 0)
				return true;
	return false;
}

static void
settled(struct delivery *d, enum delivery_state state, struct str reason)
{
	d->step = STEP_SETTLED;
	d->state = state;
	d->reason = reason;
}

/* What the ledger has under the key, if it is not too old to count. */
static bool
find(struct delivery *d, struct txn *history, enum key_use use, wall_t now, struct keyed *out)
{
	int64_t age_ms = d->rule->key_age_ms[use];

	if (d->key[use].len == 0 || !ledger_keyed(history, d->message->event.workspace,
					d->rule_id, use, d->key[use], out))
		return false;
	return out->seq != d->message->seq && (age_ms == 0 || now.ms - out->at.ms < age_ms);
}

static struct str
id_of(struct delivery *d, const struct keyed *k)
{
	return arena_str(d->message->arena, str_of(k->message_id));
}

static void
apply(struct delivery *d, struct txn *history, wall_t now)
{
	struct keyed k[KEY_USES];
	bool found[KEY_USES], must_wait = false;

	for (enum key_use use = 0; use < KEY_USES; use++) {
		found[use] = find(d, history, use, now, &k[use]);
		/* Only who might be the first has to wait for who is about to be. */
		must_wait = must_wait || (d->key_is_taken[use] && !found[use]);
	}
	if (found[KEY_DEDUPE]) {
		d->suppressed = k[KEY_DEDUPE].count + 1; /* the scribe counts on */
		d->repeat_of = k[KEY_DEDUPE].seq;
		settled(d, DELIVERY_SKIPPED,
		    arena_printf(d->message->arena,
			"the same key was posted less than %lld minutes ago",
			(long long)(d->rule->key_age_ms[KEY_DEDUPE] / 60000)));
	} else if (must_wait) {
		settled(
		    d, DELIVERY_PARKED, STR("waiting for an earlier message of the same key"));
		d->due = (wall_t){now.ms + TAKEN_PAUSE_MS};
	} else {
		if (found[KEY_UPDATE])
			d->update_id = id_of(d, &k[KEY_UPDATE]);
		if (found[KEY_THREAD])
			d->thread_id = id_of(d, &k[KEY_THREAD]);
	}
}

void
keyed_apply(struct message *m, struct txn *history, wall_t now)
{
	for (int i = 0; i < m->n_deliveries; i++)
		if (m->deliveries[i].step != STEP_SETTLED)
			apply(&m->deliveries[i], history, now);
}
