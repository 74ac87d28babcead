/* Emoji by name. Immutable; any thread. */
#pragma once

#include "carillon/base/base.h"

/* The character of ":name:", or the empty string. */
struct str emoji_find(struct str name);
