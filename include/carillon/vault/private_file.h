/*
 * Files that nobody but their owner may read: made whole or not at all. What is written is
 * beside the file first, is synced and then takes the name; a secret goes from locked memory
 * straight to the file. Errors are ERR_SETUP and do not name the file.
 */
#pragma once

#include <sys/types.h>

#include "carillon/base/base.h"
#include "carillon/vault/vault.h"

/* Text, and then a secret; either may be left out. Borrowed for the call. */
struct file_part {
	struct str text;
	const struct secret *secret;
};

enum { PRIVATE_FILE_MODE = 0600 };

/* Makes a file that is not there yet. ERR_CONFLICT: it is, and was left as it is. */
MUST_USE bool private_file_create(
    const char *path, const struct file_part *parts, size_t n, struct err *e);
/* The same in place of a file that may be there; of a link, in place of what it points at. */
MUST_USE bool private_file_replace(
    const char *path, mode_t mode, const struct file_part *parts, size_t n, struct err *e);
