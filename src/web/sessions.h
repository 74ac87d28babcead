/*
 * The sessions of browsers: records of the short bucket, kept in memory by every web process,
 * which follows the bucket. Any thread.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/records.h"
#include "carillon/broker/broker.h"

enum {
	SESSION_TTL_MIN_S = 300,
	SESSION_TTL_MAX_S = 3600,
	SESSION_TTL_USUAL_S = 1800,
	LAUNCH_TTL_MIN_S = 15,
	LAUNCH_TTL_MAX_S = 60,
	LAUNCH_TTL_USUAL_S = 30,
	SESSION_OVERLAP_MS = 30000, /* for which the token before a refresh counts */
	SESSION_TEXT_MAX = 128,
};

struct sessions;

struct sessions *sessions_new(void);
void sessions_free(struct sessions *s); /* NULL is fine */

/* What the bucket has under "session.<id>"; older revisions change nothing. True if the session
 * has ended by it. */
bool sessions_apply(struct sessions *s, struct str id, struct str bytes, uint64_t revision);
/* Of a workspace that was erased: as if there had never been one. */
void sessions_forget(struct sessions *s, struct str id);
/* A copy in `a`; NULL if there is none. */
session_record *sessions_get(
    struct sessions *s, struct arena *a, struct str id, uint64_t *revision);
/* All of them, from the newest on, as copies in `a`; false from `each` stops. */
typedef bool session_each_fn(const session_record *r, uint64_t revision, void *arg);
void sessions_each(struct sessions *s, struct arena *a, session_each_fn *each, void *arg);
/* Forgets what ended a day ago. */
void sessions_expire(struct sessions *s, wall_t now);

/* Puts the record into the bucket, and applies it here. ERR_CONFLICT: changed meanwhile. */
MUST_USE bool sessions_put(struct sessions *s, struct broker *b, const session_record *r,
    uint64_t expected, uint64_t *revision, struct err *e);

bool session_is_alive(const session_record *r, wall_t now);
/* "carillon_st_<id>_..." of a token, "carillon_lt_<id>_..." of a launch; both are shown once.
 */
void session_token_text(
    char out[static SESSION_TEXT_MAX], const char *prefix, struct str id, const char *token);
/* The id and the random part; false if it is no such text. */
bool session_text_parse(struct str text, const char *prefix, struct str *id, struct str *token);
#define SESSION_TOKEN_PREFIX "carillon_st_"
#define LAUNCH_TOKEN_PREFIX  "carillon_lt_"
