/*
 * What protobuf-c does not tell of a message's bytes: its strings end at a NUL, those on the
 * wire have a length. Pure.
 */
#pragma once

#include "carillon/base/records.h"

/*
 * The name of a field of `type`'s, the outermost, that holds a string with a NUL in it; NULL if
 * there is none. `first` is the name that is told before others. `bytes` are such a message.
 */
const char *wire_string_with_nul(
    const ProtobufCMessageDescriptor *type, struct str bytes, const char *first);
