/*
 * The streams and the consumer as they must be. One table of wants makes the request that
 * creates a thing, and is compared with the thing that is there.
 */
#include "broker/private.h"

#include <inttypes.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"

enum { WANTS_MAX = 24, ENSURE_AGAIN_MS = 500 };

#define SECOND_NS INT64_C(1000000000)
#define DAY_S     INT64_C(86400)
#define OPS_AGE_S (7 * DAY_S)
#define DEDUPE_S  120 /* Nats-Msg-Id is remembered for so long */

struct want {
	const char *key; /* in the server's JSON */
	enum { WANT_TEXT, WANT_INT, WANT_BOOL, WANT_SPAN } kind;
	enum { WANT_EXACTLY, WANT_AT_LEAST, WANT_TO_CREATE } match; /* -1: without limit */
	const char *text;
	int64_t num;
	const char *setting; /* ours that would follow it, or NULL */
	const char *flag;    /* of the nats command; NULL: cannot be edited */
};

struct wants {
	const char *what, *name; /* "stream", "CARILLON_EVENTS" */
	const char *of_stream;   /* of a consumer */
	char subject[SUBJECT_MAX];
	struct want want[WANTS_MAX];
	size_t len;
};

static void
wants_add(struct wants *w, struct want one)
{
	must(w->len < WANTS_MAX);
	w->want[w->len++] = one;
}

static void
wants_add_age(struct wants *w, int64_t age_s, const char *setting)
{
	wants_add(w, (struct want){"max_age", WANT_SPAN, WANT_EXACTLY, NULL, age_s * SECOND_NS,
			 setting, "--max-age"});
}

static void
wants_of_every_stream(struct wants *w, const struct broker *b)
{
	const struct want every[] = {
	    {"retention", WANT_TEXT, WANT_EXACTLY, "limits", 0, NULL, NULL},
	    {"storage", WANT_TEXT, WANT_EXACTLY, "file", 0, NULL, NULL},
	    {"no_ack", WANT_BOOL, WANT_EXACTLY, NULL, false, NULL, "--ack"},
	    {"allow_direct", WANT_BOOL, WANT_EXACTLY, NULL, true, NULL, "--allow-direct"},
	    {"max_msg_size", WANT_INT, WANT_AT_LEAST, NULL, -1, NULL, "--max-msg-size"},
	    {"num_replicas", WANT_INT, WANT_AT_LEAST, NULL, b->replicas, "replicas",
		"--replicas"},
	    /* A purge of a subject, and a roll-up is one, makes nats-server 2.9 skip messages
	     * that consumers of other subjects were still to be given. */
	    {"allow_rollup_hdrs", WANT_BOOL, WANT_EXACTLY, NULL, false, NULL,
		"--no-allow-rollup"},
	    {"deny_purge", WANT_BOOL, WANT_EXACTLY, NULL, true, NULL,
		"--deny-purge --no-allow-rollup"},
	};

	for (size_t i = 0; i < COUNT_OF(every); i++)
		wants_add(w, every[i]);
}

/* A limit that somebody sets must refuse what is new, not lose what nobody has read. */
static void
wants_add_discard_new(struct wants *w)
{
	wants_add(
	    w, (struct want){"discard", WANT_TEXT, WANT_EXACTLY, "new", 0, NULL, "--discard"});
}

static void
wants_of_log(struct wants *w, const struct broker *b, enum stream s)
{
	static const char *const token[STREAMS] = {
	    [STREAM_EVENTS] = "events", [STREAM_HISTORY] = "history", [STREAM_OPS] = "ops"};

	snprintf(w->subject, sizeof w->subject, "%s.%s.>", b->prefix, token[s]);
	wants_add(w, (struct want){"max_msgs_per_subject", WANT_INT, WANT_AT_LEAST, NULL, -1,
			 NULL, "--max-msgs-per-subject"});
	if (s == STREAM_EVENTS)
		wants_add_discard_new(w);
	else
		wants_add(w,
		    (struct want){"discard", WANT_TEXT, WANT_TO_CREATE, "old", 0, NULL, NULL});
	/* History that went by a number of messages would be what nobody has seen. */
	if (s == STREAM_HISTORY)
		wants_add(w, (struct want){"max_msgs", WANT_INT, WANT_AT_LEAST, NULL, -1, NULL,
				 "--max-msgs"});
	if (s == STREAM_EVENTS && b->events_begin > 1)
		wants_add(w, (struct want){"first_seq", WANT_INT, WANT_TO_CREATE, NULL,
				 (int64_t)b->events_begin, NULL, NULL});
	if (s == STREAM_EVENTS)
		wants_add_age(w, b->events_max_age_s, "events_max_age_s");
	else if (s == STREAM_HISTORY)
		wants_add_age(w, b->history_max_age_s, "history_max_age_s");
	else
		wants_add_age(w, OPS_AGE_S, NULL);
}

