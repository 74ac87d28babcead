/*
 * The directory that `carillon nats config` makes: the keys of NATS's accounts, the servers'
 * configuration, credentials for the service, and the list of producers.
 *
 *     nats.json          what it is, the public keys, and the signing seed, sealed by the vault
 *     *.nk               the other seeds; they may be kept elsewhere until they are needed
 *     service.creds      for the service (nats_creds)
 *     system.creds       for pushing a revocation, and hearing who was refused
 *     nats-server.conf   of the one server, or n1.conf, n2.conf ... of a cluster
 *     accounts.conf      what these include: the accounts
 *     producers.conf     the same, of producers; static accounts only
 *     producers.jsonl    who was given a credential, and whose was revoked
 *     carillon.yaml      the settings that go with it
 *
 * Seeds and credentials have mode 0600. With static accounts there are no tokens: the service
 * has a password, a producer a key, and a server takes a change when its configuration is
 * reloaded. One thread at a time; two processes at once keep out of each other's way where they
 * change the list.
 */
#pragma once

#include "carillon/keeper/accounts.h"

struct nats_dir {
	char path[1024];
	bool is_static;
	char prefix[33];
	struct accounts accounts; /* its prefix is the one above */
	struct str sealed;        /* the signing seed; in the arena it was opened with */
};

#define SERVICE_CREDS_FILE "service.creds"
#define SYSTEM_CREDS_FILE  "system.creds"

enum { NATS_DIR_PATH_MAX = 1024 + 32 };
/* The path of a file in it, in `out`. */
void nats_dir_file(
    char out[static NATS_DIR_PATH_MAX], const struct nats_dir *d, const char *name);

/* ERR_NOT_FOUND: there is none; the sentence says how to make it. */
MUST_USE bool nats_dir_open(
    struct nats_dir *d, const char *path, struct arena *a, struct err *e);
/* Makes the keys; without a vault those of static accounts, of which none is to be sealed.
 * ERR_CONFLICT: some are there already. */
MUST_USE bool nats_dir_create(struct nats_dir *d, const char *path, const char *prefix,
    const struct vault *v, struct arena *a, struct err *e);

/* The pair of a key that is in a file; nkey_fini it. ERR_SETUP: it is not there, or readable by
 * others. */
MUST_USE bool nats_dir_key(
    const struct nats_dir *d, enum account_key which, struct nkey *out, struct err *e);
/* The signing key, opened by the vault; nkey_fini it. */
MUST_USE bool nats_dir_signing_key(
    const struct nats_dir *d, const struct vault *v, struct nkey *out, struct err *e);
/* Seals the signing seed under the vault's newest key, if that is another. True also when the
 * directory is not there. */
MUST_USE bool nats_dir_reseal(const char *path, const struct vault *v, struct err *e);

/* Makes accounts.conf anew, with what is revoked at `now_s`; `*producers` is the token of the
 * producers' account, for the resolver (empty with static accounts), in `a`. */
MUST_USE bool nats_dir_write_accounts(const struct nats_dir *d, int64_t now_s, struct arena *a,
    struct str *producers, struct err *e);

/* Makes the credentials of the service and of the system account's user that are not there. */
MUST_USE bool nats_dir_write_credentials(
    const struct nats_dir *d, int64_t now_s, struct err *e);
