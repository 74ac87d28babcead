/*
 * A JSON value as the one text that all equal values have: members in the order of their names,
 * nothing between, numbers in one form. Pure.
 */
#pragma once

#include "carillon/base/buf.h"
#include "carillon/base/json.h"

void canonical_put(const struct json *v, struct buf *out);
