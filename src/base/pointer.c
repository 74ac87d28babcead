#include "carillon/base/pointer.h"

void
pointer_put(struct buf *out, const struct pointer *p)
{
	if (!p)
		return;
	pointer_put(out, p->up);
	buf_putc(out, '/');
	if (!p->name.ptr) {
		buf_printf(out, "%u", p->index);
		return;
	}
	for (size_t i = 0; i < p->name.len; i++) {
		if (p->name.ptr[i] == '~')
			buf_cstr(out, "~0");
		else if (p->name.ptr[i] == '/')
			buf_cstr(out, "~1");
		else
			buf_putc(out, p->name.ptr[i]);
	}
}

struct str
pointer_text(struct arena *a, const struct pointer *p)
{
	struct buf b = {0};
	struct str text;

	pointer_put(&b, p);
	text = arena_str(a, buf_view(&b));
	buf_fini(&b);
	return text;
}
