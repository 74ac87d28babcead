/* One process of a verb a data directory: two services would run each replay twice and share no
 * lane. */
#pragma once

#include "carillon/base/base.h"

/*
 * Takes the directory for this process, until it ends; makes it if need be. ERR_CONFLICT:
 * another has it; the sentence names its pid. Where it cannot be taken for other reasons this
 * says nothing: opening the index will.
 */
MUST_USE bool single_instance(const char *verb, const char *data_dir, struct err *e);
