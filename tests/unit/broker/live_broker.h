/* What the live tests share: brokers, publishers, expectations. One server a program. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <pthread.h>

#include "broker/private.h"
#include "carillon/base/log.h"
#include "live_server.h"

#include <cmocka.h>

enum { WAIT_MS = 15000 }; /* until a test calls something lost */

static _Thread_local struct err e; /* of the latest call */

static struct live_server server;

static inline struct broker_options
options_of(const char *prefix)
{
	return (struct broker_options){
	    .url = server.url,
	    .prefix = prefix,
	    .name = "carillon-test",
	    .replicas = 1,
	    .events_max_age_s = 2592000,
	    .history_max_age_s = 2592000,
	    .ack_wait_s = 30,
	    .ack_pending_max = 20000,
	    .connect_wait_ms = 10000,
	};
}

#define OK(call)                                                        \
	do {                                                            \
		if (!(call))                                            \
			fail_msg("%s: (%d) %s", #call, e.kind, e.text); \
	} while (0)
#define REFUSED(error_kind, call)                                                              \
	do {                                                                                   \
		if (call)                                                                      \
			fail_msg("%s succeeded", #call);                                       \
		if (e.kind != (error_kind))                                                    \
			fail_msg(                                                              \
			    "%s: kind %d, wanted %s: %s", #call, e.kind, #error_kind, e.text); \
	} while (0)

static inline struct broker *
broker_open(const struct broker_options *o)
{
	struct broker *b = NULL;

	OK(broker_connect(&b, o, &e));
	return b;
}

static inline struct broker *
broker_ready(const char *prefix)
{
	struct broker_options o = options_of(prefix);
	struct broker *b = broker_open(&o);

	OK(broker_ensure(b, &e));
	return b;
}

static inline bool
key_put(
    struct broker *b, const char *key, struct str bytes, uint64_t expected, uint64_t *revision)
{
	return broker_state_put(b, &(struct state_change){key, bytes, expected}, revision, &e);
}

static inline bool
key_delete(struct broker *b, const char *key, uint64_t expected, uint64_t *revision)
{
	return broker_state_delete(
	    b, &(struct state_change){.key = key, .expected = expected}, revision, &e);
}

static inline void
events_publish(struct broker *b, int from, int to)
{
	char subject[SUBJECT_MAX], id[32];

	subject_event(subject, b, STR("acme"), STR("alert.triggered"));
	for (int i = from; i < to; i++) {
		snprintf(id, sizeof id, "acme-%d", i);
		OK(broker_publish(
		    b, &(struct publication){subject, str_of(id), id, WAIT_MS}, NULL, &e));
	}
}

/* Many at once, by a thread each, because a single one waits for every PubAck. */
struct publisher {
	struct broker *b;
	int from, to;
};

static inline void *
publisher_main(void *arg)
{
	struct publisher *p = arg;

	events_publish(p->b, p->from, p->to);
	return NULL;
}

static inline void
events_publish_many(struct broker *b, int n)
{
	enum { THREADS = 8 };
	pthread_t thread[THREADS];
	struct publisher job[THREADS];

	for (int i = 0; i < THREADS; i++) {
		job[i] = (struct publisher){
		    b, n / THREADS * i, i == THREADS - 1 ? n : n / THREADS * (i + 1)};
		pthread_create(&thread[i], NULL, publisher_main, &job[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static inline struct broker_message
pull_one(struct puller *p, size_t room)
{
	struct broker_message m = {0};

	OK(puller_next(p, room, WAIT_MS, &m, &e));
	return m;
}

static inline void
pull_nothing(struct puller *p, int64_t wait_ms)
{
	struct broker_message m;

	REFUSED(ERR_NONE, puller_next(p, 100, wait_ms, &m, &e));
}

static inline void
wait_until_connected(struct broker *b)
{
	for (int i = 0; i < WAIT_MS / 10 && !broker_is_connected(b); i++)
		live_sleep_ms(10);
	assert_true(broker_is_connected(b));
}

/* Waits until the server has seen what was published so far. */
static inline void
flush(struct broker *b)
{
	assert_int_equal(natsConnection_FlushTimeout(b->nc, WAIT_MS), NATS_OK);
}

static inline void
wait_until_settled(struct broker *b)
{
	struct consumer_info info = {.ack_pending = 1};

	for (int i = 0; i < WAIT_MS / 10 && info.ack_pending > 0; i++) {
		flush(b);
		OK(broker_consumer_info(b, &info, &e));
		if (info.ack_pending > 0)
			live_sleep_ms(10);
	}
	assert_int_equal(info.ack_pending, 0);
}

static inline void
api_do(struct broker *b, const char *subject)
{
	struct api_reply r = {0};

	OK(api_call(b, subject, (struct str){NULL, 0}, &r, &e));
	api_reply_free(&r);
}

static inline int
server_up(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	live_open(&server, "");
	return 0;
}

static inline int
server_down(void **state)
{
	(void)state;
	live_close(&server);
	nats_Close();
	return 0;
}

/* A failed test may have left the server down. */
static inline int
server_again(void **state)
{
	(void)state;
	if (server.pid == 0)
		live_start(&server);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, server_again)
