/*
 * What the kernel says about a process's own memory, for tests of secret memory. Include after
 * cmocka.h.
 */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/base.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif
#ifndef UNDER_SANITIZER
#define UNDER_SANITIZER 0
#endif

/* Whether the mapping that holds `ptr` has `flag` ("dd": not in core dumps, "wf": wiped on
 * fork). */
static inline bool
memory_has_flag(const void *ptr, const char *flag)
{
	char line[512], wanted[8];
	bool inside = false, found = false;
	FILE *smaps = fopen("/proc/self/smaps", "re");
	assert_non_null(smaps);
	(void)snprintf(wanted, sizeof(wanted), " %s ", flag);
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long from, to;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)ptr >= from && (uintptr_t)ptr < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, wanted) != NULL;
	}
	assert_int_equal(fclose(smaps), 0);
	return found;
}

/* Whether `len` bytes at `ptr`, which may be freed, are zero: read past compiler and allocator.
 */
static inline bool
memory_is_zero(const void *ptr, size_t len)
{
	static char bytes[1 << 18];
	must(len <= sizeof(bytes));
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pread(fd, bytes, len, (off_t)(uintptr_t)ptr), (ssize_t)len);
	close(fd);
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/*
 * Whether `len` bytes like those at `what` stand in memory that core dumps leave out. Files and
 * the huge mappings of a sanitizer are passed over.
 */
static inline bool
memory_left_out_holds(const void *what, size_t len)
{
	char line[512];
	unsigned long at, end, from = 0, size = 0;
	bool found = false;
	FILE *smaps = fopen("/proc/self/smaps", "re");
	assert_non_null(smaps);
	while (!found && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &at, &end) == 2) {
			from = at;
			size = strpbrk(line, "[/") ? 0 : end - at;
		} else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " rd ") &&
			   strstr(line, " dd ") && size <= 64ul << 20) {
			found = memmem((const void *)from, size, what, len) != NULL;
		}
	}
	assert_int_equal(fclose(smaps), 0);
	return found;
}
