#include "eraser.h"

#include <pthread.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "carillon/registry/erasing.h"

enum {
	LOOK_MS = 500,   /* how soon it is seen that it is to end */
	AGAIN_MS = 5000, /* after what failed */
};

struct eraser {
	const struct keeper_parts *parts;
	struct registry *registry;
	struct reader *reader; /* of the short bucket; NULL: to be opened */
	uint64_t at;           /* the last message that was dealt with */
	atomic_bool is_stopping;
	pthread_t thread;
};

static bool
erase(struct eraser *x, erasure_record *r, uint64_t revision, struct err *e)
{
	struct erasing run = {.registry = x->registry,
	    .erasure = {.broker = x->parts->broker,
		.store = x->parts->store,
		.workspace = str_of(r->workspace)},
	    .request_timeout_ms = x->parts->config->request_timeout_ms,
	    .is_stopping = &x->is_stopping};

	registry_set_author(x->registry, str_of(r->by));
	if (!registry_catch_up(x->registry, 0, e) || !erasing_run(&run, e))
		return false;
	erasure_end(r, &run.erasure, clock_wall());
	/* Another node was faster: it is done. */
	if (!erasure_put(x->parts->broker, r, revision, e) && e->kind != ERR_CONFLICT)
		return false;
	log_info("eraser.done", L_STR("erasure", r->id), L_INT("messages", r->messages),
	    L_INT("records", r->records));
	return store_ask_rewrite(x->parts->config->data_dir, e);
}

/* False: it is to be read again. */
static bool
take(struct eraser *x, const struct broker_message *m, struct err *e)
{
	struct arena *a = arena_new(0);
	erasure_record *r = erasure_of(x->parts->broker, a, m);
	bool ok = r == NULL || r->done_ms != 0 || erase(x, r, m->seq, e);

	arena_free(a);
	return ok;
}

static void
rest(const struct eraser *x, int64_t ms)
{
	for (int64_t slept = 0; slept < ms && !atomic_load(&x->is_stopping); slept += LOOK_MS)
		clock_sleep(LOOK_MS);
}

static void
again(struct eraser *x, const struct err *e)
{
	if (!atomic_load(&x->is_stopping))
		log_warn("eraser.again", L_STR("error", e->text));
	reader_close(x->reader);
	x->reader = NULL;
	rest(x, AGAIN_MS);
}

static void
turn(struct eraser *x)
{
	struct broker_message m;
	struct err e = {0};

	if (x->reader == NULL &&
	    !reader_open(&x->reader, x->parts->broker, STREAM_SHORT, x->at + 1, &e)) {
		x->reader = NULL;
		again(x, &e);
		return;
	}
	if (reader_next(x->reader, LOOK_MS, &m, &e)) {
		if (take(x, &m, &e))
			x->at = m.seq;
		else
			again(x, &e);
		broker_message_free(&m);
	} else if (e.kind != ERR_NONE && e.kind != ERR_TEMP) {
		again(x, &e);
	}
}

static void *
eraser_run(void *eraser)
{
	struct eraser *x = eraser;

	while (!atomic_load(&x->is_stopping))
		turn(x);
	reader_close(x->reader);
	return NULL;
}

struct eraser *
eraser_start(const struct keeper_parts *parts)
{
	struct eraser *x = calloc(1, sizeof(*x));

	must(x != NULL);
	x->parts = parts;
	x->registry = registry_new(parts->broker, parts->store);
	must(pthread_create(&x->thread, NULL, eraser_run, x) == 0);
	(void)pthread_setname_np(x->thread, "eraser");
	return x;
}

void
eraser_stop(struct eraser *x)
{
	if (x == NULL)
		return;
	atomic_store(&x->is_stopping, true);
	pthread_join(x->thread, NULL);
	registry_free(x->registry);
	free(x);
}
