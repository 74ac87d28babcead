#include "repeats.h"

#include <microhttpd.h>
#include <sodium.h>

#include "carillon/base/log.h"
#include "problem.h"
#include "web_private.h"

enum {
	KEY_LENGTH_MAX = 128,
	ANSWER_MAX = 16 * 1024, /* bytes that are kept */
	HASH_BYTES = 32,
	NAME_BYTES = 16,
	NAME_MAX_TEXT = 64,
	STALE_MS = 60000, /* then whoever worked on it has died */
};

/* Where it is kept: of whose key it is, and for which route. */
struct repeat {
	char name[NAME_MAX_TEXT];
	uint8_t hash[HASH_BYTES]; /* of what is asked */
	uint64_t revision;
};

static void
add(crypto_generichash_state *state, struct str s)
{
	const uint8_t end = 0;

	if (s.len > 0)
		crypto_generichash_update(state, (const uint8_t *)s.ptr, s.len);
	crypto_generichash_update(state, &end, 1);
}

static void
name_repeat(struct request *q, struct repeat *r)
{
	crypto_generichash_state state;
	uint8_t name[NAME_BYTES];
	char text[2 * NAME_BYTES + 1];

	crypto_generichash_init(&state, NULL, 0, sizeof(name));
	add(&state, q->who.id);
	add(&state, str_of(q->route->name));
	add(&state, request_header(q, "Idempotency-Key"));
	crypto_generichash_final(&state, name, sizeof(name));
	sodium_bin2hex(text, sizeof(text), name, sizeof(name));
	snprintf(r->name, sizeof(r->name), "idem.%s", text);
	crypto_generichash_init(&state, NULL, 0, sizeof(r->hash));
	add(&state, q->raw_target);
	add(&state, buf_view(&q->body));
	crypto_generichash_final(&state, r->hash, sizeof(r->hash));
}

bool
repeats_has(const struct request *q)
{
	return q->method == METHOD_POST && q->route->where == WORKER &&
	       q->who.kind != PRINCIPAL_NOBODY &&
	       request_header((struct request *)(uintptr_t)q, "Idempotency-Key").len > 0;
}

/* --- the record --- */

static repeatable_record *
read_kept(struct request *q, struct repeat *r, struct err *e)
{
	struct broker_message m;
	void *record = NULL;

	if (!broker_short_get(q->web->broker, r->name, &m, e))
		return NULL;
	r->revision = m.seq;
	if (!m.is_delete && !record_unpack(&carillon__v1__repeatable__descriptor, q->arena,
				arena_str(q->arena, m.data), &record, e))
		record = NULL;
	broker_message_free(&m);
	return record;
}

static bool
put(struct request *q, struct repeat *r, const repeatable_record *record, struct err *e)
{
	const struct state_change c = {
	    .key = r->name, .bytes = record_pack(q->arena, record), .expected = r->revision};

	return broker_short_put(q->web->broker, &c, &r->revision, e);
}

static repeatable_record
begun(struct request *q, struct repeat *r)
{
	repeatable_record record;

	carillon__v1__repeatable__init(&record);
	record.request_hash = (ProtobufCBinaryData){sizeof(r->hash), r->hash};
	record.created_ms = q->now.ms;
	return record;
}

/* --- what came before --- */

static bool
answer_again(struct request *q, const repeatable_record *kept)
{
	if (kept->body.len == 0 && kept->status == MHD_HTTP_CREATED)
		return problem(
		    q, PROBLEM_EXISTS, "this was made by the first request, and is told once");
	q->answer.status = kept->status;
	q->answer.content_type = kept->status >= 400  ? "application/problem+json"
	                         : kept->body.len > 0 ? "application/json"
	                                              : NULL;
	buf_put(&q->answer.body, kept->body.data, kept->body.len);
	if (kept->etag[0] != '\0')
		answer_header(q, "ETag", str_of(kept->etag));
	answer_header(q, "Idempotency-Replayed", STR("true"));
	return false;
}

static bool
compare(struct request *q, struct repeat *r, const repeatable_record *kept)
{
	if (kept->request_hash.len != sizeof(r->hash) ||
	    sodium_memcmp(kept->request_hash.data, r->hash, sizeof(r->hash)) != 0)
		return problem(q, PROBLEM_IDEMPOTENCY_MISMATCH,
		    "take a new key: this one came with another request");
	if (kept->status != 0)
		return answer_again(q, kept);
	(void)problem(q, PROBLEM_IN_PROGRESS, "ask again in a moment");
	problem_retry_after(q, 1);
	return false;
}

/* The first of two that come at once makes the record; the other finds it there. */
bool
repeats_begin(struct request *q)
{
	struct repeat *r = ARENA_NEW(q->arena, struct repeat);
	repeatable_record record;
	const repeatable_record *kept;
	struct err e = {0};

	if (request_header(q, "Idempotency-Key").len > KEY_LENGTH_MAX)
		return problem(q, PROBLEM_BAD_REQUEST, "Idempotency-Key: at most %d bytes",
		    KEY_LENGTH_MAX);
	name_repeat(q, r);
	q->finish_arg = r;
	record = begun(q, r);
	if (put(q, r, &record, &e))
		return true;
	if (e.kind != ERR_CONFLICT)
		return problem_of(q, &e);
	kept = read_kept(q, r, &e);
	if (kept == NULL)
		return e.kind == ERR_NONE || e.kind == ERR_NOT_FOUND
		           ? problem(q, PROBLEM_IN_PROGRESS, "ask again in a moment")
		           : problem_of(q, &e);
	if (kept->status == 0 && q->now.ms - kept->created_ms > STALE_MS)
		return put(q, r, &record, &e) || problem_of(q, &e);
	return compare(q, r, kept);
}

static bool
may_help_again(unsigned status)
{
	return status >= 500 || status == 429 || status == 425;
}

static struct str
etag_of(const struct request *q)
{
	for (int i = 0; i < q->answer.n_headers; i++)
		if (strcmp(q->answer.headers[i].name.ptr, "ETag") == 0)
			return q->answer.headers[i].value;
	return (struct str){0};
}

void
repeats_end(struct request *q)
{
	struct repeat *r = q->finish_arg;
	repeatable_record record = begun(q, r);
	struct err e = {0};
	bool ok;

	if (may_help_again(q->answer.status)) {
		ok = broker_short_delete(q->web->broker,
		    &(struct state_change){.key = r->name, .expected = r->revision},
		    &r->revision, &e);
	} else {
		record.status = q->answer.status;
		record.etag = arena_cstr(q->arena, etag_of(q));
		if (!q->answer.is_secret && q->answer.body.len <= ANSWER_MAX)
			record.body = (ProtobufCBinaryData){
			    q->answer.body.len, (uint8_t *)q->answer.body.ptr};
		ok = put(q, r, &record, &e);
	}
	if (!ok)
		log_warn("web.idempotency", L_STR("request", q->id), L_STR("error", e.text));
}
