/* Fuzz input of two parts: "<first line>\n<the rest>". */
#pragma once

#include "carillon/rules/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* False when there is no second part. Both borrow from the input. */
static inline bool
cut_in_two(const uint8_t *bytes, size_t size, struct str *line, struct str *rest)
{
	struct str all = {(const char *)bytes, size};
	const char *end = size ? memchr(all.ptr, '\n', size) : NULL;

	if (!end)
		return false;
	*line = (struct str){all.ptr, (size_t)(end - all.ptr)};
	*rest = (struct str){end + 1, size - line->len - 1};
	return true;
}
