/* Publishing without waiting, against a real nats-server that comes and goes. */
#include "live_broker.h"

#include <sys/types.h>

/* What was told; one a begun publish. */
struct told {
	int times;
	struct pub_ack stored;
	enum err_kind kind;
	char text[200];
	pthread_t by;
	struct tally *tally;
};

struct tally {
	struct broker *b;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int begun, told, ok;
};

static void
tally_init(struct tally *t, struct broker *b)
{
	*t = (struct tally){.b = b};
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
}

static void
note(const struct pub_ack *p, const struct err *why, void *arg)
{
	struct told *t = arg;

	pthread_mutex_lock(&t->tally->lock);
	t->times++;
	t->by = pthread_self();
	if (p)
		t->stored = *p;
	if (why) {
		t->kind = why->kind;
		snprintf(t->text, sizeof t->text, "%s", why->text);
	}
	t->tally->told++;
	t->tally->ok += p != NULL;
	pthread_cond_signal(&t->tally->changed);
	pthread_mutex_unlock(&t->tally->lock);
}

/* Until at most `left` are under way. */
static void
wait_told(struct tally *t, int left)
{
	pthread_mutex_lock(&t->lock);
	while (t->begun - t->told > left)
		pthread_cond_wait(&t->changed, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

static bool
begin(struct tally *t, struct told *one, const char *subject, const char *id)
{
	one->tally = t;
	if (!broker_publish_begin(t->b, subject, str_of(id), id, note, one))
		return false;
	pthread_mutex_lock(&t->lock);
	t->begun++;
	pthread_mutex_unlock(&t->lock);
	return true;
}

static void
what_one_thread_begins_is_stored_in_order_and_told_once(void **state)
{
	enum { N = 5000 };
	struct broker *b = broker_ready("order");
	struct told *told = calloc(N, sizeof *told);
	struct tally t;
	char id[32];

	(void)state;
	tally_init(&t, b);
	for (int i = 0; i < N; i++) {
		snprintf(id, sizeof id, "acme-%d", i);
		wait_told(&t, 63);
		assert_true(begin(&t, &told[i], "order.ops.acme.x", id));
	}
	wait_told(&t, 0);
	for (int i = 0; i < N; i++) {
		assert_int_equal(told[i].times, 1);
		assert_int_equal(told[i].kind, ERR_NONE);
		assert_int_equal(told[i].stored.seq, i + 1);
		assert_false(told[i].stored.is_repeat);
		assert_true(pthread_equal(told[i].by, told[0].by));
		assert_false(pthread_equal(told[i].by, pthread_self()));
	}
	assert_true(begin(&t, &told[0], "order.ops.acme.x", "acme-7"));
	wait_told(&t, 0);
	assert_int_equal(told[0].stored.seq, 8);
	assert_true(told[0].stored.is_repeat);
	free(told);
	broker_close(b);
}

/* Until then each is sent again: a server that is killed forgets what it has not read. */
static void
a_broker_that_restarts_in_between_costs_nothing_but_time(void **state)
{
	enum { N = 6000, KILLS = 4, UNDER_WAY = 64 };
	struct broker *b = broker_ready("kill");
	struct told *told = calloc(N, sizeof *told);
	struct broker_message m;
	struct stream_info info;
	struct tally t;
	char id[32];

	(void)state;
	tally_init(&t, b);
	for (int i = 0; i < N; i++) {
		snprintf(id, sizeof id, "acme-%d", i);
		wait_told(&t, UNDER_WAY - 1);
		assert_true(begin(&t, &told[i], "kill.ops.acme.x", id));
		if (i % (N / KILLS) == N / KILLS / 2) {
			live_kill(&server);
			live_start(&server);
		}
	}
	wait_told(&t, 0);
	for (int i = 0; i < N; i++) {
		assert_int_equal(told[i].times, 1);
		if (told[i].kind != ERR_NONE)
			fail_msg("%d: %s", i, told[i].text);
		snprintf(id, sizeof id, "acme-%d", i);
		OK(broker_get(b, STREAM_OPS, told[i].stored.seq, &m, &e));
		assert_true(str_eq(m.msg_id, str_of(id)) && str_eq(m.data, str_of(id)));
		broker_message_free(&m);
	}
	OK(broker_stream_info(b, STREAM_OPS, &info, &e));
	assert_int_equal(info.messages, N);
	assert_true(broker_reconnects(b) >= KILLS);
	free(told);
	broker_close(b);
}

static void
only_so_many_are_under_way(void **state)
{
	struct broker *b = broker_ready("bound");
	struct told *told = calloc(PUBLISH_BEGUN_MAX + 1, sizeof *told);
	struct tally t;
	char id[32];

	(void)state;
	tally_init(&t, b);
	live_kill(&server);
	for (int i = 0; i < PUBLISH_BEGUN_MAX; i++) {
		snprintf(id, sizeof id, "acme-%d", i);
		assert_true(begin(&t, &told[i], "bound.ops.acme.x", id));
	}
	assert_false(begin(&t, &told[PUBLISH_BEGUN_MAX], "bound.ops.acme.x", "more"));
	live_start(&server);
	wait_told(&t, 0);
	assert_int_equal(t.ok, PUBLISH_BEGUN_MAX);
	assert_true(begin(&t, &told[PUBLISH_BEGUN_MAX], "bound.ops.acme.x", "more"));
	wait_told(&t, 0);
	assert_int_equal(t.ok, PUBLISH_BEGUN_MAX + 1);
	assert_int_equal(told[PUBLISH_BEGUN_MAX].times, 1);
	free(told);
	broker_close(b);
}

static void
what_is_under_way_in_bytes_is_bounded_too(void **state)
{
	enum { SIZE = 1024 * 1024 - 1024 };
	struct broker *b = broker_ready("bytes");
	struct told told[128] = {0};
	struct str large = {calloc(1, SIZE), SIZE};
	struct tally t;
	int n = 0;

	(void)state;
	tally_init(&t, b);
	live_kill(&server);
	for (; n < 128; n++) {
		told[n].tally = &t;
		if (!broker_publish_begin(b, "bytes.ops.acme.x", large, NULL, note, &told[n]))
			break;
		t.begun++;
	}
	assert_int_equal(n, PUBLISH_BEGUN_BYTES_MAX / SIZE);
	live_start(&server);
	wait_told(&t, 0);
	assert_int_equal(t.ok, n);
	free((void *)(uintptr_t)large.ptr);
	broker_close(b);
}

static void
what_the_server_refuses_is_told_at_once(void **state)
{
	enum { SIZE = 2 * 1024 * 1024 };
	struct broker *b = broker_ready("refuse");
	struct str large = {calloc(1, SIZE), SIZE};
	struct api_reply r = {0};
	struct told full = {0}, huge = {0};
	struct tally t;

	(void)state;
	tally_init(&t, b);
	OK(api_call(b, "STREAM.UPDATE.REFUSE_EVENTS",
	    STR("{\"name\":\"REFUSE_EVENTS\",\"subjects\":[\"refuse.events.>\"],\"max_msgs\":2,"
		"\"discard\":\"new\",\"allow_direct\":true,\"deny_purge\":true,"
		"\"num_replicas\":1,\"duplicate_window\":120000000000}"),
	    &r, &e));
	api_reply_free(&r);
	events_publish(b, 0, 2);
	int64_t started = clock_mono().ms;
	assert_true(begin(&t, &full, "refuse.events.acme.x", "third"));
	huge.tally = &t;
	t.begun++;
	assert_true(broker_publish_begin(b, "refuse.events.acme.x", large, NULL, note, &huge));
	wait_told(&t, 0);
	assert_int_equal(full.kind, ERR_FULL);
	assert_non_null(strstr(full.text, "publish to refuse.events.acme.x: "));
	assert_int_equal(huge.kind, ERR_INPUT);
	assert_true(clock_mono().ms - started < PUBLISH_BEGUN_MS / 2);
	free((void *)(uintptr_t)large.ptr);
	broker_close(b);
}

/* A signal is sent before it has stopped every thread. */
static void
stop_server(void)
{
	char path[64], state = ' ';

	kill(server.pid, SIGSTOP);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)server.pid);
	while (state != 'T') {
		FILE *f = fopen(path, "r");

		assert_non_null(f);
		if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
			state = ' ';
		(void)fclose(f);
	}
}

