/* Streams, bucket, readers and publishing of the fake broker. */
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/broker/service.h"
#include "fake.h"
#include "fake_broker_private.h"
#include "flow/flow_private.h"

static const char PREFIX[] = "carillon";
static const char BUCKET[] = "$KV.carillon_state.";
static const char FILLER[] = "carillon.events._";

enum { DEDUPE_MS = 120000, PAYLOAD_MAX = 1024 * 1024 };

struct broker *
fake_broker_new(void)
{
	struct broker *b = calloc(1, sizeof(*b));

	must(b != NULL);
	b->arena = arena_new(0);
	b->options = (struct fake_broker_options){30000, 20000};
	consumer_init(b);
	return b;
}

void
fake_broker_set(struct broker *b, const struct fake_broker_options *o)
{
	b->options = *o;
}

void
fake_broker_down(struct broker *b, bool is_down)
{
	b->reconnects += b->is_down && !is_down;
	b->is_down = is_down;
	if (!is_down)
		consumer_flush(b);
}

void
fake_broker_full(struct broker *b, bool is_full)
{
	b->is_full = is_full;
}

void
fake_broker_lose_settles(struct broker *b, bool loses)
{
	b->loses_settles = loses;
}

void
fake_broker_lose_pubacks(struct broker *b, int n)
{
	b->lost_pubacks = n;
}

void
fake_broker_lose_history(struct broker *b, size_t n)
{
	struct stored_stream *s = &b->streams[STREAM_HISTORY];

	s->n -= n < s->n ? n : s->n;
}

void
fake_broker_slow_ops(struct broker *b, int64_t ms)
{
	b->ops_ms = ms;
}

void
fake_broker_expire(struct broker *b, uint64_t seq)
{
	b->streams[STREAM_EVENTS].messages[seq - 1].is_gone = true;
}

static bool
is_ops_of(const char *subject, const char *what)
{
	size_t len = strlen(subject), what_len = strlen(what);

	return len > what_len && subject[len - what_len - 1] == '.' &&
	       strcmp(subject + len - what_len, what) == 0;
}

int64_t
fake_broker_told(const struct broker *b, const char *what)
{
	const ProtobufCMessageDescriptor *type = &carillon__v1__ops_event__descriptor;
	const struct stored_stream *s = &b->streams[STREAM_OPS];
	struct arena *a = arena_new(0);
	int64_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		ops_event *ops;

		if (is_ops_of(s->messages[i].subject, what) &&
		    record_unpack(type, a, s->messages[i].data, &ops, NULL))
			n += ops->count > 0 ? (int64_t)ops->count : 1;
	}
	arena_free(a);
	return n;
}

int
fake_broker_ops(const struct broker *b, const char *what)
{
	const struct stored_stream *s = &b->streams[STREAM_OPS];
	int n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += is_ops_of(s->messages[i].subject, what);
	return n;
}

/* --- the connection --- */

bool
broker_is_there(const struct broker *b, struct err *e)
{
	return b->is_down ? fail(e, ERR_TEMP, "not connected to nats") : true;
}

bool
broker_is_connected(const struct broker *b)
{
	return !b->is_down;
}

uint64_t
broker_reconnects(const struct broker *b)
{
	return b->reconnects;
}

bool
broker_take_denied(struct broker *b, struct err *e)
{
	(void)b;
	(void)e;
	return false;
}

bool
broker_ensure(struct broker *b, struct err *e)
{
	if (!broker_is_there(b, e))
		return false;
	if (!b->has_consumer)
		consumer_init(b);
	return true;
}

/* --- subjects --- */

void
subject_event(
    char out[static SUBJECT_MAX], const struct broker *b, struct str workspace, struct str type)
{
	(void)b;
	snprintf(
	    out, SUBJECT_MAX, "%s.events.%.*s.%.*s", PREFIX, STR_ARG(workspace), STR_ARG(type));
}

const struct partition *
broker_partition(const struct broker *b)
{
	static const struct partition only = {
	    .consumer = "dispatch-0", .history = "carillon.history.0"};

	(void)b;
	return &only;
}

