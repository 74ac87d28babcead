/* Whatever stands in the history stream: it is applied or skipped, and what the flow does with
 * what is in the index then ends, without a transaction that fails. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carillon/base/id.h"
#include "carillon/base/log.h"
#include "carillon/index/history_batch.h"
#include "flow/active.h"
#include "flow/match.h"
#include "flow/record.h"
#include "flow/resume.h"

enum { MEMORY_MAX = 16 << 20, HAND = 64, BATCH_BYTES = 1 << 20 };

static const wall_t NOW = {1776441720000};

static struct store *store;
static struct rulebook *rulebook;
static struct active *active;

/* --- a workspace with a rule, once --- */

static void
put(struct txn *t, enum state_kind kind, const char *id, const void *record)
{
	struct arena *a = arena_new(0);
	char key[STATE_KEY_MAX];

	state_key(key, STR("acme"), kind, str_of(id));
	state_apply(t, str_of(key), record_pack(a, record), 1);
	arena_free(a);
}

static bool
put_all(struct txn *t, void *arg, struct err *e)
{
	workspace_record w = CARILLON__V1__WORKSPACE__INIT;
	connection_record c = CARILLON__V1__CONNECTION__INIT;
	rule_record r = CARILLON__V1__RULE__INIT;
	uint8_t sealed[] = "sealed";

	(void)arg;
	(void)e;
	w.id = (char *)(uintptr_t) "acme";
	put(t, STATE_WORKSPACE, "acme", &w);
	c.id = c.dest = (char *)(uintptr_t) "slack";
	c.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	c.sealed = (ProtobufCBinaryData){sizeof(sealed), sealed};
	put(t, STATE_CONNECTION, "slack", &c);
	r.id = (char *)(uintptr_t) "r";
	r.event_type = (char *)(uintptr_t) ">";
	r.connection = (char *)(uintptr_t) "slack";
	r.channel = (char *)(uintptr_t) "C0ALERTS";
	r.active = true;
	put(t, STATE_RULE, "r", &r);
	return true;
}

static void
begin(void)
{
	static char dir[] = "/tmp/carillon-fuzz-XXXXXX";
	const struct store_options o = {.dir = dir, .state_map_mb = 1, .history_map_mb = 64};
	struct err e;

	log_set_level((enum log_level)((int)LOG_LEVEL_ERROR + 1));
	must(mkdtemp(dir) != NULL && store_open(&store, &o, &e));
	must(store_write(store, STORE_STATE, put_all, NULL, &e));
	store_remove(dir); /* the files live as long as they are open */
	rulebook = rulebook_new(store, 10);
	active = active_new(HAND);
}

/* --- what reads the index --- */

static void
record_again(const struct message *m)
{
	struct batch b;
	struct str bytes;

	batch_init(&b);
	for (int i = 0; i < m->n_deliveries; i++)
		record_delivery(&b, &m->deliveries[i], BATCH_APART, (struct handout){0}, NOW);
	while (batch_take(&b, BATCH_BYTES, "fuzz", &bytes))
		;
	batch_fini(&b);
}

static void
event_of(struct message *m, struct txn *t, struct str workspace)
{
	const event_record *rec = history_event(t, m->arena, m->seq);

	m->event = (struct event){.workspace = arena_str(m->arena, workspace)};
	if (rec != NULL)
		m->event.id = str_of(rec->event_id);
}

static void
go_on(struct txn *t, enum origin origin, const delivery_record *d)
{
	struct message *m = message_new(origin, d->seq);
	struct str rule = str_of(d->rule);
	struct err e;

	event_of(m, t, str_of(d->workspace));
	m->rules = rulebook_get(rulebook, m->event.workspace, &e);
	must(m->rules != NULL);
	if (origin == ORIGIN_LEDGER)
		resume_from_ledger(m, t, &rule, 1, NOW);
	else
		resume_from_stream(m, t, NOW);
	if (active_take(active, m) == ACTIVE_TAKEN)
		active_release(active, m);
	record_again(m);
	message_free(m);
}

struct play {
	const history_batch *batch;
	struct txn *txn;
	struct arena *arena;
};

static bool
go_on_from(const delivery_record *d, void *arg)
{
	struct play *p = arg;

	go_on(p->txn, ORIGIN_LEDGER, d);
	go_on(p->txn, ORIGIN_STREAM, d);
	return true;
}

static bool
look_at_group(struct str workspace, struct str connection, void *arg)
{
	struct play *p = arg;

	ledger_each_held(p->txn, p->arena,
	    &(struct held_list){workspace, connection, (struct str){0}}, go_on_from, p);
	return true;
}

static void
look_at_all(struct play *p)
{
	ledger_each_due(p->txn, p->arena, (wall_t){INT64_MAX}, go_on_from, p);
	ledger_each_claimed(p->txn, p->arena, go_on_from, p);
	ledger_each_open(p->txn, p->arena, 0, go_on_from, p);
	ledger_each_held_group(p->txn, (struct str){0}, (struct str){0}, look_at_group, p);
}

static bool
play(struct txn *t, void *arg, struct err *e)
{
	struct play *p = arg;

	(void)e;
	p->txn = t;
	for (size_t i = 0; i < p->batch->n_entries; i++)
		history_apply(t, p->batch->entries[i]);
	look_at_all(p);
	must(txn_error(t) == NULL || txn_error(t)->kind == ERR_FULL);
	return false; /* nothing of it stays */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(MEMORY_MAX);
	struct play p = {.arena = arena_new(0)};
	struct err e;
	void *batch;

	if (store == NULL)
		begin();
	if (record_unpack(&carillon__v1__history_batch__descriptor, a,
		(struct str){(const char *)data, size}, &batch, &e)) {
		p.batch = batch;
		must(!store_write(store, STORE_HISTORY, play, &p, &e));
	}
	arena_free(p.arena);
	arena_free(a);
	return 0;
}
