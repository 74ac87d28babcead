#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/vault/vault.h"

#include <cmocka.h> /* last: it makes a macro of fail */

#if defined(__x86_64__)

enum { COUNT = 16, SIZE = 64 }; /* registers, and bytes of the widest */

static const char pattern[SIZE] = "xoxb-test-0123456789-abcdefghijklmnop-9876543210-qrstuvwxyz";

#define LOW  "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define HIGH "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* Sixteen registers of one kind: each gets the pattern, or is written to `shown` in turn. */
#define FILL(move, kind, numbers)                                                  \
	__asm__ volatile(".irp n," numbers "\n" move " (%0), %%" kind "\\n\n.endr" \
			 :                                                         \
			 : "r"(pattern)                                            \
			 : "memory")
#define SHOW(move, kind, numbers, size, shown)                                 \
	__asm__ volatile("mov %0, %%rax\n.irp n," numbers "\n" move " %%" kind \
			 "\\n, (%%rax)\n"                                      \
			 "add $" size ", %%rax\n.endr"                         \
			 :                                                     \
			 : "r"(shown)                                          \
			 : "rax", "cc", "memory")

/* Nothing of the compiler's may come between filling and showing. */
#define DEFINE_AFTER(name, move, kind, numbers, size)    \
	static void name##_after(bool wipe, char *shown) \
	{                                                \
		FILL(move, kind, numbers);               \
		if (wipe)                                \
			registers_wipe();                \
		SHOW(move, kind, numbers, size, shown);  \
	}
DEFINE_AFTER(xmm, "movups", "xmm", LOW, "16")
DEFINE_AFTER(ymm, "vmovups", "ymm", LOW, "32")
DEFINE_AFTER(low_zmm, "vmovups", "zmm", LOW, "64")
DEFINE_AFTER(high_zmm, "vmovups", "zmm", HIGH, "64")

static void
check_after(void (*after)(bool wipe, char *shown), size_t size)
{
	static const char zeros[SIZE];
	char shown[COUNT * SIZE];

	after(false, shown);
	for (size_t i = 0; i < COUNT; i++)
		assert_memory_equal(shown + i * size, pattern, size);
	after(true, shown);
	for (size_t i = 0; i < COUNT; i++)
		assert_memory_equal(shown + i * size, zeros, size);
}

static void
every_vector_register_is_zero_after_a_wipe(void **state)
{
	(void)state;
	check_after(xmm_after, 16);
	if (__builtin_cpu_supports("avx"))
		check_after(ymm_after, 32);
	if (__builtin_cpu_supports("avx512vl")) {
		check_after(low_zmm_after, 64);
		check_after(high_zmm_after, 64);
	} else {
		print_message("those of AVX-512 not tried: this processor has none\n");
	}
}

static void
appending_to_a_secret_leaves_nothing_in_a_register(void **state)
{
	struct secret *s = secret_new(SECRET_MAX);
	char shown[COUNT * SIZE];

	(void)state;
	for (size_t len = 16; len < SIZE; len++) {
		secret_clear(s);
		assert_true(secret_append(s, pattern, len));
		SHOW("movups", "xmm", LOW, "16", shown);
		assert_null(memmem(shown, COUNT * 16, pattern, 8));
	}
	secret_free(s);
}

#else

/* To show them takes other instructions. */
static void
every_vector_register_is_zero_after_a_wipe(void **state)
{
	(void)state;
	print_message("skipped: not written for this processor\n");
	skip();
}

static void
appending_to_a_secret_leaves_nothing_in_a_register(void **state)
{
	every_vector_register_is_zero_after_a_wipe(state);
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_vector_register_is_zero_after_a_wipe),
	    cmocka_unit_test(appending_to_a_secret_leaves_nothing_in_a_register),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
