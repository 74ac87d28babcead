#include "rule_keys.h"

#include "carillon/base/buf.h"
#include "carillon/base/table.h"
#include "carillon/rules/rule_keys.h"

enum {
	/* Who waits for a key is called when it is free; this is for who is forgotten, longer
	 * for who has waited for long: of a very long line only the head is not. */
	FALLBACK_MS = 10000,
	FALLBACK_MAX_MS = 120000,
	BEHIND_MS = 1000, /* after the next attempt of the one that is waited for */
};

static void
make_keys(struct delivery *d)
{
	struct message *m = d->message;

	for (enum key_use use = 0; use < KEY_USES; use++)
		d->key[use] =
		    rule_key_text(d->rule->key[use], d->rule->order, &m->event, m->arena, NULL);
}

void
rule_keys_prepare(struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++) {
		struct delivery *d = &m->deliveries[i];

		/* A digest stands for many keys, so for none. */
		if (delivery_is_open(d) && d->digest == NULL)
			make_keys(d);
	}
}

bool
rule_keys_has_any(const struct message *m)
{
	for (int i = 0; i < m->n_deliveries; i++)
		for (enum key_use use = 0; use < KEY_USES; use++)
			if (m->deliveries[i].key[use].len > 0)
				return true;
	return false;
}

/* --- what the ledger says of them --- */

/* One use of a delivery's key, and what is known of it. */
struct asked {
	enum key_answer answer;
	struct key_life life;
};

/* The one that is waited for; NULL: nothing of it is open any more. */
static const delivery_record *
wanted_one(const struct delivery *d, struct txn *history, const struct key_life *life)
{
	const delivery_record *w =
	    life->wanted == 0
		? NULL
		: history_delivery(history, d->message->arena, life->wanted, d->rule_id);

	return w == NULL || delivery_state_is_final((enum delivery_state)w->state) ? NULL : w;
}

static struct asked
ask(const struct delivery *d, struct txn *history, enum key_use use, wall_t now)
{
	struct asked a = {.answer = KEY_FREE};
	const struct key_question q = {
	    .seq = d->message->seq,
	    .connection = d->rule->connection_id,
	    .channel = d->channel,
	    .at = {d->before != NULL ? d->before->created_ms : now.ms},
	    .age_ms = d->rule->key_age_ms[use],
	    .is_taken = d->key_is_taken[use],
	};

	if (d->key[use].len == 0)
		return a;
	ledger_key_life(
	    history, d->message->event.workspace, d->rule_id, use, d->key[use], &a.life);
	/* Of one that is gone without a word nothing will become. */
	if (a.life.wanted != 0 && wanted_one(d, history, &a.life) == NULL)
		a.life.wanted = 0;
	a.answer = key_life_ask(&a.life, use, &q);
	return a;
}

static struct str
perhaps_posted(const struct delivery *d)
{
	return d->maybe_posted
	           ? STR("; this one may have been posted by an attempt that was interrupted")
	           : (struct str){0};
}

static struct str
event_id_of(struct delivery *d, struct txn *history, uint64_t seq)
{
	const event_record *ev = history_event(history, d->message->arena, seq);

	return ev != NULL ? str_of(ev->event_id) : STR("?");
}

static void
skip_outdated(struct delivery *d, struct txn *history, const struct key_life *life)
{
	struct arena *a = d->message->arena;
	struct str unsure = perhaps_posted(d);

	d->shown_by = key_life_newer(life);
	delivery_settle(d, DELIVERY_SKIPPED,
	    arena_printf(a, "event \"%.*s\", newer and of the same key, is %s%.*s",
		STR_ARG(event_id_of(d, history, d->shown_by)),
		life->wanted > life->newest ? "on its way" : "shown", STR_ARG(unsure)),
	    remedy_of(REPAIR_NONE));
}

/* The scribe counts on, but not what is asked for again. */
static void
skip_repeat(struct delivery *d, const struct key_life *life)
{
	struct str unsure = perhaps_posted(d);

	d->shown_by = life->shown.seq;
	d->is_counted = d->before != NULL && d->before->suppressed > 0 &&
	                d->before->shown_by == life->shown.seq;
	d->suppressed = d->is_counted ? d->before->suppressed : life->count + 1;
	delivery_settle(d, DELIVERY_SKIPPED,
	    arena_printf(d->message->arena,
		"the same key was posted less than %lld minutes ago%.*s",
		(long long)(d->rule->key_age_ms[KEY_DEDUPE] / 60000), STR_ARG(unsure)),
	    remedy_of(REPAIR_NONE));
}

static int64_t
fallback_ms(int64_t age_ms)
{
	if (age_ms / 4 > FALLBACK_MAX_MS)
		return FALLBACK_MAX_MS;
	return age_ms / 4 > FALLBACK_MS ? age_ms / 4 : FALLBACK_MS;
}

