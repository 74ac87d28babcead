/*
 * The streams: connection, set-up, pull, settle, publish, the state bucket, history. Built on
 * libnats, but pulling speaks the JetStream protocol itself: Fetch of libnats 3.4.1 overruns
 * its buffer and cannot tell "no messages" from "no consumer".
 *
 * One broker a process, any thread may use it; a puller or a reader belongs to one thread.
 * Everything that waits takes a time limit. While the connection is down calls fail with
 * ERR_TEMP and the connection is re-established for ever, with backoff and jitter.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/header.h"
#include "carillon/base/records.h"
#include "carillon/broker/partition.h"

struct broker;

/* Texts are borrowed until broker_connect returns. Empty or NULL for none. */
struct broker_options {
	const char *url; /* as in config.def, and so is what is named like a setting */
	/* Who we are: one of these, or what is in the URL, or nobody. */
	const char *creds;            /* a file */
	const char *user, *password;  /* the words themselves */
	const char *token;            /* the same */
	const char *nkey, *nkey_file; /* the public key, and the file with its seed */
	/* Files of TLS, beside any of those. */
	const char *ca, *cert, *key;
	const char *prefix;
	const char *name; /* of this client, seen by the server's operator */
	/* where answers come; NULL for the usual, _INBOX */
	const char *inbox_prefix;
	int replicas;
	int64_t events_max_age_s, history_max_age_s;
	/* Where an events stream begins that is made anew, past the sequences that the index
	 * knows of an older one; 0: at 1. Before 2.10 nats-server always begins at 1. */
	uint64_t events_begin;
	int64_t ack_wait_s, ack_pending_max;
	int64_t connect_wait_ms; /* how long broker_connect tries before giving up */
};

/* Makes it somebody else's: by this .creds file, or with "" nobody's. */
void broker_options_as(struct broker_options *o, const char *creds);

/* ERR_TEMP: nobody there (says the URL and what to check); ERR_DENIED: refused credentials. */
MUST_USE bool broker_connect(
    struct broker **out, const struct broker_options *o, struct err *e);
void broker_close(struct broker *b); /* flushes what was published; NULL is fine */
bool broker_is_connected(const struct broker *b);
/* Number of times the connection was lost and made again. */
uint64_t broker_reconnects(const struct broker *b);
/* The first token of every subject. */
const char *broker_prefix(const struct broker *b);
/* The partition that this node takes care of. */
const struct partition *broker_partition(const struct broker *b);
/* A permission the server refused since the last call, as a sentence; false if none. */
bool broker_take_denied(struct broker *b, struct err *e);

enum stream { STREAM_EVENTS, STREAM_STATE, STREAM_HISTORY, STREAM_OPS, STREAM_SHORT, STREAMS };

/*
 * Creates the streams, the bucket and the consumer that are not there, and compares those that
 * are: what matters and differs is ERR_SETUP, naming stream, setting, both values and the nats
 * command that would change it. Never changes an existing one.
 */
MUST_USE bool broker_ensure(struct broker *b, struct err *e);
/* The same for whoever begins: what will be there a moment later (a leader that a cluster still
 * elects, servers that still come up) is waited for, as long as for the connection. */
MUST_USE bool broker_ensure_soon(struct broker *b, struct err *e);
/* The same without creating: one sentence a finding into `each`; false if broker does not
 * answer. */
typedef void broker_finding_fn(bool ok, const char *sentence, void *arg);
MUST_USE bool broker_check(struct broker *b, broker_finding_fn *each, void *arg, struct err *e);

struct stream_info {
	char name[80];
	char id[48]; /* creation time: another one means the stream was made anew */
	uint64_t first_seq, last_seq, messages, bytes;
	wall_t told_at; /* by the server's clock; 0: before 2.10 it does not say */
};
MUST_USE bool broker_stream_info(
    struct broker *b, enum stream s, struct stream_info *out, struct err *e);

struct consumer_info {
	uint64_t id;            /* creation time, Unix ms: another one means it was made anew */
	uint64_t delivered_seq; /* highest stream sequence ever handed out */
	uint64_t ack_floor_seq;
	uint64_t ack_pending, pending, redelivered, waiting;
	/* Nothing was handed out since the server started: it may have forgotten what was
	 * handed out just before. */
	bool is_restored;
};
/* Whether two ids are of one consumer. nats-server 2.9 tells a creation time some milliseconds
 * differently once it has been restarted. */
static inline bool
consumer_is_same(uint64_t a, uint64_t b)
{
	return a != 0 && b != 0 && (a > b ? a - b : b - a) < 1000;
}
MUST_USE bool broker_consumer_info(struct broker *b, struct consumer_info *out, struct err *e);

/* A message as it came; bytes borrowed until broker_message_free. */
struct broker_message {
	void *handle; /* the library's */
	struct str subject, data, msg_id;
	struct str reply;    /* where to settle; empty when not pulled from the consumer */
	uint64_t seq;        /* in the stream */
	uint64_t deliveries; /* how often handed out, from 1 */
	uint64_t pending;    /* messages after this one */
	wall_t stored_at;
	/* state: who asked for it; empty: nobody but the service, or it was not told */
	struct str by;
	bool is_delete; /* state: a delete or purge marker */
};
/* Those of CloudEvents (ce-*, content-type), in `a`; returns how many. The message's own. */
size_t broker_message_headers(
    const struct broker_message *m, struct arena *a, struct header **out);
