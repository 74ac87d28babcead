#include "carillon/registry/vault_key.h"

#include "carillon/registry/credentials.h"

enum { SHOWN = 8 }; /* bytes of a fingerprint that people compare */

/* What stands in the bucket; version 0: nothing that counts. */
struct published {
	struct box_key key;
	uint64_t revision; /* of what stands there; 0: nothing does */
};

static bool
read_published(struct broker *b, struct published *out, struct err *e)
{
	struct arena *a;
	struct broker_message m;
	void *record;

	*out = (struct published){0};
	if (!broker_state_get(b, VAULT_KEY_AT, &m, e))
		return e->kind == ERR_NOT_FOUND;
	out->revision = m.is_delete ? 0 : m.seq;
	a = arena_new(0);
	if (!m.is_delete &&
	    record_unpack(&carillon__v1__vault_key__descriptor, a, m.data, &record, NULL)) {
		const vault_key_record *rec = record;

		if (rec->key.len == sizeof(out->key.bytes)) {
			out->key.version = rec->version;
			memcpy(out->key.bytes, rec->key.data, rec->key.len);
		}
	}
	arena_free(a);
	broker_message_free(&m);
	return true;
}

static void
show(char out[static 2 * SHOWN + 1], const struct box_key *key)
{
	for (int i = 0; i < SHOWN; i++)
		snprintf(out + 2 * i, 3, "%02x", key->bytes[i]);
}

static bool
fail_other(const struct box_key *have, const struct box_key *wanted, struct err *e)
{
	char is[2 * SHOWN + 1], right[2 * SHOWN + 1];

	show(is, have);
	show(right, wanted);
	return fail(e, ERR_SETUP,
	    "the master key is the wrong one: credentials here are sealed with version %u of "
	    "fingerprint %s, and this one's is %s; check master_key_file",
	    (unsigned)wanted->version, right, is);
}

static bool
is_ours(const struct vault *v, const struct published *p, struct err *e)
{
	struct box_key own;

	if (p->key.version == 0)
		return true;
	if (vault_box_key_of(v, p->key.version, &own))
		return memcmp(own.bytes, p->key.bytes, sizeof(own.bytes)) == 0 ||
		       fail_other(&own, &p->key, e);
	return p->key.version < vault_version(v) ||
	       fail(e, ERR_SETUP,
		   "the master key is another one or an older copy: credentials here are "
		   "sealed "
		   "with version %u, and its newest is %u; give this process the file that "
		   "`carillon vault rotate` wrote",
		   (unsigned)p->key.version, (unsigned)vault_version(v));
}

bool
vault_key_check(struct broker *b, const struct vault *v, struct err *e)
{
	struct published p;

	return read_published(b, &p, e) && is_ours(v, &p, e);
}

static bool
put(struct broker *b, const struct box_key *key, uint64_t revision, struct err *e)
{
	struct box_key copy = *key;
	struct arena *a = arena_new(0);
	vault_key_record rec;
	bool ok;

	carillon__v1__vault_key__init(&rec);
	rec.version = copy.version;
	rec.key = (ProtobufCBinaryData){.len = sizeof(copy.bytes), .data = copy.bytes};
	ok = broker_state_put(b,
	    &(struct state_change){
		.key = VAULT_KEY_AT, .bytes = record_pack(a, &rec), .expected = revision},
	    NULL, e);
	arena_free(a);
	return ok;
}

/* Whether what stands there says nothing of the vault's keys. */
static bool
is_unknown(const struct vault *v, const struct published *p)
{
	struct box_key own;

	return p->key.version == 0 || !vault_box_key_of(v, p->key.version, &own);
}

bool
vault_key_publish(
    struct broker *b, struct store *s, const struct vault *v, uint32_t *version, struct err *e)
{
	struct box_key newest;
	struct published p;
	bool ok;

	vault_box_key(v, &newest);
	if (!read_published(b, &p, e) || !is_ours(v, &p, e))
		return false;
	ok = p.key.version == newest.version ||
	     ((!is_unknown(v, &p) || credentials_check_key(s, v, e)) &&
		 put(b, &newest, p.revision, e));
	/* Another process was first: then what it wrote is compared. */
	if (!ok && e->kind == ERR_CONFLICT)
		ok = vault_key_check(b, v, e);
	if (ok)
		*version = newest.version;
	return ok;
}
