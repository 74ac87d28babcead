/*
 * A growing byte buffer. The bytes are always followed by a NUL that is not counted. {0} is a
 * valid empty buffer. One owner; not thread-safe. Out of memory aborts.
 */
#pragma once

#include "carillon/base/base.h"

struct buf {
	char *ptr; /* NULL until the first byte */
	size_t len, cap;
};

void buf_fini(struct buf *b);
/* The same, of one that holds a credential: all its memory is overwritten first. It must not
 * have grown since that came in: buf_reserve before. */
void buf_fini_wiped(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_reserve(struct buf *b, size_t more);
void buf_put(struct buf *b, const void *bytes, size_t len);
void buf_putc(struct buf *b, char c);
void buf_str(struct buf *b, struct str s);
void buf_cstr(struct buf *b, const char *s);
/* As text of HTML, or within double quotes there. */
void buf_html(struct buf *b, struct str s);
/* `n` >= 0 in decimal, with at least so many digits (20 at most). Cheaper than a format. */
void buf_digits(struct buf *b, int64_t n, int at_least);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

static inline struct str
buf_view(const struct buf *b)
{
	return (struct str){b->ptr, b->len};
}
