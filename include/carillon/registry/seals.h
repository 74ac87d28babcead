/*
 * Sealed credentials in the state bucket, all at once: sealed anew, and what was sealed before
 * erased. A change of one connection does the latter by itself. One thread at a time.
 */
#pragma once

#include "carillon/registry/registry.h"
#include "carillon/vault/vault.h"

/* A connection whose credential is to be sealed anew. Borrowed. */
struct seal_at {
	struct str workspace, connection;
};

struct seals {
	struct registry *registry;
	const struct vault *vault;
	/* Told of each that is left as it is: its record cannot be read, or it does not open.
	 */
	void (*pass_over)(const struct seal_at *at, const char *why, void *arg);
	void (*progress)(const char *what, size_t done, size_t of, void *arg);
	void *arg;
	/* Counted up: */
	size_t sealed, erased;
};

/*
 * Seals the credentials of `at` with the newest key, as many under way at once as the broker
 * takes. What was changed meanwhile, or is gone, is left: who wants all of them looks again
 * after registry_catch_up. ERR_TEMP and the like: not all could be stored.
 */
MUST_USE bool seals_renew(struct seals *s, const struct seal_at *at, size_t n, struct err *e);
/*
 * Erases every revision of a connection in the bucket with another seal than the index has of
 * it now. Reads the whole bucket, twice or more: until nothing is found.
 */
MUST_USE bool seals_erase_old(struct seals *s, struct err *e);
