#include "broker/private.h"

#include "carillon/base/id.h"

static bool
bucket_subject(char out[static SUBJECT_MAX], const struct broker *b, enum stream s,
    const char *key, struct err *e)
{
	const char *bucket = s == STREAM_SHORT ? b->short_bucket : b->bucket;

	if (key[strcspn(key, "*> \t\r\n")] != '\0') /* a wildcard would mean others' keys */
		return fail(e, ERR_INPUT, "\"%.80s\" is no key of a bucket", key);
	if (snprintf(out, SUBJECT_MAX, "$KV.%s.%s", bucket, key) < SUBJECT_MAX)
		return true;
	return fail(e, ERR_INPUT, "key %.80s... is too long", key);
}

/* It becomes a header: a line break in it would begin another one. */
static bool
author_copy(char out[static STATE_BY_MAX + 1], struct str by, struct err *e)
{
	bool is_line = str_is_text(by);

	for (size_t i = 0; i < by.len; i++)
		is_line = is_line && (unsigned char)by.ptr[i] >= ' ' && by.ptr[i] != 0x7f;
	if (is_line && str_copy(out, STATE_BY_MAX + 1, by))
		return true;
	return fail(e, ERR_INPUT, "the author of a change must be one line of at most %d bytes",
	    STATE_BY_MAX);
}

static bool
bucket_write(struct broker *b, enum stream s, const struct state_change *c,
    const char *operation, uint64_t *revision, struct err *e)
{
	char subject[SUBJECT_MAX], by[STATE_BY_MAX + 1], id[NEW_ID_SIZE];

	if (!bucket_subject(subject, b, s, c->key, e) || !author_copy(by, c->by, e))
		return false;
	id_new(id, "put"); /* a second try of this write is not a conflict with the first */
	return publish_and_wait(b,
	    &(struct publish_request){
		.subject = subject,
		.msg_id = id,
		.bytes = operation ? (struct str){NULL, 0} : c->bytes,
		.operation = operation,
		.by = c->by.len ? by : NULL,
		.has_expected = true,
		.expected = c->expected,
		.stream = s,
		.wait_ms = ELECTION_MS,
	    },
	    revision, e);
}

static bool
bucket_get(
    struct broker *b, enum stream s, const char *key, struct broker_message *out, struct err *e)
{
	struct buf request = {0};
	struct json_writer w;
	char subject[SUBJECT_MAX];

	if (!bucket_subject(subject, b, s, key, e))
		return false;
	jw_init(&w, &request);
	jw_object(&w);
	jw_kv_cstr(&w, "last_by_subj", subject);
	jw_object_end(&w);
	bool found = get_direct(b, s, buf_view(&request), out, e);
	buf_fini(&request);
	return found;
}

/* The revision of the key's delete marker; false if its last revision is a value. */
static bool
bucket_find_marker(struct broker *b, enum stream s, const char *key, uint64_t *revision)
{
	struct broker_message m;

	if (!bucket_get(b, s, key, &m, NULL))
		return false;
	bool is_marker = m.is_delete;
	*revision = m.seq;
	broker_message_free(&m);
	return is_marker;
}

static bool
bucket_conflict(const struct state_change *c, struct err *e)
{
	if (c->expected == 0)
		return fail(e, ERR_CONFLICT, "%s is there already", c->key);
	return fail(e, ERR_CONFLICT,
	    "%s was changed by somebody else since revision %llu: read it and try again",
	    c->key, (unsigned long long)c->expected);
}

static bool
bucket_put(struct broker *b, enum stream s, const struct state_change *c, uint64_t *revision,
    struct err *e)
{
	struct state_change again = *c; /* over the marker of its deletion */
	struct err why;

	if (bucket_write(b, s, c, NULL, revision, &why))
		return true;
	if (why.kind == ERR_CONFLICT && c->expected == 0 &&
	    bucket_find_marker(b, s, c->key, &again.expected) &&
	    bucket_write(b, s, &again, NULL, revision, &why))
		return true;
	if (why.kind == ERR_CONFLICT)
		return bucket_conflict(c, e);
	return fail(e, why.kind, "%s", why.text);
}

static bool
bucket_delete(struct broker *b, enum stream s, const struct state_change *c, uint64_t *revision,
    struct err *e)
{
	struct err why;

	if (bucket_write(b, s, c, "DEL", revision, &why))
		return true;
	if (why.kind == ERR_CONFLICT)
		return bucket_conflict(c, e);
	return fail(e, why.kind, "%s", why.text);
}

bool
broker_state_put(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e)
{
	return bucket_put(b, STREAM_STATE, c, revision, e);
}

bool
broker_state_begin(
    struct broker *b, const struct state_change *c, broker_published_fn *done, void *arg)
{
	char subject[SUBJECT_MAX], by[STATE_BY_MAX + 1], id[NEW_ID_SIZE];

	if (!bucket_subject(subject, b, STREAM_STATE, c->key, NULL) ||
	    !author_copy(by, c->by, NULL))
		return false;
	id_new(id, "put");
	return publish_begin(b,
	    &(struct publish_request){
		.subject = subject,
		.msg_id = id,
		.bytes = c->bytes,
		.by = c->by.len ? by : NULL,
		.has_expected = true,
		.expected = c->expected,
	    },
	    done, arg);
}

bool
broker_state_delete(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e)
{
	return bucket_delete(b, STREAM_STATE, c, revision, e);
}

bool
broker_state_get(struct broker *b, const char *key, struct broker_message *out, struct err *e)
{
	return bucket_get(b, STREAM_STATE, key, out, e);
}

bool
broker_short_put(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e)
{
	return bucket_put(b, STREAM_SHORT, c, revision, e);
}

bool
broker_short_delete(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e)
{
	return bucket_delete(b, STREAM_SHORT, c, revision, e);
}

bool
broker_short_get(struct broker *b, const char *key, struct broker_message *out, struct err *e)
{
	return bucket_get(b, STREAM_SHORT, key, out, e);
}

/* --- what a key was --- */

/* Who writes while we read pushes the oldest out: what is read is a window that moves on. */
struct revisions {
	struct broker_message kept[STATE_KEEP];
	size_t n; /* ever; the newest STATE_KEEP are kept */
};

static void
revisions_add(struct revisions *r, struct broker_message *m)
{
	struct broker_message *place = &r->kept[r->n++ % STATE_KEEP];

	if (place->handle)
		broker_message_free(place);
	*place = *m;
}

static bool
revisions_read(struct broker *b, const char *subject, struct revisions *r, struct err *e)
{
	struct broker_message m = {0};

	for (uint64_t from = 1; r->n < 2 * STATE_KEEP; from = m.seq + 1) {
		if (!get_next(b, STREAM_STATE, subject, from, &m, e))
			return e->kind == ERR_NOT_FOUND;
		revisions_add(r, &m);
	}
	return true;
}

bool
broker_state_history(
    struct broker *b, const char *key, broker_revision_fn *each, void *arg, struct err *e)
{
	struct revisions r = {0};
	char subject[SUBJECT_MAX];
	struct err why = {0};

	if (!bucket_subject(subject, b, STREAM_STATE, key, e))
		return false;
	bool ok = revisions_read(b, subject, &r, &why);
	size_t first = r.n > STATE_KEEP ? r.n - STATE_KEEP : 0;
	for (size_t i = r.n; ok && i > first; i--)
		if (!each(&r.kept[(i - 1) % STATE_KEEP], arg))
			break;
	for (size_t i = 0; i < COUNT_OF(r.kept); i++)
		broker_message_free(&r.kept[i]);
	return ok || fail(e, why.kind, "%s", why.text);
}
