/* What the files of this directory share: files of the directory of NATS's accounts. */
#pragma once

#include <sys/types.h>

#include "carillon/keeper/nats_dir.h"
#include "carillon/vault/private_file.h"

/* --- nats_dir.c --- */

enum { PUBLIC_MODE = 0644 };                     /* of files that hold no secret */
#define SERVICE_PASSWORD_FILE "service.password" /* with static accounts */

/* Errors name the file. */
MUST_USE bool dir_write(const struct nats_dir *d, const char *name, mode_t mode,
    const struct file_part *parts, size_t n, struct err *e);
MUST_USE bool dir_write_text(
    const struct nats_dir *d, const char *name, mode_t mode, struct str text, struct err *e);
/* A whole file, in `a`. ERR_NOT_FOUND. */
MUST_USE bool dir_read(const struct nats_dir *d, const char *name, struct arena *a,
    struct str *out, struct err *e);
/* The first line of a file that nobody else may read. */
MUST_USE bool dir_read_secret(
    const struct nats_dir *d, const char *name, struct secret *out, struct err *e);

/* --- credentials.c --- */

/* Makes a new .creds file: a token and its key's seed. ERR_CONFLICT: it is there. */
MUST_USE bool credentials_create(
    const char *path, struct str token, const struct nkey *pair, struct err *e);
