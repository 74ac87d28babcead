/*
 * What the files of this directory share: the connection, one way to ask the server something,
 * and messages. Any thread, unless it says otherwise.
 *
 * libnats closes a connection for good when the server refuses its credentials twice. A thread
 * of our own then dials anew until it works, so `nc` may change; the old one stays allocated
 * (and closed) until broker_close, because others may be inside a call on it.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include <nats/nats.h>

#include "carillon/broker/broker.h"
#include "carillon/base/json.h"
#include "broker/protocol.h"

enum {
	PREFIX_MAX = 32,
	STREAM_NAME_MAX = 80,
	API_WAIT_MS = 5000,       /* for one answer of the JetStream API */
	ELECTION_MS = 15000,      /* a cluster's election is over in 4 to 9 s */
	API_SUBJECT_MAX = 320,    /* bytes */
	GRAVES_MAX = 64,          /* connections that were closed for good */
	PAYLOAD_MIN = 512 * 1024, /* bytes: an event is 256 KiB at most, a history batch 512 */
};

struct broker {
	atomic_bool connected, closing;
	_Atomic(natsConnection *) nc;
	atomic_uint_fast64_t epoch; /* connections made again: what was asked before is void */
	atomic_int refs;            /* the owner, pullers, readers, calls that wait */

	char prefix[PREFIX_MAX + 1];
	char streams[STREAMS][STREAM_NAME_MAX];
	char bucket[PREFIX_MAX + 8], short_bucket[PREFIX_MAX + 8];
	struct partition partition;
	int replicas;
	int64_t events_max_age_s, history_max_age_s, ack_wait_s, ack_pending_max;
	uint64_t events_begin;

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t changed;
	natsOptions *options; /* NULL until the first connection */
	natsConnection *graves[GRAVES_MAX];
	size_t graves_len;
	struct publisher *publisher; /* NULL until the first broker_publish_begin */
	pthread_t redialer;
	bool has_redialer, redialing;
	bool is_closed; /* the library's last word about the current connection */
	char denied[320];
	bool has_denied;
	uint64_t denials;
	uint32_t random;
};

#define AUTHOR_HEADER "Carillon-By" /* of a message of the state bucket */

/* --- connect.c --- */

void broker_hold(struct broker *b);
void broker_drop(struct broker *b);
/* Waits until connected; ERR_TEMP when not by `deadline` or when closing. */
MUST_USE bool broker_wait_connected(struct broker *b, mono_t deadline, struct err *e);
/* `max` is at least 1. A number from 0 to max. Not for secrets. */
int64_t broker_jitter(struct broker *b, int64_t max);
/* Sleeps, but not past broker_close. */
void broker_pause(struct broker *b, int64_t ms);
uint64_t broker_denials(struct broker *b);
/* What the server refused last, if anything was since `denials_before`. */
bool broker_denied_since(struct broker *b, uint64_t denials_before, struct err *e);

/* --- subjects.c --- */

/* Fills the names that follow from the prefix. */
MUST_USE bool broker_set_prefix(struct broker *b, const char *prefix, struct err *e);

/* --- api.c --- */

/*
 * One request, one answer, which the caller now owns. ERR_TEMP: no answer, or no connection;
 * ERR_SETUP: nobody listens on that subject; ERR_DENIED: not allowed.
 */
MUST_USE bool api_request(
    struct broker *b, natsMsg *request, int64_t wait_ms, natsMsg **answer, struct err *e);

struct api_reply {
	struct arena *arena;
	natsMsg *msg;
	const struct json *root;
	int code; /* JetStream's err_code, 0 for none */
};

enum api_code {
	API_CONSUMER_NOT_FOUND = 10014,
	API_SEQUENCE_NOT_FOUND = 10043,
	API_DELETE_FAILED = 10057,
	API_NAME_IN_USE = 10058,
	API_NOT_ENABLED_FOR_ACCOUNT = 10039,
	API_STREAM_NOT_FOUND = 10059,
	API_WRONG_LAST_SEQ = 10071,
	API_NOT_ENABLED = 10076,
};

/* Asks $JS.API.<subject>. Fill `out` with zeros first; free it whatever the result. */
MUST_USE bool api_call(struct broker *b, const char *subject, struct str body,
    struct api_reply *out, struct err *e);
void api_reply_free(struct api_reply *r);
/* Reads an answer the server gave, a PubAck for example; the same errors. */
MUST_USE bool api_read(natsMsg *msg, struct api_reply *out, struct err *e);

