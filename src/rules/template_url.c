#include "template_url.h"

/* What stays beside letters and digits. */
static const char *const kept[] = {
    [URL_PART] = "-_.!~*'()",
    [URL_QUERY] = "-_.!~*'()",
    [URL_WHOLE] = "-_.!~*'();/?:@&=+$,#[]",
};

void
url_put(struct str s, enum url_part part, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		bool is_plain =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (is_plain || (c != '\0' && c < 0x80 && strchr(kept[part], c)))
			buf_putc(out, (char)c);
		else if (part == URL_QUERY && c == ' ')
			buf_putc(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}

bool
url_is_in_path(struct str so_far)
{
	const char *host = so_far.len > 0 ? memmem(so_far.ptr, so_far.len, "://", 3) : NULL;
	const char *end = so_far.ptr + so_far.len;
	for (const char *at = host ? host + 3 : end; at < end; at++)
		if (*at == '/' || *at == '?' || *at == '#')
			return true;
	return false;
}
