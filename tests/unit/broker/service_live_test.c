#include "live_broker.h"

#include "carillon/broker/service.h"

static struct str
ask(struct broker *b, struct arena *a, const char *method, const char *text)
{
	struct str answer = {0};

	OK(service_ask(b, "echo", method, str_of(text), WAIT_MS, a, &answer, &e));
	return answer;
}

struct served {
	struct service *service;
	struct broker *b;
	atomic_bool is_over;
	atomic_int answered;
};

/* Answers with the method and the bytes. */
static void *
serve(void *arg)
{
	struct served *s = arg;
	struct service_request r;
	struct err err;
	char text[128];

	while (!atomic_load(&s->is_over)) {
		if (!service_next(s->service, 50, &r, &err))
			continue;
		snprintf(text, sizeof(text), "%.*s:%.*s", STR_ARG(r.method), STR_ARG(r.bytes));
		must(service_answer(s->b, &r, str_of(text), &err));
		service_request_free(&r);
		atomic_fetch_add(&s->answered, 1);
	}
	return NULL;
}

static pthread_t
begin(struct served *s, struct broker *b)
{
	pthread_t thread;

	*s = (struct served){.b = b};
	OK(service_open(&s->service, b, "echo", &e));
	must(pthread_create(&thread, NULL, serve, s) == 0);
	return thread;
}

static void
end(struct served *s, pthread_t thread)
{
	atomic_store(&s->is_over, true);
	pthread_join(thread, NULL);
	service_close(s->service);
}

static void
one_of_those_who_serve_answers(void **state)
{
	struct broker *b = broker_ready("service_one");
	struct arena *a = arena_new(0);
	struct served first, second;
	pthread_t one = begin(&first, b), two = begin(&second, b);

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_true(str_eq(ask(b, a, "say.it", "hello"), STR("say.it:hello")));
	end(&first, one);
	end(&second, two);
	assert_int_equal(first.answered + second.answered, 50);
	arena_free(a);
	broker_close(b);
}

static void
nobody_there_is_told_at_once(void **state)
{
	struct broker *b = broker_ready("service_none");
	struct arena *a = arena_new(0);
	struct str answer;

	(void)state;
	REFUSED(ERR_SETUP, service_ask(b, "echo", "say", STR(""), WAIT_MS, a, &answer, &e));
	arena_free(a);
	broker_close(b);
}

static void
a_server_that_comes_again_is_served_again(void **state)
{
	struct broker *b = broker_ready("service_again");
	struct arena *a = arena_new(0);
	struct served s;
	pthread_t thread = begin(&s, b);
	struct str answer = {0};

	(void)state;
	(void)ask(b, a, "say", "before");
	live_kill(&server);
	live_start(&server);
	wait_until_connected(b);
	for (int i = 0; i < WAIT_MS / 20 && answer.len == 0; i++) {
		if (!service_ask(b, "echo", "say", STR("after"), WAIT_MS, a, &answer, &e))
			live_sleep_ms(20);
	}
	assert_true(str_eq(answer, STR("say:after")));
	end(&s, thread);
	arena_free(a);
	broker_close(b);
}

static void
what_is_only_told_needs_no_answer(void **state)
{
	struct broker *b = broker_ready("service_told");
	struct served s;
	pthread_t thread = begin(&s, b);

	(void)state;
	OK(service_tell(b, "echo", "say", STR("once"), &e));
	for (int i = 0; i < WAIT_MS / 10 && s.answered == 0; i++)
		live_sleep_ms(10);
	assert_int_equal(s.answered, 1);
	end(&s, thread);
	broker_close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_of_those_who_serve_answers),
	    TEST(nobody_there_is_told_at_once),
	    TEST(a_server_that_comes_again_is_served_again),
	    TEST(what_is_only_told_needs_no_answer),
	};

	return cmocka_run_group_tests(tests, server_up, server_down);
}