/* Nobody listens; the server hangs. */
static void
what_gets_no_answer_is_told_when_its_time_is_over(void **state)
{
	struct broker *b = broker_ready("silent");
	struct told nobody = {0}, hanging = {0};
	struct tally t;

	(void)state;
	tally_init(&t, b);
	int64_t started = clock_mono().ms;
	assert_true(begin(&t, &nobody, "nobodys.subject", "n"));
	live_sleep_ms(100); /* it was answered: no responders */
	stop_server();
	assert_true(begin(&t, &hanging, "silent.ops.acme.x", "h"));
	wait_told(&t, 0);
	assert_true(clock_mono().ms - started >= PUBLISH_BEGUN_MS);
	assert_int_equal(nobody.kind, ERR_SETUP);
	assert_non_null(strstr(nobody.text, "nobodys.subject: no stream takes it"));
	assert_int_equal(hanging.kind, ERR_TEMP);
	kill(server.pid, SIGCONT);
	broker_close(b);
	assert_int_equal(nobody.times + hanging.times, 2);
}

static void
closing_the_broker_tells_what_is_under_way(void **state)
{
	enum { N = 10 };
	struct broker *b = broker_ready("close");
	struct told told[N] = {0};
	struct tally t;
	char id[32];

	(void)state;
	tally_init(&t, b);
	live_kill(&server);
	for (int i = 0; i < N; i++) {
		snprintf(id, sizeof id, "acme-%d", i);
		assert_true(begin(&t, &told[i], "close.ops.acme.x", id));
	}
	broker_close(b);
	assert_int_equal(t.told, N);
	for (int i = 0; i < N; i++) {
		assert_int_equal(told[i].times, 1);
		assert_int_equal(told[i].kind, ERR_TEMP);
	}
}

