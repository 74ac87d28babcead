/* Values in web addresses, as JavaScript encodes them. Pure; any thread. */
#pragma once

#include "carillon/base/buf.h"

enum url_part {
	URL_PART,  /* one part of a path or a query: encodeURIComponent */
	URL_QUERY, /* the same, a space as + */
	URL_WHOLE, /* an address: encodeURI, with [ and ] */
};

void url_put(struct str s, enum url_part part, struct buf *out);
/* Whether what follows `so_far` belongs to the path, the query or the fragment of an address.
 */
bool url_is_in_path(struct str so_far);
