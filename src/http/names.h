/*
 * Names to addresses. The system's resolver may take as long as it likes, and cannot be
 * interrupted; so each name is asked for on a thread of its own, of which there are never more
 * than NAMES_AT_ONCE, and whose answer is fetched. One owner, who never waits; what is still
 * being asked when names are freed ends by itself, unheard.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/buf.h"

enum { NAMES_AT_ONCE = 8 };

struct names;

/* One question, and its answer. */
struct lookup;

MUST_USE bool names_new(struct names **out, struct err *e);
/* Does not wait for what is being asked. NULL is fine. */
void names_free(struct names *n);
/* Readable when there is an answer. */
int names_fd(const struct names *n);

/* Asks for `host`; beyond NAMES_AT_ONCE it waits for its turn. */
void names_ask(struct names *n, const char *host, void *tag);
/* The next answer and the tag of its question, or NULL. The caller frees it. */
struct lookup *names_answer(struct names *n, void **tag);

/*
 * Appends the addresses as text, commas between, IPv6 in brackets. Where there is none: why, as
 * ERR_TEMP.
 */
MUST_USE bool lookup_addresses(const struct lookup *l, struct buf *addresses, struct err *e);
void lookup_free(struct lookup *l);
