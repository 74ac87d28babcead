/* Webhooks: an address of the customer's own, and a secret of ours that is told once. The
 * secret is sealed before it leaves the request; the keeper asks the endpoint and stores it. */
#include <microhttpd.h>
#include <sodium.h>

#include "carillon/base/id.h"
#include "carillon/base/sealed_box.h"
#include "carillon/base/signing_secret.h"
#include "carillon/base/url.h"
#include "carillon/dest/dest.h"
#include "web/ask_keeper.h"
#include "write.h"

enum { OVERLAP_USUAL_H = 24, OVERLAP_MAX_H = 24 * 30, HOUR_MS = 3600 * 1000 };

/* --- what is handed in --- */

static bool
read_text(struct request *q, const struct json *object, const char *name, char **out)
{
	const struct json *v = json_get(object, str_of(name));

	if (v == NULL)
		return true;
	*out = arena_cstr(q->arena, v->text);
	return v->kind == JSON_STRING ||
	       problem(q, PROBLEM_INVALID_VALUE, "%s: must be a string, not %s", name,
		   json_kind_name(v->kind));
}

static bool
read_flag(
    struct request *q, const struct json *object, const char *name, protobuf_c_boolean *out)
{
	const struct json *v = json_get(object, str_of(name));

	*out = v != NULL && v->kind == JSON_TRUE;
	return v == NULL || v->kind == JSON_TRUE || v->kind == JSON_FALSE ||
	       problem(q, PROBLEM_INVALID_VALUE, "%s: must be true or false", name);
}

/* Lines behind the secret; what they must be is for the keeper. */
static bool
add_headers(struct request *q, const struct json *object, struct buf *text)
{
	const struct json *headers = json_get(object, STR("headers"));

	if (headers == NULL)
		return true;
	if (headers->kind != JSON_OBJECT)
		return problem(q, PROBLEM_INVALID_VALUE, "headers: must be an object");
	JSON_EACH (v, headers) {
		if (v->kind != JSON_STRING || memchr(v->text.ptr, '\n', v->text.len) != NULL ||
		    memchr(v->key.ptr, '\n', v->key.len) != NULL)
			return problem(
			    q, PROBLEM_INVALID_VALUE, "headers: each must be one line of text");
		buf_printf(text, "\n%.*s: %.*s", STR_ARG(v->key), STR_ARG(v->text));
	}
	return true;
}

/* --- the box --- */

static bool
read_vault_key(struct request *q, struct box_key *out, struct err *e)
{
	struct broker_message m;
	vault_key_record *rec;
	void *record;
	bool ok;

	if (!broker_state_get(request_broker(q), VAULT_KEY_AT, &m, e))
		return false;
	ok = !m.is_delete &&
	     record_unpack(&carillon__v1__vault_key__descriptor, q->arena, m.data, &record, e);
	broker_message_free(&m);
	if (!ok)
		return fail(e, ERR_TEMP, "the vault's public key is not there");
	rec = record;
	if (rec->key.len != sizeof(out->bytes))
		return fail(e, ERR_CORRUPT, "the vault's public key is none");
	out->version = rec->version;
	memcpy(out->bytes, rec->key.data, sizeof(out->bytes));
	return true;
}

/* Makes the secret, and seals it with the headers for the connection. */
static bool
seal(struct request *q, const struct json *object, connection_record *rec, char *secret)
{
	struct buf text = {0}, box = {0};
	struct box_key key;
	struct err e = {0};
	bool ok;

	signing_secret_new(secret);
	buf_cstr(&text, secret);
	ok = add_headers(q, object, &text);
	if (ok && (!read_vault_key(q, &key, &e) || !box_seal(&box, &key, request_part(q, 0),
						       str_of(rec->id), buf_view(&text), &e)))
		ok = problem_of(q, &e);
	if (ok) {
		struct str bytes = arena_str(q->arena, buf_view(&box));

		rec->sealed = (ProtobufCBinaryData){
		    .len = bytes.len, .data = (uint8_t *)(uintptr_t)bytes.ptr};
	}
	buf_fini_wiped(&text);
	buf_fini(&box);
	return ok;
}

/* --- what is answered --- */

static void
answer(struct request *q, const char *id, const char *secret, unsigned status)
{
	struct err e = {0};
	struct json_writer w;
	uint64_t revision;
	const connection_record *rec = registry_connection(
	    q->registry, q->arena, request_part(q, 0), str_of(id), &revision, &e);

	if (rec == NULL) {
		(void)problem_of(q, &e);
		return;
	}
	answer_json(q, status, &w);
	jw_object(&w);
	jw_key(&w, "connection");
	json_write_connection(&w, rec, revision, NULL);
	if (secret != NULL)
		jw_kv_cstr(&w, "secret", secret);
	jw_object_end(&w);
	q->answer.is_secret = secret != NULL;
}

