#include "carillon/rules/rule_keys.h"

#include "carillon/base/buf.h"

enum { KEY_TEXT_MAX = 512 }; /* bytes of a key that are looked at */

static struct str
trimmed(struct str s)
{
	while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
		s = (struct str){s.ptr + 1, s.len - 1};
	while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ')
		s.len--;
	s.len = str_utf8_cut(s, KEY_TEXT_MAX);
	return s;
}

struct str
rule_key_text(const struct template *key, const struct event *ev, struct arena *a)
{
	struct buf text = {0};
	struct str s;

	if (key == NULL)
		return (struct str){0};
	template_render(key, ev, NULL, &text, NULL);
	s = arena_str(a, trimmed(buf_view(&text)));
	buf_fini(&text);
	return s;
}
