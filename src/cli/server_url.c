#include "server_url.h"

void
server_url(struct buf *out, const char *urls)
{
	struct str url = {urls, strcspn(urls, ",")};
	const char *scheme = strstr(urls, "://"), *at = memchr(urls, '@', url.len);

	if (scheme != NULL && at != NULL && at > scheme) {
		buf_put(out, urls, (size_t)(scheme - urls) + 3);
		url = (struct str){at + 1, url.len - (size_t)(at + 1 - urls)};
	}
	buf_str(out, url);
}
