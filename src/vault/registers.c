#include "carillon/vault/vault.h"

/*
 * Nothing of anybody's is lost: no call expects anything in these registers when it returns,
 * but for the lower halves of v8 to v15 on ARM, which the compiler saves because they are
 * named.
 */
#define EACH_OF(numbers, instruction) ".irp n," numbers "\n" instruction "\n.endr"
#define LOW_16                        "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"
#define HIGH_16                       "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

#if defined(__x86_64__)

#define LOW                                                                             \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
	    "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define HIGH                                                                             \
	"xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", \
	    "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31"

/* The upper bytes of a register become zero with its lowest 16. */
__attribute__((noinline, target("avx512vl"))) static void
high_wipe(void)
{
	__asm__ volatile(EACH_OF(HIGH_16, "vpxord %%xmm\\n, %%xmm\\n, %%xmm\\n") : : : HIGH);
}

void
registers_wipe(void)
{
	if (__builtin_cpu_supports("avx"))
		__asm__ volatile("vzeroall" : : : LOW);
	else
		__asm__ volatile(EACH_OF(LOW_16, "pxor %%xmm\\n, %%xmm\\n") : : : LOW);
	if (__builtin_cpu_supports("avx512vl"))
		high_wipe();
}

#elif defined(__aarch64__)

#define ALL                                                                              \
	"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", \
	    "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", \
	    "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"

void
registers_wipe(void)
{
	__asm__ volatile(EACH_OF(LOW_16, "movi v\\n\\().2d, #0") "\n" EACH_OF(
	    HIGH_16, "movi v\\n\\().2d, #0")
			 :
			 :
			 : ALL);
}

#else

/* Not known of other processors: a dump of theirs may show what was copied last. */
void
registers_wipe(void)
{
}

#endif
