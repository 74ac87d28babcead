#include "carillon/registry/erasing.h"

#include <sodium.h>
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"

enum {
	PAUSE_MS = 500,   /* between two passes */
	SETTLE_MS = 2000, /* what is in flight is over when the requests have timed out */
	PASSES_MAX = 200,
	KEY_BYTES = 32,
	HASH_BYTES = 32,
	SHORT_KEY_MAX = 80,
};

#define KIND STR("erasure.")

/* --- the record --- */

static void
hash_of(const erasure_record *r, struct str workspace, uint8_t out[static HASH_BYTES])
{
	crypto_generichash(out, HASH_BYTES, (const uint8_t *)workspace.ptr, workspace.len,
	    r->key.data, r->key.len);
}

void
erasure_new(erasure_record *r, struct arena *a, struct str workspace, wall_t now)
{
	char id[NEW_ID_SIZE];

	carillon__v1__erasure__init(r);
	id_new(id, "erase");
	r->id = arena_cstr(a, str_of(id));
	r->workspace = arena_cstr(a, workspace);
	r->key = (ProtobufCBinaryData){KEY_BYTES, arena_must(a, KEY_BYTES)};
	r->hash = (ProtobufCBinaryData){HASH_BYTES, arena_must(a, HASH_BYTES)};
	randombytes_buf(r->key.data, KEY_BYTES);
	hash_of(r, workspace, r->hash.data);
	r->requested_ms = now.ms;
}

void
erasure_end(erasure_record *r, const struct erasure *x, wall_t now)
{
	r->workspace = (char *)(uintptr_t)protobuf_c_empty_string;
	r->messages = x->messages;
	r->batches = x->batches;
	r->records = x->records;
	r->done_ms = now.ms;
}

static void
key_of(char out[static SHORT_KEY_MAX], struct str id)
{
	snprintf(out, SHORT_KEY_MAX, "erasure.%.*s", STR_ARG(id));
}

bool
erasure_put(struct broker *b, const erasure_record *r, uint64_t expected, struct err *e)
{
	struct arena *a = arena_new(0);
	char key[SHORT_KEY_MAX];
	bool ok;

	key_of(key, str_of(r->id));
	ok = broker_short_put(b,
	    &(struct state_change){
		.key = key, .bytes = record_pack(a, r), .expected = expected},
	    NULL, e);
	arena_free(a);
	return ok;
}

static erasure_record *
unpack(struct arena *a, struct str bytes)
{
	void *r;

	return record_unpack(
		   &carillon__v1__erasure__descriptor, a, arena_str(a, bytes), &r, NULL)
	           ? r
	           : NULL;
}

bool
erasure_get(struct broker *b, struct arena *a, struct str id, erasure_record **out,
    uint64_t *revision, struct err *e)
{
	struct broker_message m;
	char key[SHORT_KEY_MAX];

	if (!id_is_record(id))
		return fail(e, ERR_NOT_FOUND, "no such erasure");
	key_of(key, id);
	if (!broker_short_get(b, key, &m, e))
		return false;
	*revision = m.seq;
	*out = m.is_delete ? NULL : unpack(a, m.data);
	broker_message_free(&m);
	return *out != NULL || fail(e, ERR_NOT_FOUND, "no such erasure");
}

erasure_record *
erasure_of(const struct broker *b, struct arena *a, const struct broker_message *m)
{
	return !m->is_delete && str_starts_with(broker_short_key(b, m->subject), KIND)
	           ? unpack(a, m->data)
	           : NULL;
}

bool
erasure_is_of(const erasure_record *r, struct str workspace)
{
	uint8_t hash[HASH_BYTES];

	if (r->key.len != KEY_BYTES || r->hash.len != HASH_BYTES)
		return false;
	hash_of(r, workspace, hash);
	return sodium_memcmp(hash, r->hash.data, HASH_BYTES) == 0;
}

/* --- the short bucket: sessions and consents of it --- */

static bool
is_of_workspace(struct arena *a, struct str key, struct str bytes, struct str workspace)
{
	void *r;

	if (str_starts_with(key, STR("session.")) &&
	    record_unpack(&carillon__v1__session__descriptor, a, bytes, &r, NULL))
		return str_eq(workspace, str_of(((session_record *)r)->workspace));
	if (str_starts_with(key, STR("authorization.")) &&
	    record_unpack(&carillon__v1__authorization__descriptor, a, bytes, &r, NULL))
		return str_eq(workspace, str_of(((authorization_record *)r)->workspace));
	return false;
}

/* The bucket keeps one value of a key: the deletion takes its place. */
static bool
erase_short_one(const struct broker_message *m, void *arg, struct err *e)
{
	struct erasing *x = arg;
	struct broker *b = x->erasure.broker;
	struct arena *a = arena_new(0);
	struct str key = broker_short_key(b, m->subject);
	bool ok = true;

	if (!m->is_delete && is_of_workspace(a, key, m->data, x->erasure.workspace)) {
		ok = broker_short_delete(b,
			 &(struct state_change){.key = arena_cstr(a, key), .expected = m->seq},
			 NULL, e) ||
		     e->kind == ERR_CONFLICT; /* there is a newer one, which comes yet */
		x->erasure.messages += ok;
	}
	arena_free(a);
	return ok;
}

static bool
erase_short(struct erasing *x, struct err *e)
{
	struct broker *b = x->erasure.broker;
	struct stream_info info;

	if (!broker_stream_info(b, STREAM_SHORT, &info, e))
		return e->kind == ERR_NOT_FOUND; /* no HTTP side has ever run */
	return info.messages == 0 || broker_read_each(b,
					 &(struct stream_span){STREAM_SHORT, "short bucket",
					     info.first_seq, info.last_seq},
					 erase_short_one, x, e);
}

/* --- all of it --- */

/* Who was interrupted after this goes on without it. */
static bool
delete_state(struct erasing *x, struct err *e)
{
	struct str workspace = x->erasure.workspace;

	x->was_there = registry_has_workspace(x->registry, workspace, e);
	if (x->was_there)
		return registry_delete_workspace(x->registry, workspace, e);
	return e->kind == ERR_NOT_FOUND;
}

static bool
is_stopping(const struct erasing *x)
{
	return x->is_stopping != NULL && atomic_load(x->is_stopping);
}

/* Until what the service had in hand of it is over, and a pass finds nothing. */
static bool
erase_until_quiet(struct erasing *x, struct err *e)
{
	mono_t settled_at =
	    mono_after(clock_mono(), x->was_there ? x->request_timeout_ms + SETTLE_MS : 0);
	uint64_t found;

	for (int i = 0; i < PASSES_MAX && !is_stopping(x); i++) {
		if (!erase_pass(&x->erasure, &found, e))
			return false;
		if (found == 0 && x->erasure.state_too)
			return true;
		x->erasure.state_too = found == 0 && mono_reached(clock_mono(), settled_at);
		clock_sleep(PAUSE_MS);
	}
	return fail(e, ERR_TEMP,
	    "something of workspace \"%.*s\" keeps coming: stop its producers, then run this "
	    "again",
	    STR_ARG(x->erasure.workspace));
}

bool
erasing_run(struct erasing *x, struct err *e)
{
	return delete_state(x, e) && erase_until_quiet(x, e) && erase_short(x, e);
}