void broker_message_free(struct broker_message *m);

/* --- the dispatch consumer --- */

struct puller;
MUST_USE bool puller_open(struct puller **out, struct broker *b, struct err *e);
void puller_close(struct puller *p);
/*
 * The next message, asking the server for as many as `room` allows ("pull only what there is
 * room for": outstanding requests never exceed it). False with e->kind ERR_NONE: none within
 * wait_ms. ERR_SETUP: the consumer or stream is gone, a sentence says how to repair it; it is
 * re-created by broker_ensure. Heartbeats missed and reconnects re-issue the request by
 * themselves.
 */
MUST_USE bool puller_next(
    struct puller *p, size_t room, int64_t wait_ms, struct broker_message *out, struct err *e);
/* Whether a next message is here already. */
bool puller_has_next(struct puller *p);
/* Whether any message that was asked for may still arrive (for drain): stops asking, and the
 * requests outstanding are let run out. */
void puller_stop(struct puller *p);

/* Settling, by the reply subject; asynchronous, flushed by the library. Any thread. */
MUST_USE bool broker_ack(struct broker *b, struct str reply, struct err *e);
MUST_USE bool broker_nak(struct broker *b, struct str reply, int64_t delay_ms, struct err *e);
MUST_USE bool broker_in_progress(struct broker *b, struct str reply, struct err *e);
MUST_USE bool broker_term(struct broker *b, struct str reply, struct err *e);

/* --- publish: waits for the PubAck; retries (same id) until wait_ms is over --- */

struct publication {
	const char *subject;
	struct str bytes;
	const char
	    *msg_id; /* what is stored under it once is not stored again; NULL: one is made */
	int64_t wait_ms;
};
/* ERR_FULL: the server has no room (limits, disk). *seq may be NULL. */
MUST_USE bool broker_publish(
    struct broker *b, const struct publication *p, uint64_t *seq, struct err *e);
/* The same, only right after the history stream's message `last`; ERR_CONFLICT: there is a
 * later one. */
MUST_USE bool broker_publish_after(
    struct broker *b, const struct publication *p, uint64_t last, uint64_t *seq, struct err *e);
/*
 * The same without waiting: `done` is called once for each that began, however often the server
 * or the connection goes away, after at most PUBLISH_BEGUN_MS. On a thread of the broker's own,
 * which tells all of them: it must not block there, and may begin others. Until it is told it
 * is sent again with its id, so one that was told an error may still be stored. Stored in the
 * order in which one thread began them, but for what had to be sent again.
 */
enum {
	PUBLISH_BEGUN_MAX = 1024, /* under way at once, */
	PUBLISH_BEGUN_BYTES_MAX = 64 * 1024 * 1024,
	PUBLISH_BEGUN_MS = 10000,
};
struct pub_ack {
	uint64_t seq;
	bool is_repeat; /* of the id, perhaps of a try of our own: stored before */
};
/* `p` is NULL after an error, `e` otherwise. */
typedef void broker_published_fn(const struct pub_ack *p, const struct err *e, void *arg);
/* False, and `done` is not called: too many are under way, or the broker is being closed. What
 * is given is copied; `msg_id` may be NULL. */
MUST_USE bool broker_publish_begin(struct broker *b, const char *subject, struct str bytes,
    const char *msg_id, broker_published_fn *done, void *arg);
/* How many bytes, with headers, the server takes in a message. */
size_t broker_payload_max(const struct broker *b);
/* Subject builders, into `out`. */
enum { SUBJECT_MAX = 320 };
void subject_event(char out[static SUBJECT_MAX], const struct broker *b, struct str workspace,
    struct str type);
void subject_ops(char out[static SUBJECT_MAX], const struct broker *b, struct str workspace,
    const char *what);
/* Splits an event's subject; false if it is of no workspace. The type is what stands after it,
 * whatever that is. */
MUST_USE bool subject_parse_event(
    const struct broker *b, struct str subject, struct str *workspace, struct str *type);

/* Tells the operators, on the subject of the event's workspace and `what`; its time is now.
 * ERR_TEMP after 2 s. */
MUST_USE bool ops_publish(struct broker *b, ops_event *ops, struct err *e);

/* --- the state bucket (KV carillon_state) --- */

enum {
	STATE_KEEP = 20,    /* revisions a key: the audit trail */
	STATE_BY_MAX = 256, /* bytes */
};
/* A change of one key. */
struct state_change {
	const char *key;
	struct str bytes; /* of a put */
	uint64_t
	    expected; /* the key's revision; 0: it must not exist (a deleted one does not) */
	/* Who asked for it, kept with it: "<kind>:<id>", then ";name=value"s. Text in one line;
	 * empty: nobody but the service. */
	struct str by;
};
/* ERR_CONFLICT: the key has another revision. `revision` may be NULL. */
MUST_USE bool broker_state_put(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e);
MUST_USE bool broker_state_delete(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e);
/* Puts without waiting, as broker_publish_begin does. `done` may be told of a conflict with a
 * try of this very put whose PubAck was lost: who is told of one reads again. */
