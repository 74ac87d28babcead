#include "carillon/vault/vault.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* LeakSanitizer looks at its own process by ptrace and fails in one that refuses it. */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_LEAK_CHECK 1
#endif
#endif
#ifndef UNDER_LEAK_CHECK
#define UNDER_LEAK_CHECK 0
#endif

void
process_harden(void)
{
	const char *allow = getenv("CARILLON_ALLOW_CORE");
	if (allow && strcmp(allow, "1") == 0)
		return;
	must(setrlimit(RLIMIT_CORE, &(struct rlimit){0}) == 0);
	if (!UNDER_LEAK_CHECK)
		must(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
}