/* Not before the other has had its next attempt. */
static wall_t
when_to_look(struct delivery *d, struct txn *history, const struct key_life *life, wall_t now)
{
	const delivery_record *other = wanted_one(d, history, life);
	const int64_t age_ms = d->before != NULL ? now.ms - d->before->created_ms : 0;
	wall_t at = {now.ms + fallback_ms(age_ms)};

	if (other != NULL && other->due_ms + BEHIND_MS > at.ms)
		at.ms = other->due_ms + BEHIND_MS;
	return at;
}

static void
wait_for_key(struct delivery *d, struct txn *history, const struct key_life *life, wall_t now)
{
	d->waits_for_key = true;
	delivery_wait(d, DELIVERY_PARKED, when_to_look(d, history, life, now),
	    STR("waiting for an earlier message of the same key"), remedy_of(REPAIR_WAIT));
}

static struct str
shown_id(const struct delivery *d, const struct asked *a)
{
	return a->answer == KEY_FOLLOWS ? arena_str(d->message->arena, str_of(a->life.shown.id))
	                                : (struct str){0};
}

static void
apply(struct delivery *d, struct txn *history, wall_t now)
{
	struct asked asked[KEY_USES];
	const struct key_life *waits_for = NULL;

	for (enum key_use use = 0; use < KEY_USES; use++) {
		asked[use] = ask(d, history, use, now);
		if (asked[use].answer == KEY_WAITS)
			waits_for = &asked[use].life;
	}
	if (asked[KEY_UPDATE].answer == KEY_OUTDATED) {
		skip_outdated(d, history, &asked[KEY_UPDATE].life);
	} else if (asked[KEY_DEDUPE].answer == KEY_REPEATS) {
		skip_repeat(d, &asked[KEY_DEDUPE].life);
	} else if (waits_for != NULL) {
		wait_for_key(d, history, waits_for, now);
	} else {
		d->update_id = shown_id(d, &asked[KEY_UPDATE]);
		d->thread_id = shown_id(d, &asked[KEY_THREAD]);
	}
}

void
rule_keys_apply(struct message *m, struct txn *history, wall_t now)
{
	for (int i = 0; i < m->n_deliveries; i++)
		if (delivery_is_open(&m->deliveries[i]))
			apply(&m->deliveries[i], history, now);
}

/* --- of what waits to go out with others --- */

static bool
leads_elsewhere(const delivery_record *d, const struct rule *rule, struct txn *history,
    enum key_use use, const char *key)
{
	const struct key_question q = {
	    .seq = d->seq,
	    .connection = rule->connection_id,
	    .channel = rule->channel,
	    .at = {d->created_ms},
	    .age_ms = rule->key_age_ms[use],
	};
	struct key_life life;

	if (key[0] == '\0' || rule->key[use] == NULL)
		return false;
	ledger_key_life(
	    history, str_of(d->workspace), str_of(d->rule), use, str_of(key), &life);
	return key_life_ask(&life, use, &q) != KEY_FREE;
}

bool
rule_keys_lead_elsewhere(const delivery_record *d, const struct rule *rule, struct txn *history)
{
	return leads_elsewhere(d, rule, history, KEY_UPDATE, d->update_key) ||
	       leads_elsewhere(d, rule, history, KEY_DEDUPE, d->dedupe_key);
}

/* --- how often a dedupe window kept one back --- */

/* Keys remembered; then all are forgotten, for by then the ledger knows their counts. */
enum { KEYS_MAX = 4096 };

struct repeats {
	struct table *counts; /* first message, rule, workspace, key -> the count itself */
	struct buf key;
};

struct repeats *
repeats_new(void)
{
	struct repeats *r = calloc(1, sizeof(*r));

	must(r != NULL);
	r->counts = table_new();
	return r;
}

void
repeats_free(struct repeats *r)
{
	table_free(r->counts);
	buf_fini(&r->key);
	free(r);
}

static struct str
key_of(struct repeats *r, const struct delivery *d)
{
	buf_clear(&r->key);
	buf_put(&r->key, &d->shown_by, sizeof(d->shown_by));
	buf_str(&r->key, d->rule_id);
	buf_putc(&r->key, '\0');
	buf_str(&r->key, d->message->event.workspace);
	buf_putc(&r->key, '\0');
	buf_str(&r->key, d->key[KEY_DEDUPE]);
	return buf_view(&r->key);
}

uint32_t
repeats_count(struct repeats *r, const struct delivery *d)
{
	struct str key = key_of(r, d);
	uintptr_t last = (uintptr_t)table_get(r->counts, key);
	uintptr_t n = last < d->suppressed ? d->suppressed : last + 1;

	if (table_len(r->counts) >= KEYS_MAX) {
		table_free(r->counts);
		r->counts = table_new();
	}
	table_set(r->counts, key, (void *)n);
	return (uint32_t)n;
}