/* In a story there is no keeper: what ends needs a person. */
bool
service_tell(
    struct broker *b, const char *name, const char *method, struct str bytes, struct err *e)
{
	(void)b;
	(void)method;
	(void)bytes;
	return fail(e, ERR_SETUP, "nobody answers for %s", name);
}

void
subject_ops(char out[static SUBJECT_MAX], const struct broker *b, struct str workspace,
    const char *what)
{
	(void)b;
	snprintf(out, SUBJECT_MAX, "%s.ops.%.*s.%s", PREFIX, STR_ARG(workspace), what);
}

bool
subject_parse_event(
    const struct broker *b, struct str subject, struct str *workspace, struct str *type)
{
	const struct str head = STR("carillon.events.");
	const char *dot;

	(void)b;
	if (!str_starts_with(subject, head))
		return false;
	subject = (struct str){subject.ptr + head.len, subject.len - head.len};
	dot = memchr(subject.ptr, '.', subject.len);
	*workspace = subject;
	*type = STR("");
	if (dot != NULL) {
		workspace->len = (size_t)(dot - subject.ptr);
		*type = (struct str){dot + 1, subject.len - workspace->len - 1};
	}
	return id_is_workspace(*workspace);
}

struct str
broker_state_key(const struct broker *b, struct str subject)
{
	(void)b;
	must(str_starts_with(subject, str_of(BUCKET)));
	return (struct str){subject.ptr + strlen(BUCKET), subject.len - strlen(BUCKET)};
}

/* --- storing --- */

static uint64_t
store_message(struct broker *b, enum stream s, const char *subject, struct str data,
    const char *msg_id, bool is_delete)
{
	struct stored_stream *stream = &b->streams[s];

	if (stream->n == stream->cap) {
		stream->cap = stream->cap ? 2 * stream->cap : 64;
		stream->messages =
		    realloc(stream->messages, stream->cap * sizeof(*stream->messages));
		must(stream->messages != NULL);
	}
	stream->messages[stream->n++] = (struct stored){
	    .subject = arena_cstr(b->arena, str_of(subject)),
	    .msg_id = arena_cstr(b->arena, str_of(msg_id)),
	    .data = arena_str(b->arena, data),
	    .at = clock_wall(),
	    .is_delete = is_delete,
	};
	fake_activity++;
	return stream->n;
}

static uint64_t
find_repeat(const struct stored_stream *s, const char *msg_id)
{
	for (size_t i = s->n; msg_id != NULL && i > 0; i--)
		if (clock_wall().ms - s->messages[i - 1].at.ms < DEDUPE_MS &&
		    strcmp(s->messages[i - 1].msg_id, msg_id) == 0)
			return i;
	return 0;
}

uint64_t
fake_broker_publish_event(struct broker *b, const char *subject, struct str bytes)
{
	uint64_t seq = store_message(b, STREAM_EVENTS, subject, bytes, "", false);

	consumer_sees(b, seq);
	return seq;
}

static enum stream
stream_of(const char *subject)
{
	struct str s = str_of(subject);

	if (str_starts_with(s, STR("carillon.history.")))
		return STREAM_HISTORY;
	must(str_starts_with(s, STR("carillon.ops.")));
	return STREAM_OPS;
}

bool
broker_publish(struct broker *b, const struct publication *p, uint64_t *seq, struct err *e)
{
	enum stream s = stream_of(p->subject);
	uint64_t at;

	if (s == STREAM_HISTORY)
		fake_point_reached(FAKE_BEFORE_HISTORY);
	if (b->is_down) {
		clock_sleep(p->wait_ms);
		return fail(e, ERR_TEMP, "%s: nats did not answer", p->subject);
	}
	if (p->bytes.len > PAYLOAD_MAX)
		return fail(e, ERR_INPUT, "%s: message is larger than %d bytes", p->subject,
		    PAYLOAD_MAX);
	if (b->is_full)
		return fail(
		    e, ERR_FULL, "%s: insufficient storage resources available", p->subject);
	if (s == STREAM_OPS && b->ops_ms > 0)
		clock_sleep(b->ops_ms);
	at = find_repeat(&b->streams[s], p->msg_id);
	if (at == 0)
		at = store_message(
		    b, s, p->subject, p->bytes, p->msg_id ? p->msg_id : "", false);
	if (seq != NULL)
		*seq = at;
	if (s != STREAM_HISTORY)
		return true;
	fake_point_reached(FAKE_AFTER_HISTORY);
	if (b->lost_pubacks <= 0)
		return true;
	b->lost_pubacks--;
	clock_sleep(p->wait_ms);
	return fail(e, ERR_TEMP, "%s: nats did not answer", p->subject);
}

