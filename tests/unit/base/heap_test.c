#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/base/heap.h"
#include "unit/base/testing.h"

#include <cmocka.h> /* last: it makes a macro of fail */

enum { NODES = 200 };

/* The earliest by looking at all of them. */
static int64_t
earliest(const struct heap_node *nodes)
{
	int64_t ms = INT64_MAX;

	for (size_t i = 0; i < NODES; i++) {
		if (nodes[i].slot && nodes[i].due.ms < ms)
			ms = nodes[i].due.ms;
	}
	return ms;
}

static void
a_heap_agrees_with_looking_at_all(void **state)
{
	struct heap_node nodes[NODES] = {0};
	struct heap h = {0};
	uint64_t seed = 7;
	size_t in = 0;

	(void)state;
	for (int step = 0; step < 50000; step++) {
		struct heap_node *n = &nodes[random_below(&seed, NODES)];
		bool was_in = n->slot != 0;

		if (random_below(&seed, 3)) {
			heap_set(&h, n, (mono_t){(int64_t)random_below(&seed, 500)});
			in += !was_in;
		} else {
			heap_remove(&h, n);
			in -= was_in;
		}
		assert_int_equal(h.len, in);
		if (in)
			assert_int_equal(heap_first(&h)->due.ms, earliest(nodes));
		else
			assert_null(heap_first(&h));
	}
	heap_fini(&h);
}

static void
what_is_due_comes_out_in_order(void **state)
{
	struct heap_node nodes[NODES] = {0};
	struct heap h = {0};
	uint64_t seed = 9;
	int64_t last = -1;

	(void)state;
	for (size_t i = 0; i < NODES; i++)
		heap_set(&h, &nodes[i], (mono_t){(int64_t)random_below(&seed, 1000)});
	for (int64_t now = 0; now < 1000; now += 50) {
		for (struct heap_node *n; (n = heap_take_due(&h, (mono_t){now}));) {
			assert_true(n->due.ms >= last && n->due.ms <= now);
			assert_int_equal(n->slot, 0);
			last = n->due.ms;
		}
		assert_true(earliest(nodes) > now);
	}
	assert_null(heap_take_due(&h, (mono_t){last}));
	heap_fini(&h);
}

static void
removing_twice_or_before_adding_is_fine(void **state)
{
	struct heap h = {0};
	struct heap_node n = {0}, other = {0};

	(void)state;
	heap_remove(&h, &n);
	heap_set(&h, &n, (mono_t){5});
	heap_set(&h, &other, MONO_NEVER);
	heap_remove(&h, &n);
	heap_remove(&h, &n);
	assert_ptr_equal(heap_first(&h), &other);
	assert_null(heap_take_due(&h, (mono_t){INT64_MAX - 1}));
	heap_fini(&h);
	assert_int_equal(other.slot, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_heap_agrees_with_looking_at_all),
	    cmocka_unit_test(what_is_due_comes_out_in_order),
	    cmocka_unit_test(removing_twice_or_before_adding_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