/* One that was told begins the next: as many as the chain is long. */
struct chain {
	struct broker *b;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int left;
};

static void
begin_next(const struct pub_ack *p, const struct err *why, void *arg)
{
	struct chain *c = arg;

	must(p != NULL && why == NULL);
	pthread_mutex_lock(&c->lock);
	int left = --c->left;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	if (left > 0)
		must(broker_publish_begin(
		    c->b, "chain.ops.acme.x", STR("x"), NULL, begin_next, c));
}

static void
who_is_told_may_begin_another(void **state)
{
	struct chain c = {
	    broker_ready("chain"), PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 500};
	struct stream_info info;

	(void)state;
	assert_true(
	    broker_publish_begin(c.b, "chain.ops.acme.x", STR("x"), NULL, begin_next, &c));
	pthread_mutex_lock(&c.lock);
	while (c.left > 0)
		pthread_cond_wait(&c.changed, &c.lock);
	pthread_mutex_unlock(&c.lock);
	OK(broker_stream_info(c.b, STREAM_OPS, &info, &e));
	assert_int_equal(info.messages, 500);
	broker_close(c.b);
}

/* --- from many threads --- */

enum { THREADS = 4, EACH = 3000 };

struct beginner {
	struct tally *t;
	struct told told[EACH];
	int number;
};

static void *
begin_many(void *arg)
{
	struct beginner *x = arg;
	char id[32];

	for (int i = 0; i < EACH; i++) {
		snprintf(id, sizeof id, "t%d-%d", x->number, i);
		while (!begin(x->t, &x->told[i], "threads.ops.acme.x", id))
			live_sleep_ms(1); /* 1024 are under way */
	}
	return NULL;
}

static void
many_threads_begin_while_the_server_is_killed(void **state)
{
	struct broker *b = broker_ready("threads");
	struct beginner *x = calloc(THREADS, sizeof *x);
	pthread_t thread[THREADS];
	struct stream_info info;
	struct tally t;

	(void)state;
	tally_init(&t, b);
	for (int i = 0; i < THREADS; i++) {
		x[i].t = &t;
		x[i].number = i;
		pthread_create(&thread[i], NULL, begin_many, &x[i]);
	}
	for (int i = 0; i < 3; i++) {
		live_sleep_ms(60);
		live_kill(&server);
		live_start(&server);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	wait_told(&t, 0);
	for (int i = 0; i < THREADS; i++)
		for (int j = 0; j < EACH; j++)
			assert_int_equal(x[i].told[j].times, 1);
	assert_int_equal(t.ok, THREADS * EACH);
	OK(broker_stream_info(b, STREAM_OPS, &info, &e));
	assert_int_equal(info.messages, THREADS * EACH);
	free(x);
	broker_close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_one_thread_begins_is_stored_in_order_and_told_once),
	    TEST(a_broker_that_restarts_in_between_costs_nothing_but_time),
	    TEST(only_so_many_are_under_way),
	    TEST(what_is_under_way_in_bytes_is_bounded_too),
	    TEST(what_the_server_refuses_is_told_at_once),
	    TEST(what_gets_no_answer_is_told_when_its_time_is_over),
	    TEST(closing_the_broker_tells_what_is_under_way),
	    TEST(who_is_told_may_begin_another),
	    TEST(many_threads_begin_while_the_server_is_killed),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, server_up, server_down);
}
