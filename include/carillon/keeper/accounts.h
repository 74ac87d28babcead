/*
 * NATS's accounts as they must be, in tokens. Carillon's streams are in one account, producers
 * are in another, which imports a service of the first:
 *
 *     producer --pub carillon.events.acme.x--> PRODUCERS --import--> CARILLON: JetStream
 *
 * So a producer's rights hold for the subject as it names it, and the answer of JetStream comes
 * back to it alone: it can give no reply subject by which the server would act for it. All
 * producers have their rights from one signing key's template, where a tag stands for the
 * workspace. Pure; any thread.
 */
#pragma once

#include "carillon/vault/nkey.h"

/* The five keys of a set-up, as public keys. */
enum account_key {
#define ACCOUNT_KEY(NAME, kind, name, file, sentence) ACCOUNT_KEY_##NAME,
#include "carillon/keeper/account_keys.def"
#undef ACCOUNT_KEY
	ACCOUNT_KEYS
};

struct accounts {
	const char *prefix; /* first token of every subject */
	char keys[ACCOUNT_KEYS][NKEY_PUBLIC_LEN + 1];
};

/* A credential that no longer counts: the user's key, and until when it was issued. */
struct revocation {
	const char *key;
	int64_t at_s; /* Unix seconds */
};

/* Tokens of the operator and the accounts, signed by the operator; `now_s` Unix seconds. */
void accounts_operator(
    struct buf *out, const struct accounts *a, const struct nkey *operator_, int64_t now_s);
void accounts_system(
    struct buf *out, const struct accounts *a, const struct nkey *operator_, int64_t now_s);
void accounts_service(
    struct buf *out, const struct accounts *a, const struct nkey *operator_, int64_t now_s);
void accounts_producers(struct buf *out, const struct accounts *a, const struct nkey *operator_,
    int64_t now_s, const struct revocation *revoked, size_t n);

/* Who gets a user's token, and how long it counts. */
struct account_user {
	const char *name;            /* for people */
	const char *key;             /* public */
	int64_t issued_s, expires_s; /* Unix seconds; expires 0: never */
};

/* The service itself: all of its account. `issuer` is the account's pair. */
void accounts_service_user(
    struct buf *out, const struct nkey *issuer, const struct account_user *u);
/* Tells the servers' resolver of a changed account, and hears of refused credentials. */
void accounts_system_user(
    struct buf *out, const struct nkey *issuer, const struct account_user *u);
/* May publish events of one workspace, and hear the answers. `signing` is the signing key's. */
void accounts_producer(struct buf *out, const struct accounts *a, const struct nkey *signing,
    const struct account_user *u, struct str workspace);
