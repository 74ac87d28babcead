/*
 * Producers' credentials: minted, listed, revoked. A credential is a file that says who may
 * publish events of one workspace; nobody but its owner has it. The list of those that were
 * given out is a file of JSON lines that only grows: a line for each credential, and one more
 * for each that was revoked.
 */
#pragma once

#include "carillon/base/list.h"
#include "carillon/keeper/nats_dir.h"

struct producer {
	struct list link;
	struct str key; /* public: what is revoked */
	struct str workspace, name;
	int64_t issued_s, expires_s, revoked_s; /* Unix seconds; 0: never */
};

/* Whether it counts at `now_s`, or why not: "active", "expired", "revoked". */
const char *producer_status(const struct producer *p, int64_t now_s);

/* All of them, oldest first, into `out`, in `a`. ERR_CORRUPT: the sentence names the line. */
MUST_USE bool producers_read(
    const struct nats_dir *d, struct arena *a, struct list *out, struct err *e);

/*
 * Mints a credential, notes it in the list and writes it to a new file. `p` has workspace,
 * name, issued_s and expires_s; its key is filled in, in `a`. Asks nobody. ERR_CONFLICT: the
 * file is there already.
 */
MUST_USE bool producer_mint(const struct nats_dir *d, const struct vault *v, struct producer *p,
    const char *file, struct arena *a, struct err *e);
/* The same for one connection of our own: not noted, not written. nkey_fini the pair. */
MUST_USE bool producer_mint_passing(const struct nats_dir *d, const struct vault *v,
    const struct producer *p, struct nkey *pair, struct buf *token, struct err *e);

/* Whose credentials end, and when. */
struct producer_keys {
	const struct str *keys;
	size_t n;
	int64_t ended_s;
};
/* Notes that they no longer count, and makes accounts.conf anew. `*token` is what the resolver
 * must be told, in `a`.
 */
MUST_USE bool producers_revoke(const struct nats_dir *d, const struct producer_keys *whose,
    struct arena *a, struct str *token, struct err *e);
