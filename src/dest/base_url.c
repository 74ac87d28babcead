/* Where requests go: a type's usual place, or a connection's own. */
#include "carillon/dest/dest.h"

const char *
dest_base_url(
    const struct dest_type *t, const struct config *c, struct str api_host, const char *url)
{
	if (!t->has_own_url)
		return t->host_url(c, api_host);
	return url != NULL && url[0] != '\0' ? url : NULL;
}
