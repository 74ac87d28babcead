/* What the store's tests share: a directory of their own, a small store, records. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* ours is another */
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "carillon/store/store.h"

struct fixture {
	char dir[64];
	struct store *store;
	struct arena *arena;
};

static inline struct store_options
small_options(const char *dir)
{
	return (struct store_options){.dir = dir, .state_map_mb = 1, .history_map_mb = 1};
}

static inline void
open_store(struct fixture *f)
{
	const struct store_options o = small_options(f->dir);
	struct err e = {0};

	const bool ok = store_open(&f->store, &o, &e);
	assert_string_equal(e.text, "");
	assert_true(ok);
}

static inline int
fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "/tmp/carillon-store-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->arena = arena_new(0);
	open_store(f);
	*state = f;
	return 0;
}

static inline int
fixture_remove(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static inline int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	nftw(f->dir, fixture_remove, 8, FTW_DEPTH | FTW_PHYS);
	arena_free(f->arena);
	free(f);
	return 0;
}

#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static inline void
write_store(struct store *s, enum store_env env, store_fill *fill, void *arg)
{
	struct err e = {0};

	const bool ok = store_write(s, env, fill, arg, &e);
	assert_string_equal(e.text, "");
	assert_true(ok);
}

static inline bool
fill_apply(struct txn *t, void *arg, struct err *e)
{
	(void)e;
	history_apply(t, arg);
	return true;
}

static inline void
apply_event_record(struct store *s, event_record *ev)
{
	history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;

	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT;
	entry.event = ev;
	write_store(s, STORE_HISTORY, fill_apply, &entry);
}

static inline void
apply_delivery_record(struct store *s, delivery_record *d)
{
	history_entry entry = CARILLON__V1__HISTORY_ENTRY__INIT;

	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	entry.delivery = d;
	write_store(s, STORE_HISTORY, fill_apply, &entry);
}

/* An event of `workspace`, received `seq` seconds after 1970. */
static inline void
put_event(struct fixture *f, const char *workspace, uint64_t seq, const char *id)
{
	event_record ev = CARILLON__V1__EVENT_RECORD__INIT;

	ev.workspace = (char *)(uintptr_t)workspace;
	ev.event_id = (char *)(uintptr_t)id;
	ev.seq = seq;
	ev.received_ms = (int64_t)seq * 1000;
	apply_event_record(f->store, &ev);
}

static inline delivery_record
delivery_of(const char *workspace, uint64_t seq, const char *rule, enum delivery_state state)
{
	delivery_record d = CARILLON__V1__DELIVERY_RECORD__INIT;

	d.workspace = (char *)(uintptr_t)workspace;
	d.seq = seq;
	d.rule = (char *)(uintptr_t)rule;
	d.connection = (char *)(uintptr_t) "conn_a";
	d.state = (Carillon__V1__DeliveryState)state;
	return d;
}

static inline void
put_delivery(struct fixture *f, const char *workspace, uint64_t seq, const char *rule,
    enum delivery_state state)
{
	delivery_record d = delivery_of(workspace, seq, rule, state);

	apply_delivery_record(f->store, &d);
}

/* Collects what the lists give as "seq/rule " or "seq ", so that a test compares one string. */
struct listing {
	char text[4096];
	size_t stop_after; /* 0: never */
	size_t count;
};

static inline bool
list_delivery(const delivery_record *d, void *arg)
{
	struct listing *l = arg;
	const size_t len = strlen(l->text);

	snprintf(l->text + len, sizeof(l->text) - len, "%llu/%s ", (unsigned long long)d->seq,
	    d->rule);
	return ++l->count != l->stop_after;
}

static inline bool
list_event(const event_record *ev, void *arg)
{
	struct listing *l = arg;
	const size_t len = strlen(l->text);

	snprintf(l->text + len, sizeof(l->text) - len, "%llu ", (unsigned long long)ev->seq);
	return ++l->count != l->stop_after;
}
