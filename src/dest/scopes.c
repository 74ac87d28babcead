#include "carillon/dest/grant.h"

/* Takes what stands before the first comma, without blanks around it. */
static bool
take_scope(struct str *rest, struct str *one)
{
	const char *comma;

	if (rest->len == 0)
		return false;
	comma = memchr(rest->ptr, ',', rest->len);
	*one = (struct str){rest->ptr, comma ? (size_t)(comma - rest->ptr) : rest->len};
	size_t taken = one->len + (comma ? 1 : 0);
	*rest = (struct str){rest->ptr + taken, rest->len - taken};
	while (one->len > 0 && one->ptr[0] == ' ')
		*one = (struct str){one->ptr + 1, one->len - 1};
	while (one->len > 0 && one->ptr[one->len - 1] == ' ')
		one->len--;
	return true;
}

bool
scopes_have(struct str scopes, struct str one)
{
	struct str s;

	while (take_scope(&scopes, &s))
		if (str_eq(s, one))
			return true;
	return false;
}

struct str
scopes_missing(struct arena *a, struct str wanted, struct str has)
{
	struct buf out = {0};
	struct str one;

	while (take_scope(&wanted, &one)) {
		if (one.len == 0 || scopes_have(has, one))
			continue;
		if (out.len > 0)
			buf_putc(&out, ',');
		buf_str(&out, one);
	}
	struct str missing = arena_str(a, buf_view(&out));
	buf_fini(&out);
	return missing;
}