/* --- cluster.c: what streams of several replicas need; all true when there is one --- */

/* Whether a server of that version keeps them right; ERR_SETUP says from which on. */
MUST_USE bool cluster_takes_replicas(const char *version, int replicas, struct err *e);
/* The same of the server that we are connected to. */
MUST_USE bool cluster_is_safe(struct broker *b, struct err *e);
/* Tries it, a second's work: many writers of one subject in a stream made for it and removed
 * again. ERR_SETUP: two writes with one expectation were taken. */
MUST_USE bool cluster_prove(struct broker *b, struct err *e);

/* --- info.c --- */

/* A number of an answer, at a path; 0: there is none above it. */
uint64_t info_number(const struct json *root, struct str path);

/* --- message.c --- */

/*
 * Describes `msg` in `out`, which then owns it. False if it has no JetStream reply subject, so
 * is a status: the caller keeps it.
 */
bool message_take(struct broker_message *out, natsMsg *msg, struct ack_info *ack);
/* The value of a header, or the empty string. */
struct str message_header(natsMsg *msg, const char *name);

/* --- publish.c --- */

enum { PUBLISH_TRY_MS = 2000 }; /* for a PubAck; the id makes sending again harmless */

struct publish_request {
	const char *subject, *msg_id; /* msg_id: never NULL */
	const char *reply;            /* where the PubAck goes, or NULL */
	struct str bytes;
	const char *operation;   /* KV-Operation, or NULL */
	const char *by;          /* Carillon-By, or NULL */
	bool has_expected;       /* then `expected` must be the last on this subject, */
	bool is_stream_expected; /* or of the whole stream, */
	uint64_t expected;
	enum stream stream; /* which is this one */
	int64_t wait_ms;
};
MUST_USE bool publish_and_wait(
    struct broker *b, const struct publish_request *p, uint64_t *seq, struct err *e);
/* The caller's, who destroys it. */
natsMsg *publish_compose(const struct publish_request *p);
/* Reads a PubAck, and frees it. */
MUST_USE bool publish_acked(natsMsg *answer, struct pub_ack *out, struct err *e);
/* Nobody listening (ERR_SETUP) may be a stream that is about to have a leader again. */
bool publish_may_retry(const struct err *e);

/* --- publish_begin.c --- */

/* As broker_publish_begin, of any request; `reply` and `wait_ms` are the publisher's own. */
MUST_USE bool publish_begin(
    struct broker *b, const struct publish_request *what, broker_published_fn *done, void *arg);
/* Completes all that is under way with an error and ends its thread; NULL is fine. */
void publisher_close(struct publisher *p);

/* --- get.c --- */

/* By a STREAM's direct-get request, as JSON. ERR_NOT_FOUND: no such message. */
MUST_USE bool get_direct(struct broker *b, enum stream s, struct str request,
    struct broker_message *out, struct err *e);

/* The first message of a subject (with wildcards) at or after `from`. */
MUST_USE bool get_next(struct broker *b, enum stream s, const char *subject, uint64_t from,
    struct broker_message *out, struct err *e);

/* --- pull.c: the protocol, for the dispatch consumer and for readers alike; one thread --- */

struct pull {
	struct broker *b; /* held */
	natsSubscription *sub;
	natsConnection *sub_nc; /* the connection it was made on */
	char inbox[80];
	char stream[STREAM_NAME_MAX];
	char consumer[80];
	uint64_t epoch;
	unsigned generation; /* of requests; statuses of an older one say nothing new */
	size_t outstanding;  /* messages asked for and not yet come */
	mono_t heard;        /* when the server last said anything, or was asked */
	mono_t not_before;   /* no request before this */
	int64_t backoff_ms;
	atomic_bool stopped;
	mono_t counting_since;
	int counted;  /* messages since then */
	bool is_busy; /* many came when last counted */
};

MUST_USE bool pull_init(
    struct pull *p, struct broker *b, const char *stream, const char *consumer, struct err *e);
void pull_fini(struct pull *p);
/* Whether a next message is here already. */
bool pull_has_next(const struct pull *p);
/* Forgets what was asked for; the next pull_next asks anew. */
void pull_reset(struct pull *p);
/* As puller_next. */
MUST_USE bool pull_next(struct pull *p, size_t room, int64_t wait_ms,
    struct broker_message *out, struct ack_info *ack, struct err *e);
