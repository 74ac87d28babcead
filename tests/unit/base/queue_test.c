#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <poll.h>
#include <pthread.h>

#include "carillon/base/queue.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

enum { PUTTERS = 4, PER_PUTTER = 5000, PLENTY_MS = 60000 };

struct item {
	int putter, number;
	struct list link;
};

static struct item *
item_of(struct list *node)
{
	return CONTAINER_OF(node, struct item, link);
}

static bool
is_readable(const struct queue *q)
{
	struct pollfd p = {.fd = queue_fd(q), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void
entries_come_out_in_order_behind_what_was_there(void **state)
{
	struct queue *q = queue_new(10);
	struct item items[4] = {{.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
	struct list into;
	int seen = 0;

	(void)state;
	list_init(&into);
	list_append(&into, &items[0].link);
	for (int i = 1; i < 4; i++)
		assert_true(queue_try_put(q, &items[i].link));
	assert_int_equal(queue_len(q), 3);
	assert_int_equal(queue_take_all(q, &into), 3);
	assert_int_equal(queue_take_all(q, &into), 0);
	LIST_EACH (node, &into)
		seen = seen * 10 + item_of(node)->number;
	assert_int_equal(seen, 1234);
	for (struct list *n = into.prev; n != &into; n = n->prev)
		seen = seen * 10 + item_of(n)->number;
	assert_int_equal(seen, 12344321);
	queue_free(q);
	queue_free(NULL);
}

static void
a_full_queue_refuses_until_it_is_emptied(void **state)
{
	struct queue *q = queue_new(2);
	struct item items[3];
	struct list into;

	(void)state;
	list_init(&into);
	assert_true(queue_try_put(q, &items[0].link));
	assert_true(queue_try_put(q, &items[1].link));
	assert_false(queue_try_put(q, &items[2].link));
	assert_int_equal(queue_take_all(q, &into), 2);
	assert_true(queue_try_put(q, &items[2].link));
	assert_int_equal(queue_take_all(q, &into), 1);
	queue_free(q);
}

static void *
take_one_by_one(void *queue)
{
	struct list into;
	size_t n = 0;

	list_init(&into);
	while (n < 5)
		n += queue_wait_all(queue, &into, PLENTY_MS);
	return NULL;
}

static void
all_of_a_list_is_put_in_order_and_waits_for_room(void **state)
{
	struct queue *q = queue_new(2);
	struct item items[5];
	struct list from;
	pthread_t taker;

	(void)state;
	list_init(&from);
	for (int i = 0; i < 5; i++)
		list_append(&from, &items[i].link);
	assert_int_equal(pthread_create(&taker, NULL, take_one_by_one, q), 0);
	queue_put_all(q, &from);
	assert_true(list_is_empty(&from));
	assert_int_equal(pthread_join(taker, NULL), 0);
	queue_free(q);
}

static void
the_descriptor_is_readable_while_there_is_something(void **state)
{
	struct queue *q = queue_new(2);
	struct item items[2];
	struct list into;

	(void)state;
	list_init(&into);
	assert_false(is_readable(q));
	assert_true(queue_try_put(q, &items[0].link));
	assert_true(is_readable(q));
	assert_true(queue_try_put(q, &items[1].link));
	assert_int_equal(queue_take_all(q, &into), 2);
	assert_false(is_readable(q));
	assert_true(queue_try_put(q, list_take_first(&into)));
	assert_true(is_readable(q));
	assert_int_equal(queue_wait_all(q, &into, PLENTY_MS), 1);
	assert_false(is_readable(q));
	queue_free(q);
}

static void
waiting_for_nothing_ends(void **state)
{
	struct queue *q = queue_new(1);
	struct list into;

	(void)state;
	list_init(&into);
	assert_int_equal(queue_wait_all(q, &into, 1), 0);
	assert_int_equal(queue_wait_all(q, &into, 0), 0);
	assert_int_equal(queue_wait_all(q, &into, -5), 0);
	assert_true(list_is_empty(&into));
	queue_free(q);
}

struct putter {
	struct queue *q;
	struct item items[PER_PUTTER];
	pthread_t thread;
};

static void *
put_all(void *arg)
{
	struct putter *p = arg;
	struct list some;

	list_init(&some);
	for (int i = 0; i < PER_PUTTER; i++) {
		list_append(&some, &p->items[i].link);
		if (i % 3 == 0 || i == PER_PUTTER - 1)
			queue_put_all(p->q, &some);
	}
	return NULL;
}

static void
start_putters(struct putter *putters, struct queue *q)
{
	for (int i = 0; i < PUTTERS; i++) {
		putters[i].q = q;
		for (int j = 0; j < PER_PUTTER; j++)
			putters[i].items[j] = (struct item){.putter = i, .number = j};
		assert_int_equal(
		    pthread_create(&putters[i].thread, NULL, put_all, &putters[i]), 0);
	}
}

/* By condition, or as an epoll loop does it. */
static void
take_from_many_threads(bool by_descriptor)
{
	struct queue *q = queue_new(7);
	struct putter *putters = calloc(PUTTERS, sizeof *putters);
	int next[PUTTERS] = {0};
	struct list into;

	start_putters(putters, q);
	list_init(&into);
	for (size_t left = PUTTERS * PER_PUTTER; left > 0;) {
		struct pollfd p = {.fd = queue_fd(q), .events = POLLIN};
		size_t taken;

		if (by_descriptor) {
			assert_int_equal(poll(&p, 1, PLENTY_MS), 1);
			taken = queue_take_all(q, &into);
		} else {
			taken = queue_wait_all(q, &into, PLENTY_MS);
			assert_true(taken > 0);
		}
		assert_true(taken <= 7);
		left -= taken;
		for (struct list *n; (n = list_take_first(&into)); taken--)
			assert_int_equal(item_of(n)->number, next[item_of(n)->putter]++);
		assert_int_equal(taken, 0);
	}
	for (int i = 0; i < PUTTERS; i++)
		assert_int_equal(pthread_join(putters[i].thread, NULL), 0);
	free(putters);
	queue_free(q);
}

static void
nothing_is_lost_between_threads_that_wait_on_the_lock(void **state)
{
	(void)state;
	take_from_many_threads(false);
}

static void
nothing_is_lost_between_threads_that_wait_on_the_descriptor(void **state)
{
	(void)state;
	take_from_many_threads(true);
}

static void
free_what_is_not_empty(void)
{
	struct queue *q = queue_new(1);
	struct item item;

	must(queue_try_put(q, &item.link));
	queue_free(q);
}

static void
freeing_a_queue_with_entries_aborts(void **state)
{
	(void)state;
	assert_true(aborts(free_what_is_not_empty));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entries_come_out_in_order_behind_what_was_there),
	    cmocka_unit_test(a_full_queue_refuses_until_it_is_emptied),
	    cmocka_unit_test(all_of_a_list_is_put_in_order_and_waits_for_room),
	    cmocka_unit_test(the_descriptor_is_readable_while_there_is_something),
	    cmocka_unit_test(waiting_for_nothing_ends),
	    cmocka_unit_test(nothing_is_lost_between_threads_that_wait_on_the_lock),
	    cmocka_unit_test(nothing_is_lost_between_threads_that_wait_on_the_descriptor),
	    cmocka_unit_test(freeing_a_queue_with_entries_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
