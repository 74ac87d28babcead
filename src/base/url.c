#include "carillon/base/url.h"

#include <arpa/inet.h>
#include <strings.h>

/* Takes what comes before `end` off `rest`; all of it, and false, if there is none. */
static bool
take_until(struct str *rest, const char *end, struct str *out)
{
	struct str mark = str_of(end);

	for (size_t i = 0; i + mark.len <= rest->len; i++) {
		if (memcmp(rest->ptr + i, mark.ptr, mark.len) != 0)
			continue;
		*out = (struct str){rest->ptr, i};
		*rest = (struct str){rest->ptr + i + mark.len, rest->len - i - mark.len};
		return true;
	}
	*out = *rest;
	*rest = (struct str){rest->ptr + rest->len, 0};
	return false;
}

/* A password may hold an "@", so the last one counts. */
static void
take_user_info(struct str *authority, struct str *out)
{
	for (size_t i = authority->len; i > 0; i--) {
		if (authority->ptr[i - 1] != '@')
			continue;
		*out = (struct str){authority->ptr, i - 1};
		*authority = (struct str){authority->ptr + i, authority->len - i};
		return;
	}
}

static void
take_host(struct str authority, struct url *out)
{
	if (authority.len > 0 && authority.ptr[0] == '[') {
		authority = (struct str){authority.ptr + 1, authority.len - 1};
		if (!take_until(&authority, "]", &out->host))
			out->host.len = 0; /* the bracket stays open */
		if (authority.len > 0 && authority.ptr[0] == ':')
			out->port = (struct str){authority.ptr + 1, authority.len - 1};
		return;
	}
	if (take_until(&authority, ":", &out->host))
		out->port = authority;
}

bool
url_parse(struct url *out, struct str text)
{
	struct str authority;

	*out = (struct url){0};
	if (!take_until(&text, "://", &out->scheme) || out->scheme.len == 0)
		return false;
	authority.ptr = text.ptr;
	authority.len = 0;
	while (authority.len < text.len && !strchr("/?#", text.ptr[authority.len]))
		authority.len++;
	out->path = (struct str){text.ptr + authority.len, text.len - authority.len};
	take_user_info(&authority, &out->user_info);
	take_host(authority, out);
	return out->host.len > 0;
}

bool
url_is_loopback(const struct url *u)
{
	char host[64];
	struct in_addr v4;
	struct in6_addr v6;

	if (!str_copy(host, sizeof(host), u->host))
		return false;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcasecmp(host, "localhost") == 0;
}
