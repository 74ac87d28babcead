#include "broker/private.h"

#include "carillon/base/id.h"

enum { STATE_WAIT_MS = 5000 };

static bool
state_write(struct broker *b, const char *key, const char *operation, struct str bytes,
    uint64_t expected, uint64_t *revision, struct err *e)
{
	char subject[SUBJECT_MAX], id[NEW_ID_SIZE];

	if ((size_t)snprintf(subject, sizeof subject, "$KV.%s.%s", b->bucket, key) >=
	    sizeof subject)
		return fail(e, ERR_INPUT, "state key %.80s... is too long", key);
	id_new(id, "put"); /* a second try of this write is not a conflict with the first */
	return publish_and_wait(b,
	    &(struct publish_request){
		.subject = subject,
		.msg_id = id,
		.bytes = bytes,
		.operation = operation,
		.has_expected = true,
		.expected = expected,
		.wait_ms = STATE_WAIT_MS,
	    },
	    revision, e);
}

bool
broker_state_get(struct broker *b, const char *key, struct broker_message *out, struct err *e)
{
	struct buf request = {0};
	struct json_writer w;
	char subject[SUBJECT_MAX];

	snprintf(subject, sizeof subject, "$KV.%s.%s", b->bucket, key);
	jw_init(&w, &request);
	jw_object(&w);
	jw_kv_cstr(&w, "last_by_subj", subject);
	jw_object_end(&w);
	bool found = get_direct(b, STREAM_STATE, buf_view(&request), out, e);
	buf_fini(&request);
	return found;
}

/* The revision of the key's delete marker; false if its last revision is a value. */
static bool
state_find_marker(struct broker *b, const char *key, uint64_t *revision)
{
	struct broker_message m;

	if (!broker_state_get(b, key, &m, NULL))
		return false;
	bool is_marker = m.is_delete;
	*revision = m.seq;
	broker_message_free(&m);
	return is_marker;
}

static bool
state_conflict(const char *key, uint64_t expected, struct err *e)
{
	if (expected == 0)
		return fail(e, ERR_CONFLICT, "%s is there already", key);
	return fail(e, ERR_CONFLICT,
	    "%s was changed by somebody else since revision %llu: read it and try again", key,
	    (unsigned long long)expected);
}

bool
broker_state_put(struct broker *b, const char *key, struct str bytes, uint64_t expected,
    uint64_t *revision, struct err *e)
{
	struct err why;
	uint64_t marker;

	if (state_write(b, key, NULL, bytes, expected, revision, &why))
		return true;
	if (why.kind == ERR_CONFLICT && expected == 0 && state_find_marker(b, key, &marker) &&
	    state_write(b, key, NULL, bytes, marker, revision, &why))
		return true;
	if (why.kind == ERR_CONFLICT)
		return state_conflict(key, expected, e);
	return fail(e, why.kind, "%s", why.text);
}

bool
broker_state_delete(
    struct broker *b, const char *key, uint64_t expected, uint64_t *revision, struct err *e)
{
	struct err why;

	if (state_write(b, key, "DEL", (struct str){NULL, 0}, expected, revision, &why))
		return true;
	if (why.kind == ERR_CONFLICT)
		return state_conflict(key, expected, e);
	return fail(e, why.kind, "%s", why.text);
}