/* What `nats kv add` makes, so that its tools work on it; but no key can be purged, and
 * messages can be deleted, so that those of an erased workspace can be overwritten. */
static void
wants_of_bucket(struct wants *w, const struct broker *b, enum stream s)
{
	const bool is_short = s == STREAM_SHORT;
	const struct want bucket[] = {
	    {"max_msgs_per_subject", WANT_INT, WANT_EXACTLY, NULL, is_short ? 1 : STATE_KEEP,
		NULL, "--max-msgs-per-subject"},
	    {"deny_delete", WANT_BOOL, WANT_TO_CREATE, NULL, false, NULL, NULL},
	};

	snprintf(
	    w->subject, sizeof w->subject, "$KV.%s.>", is_short ? b->short_bucket : b->bucket);
	for (size_t i = 0; i < COUNT_OF(bucket); i++)
		wants_add(w, bucket[i]);
	wants_add_discard_new(w);
	wants_add_age(w, is_short ? SHORT_AGE_S : 0, NULL);
}

/*
 * Ids of messages are the whole stream's: with a long memory for them one producer could make
 * another's event count as a repeat. The shortest that a server takes is this; repeats of an
 * event are known by its own id, in the ledger.
 */
static void
wants_add_window(struct wants *w, enum stream s)
{
	bool is_short = s == STREAM_EVENTS;

	wants_add(
	    w, (struct want){"duplicate_window", WANT_SPAN,
		   is_short ? WANT_EXACTLY : WANT_AT_LEAST, NULL,
		   is_short ? SECOND_NS / 10 : DEDUPE_S * SECOND_NS, NULL, "--dupe-window"});
}

/* What later servers let a header do, and a producer sets its headers itself. Earlier ones do
 * not know these, and take them for off. */
static void
wants_add_no_headers(struct wants *w)
{
	static const char *const keys[] = {
	    "allow_msg_ttl", "allow_atomic", "allow_msg_counter", "allow_msg_schedules"};

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		wants_add(w,
		    (struct want){keys[i], WANT_BOOL, WANT_EXACTLY, NULL, false, NULL, NULL});
}

static struct wants
wants_of_stream(const struct broker *b, enum stream s)
{
	struct wants w = {.what = "stream", .name = b->streams[s]};

	wants_of_every_stream(&w, b);
	wants_add_window(&w, s);
	wants_add_no_headers(&w);
	if (s == STREAM_STATE || s == STREAM_SHORT)
		wants_of_bucket(&w, b, s);
	else
		wants_of_log(&w, b, s);
	return w;
}

static struct wants
wants_of_consumer(const struct broker *b)
{
	const struct want consumer[] = {
	    {"ack_policy", WANT_TEXT, WANT_EXACTLY, "explicit", 0, NULL, NULL},
	    {"deliver_policy", WANT_TEXT, WANT_EXACTLY, "all", 0, NULL, NULL},
	    {"replay_policy", WANT_TEXT, WANT_EXACTLY, "instant", 0, NULL, NULL},
	    {"filter_subject", WANT_TEXT, WANT_EXACTLY, "", 0, NULL, NULL},
	    {"deliver_subject", WANT_TEXT, WANT_EXACTLY, "", 0, NULL, NULL},
	    {"headers_only", WANT_BOOL, WANT_EXACTLY, NULL, false, NULL, NULL},
	    {"max_deliver", WANT_INT, WANT_EXACTLY, NULL, -1, NULL, "--max-deliver"},
	    {"ack_wait", WANT_SPAN, WANT_EXACTLY, NULL, b->ack_wait_s * SECOND_NS, "ack_wait_s",
		"--wait"},
	    {"max_ack_pending", WANT_INT, WANT_EXACTLY, NULL, b->ack_pending_max,
		"ack_pending_max", "--max-pending"},
	};
	struct wants w = {.what = "consumer",
	    .name = b->partition.consumer,
	    .of_stream = b->streams[STREAM_EVENTS]};

	for (size_t i = 0; i < COUNT_OF(consumer); i++)
		wants_add(&w, consumer[i]);
	return w;
}

