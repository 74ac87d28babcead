#include "carillon/base/buf.h"

#include <stdarg.h>

enum { CAP_FIRST = 64 }; /* bytes */

void
buf_fini(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf){0};
}

void
buf_fini_wiped(struct buf *b)
{
	if (b->ptr)
		explicit_bzero(b->ptr, b->cap);
	buf_fini(b);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->ptr)
		b->ptr[0] = '\0';
}

/* Rare, and kept out of the way of what is not. */
__attribute__((noinline)) static void
grow(struct buf *b, size_t more)
{
	must(more < SIZE_MAX / 4 && b->len < SIZE_MAX / 4);
	size_t need = b->len + more + 1, cap = b->cap ? b->cap : CAP_FIRST;

	while (cap < need)
		cap *= 2;
	b->ptr = realloc(b->ptr, cap);
	must(b->ptr); /* out of memory */
	b->cap = cap;
	b->ptr[b->len] = '\0';
}

void
buf_reserve(struct buf *b, size_t more)
{
	if (b->cap - b->len <= more) /* the NUL needs a place too */
		grow(b, more);
}

void
buf_put(struct buf *b, const void *bytes, size_t len)
{
	if (len == 0)
		return;
	buf_reserve(b, len);
	memcpy(b->ptr + b->len, bytes, len);
	b->len += len;
	b->ptr[b->len] = '\0';
}

void
buf_putc(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->ptr[b->len++] = c;
	b->ptr[b->len] = '\0';
}

void
buf_str(struct buf *b, struct str s)
{
	buf_put(b, s.ptr, s.len);
}

void
buf_cstr(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_html(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		switch (s.ptr[i]) {
		case '&': buf_cstr(b, "&amp;"); break;
		case '<': buf_cstr(b, "&lt;"); break;
		case '>': buf_cstr(b, "&gt;"); break;
		case '"': buf_cstr(b, "&quot;"); break;
		default: buf_putc(b, s.ptr[i]);
		}
}

void
buf_digits(struct buf *b, int64_t n, int at_least)
{
	char text[20];
	int at = (int)sizeof(text);

	must(n >= 0 && at_least <= at);
	for (; n > 0 || at_least > 0; n /= 10, at_least--)
		text[--at] = (char)('0' + n % 10);
	buf_put(b, text + at, sizeof(text) - (size_t)at);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args, again;

	must(fmt);
	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	must(len >= 0);
	buf_reserve(b, (size_t)len);
	(void)vsnprintf(b->ptr + b->len, (size_t)len + 1, fmt, again);
	b->len += (size_t)len;
	va_end(again);
	va_end(args);
}