MUST_USE bool broker_state_begin(
    struct broker *b, const struct state_change *c, broker_published_fn *done, void *arg);
/* The last revision of a key, which may be a deletion. ERR_NOT_FOUND: there never was one, or
 * it was erased. */
MUST_USE bool broker_state_get(
    struct broker *b, const char *key, struct broker_message *out, struct err *e);
/* The revisions that the bucket still has of a key, newest first, deletions too; false from
 * `each` stops. None is no error. */
typedef bool broker_revision_fn(const struct broker_message *m, void *arg);
MUST_USE bool broker_state_history(
    struct broker *b, const char *key, broker_revision_fn *each, void *arg, struct err *e);
/* The KV key of a message of STREAM_STATE. */
struct str broker_state_key(const struct broker *b, struct str subject);

/* --- the short bucket (KV carillon_short): what is forgotten after SHORT_AGE_S, such as
 * sessions; the newest value of a key only. The same functions, for "<kind>.<id>". --- */

enum { SHORT_AGE_S = 24 * 60 * 60 };
MUST_USE bool broker_short_put(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e);
MUST_USE bool broker_short_delete(
    struct broker *b, const struct state_change *c, uint64_t *revision, struct err *e);
MUST_USE bool broker_short_get(
    struct broker *b, const char *key, struct broker_message *out, struct err *e);
struct str broker_short_key(const struct broker *b, struct str subject);

/* --- reading a stream in order from a sequence (catch-up, follow), by an ephemeral consumer
 * that acknowledges nothing; gaps and lost consumers are noticed and it starts again where it
 * was --- */

struct reader;
/* Delivers messages with sequence >= from. */
MUST_USE bool reader_open(
    struct reader **out, struct broker *b, enum stream s, uint64_t from, struct err *e);
void reader_close(struct reader *r); /* NULL is fine */
/* As puller_next. */
MUST_USE bool reader_next(
    struct reader *r, int64_t wait_ms, struct broker_message *out, struct err *e);
/* Whether the server had nothing after what was read when it was last heard: after a
 * reader_next that found nothing, the stream's newest messages were deleted. */
bool reader_is_at_end(const struct reader *r);
/*
 * The next message of a stream that is read up to a sequence it has had: the newest may have
 * been deleted since, so the end is what the server says, not only the number. False with
 * ERR_NONE: nothing more is there; ERR_TEMP: the server stopped answering. `what` names the
 * stream.
 */
MUST_USE bool reader_read_to_end(
    struct reader *r, const char *what, struct broker_message *out, struct err *e);

/* A stretch of a stream, up to a sequence it has had. */
struct stream_span {
	enum stream stream;
	const char *what; /* names it */
	uint64_t from, until;
};
/* Its messages in order, and, where the one at `until` is gone, the next after it. False from
 * `each` stops, with its error; nothing more being there is none. */
typedef bool read_each_fn(const struct broker_message *m, void *arg, struct err *e);
MUST_USE bool broker_read_each(struct broker *b, const struct stream_span *span,
    read_each_fn *each, void *arg, struct err *e);

/* One message by sequence (direct get). ERR_NOT_FOUND: expired or deleted. */
MUST_USE bool broker_get(
    struct broker *b, enum stream s, uint64_t seq, struct broker_message *out, struct err *e);
/* The first event at or after `seq`; ERR_NOT_FOUND: there is none. */
MUST_USE bool broker_next_event(
    struct broker *b, uint64_t seq, struct broker_message *out, struct err *e);
/* The first message of a workspace at or after `seq`, in the events, state or ops stream;
 * ERR_NOT_FOUND: there is none. */
MUST_USE bool broker_next_of_workspace(struct broker *b, enum stream s, struct str workspace,
    uint64_t seq, struct broker_message *out, struct err *e);
/*
 * Deletes one message and overwrites its bytes. True also when it was gone already. ERR_DENIED:
 * the stream was made so that single messages cannot be deleted.
 *
 * One by one, and never by a purge of a subject: nats-server 2.9 then moves every consumer
 * whose filter takes that subject, ours takes all, to the first message left of it, or to the
 * stream's end. What the others of the stream were still to be given is skipped for good.
 */
MUST_USE bool broker_erase(struct broker *b, enum stream s, uint64_t seq, struct err *e);
/* The same for many, at least one. Only the last is waited for: who wants to know that all are
 * gone looks again. */
MUST_USE bool broker_erase_many(
    struct broker *b, enum stream s, const uint64_t *seqs, size_t n, struct err *e);
/* Uses up the sequences of the events stream up to `seq`, so that no event will have one of
 * them. What the stream has stays. Can be interrupted and called again. */
MUST_USE bool broker_use_up_events(struct broker *b, uint64_t seq, struct err *e);
/* Whether that is of such a message: no event, to be acked. */
bool subject_is_filler(const struct broker *b, struct str subject);
