/*
 * Linear probing. Removing moves later entries of the same run back instead of leaving a mark,
 * so that a table which is filled and emptied all day never gets slower.
 */
#include "carillon/base/table.h"

#include <sodium.h>

enum { CAP_FIRST = 16 }; /* always a power of two */

struct slot {
	uint64_t hash;
	struct str key; /* owned; ptr NULL = empty */
	void *value;
};

struct table {
	struct slot *slots;
	size_t len, cap;
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
};

static struct slot *
slots_new(size_t cap)
{
	struct slot *slots = calloc(cap, sizeof *slots);

	must(slots); /* out of memory */
	return slots;
}

struct table *
table_new(void)
{
	struct table *t = malloc(sizeof *t);

	must(t); /* out of memory */
	must(sodium_init() >= 0);
	*t = (struct table){.slots = slots_new(CAP_FIRST), .cap = CAP_FIRST};
	crypto_shorthash_keygen(t->hash_key);
	return t;
}

static void
slot_free_key(struct slot *s)
{
	free((void *)(uintptr_t)s->key.ptr);
}

void
table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->cap; i++)
		slot_free_key(&t->slots[i]);
	free(t->slots);
	free(t);
}

static uint64_t
hash_of(const struct table *t, struct str key)
{
	uint64_t hash;
	_Static_assert(sizeof hash == crypto_shorthash_BYTES, "a hash is 64 bits");
	unsigned char bytes[crypto_shorthash_BYTES];

	crypto_shorthash(bytes, (const unsigned char *)key.ptr, key.len, t->hash_key);
	memcpy(&hash, bytes, sizeof hash);
	return hash;
}

/* Where `key` is, or the empty slot where it belongs. */
static struct slot *
find(const struct table *t, struct str key, uint64_t hash)
{
	for (size_t i = hash & (t->cap - 1);; i = (i + 1) & (t->cap - 1)) {
		struct slot *s = &t->slots[i];

		if (!s->key.ptr || (s->hash == hash && str_eq(s->key, key)))
			return s;
	}
}

void *
table_get(const struct table *t, struct str key)
{
	return find(t, key, hash_of(t, key))->value;
}

static void
grow(struct table *t)
{
	struct slot *old = t->slots;
	size_t old_cap = t->cap;

	t->cap *= 2;
	t->slots = slots_new(t->cap);
	for (size_t i = 0; i < old_cap; i++) {
		if (old[i].key.ptr)
			*find(t, old[i].key, old[i].hash) = old[i];
	}
	free(old);
}

static struct str
key_dup(struct str key)
{
	char *copy = malloc(key.len + 1);

	must(copy); /* out of memory */
	if (key.len)
		memcpy(copy, key.ptr, key.len);
	copy[key.len] = '\0';
	return (struct str){copy, key.len};
}

void *
table_set(struct table *t, struct str key, void *value)
{
	must(value);
	uint64_t hash = hash_of(t, key);
	struct slot *s = find(t, key, hash);
	void *before = s->value;

	if (s->key.ptr) {
		s->value = value;
		return before;
	}
	if ((t->len + 1) * 4 > t->cap * 3) {
		grow(t);
		s = find(t, key, hash);
	}
	*s = (struct slot){hash, key_dup(key), value};
	t->len++;
	return NULL;
}

/* Fills the hole with the next entry of its run that may stand there, and so on. */
static void
close_hole(struct table *t, size_t hole)
{
	size_t mask = t->cap - 1;

	for (size_t i = (hole + 1) & mask; t->slots[i].key.ptr; i = (i + 1) & mask) {
		size_t from_home = (i - t->slots[i].hash) & mask, from_hole = (i - hole) & mask;

		if (from_home < from_hole)
			continue;
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole] = (struct slot){0};
}

void *
table_remove(struct table *t, struct str key)
{
	struct slot *s = find(t, key, hash_of(t, key));
	void *before = s->value;

	if (!s->key.ptr)
		return NULL;
	slot_free_key(s);
	close_hole(t, (size_t)(s - t->slots));
	t->len--;
	return before;
}

size_t
table_len(const struct table *t)
{
	return t->len;
}

void *
table_next(const struct table *t, size_t *at, struct str *key)
{
	while (*at < t->cap) {
		const struct slot *s = &t->slots[(*at)++];

		if (!s->key.ptr)
			continue;
		*key = s->key;
		return s->value;
	}
	return NULL;
}
