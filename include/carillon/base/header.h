/* A header of a message, as it came. Both parts are somebody else's. */
#pragma once

#include "carillon/base/base.h"

struct header {
	struct str name, value;
};
