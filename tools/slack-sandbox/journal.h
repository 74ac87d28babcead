/*
 * Everything the sandbox was asked, in order, and what it answered. The messages of channels
 * are entries of it too. Made for a million posts: an entry is 120 bytes, and bodies are kept
 * within a budget, the oldest going first. Not thread-safe: the sandbox's lock.
 */
#pragma once

#include "carillon/base/buf.h"
#include "world.h"

struct entry {
	uint64_t seq;
	int64_t at_ms;
	const struct team *team;       /* NULL: nobody known */
	const struct channel *channel; /* NULL: none */
	const char *method, *error;    /* interned; error NULL = ok */
	int64_t ts_us, thread_ts_us;   /* 0: none */
	uint64_t body_hash;            /* FNV-1a of the request's body */
	char *key;                     /* NULL: none */
	char *body; /* content.h: the message as it then was; NULL: not kept */
	uint32_t body_len;
	uint16_t status;   /* of HTTP; 0: no answer was given */
	uint8_t mentions;  /* bits */
	bool is_posted;    /* a message appeared or changed */
	bool is_broadcast; /* a reply that the channel sees too */
	bool is_person;    /* said by a person, not through the API */
};

struct journal;

/*
 * `body_max`: bytes of one body worth keeping; `memory_max`: of all bodies. `path`, if not
 * NULL, gets a line for each post. NULL with errno if the file cannot be opened.
 */
struct journal *journal_new(size_t body_max, size_t memory_max, const char *path);
void journal_free(struct journal *j);

/* A copy that lives as long as the journal; for few different strings. */
const char *journal_intern(struct journal *j, struct str s);
/* Appends; seq, key and body of `e` are set here. Returns the sequence, which counts from 1. */
uint64_t journal_add(struct journal *j, struct entry e, struct str key, struct str body);
/* The entry, or NULL if there never was one or it was cleared. */
struct entry *journal_at(const struct journal *j, uint64_t seq);
uint64_t journal_last(const struct journal *j);
/* Forgets all entries; the sequence goes on. */
void journal_clear(struct journal *j);

/* "<seq> <ms> <channel> <ts> <key>\n" of a post; "-" for no key. */
void journal_line(struct buf *out, const struct entry *e);

uint64_t hash_fnv1a(struct str s);
