#include "rule_keys.h"

#include "carillon/base/buf.h"
#include "carillon/base/table.h"
#include "carillon/rules/rule_keys.h"

enum { TAKEN_PAUSE_MS = 2000 }; /* until the message before is settled, usually */

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
		delivery_settle(d, DELIVERY_SKIPPED,
		    arena_printf(d->message->arena,
			"the same key was posted less than %lld minutes ago",
			(long long)(d->rule->key_age_ms[KEY_DEDUPE] / 60000)),
		    remedy_of(REPAIR_NONE));
	} else if (must_wait) {
		delivery_wait(d, DELIVERY_PARKED, (wall_t){now.ms + TAKEN_PAUSE_MS},
		    STR("waiting for an earlier message of the same key"),
		    remedy_of(REPAIR_WAIT));
	} else {
		if (found[KEY_UPDATE])
			d->update_id = id_of(d, &k[KEY_UPDATE]);
		if (found[KEY_THREAD])
			d->thread_id = id_of(d, &k[KEY_THREAD]);
	}
}

void
rule_keys_apply(struct message *m, struct txn *history, wall_t now)
{
	for (int i = 0; i < m->n_deliveries; i++)
		if (delivery_is_open(&m->deliveries[i]))
			apply(&m->deliveries[i], history, now);
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
	buf_put(&r->key, &d->repeat_of, sizeof(d->repeat_of));
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
