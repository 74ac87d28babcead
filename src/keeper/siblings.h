/*
 * Connections, over all workspaces, that share one account at a destination: a destination has
 * one credential for each app and account, so what replaces or takes back one's does so for
 * all.
 */
#pragma once

#include "job.h"

struct sibling {
	struct str workspace, connection;
	int64_t issued_ms;
};

struct siblings {
	struct sibling *items; /* in the job's arena */
	size_t n;
};

/* All others of the same type, app and account than this one. ERR_TEMP, ERR_CORRUPT. */
MUST_USE bool siblings_find(struct job *j, struct str workspace, const connection_record *own,
    struct siblings *out, struct err *e);

/* Changes a record; false: leave it as it is. */
typedef bool record_change(
    struct job *j, struct str workspace, connection_record *rec, void *arg);
struct connection_update {
	struct str workspace, connection;
	record_change *change;
	void *arg;
};
/*
 * Reads, changes and stores a connection, again when somebody else was faster. ERR_NONE: the
 * change did not want to. `out` may be NULL, and is the record as it was stored.
 */
MUST_USE bool connection_change(
    struct job *j, const struct connection_update *u, struct account *out, struct err *e);

/* Takes the account's credential back at the destination; false if that could not be done.
 * account.c */
bool account_give_back(struct job *j, const struct account *a);

/* What was granted to one, when. */
struct granted {
	const struct dest_grant *grant;
	const struct secret *credential;
	int64_t at_ms;
};
/* Gives the new credential to all siblings. Which could not be written is logged: it is copied
 * when its own is due. */
void siblings_share(struct job *j, const struct siblings *s, const struct granted *g);
/* Seals `granted` over what a record has, and all that it says of the account. */
MUST_USE bool record_take_grant(struct job *j, struct str workspace, connection_record *rec,
    const struct granted *g, bool is_sibling);
