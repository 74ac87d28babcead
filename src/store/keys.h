/*
 * The keys of every table, one builder each, and the way back. Numbers are big-endian, so that
 * LMDB's byte order is their order; a workspace and a connection end with a zero byte, so that
 * "acme" is no prefix of "acme-2". An id that does not fit makes the key `bad`: nothing is ever
 * found or stored under it, and its bytes are the id's first ones.
 */
#pragma once

#include "carillon/base/base.h"

enum {
	KEY_MAX = 272, /* bytes; longest: overflow, 3 x (64 + 1) + 8 + 64 */
	KEY_SHOWN_MAX = 80,
};

struct key {
	size_t len;
	bool bad;
	char bytes[KEY_MAX];
};

struct key key_empty(void);
struct key key_text(struct str text); /* meta, gone */
struct key key_state_record(struct str workspace, struct str id);
struct key key_event(uint64_t seq);
struct key key_delivery(uint64_t seq, struct str rule); /* also claimed */
struct key key_by_id(struct str workspace, struct str event_id);
struct key key_by_workspace(struct str workspace, uint64_t seq);
struct key key_by_state(struct str workspace, int state, uint64_t seq, struct str rule);
struct key key_due(int64_t due_ms, uint64_t seq, struct str rule);
struct key key_held(struct str workspace, struct str connection, uint64_t seq, struct str rule);
/* The channel has at most CHANNEL_ID_MAX bytes, or the key is bad. */
struct key key_overflow(struct str workspace, struct str connection, struct str channel,
    uint64_t seq, struct str rule);
/* `hash` of the key's text, which may be long. */
enum { KEY_HASH_SIZE = 16 };
struct key key_by_key(
    struct str workspace, struct str rule, int use, const uint8_t hash[static KEY_HASH_SIZE]);

/* What all keys of a workspace (a state, a connection, a lane of it) begin with. */
struct key key_of_workspace(struct str workspace);
struct key key_of_state(struct str workspace, int state);
struct key key_of_held(struct str workspace, struct str connection);
struct key key_of_lane(struct str workspace, struct str connection, struct str channel);
/* Greater than every key that begins with `prefix`, less than all others after them. */
struct key key_after(const struct key *prefix);

static inline struct str
key_view(const struct key *k)
{
	return (struct str){k->bytes, k->len};
}

/* A big-endian number, as keys and values hold it. */
void number_put(char out[static 8], uint64_t n);
uint64_t number_get(const char in[static 8]);
/* Reads `seq, rule` at offset `at` of a key; false if the key is too short. */
MUST_USE bool key_read_delivery(struct str key, size_t at, uint64_t *seq, struct str *rule);
