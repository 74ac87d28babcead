#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "carillon/vault/vault.h"

#include <cmocka.h> /* last: it makes a macro of fail */

#include "unit/vault/memory.h"

/* Around every size where something changes: a class, the page, the largest class. */
static const size_t sizes[] = {0, 1, 15, 16, 17, 48, 49, 100, 1000, 4079, 4080, 4096, 16384,
    16385, 65536, 65537, 131055, 131056, 131057, 200000};

static void
a_block_is_aligned_and_all_of_it_can_be_written(void **state)
{
	(void)state;
	unsigned char *blocks[COUNT_OF(sizes)];
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		blocks[i] = wiped_malloc(sizes[i]);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		memset(blocks[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		for (size_t at = 0; at < sizes[i]; at++)
			assert_int_equal(blocks[i][at], i + 1);
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		wiped_free(blocks[i]);
	wiped_free(NULL);
}

static void
every_size_is_left_out_of_core_dumps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		char *block = wiped_malloc(sizes[i] + 1);
		assert_true(memory_has_flag(block, "dd"));
		assert_true(memory_has_flag(block + sizes[i], "dd"));
		wiped_free(block);
	}
}

static void
a_freed_block_is_zero(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes) && sizes[i] <= 131056; i++) {
		char *block = wiped_malloc(sizes[i]);
		memset(block, 'x', sizes[i]);
		assert_true(sizes[i] == 0 || !memory_is_zero(block, sizes[i]));
		wiped_free(block);
		assert_true(memory_is_zero(block, sizes[i]));
	}
}

static void
a_block_that_moves_leaves_nothing_behind(void **state)
{
	(void)state;
	char *old = wiped_malloc(100);
	memset(old, 'x', 100);
	char *moved = wiped_realloc(old, 5000);
	assert_ptr_not_equal(moved, old);
	assert_true(memory_is_zero(old, 100));
	for (int i = 0; i < 100; i++)
		assert_int_equal(moved[i], 'x');
	assert_true(memory_is_zero(moved + 100, 4900));
	char *back = wiped_realloc(moved, 10);
	assert_true(memory_is_zero(moved, 100));
	assert_memory_equal(back, "xxxxxxxxxx", 10);
	wiped_free(back);
}

static void
a_block_that_shrinks_in_place_wipes_its_tail(void **state)
{
	(void)state;
	char *block = wiped_malloc(1000);
	memset(block, 'x', 1000);
	assert_ptr_equal(wiped_realloc(block, 600), block);
	assert_true(memory_is_zero(block + 600, 400));
	assert_ptr_equal(wiped_realloc(block, 1000), block);
	assert_int_equal(block[599], 'x');
	wiped_free(block);
}

static void
realloc_goes_to_and_from_a_mapping_of_its_own(void **state)
{
	(void)state;
	char *block = wiped_realloc(NULL, 10);
	memcpy(block, "0123456789", 10);
	block = wiped_realloc(block, 300000);
	block[299999] = 'x';
	block = wiped_realloc(block, 900000);
	assert_int_equal(block[299999], 'x');
	block = wiped_realloc(block, 10);
	assert_memory_equal(block, "0123456789", 10);
	assert_null(wiped_realloc(block, 0));
}

static void
calloc_is_zero_even_in_used_memory(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			char *block = wiped_calloc(sizes[i], 1);
			for (size_t at = 0; at < sizes[i]; at++)
				assert_int_equal(block[at], 0);
			memset(block, 0xff, sizes[i]);
			wiped_free(block);
		}
}

static void
what_cannot_be_had_is_null(void **state)
{
	(void)state;
	volatile size_t most = SIZE_MAX; /* compilers know better than to ask for it */
	assert_null(wiped_malloc(most));
	assert_int_equal(errno, ENOMEM);
	assert_null(wiped_malloc(most / 2));
	assert_null(wiped_malloc(most / 4));
	assert_null(wiped_calloc(most / 2, 3));
	char *block = wiped_strdup("kept");
	assert_null(wiped_realloc(block, most));
	assert_string_equal(block, "kept");
	wiped_free(block);
}

static void
strdup_copies_with_the_nul(void **state)
{
	(void)state;
	char *copy = wiped_strdup("copy");
	assert_string_equal(copy, "copy");
	wiped_free(copy);
	copy = wiped_strdup("");
	assert_string_equal(copy, "");
	wiped_free(copy);
}

enum { HELD = 64, ROUNDS = 20000, THREADS = 4 };

/* A block of this test begins with its size and its owner, and ends with the owner. */
struct held {
	size_t size;
	uint64_t owner;
};

/* Blocks on their way to be freed by another thread than the one that made them. */
static struct {
	pthread_mutex_t lock;
	void *block;
} handed = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *
hand_over(void *block)
{
	pthread_mutex_lock(&handed.lock);
	void *other = handed.block;
	handed.block = block;
	pthread_mutex_unlock(&handed.lock);
	return other;
}

static void *
hammer(void *arg)
{
	uint64_t owner = (uint64_t)(uintptr_t)arg, random = owner;
	unsigned char *blocks[HELD] = {0};
	for (int i = 0; i < ROUNDS; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		unsigned char **at = &blocks[random >> 58];
		size_t size = sizeof(struct held) + 1 +
		              ((random >> 20) & 0xffff) % (i % 50 ? 700 : 65536);
		if (*at) {
			struct held held;
			memcpy(&held, *at, sizeof(held));
			must(held.owner == owner &&
			     (*at)[held.size - 1] == (unsigned char)owner);
		}
		if (*at && i % 3 == 0) {
			wiped_free(hand_over(*at));
			*at = NULL;
		}
		*at = wiped_realloc(*at, size);
		memcpy(*at, &(struct held){size, owner}, sizeof(struct held));
		(*at)[size - 1] = (unsigned char)owner;
	}
	for (int i = 0; i < HELD; i++)
		wiped_free(blocks[i]);
	return NULL;
}

static void
threads_hammering_it_keep_their_blocks_apart(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, hammer, (void *)(i * 41 + 1)), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	wiped_free(hand_over(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_block_is_aligned_and_all_of_it_can_be_written),
	    cmocka_unit_test(every_size_is_left_out_of_core_dumps),
	    cmocka_unit_test(a_freed_block_is_zero),
	    cmocka_unit_test(a_block_that_moves_leaves_nothing_behind),
	    cmocka_unit_test(a_block_that_shrinks_in_place_wipes_its_tail),
	    cmocka_unit_test(realloc_goes_to_and_from_a_mapping_of_its_own),
	    cmocka_unit_test(calloc_is_zero_even_in_used_memory),
	    cmocka_unit_test(what_cannot_be_had_is_null),
	    cmocka_unit_test(strdup_copies_with_the_nul),
	    cmocka_unit_test(threads_hammering_it_keep_their_blocks_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
