/*
 * Streams of several replicas: which servers keep them right, and the proof that these do. All
 * that Carillon writes with a condition (rules, connections, repair) rests on the server's
 * compare-and-set: some versions take two writes with the same expectation when a stream has
 * replicas.
 */
#include "broker/private.h"

#include "broker/probe.h"
#include "carillon/base/clock.h"
#include "carillon/base/id.h"

/* --- by version --- */

enum { PARTS = 3 }; /* of a version, 2.10.23 */

struct version {
	unsigned part[PARTS];
};

/* From `first` on, and not `good` itself any more. */
static const struct {
	struct version first, good;
	const char *why;
} unsafe[] = {
    {{{0, 0, 0}}, {{2, 10, 23}},
	"takes two writes with one expectation, or loses streams when it is killed"},
    {{{2, 12, 0}}, {{2, 12, 3}}, "can lose what it has acknowledged"},
};

static bool
version_parse(const char *text, struct version *out)
{
	return sscanf(text, "%u.%u.%u", &out->part[0], &out->part[1], &out->part[2]) == PARTS;
}

static int
version_compare(const struct version *a, const struct version *b)
{
	for (int i = 0; i < PARTS; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return 0;
}

bool
cluster_takes_replicas(const char *version, int replicas, struct err *e)
{
	struct version v;

	if (!version_parse(version, &v)) /* it did not say; a server of TLS first may not */
		return true;
	for (size_t i = 0; i < COUNT_OF(unsafe); i++)
		if (version_compare(&v, &unsafe[i].first) >= 0 &&
		    version_compare(&v, &unsafe[i].good) < 0)
			return fail(e, ERR_SETUP,
			    "replicas is %d, and nats-server %s %s: run %u.%u.%u or newer, "
			    "or set replicas: 1",
			    replicas, version, unsafe[i].why, unsafe[i].good.part[0],
			    unsafe[i].good.part[1], unsafe[i].good.part[2]);
	return true;
}

bool
cluster_is_safe(struct broker *b, struct err *e)
{
	char url[PROBE_URL_MAX];
	struct probe p;

	if (b->replicas <= 1)
		return true;
	if (natsConnection_GetConnectedUrl(b->nc, url, sizeof url) != NATS_OK)
		return fail(e, ERR_TEMP, "no connection to nats; it is being made again");
	probe_server(url, &p);
	return p.found != PROBE_SERVER || cluster_takes_replicas(p.version, b->replicas, e);
}

/* --- by trying --- */

enum {
	WRITERS = 4,
	WRITES = 1000, /* of all, accepted or not */
	WRITE_WAIT_MS = 2000,
};

struct contest {
	struct broker *b;
	char subject[SUBJECT_MAX];
	atomic_uint_fast64_t last;      /* sequence, as the newest PubAck told */
	atomic_uchar taken[WRITES + 1]; /* by the sequence that was expected */
	atomic_int left, twice;
};

/* An answer that does not come proves nothing: only what was accepted counts. */
static void
write_once(struct contest *c)
{
	char id[NEW_ID_SIZE];
	struct publish_request p = {
	    .subject = c->subject,
	    .msg_id = id,
	    .has_expected = true,
	    .expected = atomic_load(&c->last),
	};
	struct pub_ack ack;
	natsMsg *answer, *msg;
	uint64_t last = p.expected;

	id_new(id, "try");
	msg = publish_compose(&p);
	if (api_request(c->b, msg, WRITE_WAIT_MS, &answer, NULL) &&
	    publish_acked(answer, &ack, NULL) && ack.seq <= WRITES) {
		if (atomic_fetch_add(&c->taken[p.expected], 1) > 0)
			atomic_fetch_add(&c->twice, 1);
		while (
		    last < ack.seq && !atomic_compare_exchange_weak(&c->last, &last, ack.seq))
			;
	}
	natsMsg_Destroy(msg);
}

static void *
writer_main(void *arg)
{
	struct contest *c = arg;

	while (atomic_fetch_sub(&c->left, 1) > 0)
		write_once(c);
	nats_ReleaseThreadMemory();
	return NULL;
}

static void
contest_run(struct contest *c)
{
	pthread_t writers[WRITERS];

	for (int i = 0; i < WRITERS; i++)
		must(pthread_create(&writers[i], NULL, writer_main, c) == 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
}

static bool
call(struct broker *b, const char *verb, const char *stream, struct str body, struct err *e)
{
	char subject[API_SUBJECT_MAX];
	struct api_reply r = {0};

	snprintf(subject, sizeof subject, "STREAM.%s.%s", verb, stream);
	bool ok = api_call(b, subject, body, &r, e);
	api_reply_free(&r);
	return ok;
}

static void
stream_compose(struct buf *out, const struct contest *c, const char *name)
{
	struct json_writer w;

	jw_init(&w, out);
	jw_object(&w);
	jw_kv_cstr(&w, "name", name);
	jw_key(&w, "subjects");
	jw_array(&w);
	jw_cstr(&w, c->subject);
	jw_array_end(&w);
	jw_kv_cstr(&w, "retention", "limits");
	jw_kv_cstr(&w, "storage", "file");
	jw_kv_int(&w, "num_replicas", c->b->replicas);
	jw_object_end(&w);
}

bool
cluster_prove(struct broker *b, struct err *e)
{
	struct contest *c;
	char id[NEW_ID_SIZE], name[STREAM_NAME_MAX];
	struct buf body = {0};

	if (b->replicas <= 1)
		return true;
	c = calloc(1, sizeof *c);
	must(c != NULL);
	id_new(id, "check");
	snprintf(name, sizeof name, "%.40s_%s", b->streams[STREAM_OPS], id);
	c->b = b;
	snprintf(c->subject, sizeof c->subject, "%s.check.%s", b->prefix, id);
	atomic_store(&c->left, WRITES);
	stream_compose(&body, c, name);
	bool ok = call(b, "CREATE", name, buf_view(&body), e);
	if (ok) {
		contest_run(c);
		(void)call(b, "DELETE", name, (struct str){NULL, 0}, NULL);
		if (atomic_load(&c->twice) > 0)
			ok = fail(e, ERR_SETUP,
			    "the cluster took two writes with the same expectation, %d times "
			    "of %d: it is no place for rules and connections; run a "
			    "nats-server "
			    "of 2.10.23 or newer",
			    atomic_load(&c->twice), WRITES);
		else if (atomic_load(&c->last) == 0)
			ok = fail(
			    e, ERR_TEMP, "the cluster acknowledged none of %d writes", WRITES);
	}
	buf_fini(&body);
	free(c);
	return ok;
}
