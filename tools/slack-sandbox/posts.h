/*
 * The messages of one channel as they now are: which were changed, which are gone, which have
 * replies. What they say is in the journal. Not thread-safe: the sandbox's lock.
 */
#pragma once

#include "carillon/base/base.h"

/* What happened to a message after it was posted. */
struct later {
	uint64_t seq;            /* of the journal's entry that has the message as it now is */
	int64_t edited_us;       /* 0: no "(edited)" is shown */
	int64_t latest_reply_us; /* 0: no replies */
	uint32_t replies;
	bool is_deleted;
};

struct post {
	int64_t ts_us;
	uint64_t seq;        /* of the journal's entry of the posting */
	struct later *later; /* NULL: nothing happened */
};

struct posts {
	struct post *list; /* oldest first; the deleted stay */
	size_t count, cap;
	size_t shown;         /* those that are not deleted */
	uint64_t changed_seq; /* of the last post, change or deletion */
};

void posts_add(struct posts *p, int64_t ts_us, uint64_t seq);
/* The post with this timestamp that is not deleted, or NULL. */
struct post *posts_find(const struct posts *p, int64_t ts_us);
/* The place of the first post at `ts_us` or later; `count` if there is none. */
size_t posts_from(const struct posts *p, int64_t ts_us);
/* The entry that has the message as it now is. */
uint64_t post_seq(const struct post *post);
/* Of a deleted message with replies something remains to be seen. */
bool post_is_shown(const struct post *post);

void posts_change(struct posts *p, struct post *post, uint64_t seq, int64_t edited_us);
void posts_delete(struct posts *p, struct post *post, uint64_t seq);
/* A reply to `parent` was posted, or taken back. */
void post_replied(struct post *parent, int64_t reply_us);
void post_unreplied(struct post *parent);
/* Forgets all. */
void posts_clear(struct posts *p);
void posts_fini(struct posts *p);

/* "1712345678.000100" and back. */
enum { TS_TEXT_MAX = 32 };
const char *ts_text(int64_t ts_us, char text[static TS_TEXT_MAX]);
MUST_USE bool ts_parse(struct str s, int64_t *ts_us);