/* --- in words --- */

/* "30d", as the nats command takes it. */
static void
span_text(char *out, size_t size, int64_t ns)
{
	static const struct {
		int64_t s;
		char unit;
	} units[] = {{DAY_S, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	int64_t s = ns / SECOND_NS;

	if (ns % SECOND_NS != 0) {
		snprintf(out, size, "%" PRId64 "ms", ns / 1000000);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (s % units[i].s == 0 && (s != 0 || units[i].s == 1)) {
			snprintf(out, size, "%" PRId64 "%c", s / units[i].s, units[i].unit);
			return;
		}
}

static void
want_value_text(char *out, size_t size, const struct want *w, struct str text, int64_t num)
{
	switch (w->kind) {
	case WANT_TEXT:
		snprintf(out, size, "%.*s", (int)(text.len ? text.len : 4),
		    text.len ? text.ptr : "none");
		break;
	case WANT_INT: snprintf(out, size, "%" PRId64, num); break;
	case WANT_BOOL: snprintf(out, size, "%s", num ? "on" : "off"); break;
	case WANT_SPAN: span_text(out, size, num); break;
	}
}

static bool
wants_say_remove(const struct wants *w, const char *is, struct err *e)
{
	if (w->of_stream)
		return fail(e, ERR_SETUP,
		    "consumer %s of stream %s: %s; this cannot be edited, run: nats "
		    "consumer rm %s %s, and restart carillon, which makes it anew and "
		    "skips what is done",
		    w->name, w->of_stream, is, w->of_stream, w->name);
	return fail(e, ERR_SETUP,
	    "stream %s: %s; this cannot be edited: back it up with nats stream backup, "
	    "remove it and restart carillon, or choose another prefix",
	    w->name, is);
}

static bool
wants_say(const struct wants *w, const struct want *one, const char *have, struct err *e)
{
	char is[160], wanted[64], command[200];

	want_value_text(wanted, sizeof wanted, one, str_of(one->text), one->num);
	snprintf(is, sizeof is, "%s is %.60s, wanted %s%s", one->key, have,
	    one->match == WANT_AT_LEAST && one->num >= 0 ? "at least " : "", wanted);
	if (!one->flag)
		return wants_say_remove(w, is, e);
	snprintf(command, sizeof command, "nats %s edit %s%s%s %s%s%s", w->what,
	    w->of_stream ? w->of_stream : "", w->of_stream ? " " : "", w->name, one->flag,
	    one->kind == WANT_BOOL ? "" : " ", one->kind == WANT_BOOL ? "" : wanted);
	if (one->setting)
		return fail(e, ERR_SETUP, "%s %s: %s; change one of them: set %s, or run: %s",
		    w->what, w->name, is, one->setting, command);
	return fail(e, ERR_SETUP, "%s %s: %s; run: %s", w->what, w->name, is, command);
}

/* --- comparing --- */

/* -1 is "without limit", so more than anything. */
static bool
number_is_enough(int64_t have, int64_t wanted)
{
	return have == -1 || (wanted != -1 && have >= wanted);
}

static bool
want_is_met(const struct want *w, const struct json *config, char *have, size_t size)
{
	const struct json *v = json_get(config, str_of(w->key));
	struct str text = json_string(config, str_of(w->key));
	int64_t num = 0; /* what is absent is off */

	if (v && v->kind == JSON_TRUE)
		num = 1;
	else if (v && v->kind == JSON_NUMBER && !json_int64(v, &num))
		num = INT64_MAX;
	want_value_text(have, size, w, text, num);
	if (w->match == WANT_TO_CREATE)
		return true;
	if (w->kind == WANT_TEXT)
		return str_eq(text, str_of(w->text));
	return w->match == WANT_AT_LEAST ? number_is_enough(num, w->num) : num == w->num;
}

static bool
subjects_are(const struct wants *w, const struct json *config, struct err *e)
{
	const struct json *subjects = json_get(config, STR("subjects"));
	struct str first = {NULL, 0};

	if (w->of_stream)
		return true;
	if (subjects && subjects->child)
		first = subjects->child->text;
	if (subjects && subjects->count == 1 && str_eq(first, str_of(w->subject)))
		return true;
	return fail(e, ERR_SETUP,
	    "stream %s: it takes %.*s%s, wanted %s and nothing else; run: nats stream "
	    "edit %s --subjects '%s'",
	    w->name, (int)(first.len ? first.len : 7), first.len ? first.ptr : "nothing",
	    subjects && subjects->count > 1 ? " and more" : "", w->subject, w->name,
	    w->subject);
}

/* Tells the first difference and how many more there are. */
static bool
wants_compare(const struct wants *w, const struct json *config, struct err *e)
{
	struct err first = {0}, next;
	char have[80];
	int more = 0;

	if (!subjects_are(w, config, &first))
		more++;
	for (size_t i = 0; i < w->len; i++) {
		if (want_is_met(&w->want[i], config, have, sizeof have))
			continue;
		wants_say(w, &w->want[i], have, more == 0 ? &first : &next);
		more++;
	}
	if (more == 0)
		return true;
	if (more == 1)
		return fail(e, ERR_SETUP, "%s", first.text);
	return fail(e, ERR_SETUP, "%.420s (and %d more of its settings)", first.text, more - 1);
}

/* --- creating --- */

static void
want_write(struct json_writer *j, const struct want *w)
{
	if (w->kind == WANT_TEXT && !*w->text)
		return;
	if (w->kind == WANT_TEXT)
		jw_kv_cstr(j, w->key, w->text);
	else if (w->kind == WANT_BOOL)
		jw_kv_bool(j, w->key, w->num != 0);
	else
		jw_kv_int(j, w->key, w->num);
}

static void
wants_write(struct json_writer *j, const struct wants *w)
{
	jw_object(j);
	jw_kv_cstr(j, w->of_stream ? "durable_name" : "name", w->name);
	if (!w->of_stream) {
		jw_key(j, "subjects");
		jw_array(j);
		jw_cstr(j, w->subject);
		jw_array_end(j);
		jw_kv_int(j, "max_consumers", -1);
		jw_kv_int(j, "max_bytes", -1);
	}
	for (size_t i = 0; i < w->len; i++)
		want_write(j, &w->want[i]);
	jw_object_end(j);
}

static void
create_compose(struct buf *out, const struct wants *w)
{
	struct json_writer j;

	jw_init(&j, out);
	if (!w->of_stream) {
		wants_write(&j, w);
		return;
	}
	jw_object(&j);
	jw_kv_cstr(&j, "stream_name", w->of_stream);
	jw_key(&j, "config");
	wants_write(&j, w);
	jw_object_end(&j);
}

/* "STREAM.INFO.X", "CONSUMER.INFO.X.dispatch-0". */
static void
wants_subject(char out[static API_SUBJECT_MAX], const struct wants *w, const char *stream_verb,
    const char *consumer_verb)
{
	if (w->of_stream)
		snprintf(out, API_SUBJECT_MAX, "CONSUMER.%s.%s.%s", consumer_verb, w->of_stream,
		    w->name);
	else
		snprintf(out, API_SUBJECT_MAX, "STREAM.%s.%s", stream_verb, w->name);
}

static bool
wants_create(struct broker *b, const struct wants *w, struct err *e)
{
	char subject[API_SUBJECT_MAX];
	struct buf body = {0};
	struct api_reply r = {0};

	wants_subject(subject, w, "CREATE", "DURABLE.CREATE");
	create_compose(&body, w);
	bool ok = api_call(b, subject, buf_view(&body), &r, e);
	bool was_faster = r.code == API_NAME_IN_USE; /* another node; compared next time */
	/* An old server says nothing of what it does not know: its answer has what it made. */
	if (ok && !wants_compare(w, json_get(r.root, STR("config")), e)) {
		api_reply_free(&r);
		buf_fini(&body);
		return fail_within(e, "made, but not as asked");
	}
	api_reply_free(&r);
	buf_fini(&body);
	if (!ok && was_faster)
		return fail(e, ERR_TEMP, "%s %s was made by somebody else just now; try again",
		    w->what, w->name);
	return ok || fail_within(e, "cannot create %s %s", w->what, w->name);
}

/* --- both --- */

/* *is_there tells a missing thing (true, with *is_there false) from an error. */
static bool
wants_look(struct broker *b, const struct wants *w, bool *is_there, struct err *e)
{
	char subject[API_SUBJECT_MAX];
	struct api_reply r = {0};

	wants_subject(subject, w, "INFO", "INFO");
	*is_there = api_call(b, subject, (struct str){NULL, 0}, &r, e);
	bool ok = *is_there
	              ? wants_compare(w, json_get(r.root, STR("config")), e)
	              : r.code == API_STREAM_NOT_FOUND || r.code == API_CONSUMER_NOT_FOUND;
	api_reply_free(&r);
	return ok;
}

size_t
broker_payload_max(const struct broker *b)
{
	int64_t max = natsConnection_GetMaxPayload(b->nc);

	return max > PAYLOAD_MIN ? (size_t)max : PAYLOAD_MIN; /* as broker_ensure found */
}

static bool
payload_is_enough(struct broker *b, struct err *e)
{
	int64_t max = natsConnection_GetMaxPayload(b->nc);

	if (max >= PAYLOAD_MIN)
		return true;
	return fail(e, ERR_SETUP,
	    "nats takes messages of %" PRId64 " bytes, wanted at least %d: set "
	    "max_payload: 1MB in the server's configuration",
	    max, PAYLOAD_MIN);
}

static bool
jetstream_is_on(struct broker *b, struct err *e)
{
	struct api_reply r = {0};

	bool ok = api_call(b, "INFO", (struct str){NULL, 0}, &r, e);
	api_reply_free(&r);
	return ok;
}

static bool
wants_ensure(struct broker *b, const struct wants *w, struct err *e)
{
	bool is_there;

	if (!wants_look(b, w, &is_there, e))
		return false;
	return is_there || wants_create(b, w, e);
}

bool
broker_ensure(struct broker *b, struct err *e)
{
	struct wants w;

	if (!payload_is_enough(b, e) || !cluster_is_safe(b, e) || !jetstream_is_on(b, e))
		return false;
	for (int s = 0; s < STREAMS; s++) {
		w = wants_of_stream(b, (enum stream)s);
		if (!wants_ensure(b, &w, e))
			return false;
	}
	w = wants_of_consumer(b);
	return wants_ensure(b, &w, e);
}

bool
broker_ensure_soon(struct broker *b, struct err *e)
{
	const mono_t deadline = mono_after(clock_mono(), ELECTION_MS);
	char told[sizeof e->text] = "";
	struct err why = {0};

	while (!broker_ensure(b, &why)) {
		if (why.kind != ERR_TEMP || b->closing || mono_reached(clock_mono(), deadline))
			return fail(e, why.kind, "%s", why.text);
		if (strcmp(told, why.text) != 0)
			log_info("broker.waiting", L_STR("for", why.text));
		(void)str_copy(told, sizeof told, str_of(why.text));
		broker_pause(b, ENSURE_AGAIN_MS);
	}
	return true;
}

/* False when the broker does not answer; everything else is a finding. */
static bool
wants_check(
    struct broker *b, const struct wants *w, broker_finding_fn *each, void *arg, struct err *e)
{
	struct err why = {0};
	char sentence[240];
	bool is_there = false;

	bool ok = wants_look(b, w, &is_there, &why);
	if (!ok && why.kind == ERR_TEMP)
		return fail(e, why.kind, "%s", why.text);
	if (!ok) {
		each(false, why.text, arg);
		return true;
	}
	snprintf(sentence, sizeof sentence, "%s %s %s", w->what, w->name,
	    is_there ? "is as it must be" : "is not there yet; carillon serve makes it");
	each(true, sentence, arg);
	return true;
}

bool
broker_check(struct broker *b, broker_finding_fn *each, void *arg, struct err *e)
{
	struct err why = {0};
	struct wants w;

	bool ok = payload_is_enough(b, &why);
	each(ok, ok ? "nats takes messages as large as ours" : why.text, arg);
	if (!cluster_is_safe(b, &why))
		each(false, why.text, arg);
	ok = jetstream_is_on(b, &why);
	if (!ok && why.kind == ERR_TEMP)
		return fail(e, why.kind, "%s", why.text);
	each(ok, ok ? "jetstream is enabled" : why.text, arg);
	if (!ok)
		return true;
	for (int s = 0; s < STREAMS; s++) {
		w = wants_of_stream(b, (enum stream)s);
		if (!wants_check(b, &w, each, arg, e))
			return false;
	}
	w = wants_of_consumer(b);
	if (!wants_check(b, &w, each, arg, e))
		return false;
	if (b->replicas > 1) {
		ok = cluster_prove(b, &why);
		if (!ok && why.kind == ERR_TEMP)
			return fail(e, why.kind, "%s", why.text);
		each(ok,
		    ok ? "the cluster takes one of two writes with one expectation" : why.text,
		    arg);
	}
	if (broker_take_denied(b, &why))
		each(false, why.text, arg);
	return true;
}
