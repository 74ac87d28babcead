#include "carillon/rules/pointer.h"

#include "carillon/base/buf.h"
#include "carillon/base/suggest.h"

enum { WORD_SHOWN_MAX = 60, LIST_TEXT_MAX = 240 };

static void
put(struct buf *b, const struct pointer *p)
{
	if (!p)
		return;
	put(b, p->up);
	buf_putc(b, '/');
	if (!p->name.ptr) {
		buf_printf(b, "%u", p->index);
		return;
	}
	for (size_t i = 0; i < p->name.len; i++) {
		if (p->name.ptr[i] == '~')
			buf_cstr(b, "~0");
		else if (p->name.ptr[i] == '/')
			buf_cstr(b, "~1");
		else
			buf_putc(b, p->name.ptr[i]);
	}
}

struct str
pointer_text(struct arena *a, const struct pointer *p)
{
	struct buf b = {0};

	put(&b, p);
	struct str text = arena_str(a, buf_view(&b));
	buf_fini(&b);
	return text;
}

const char *
pointer_format(char *text, size_t size, const struct pointer *p)
{
	struct buf b = {0};

	put(&b, p);
	struct str all = buf_view(&b);
	all.len = str_utf8_cut(all, size - 1);
	(void)str_copy(text, size, all);
	buf_fini(&b);
	return text;
}

const char *
words_format(char *text, size_t size, const struct str *words, size_t n)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n && len < size; i++) {
		const char *before = i == 0 ? "" : i + 1 == n ? " or " : ", ";
		int more =
		    snprintf(text + len, size - len, "%s%.*s", before, STR_ARG(words[i]));

		len += more > 0 ? (size_t)more : 0;
	}
	return text;
}

bool
fail_unknown(struct err *e, const struct pointer *p, const char *what, struct str word,
    const struct str *known, size_t n)
{
	char where[POINTER_TEXT_MAX], list[LIST_TEXT_MAX];
	struct str nearest = str_nearest(word, known, n);
	struct str shown = {word.ptr, str_utf8_cut(word, WORD_SHOWN_MAX)};

	(void)pointer_format(where, sizeof(where), p);
	if (nearest.len > 0)
		return fail(e, ERR_INPUT, "%s: %s \"%.*s\"; did you mean \"%.*s\"?", where,
		    what, STR_ARG(shown), STR_ARG(nearest));
	return fail(e, ERR_INPUT, "%s: %s \"%.*s\"; use %s", where, what, STR_ARG(shown),
	    words_format(list, sizeof(list), known, n));
}