/* Has the keeper store it, and answers; `secret` NULL: it keeps the one that it has. */
static void
put(struct request *q, keeper_request *ask, const char *secret, unsigned status)
{
	const keeper_answer *a = keeper_ask_for_api(q, "connection.put", ask);
	struct err e = {0};

	if (a == NULL)
		return;
	if (registry_catch_up(q->registry, a->revision, &e))
		answer(q, ask->put->id, secret, status);
	else
		(void)problem_of(q, &e);
}

/* The one channel, called as people know the endpoint. */
static void
aim_at(struct request *q, connection_record *rec)
{
	Carillon__V1__Channel *channel = ARENA_NEW(q->arena, Carillon__V1__Channel);
	struct url parts;
	bool is_url = url_parse(&parts, str_of(rec->url));

	carillon__v1__channel__init(channel);
	channel->id = arena_cstr(q->arena, STR("endpoint"));
	channel->name = arena_cstr(q->arena, is_url ? parts.host : STR(""));
	rec->n_channels = 1;
	rec->channels = ARENA_ARRAY(q->arena, Carillon__V1__Channel *, 1);
	rec->channels[0] = channel;
}

void
api_webhook_create(struct request *q)
{
	static const char *const members[] = {
	    "id", "destination", "name", "url", "headers", "untested", NULL};
	char id[NEW_ID_SIZE], secret[SIGNING_SECRET_SIZE];
	connection_record rec = CARILLON__V1__CONNECTION__INIT;
	const struct json *object;
	keeper_request ask;

	carillon__v1__keeper_request__init(&ask);
	id_new(id, "conn");
	rec.id = id;
	rec.dest = (char *)(uintptr_t) "webhook";
	if (!api_has_workspace(q) || !request_object(q, &object) ||
	    !request_members(q, object, members) || !read_text(q, object, "id", &rec.id) ||
	    !read_text(q, object, "destination", &rec.dest) ||
	    !read_text(q, object, "name", &rec.name) ||
	    !read_text(q, object, "url", &rec.url) ||
	    !read_flag(q, object, "untested", &ask.untested))
		return;
	if (strcmp(rec.dest, "webhook") != 0) {
		(void)problem(q, PROBLEM_INVALID_VALUE,
		    "destination: a connection of this type is not made by this route");
		return;
	}
	rec.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	aim_at(q, &rec);
	ask.put = &rec;
	if (seal(q, object, &rec, secret))
		put(q, &ask, secret, MHD_HTTP_CREATED);
	sodium_memzero(secret, sizeof(secret));
}

/* The webhook of the route, to be put again. NULL: the answer is there. */
static connection_record *
webhook_of(struct request *q, keeper_request *ask)
{
	connection_record *rec;

	carillon__v1__keeper_request__init(ask);
	rec = api_connection(q, &ask->revision);
	if (rec == NULL)
		return NULL;
	if (strcmp(rec->dest, "webhook") != 0) {
		(void)problem(
		    q, PROBLEM_INVALID_VALUE, "the connection %s is no webhook", rec->id);
		return NULL;
	}
	rec->sealed = (ProtobufCBinaryData){0}; /* the keeper has it */
	ask->put = rec;
	return rec;
}

static bool
read_overlap(struct request *q, const struct json *object, int64_t *ms)
{
	const struct json *given = json_get(object, STR("overlap_hours"));
	int64_t hours = OVERLAP_USUAL_H;

	if (given != NULL && (!json_int64(given, &hours) || hours < 0 || hours > OVERLAP_MAX_H))
		return problem(
		    q, PROBLEM_INVALID_VALUE, "overlap_hours: from 0 to %d", OVERLAP_MAX_H);
	*ms = hours * HOUR_MS;
	return true;
}

void
api_webhook_rotate(struct request *q)
{
	static const char *const members[] = {"overlap_hours", "headers", "untested", NULL};
	char secret[SIGNING_SECRET_SIZE];
	const struct json *object;
	connection_record *rec;
	keeper_request ask;

	if (!request_object(q, &object) || !request_members(q, object, members))
		return;
	rec = webhook_of(q, &ask);
	if (rec == NULL || !read_flag(q, object, "untested", &ask.untested) ||
	    !read_overlap(q, object, &ask.overlap_ms))
		return;
	if (seal(q, object, rec, secret))
		put(q, &ask, secret, MHD_HTTP_OK);
	sodium_memzero(secret, sizeof(secret));
}

void
api_webhook_move(struct request *q)
{
	static const char *const members[] = {"url", "untested", NULL};
	char *empty = (char *)(uintptr_t)protobuf_c_empty_string;
	const struct json *object;
	connection_record *rec;
	keeper_request ask;

	if (!request_object(q, &object) || !request_members(q, object, members))
		return;
	rec = webhook_of(q, &ask);
	if (rec == NULL || !read_flag(q, object, "untested", &ask.untested) ||
	    !read_text(q, object, "url", &rec->url))
		return;
	aim_at(q, rec);
	rec->status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	rec->status_reason = rec->status_code = empty;
	rec->repair = CARILLON__V1__REPAIR__REPAIR_UNSPECIFIED;
	put(q, &ask, NULL, MHD_HTTP_OK);
}