uint64_t
fake_broker_stored(const struct broker *b, enum stream s)
{
	return b->streams[s].n;
}

size_t
broker_payload_max(const struct broker *b)
{
	(void)b;
	return PAYLOAD_MAX;
}

/* --- reading --- */

void
message_of_stored(
    const struct broker *b, enum stream s, uint64_t seq, struct broker_message *out)
{
	const struct stored *m = &b->streams[s].messages[seq - 1];

	*out = (struct broker_message){
	    .subject = str_of(m->subject),
	    .data = m->data,
	    .msg_id = str_of(m->msg_id),
	    .seq = seq,
	    .stored_at = m->at,
	    .is_delete = m->is_delete,
	};
}

/* Events of the stories have none. */
size_t
broker_message_headers(const struct broker_message *m, struct arena *a, struct header **out)
{
	(void)m;
	(void)a;
	*out = NULL;
	return 0;
}

void
broker_message_free(struct broker_message *m)
{
	free(m->handle);
	*m = (struct broker_message){0};
}

bool
broker_stream_info(struct broker *b, enum stream s, struct stream_info *out, struct err *e)
{
	static const char *const names[STREAMS] = {
	    "events", "state", "history", "ops", "short"};
	size_t n = b->streams[s].n;

	*out = (struct stream_info){
	    .id = "the only one", .first_seq = n > 0, .last_seq = n, .messages = n};
	str_copy(out->name, sizeof(out->name), str_of(names[s]));
	return broker_is_there(b, e);
}

bool
broker_get(
    struct broker *b, enum stream s, uint64_t seq, struct broker_message *out, struct err *e)
{
	if (!broker_is_there(b, e))
		return false;
	if (seq == 0 || seq > b->streams[s].n || b->streams[s].messages[seq - 1].is_gone)
		return fail(e, ERR_NOT_FOUND, "no message %llu", (unsigned long long)seq);
	message_of_stored(b, s, seq, out);
	fake_activity++;
	return true;
}

bool
broker_next_event(struct broker *b, uint64_t seq, struct broker_message *out, struct err *e)
{
	for (seq = seq ? seq : 1; seq <= b->streams[STREAM_EVENTS].n; seq++)
		if (!b->streams[STREAM_EVENTS].messages[seq - 1].is_gone)
			return broker_get(b, STREAM_EVENTS, seq, out, e);
	return fail(e, ERR_NOT_FOUND, "no event at or after %llu", (unsigned long long)seq);
}

bool
broker_erase(struct broker *b, enum stream s, uint64_t seq, struct err *e)
{
	if (!broker_is_there(b, e))
		return false;
	b->streams[s].messages[seq - 1].is_gone = true;
	return true;
}

bool
broker_erase_many(
    struct broker *b, enum stream s, const uint64_t *seqs, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!broker_erase(b, s, seqs[i], e))
			return false;
	return true;
}

bool
broker_use_up_events(struct broker *b, uint64_t seq, struct err *e)
{
	struct stored_stream *s = &b->streams[STREAM_EVENTS];

	if (!broker_is_there(b, e))
		return false;
	while (s->n < seq)
		fake_broker_publish_event(b, FILLER, STR(""));
	return true;
}

bool
subject_is_filler(const struct broker *b, struct str subject)
{
	(void)b;
	return str_eq(subject, str_of(FILLER));
}

struct reader {
	struct broker *broker;
	enum stream stream;
	uint64_t next;
};

bool
reader_open(struct reader **out, struct broker *b, enum stream s, uint64_t from, struct err *e)
{
	struct reader *r;

	if (!broker_is_there(b, e))
		return false;
	r = calloc(1, sizeof(*r));
	must(r != NULL);
	*r = (struct reader){b, s, from > 0 ? from : 1};
	*out = r;
	return true;
}

void
reader_close(struct reader *r)
{
	free(r);
}

bool
reader_next(struct reader *r, int64_t wait_ms, struct broker_message *out, struct err *e)
{
	const struct stored_stream *s = &r->broker->streams[r->stream];

	(void)wait_ms;
	while (r->next <= s->n && s->messages[r->next - 1].is_gone)
		r->next++;
	if (r->broker->is_down || r->next > s->n)
		return fail(e, ERR_NONE, "no message in time");
	message_of_stored(r->broker, r->stream, r->next++, out);
	fake_activity++;
	return true;
}

bool
reader_is_at_end(const struct reader *r)
{
	return !r->broker->is_down && r->next > r->broker->streams[r->stream].n;
}

/* --- the bucket --- */

static uint64_t
revision_of(const struct stored_stream *s, const char *subject, bool *is_delete)
{
	for (size_t i = s->n; i > 0; i--) {
		if (strcmp(s->messages[i - 1].subject, subject) != 0)
			continue;
		*is_delete = s->messages[i - 1].is_delete;
		return i;
	}
	*is_delete = true;
	return 0;
}

bool
broker_state_get(struct broker *b, const char *key, struct broker_message *out, struct err *e)
{
	char subject[SUBJECT_MAX];
	bool is_delete;
	uint64_t seq;

	snprintf(subject, sizeof(subject), "%s%s", BUCKET, key);
	seq = revision_of(&b->streams[STREAM_STATE], subject, &is_delete);
	return broker_get(b, STREAM_STATE, seq, out, e);
}

bool
broker_state_history(
    struct broker *b, const char *key, broker_revision_fn *each, void *arg, struct err *e)
{
	const struct stored_stream *s = &b->streams[STREAM_STATE];
	char subject[SUBJECT_MAX];
	struct broker_message m;
	bool goes_on = true;

	if (!broker_is_there(b, e))
		return false;
	snprintf(subject, sizeof(subject), "%s%s", BUCKET, key);
	for (size_t i = s->n, n = 0; goes_on && i > 0 && n < STATE_KEEP; i--) {
		if (s->messages[i - 1].is_gone ||
		    strcmp(s->messages[i - 1].subject, subject) != 0)
			continue;
		message_of_stored(b, STREAM_STATE, i, &m);
		goes_on = each(&m, arg);
		broker_message_free(&m);
		n++;
	}
	return true;
}

static bool
state_write(struct broker *b, const struct state_change *c, bool is_delete, uint64_t *revision,
    struct err *e)
{
	char subject[SUBJECT_MAX];
	bool was_deleted;
	uint64_t last;

	if (!broker_is_there(b, e))
		return false;
	snprintf(subject, sizeof(subject), "%s%s", BUCKET, c->key);
	last = revision_of(&b->streams[STREAM_STATE], subject, &was_deleted);
	if (c->expected == 0 ? !was_deleted : last != c->expected)
		return fail(e, ERR_CONFLICT, "%s is at revision %llu", c->key,
		    (unsigned long long)last);
	last = store_message(
	    b, STREAM_STATE, subject, is_delete ? (struct str){0} : c->bytes, "", is_delete);
	if (revision != NULL)
		*revision = last;
	return true;
}

bool
broker_state_put(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e)
{
	return state_write(b, c, false, revision, e);
}

bool
broker_state_delete(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e)
{
	return state_write(b, c, true, revision, e);
}

void
fake_broker_put_state(struct broker *b, const char *key, struct str bytes)
{
	char subject[SUBJECT_MAX];

	snprintf(subject, sizeof(subject), "%s%s", BUCKET, key);
	(void)store_message(b, STREAM_STATE, subject, bytes, "", false);
}

void
fake_broker_put_history(struct broker *b, struct str bytes)
{
	(void)store_message(b, STREAM_HISTORY, "carillon.history.0", bytes, "", false);
}
