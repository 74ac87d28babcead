/*
 * Requests go out, responses come back: curl multi by socket_action on one epoll. Knows no
 * destination, no rule, no lane. The courier thread owns it. Tests replace this file at link
 * time (tests/fake/fake_pool.c implements the same symbols in virtual time).
 *
 * A transfer is a pooled slot: an easy handle that keeps its connection, a request to fill,
 * room for the answer. All of libcurl's memory comes from wiped_malloc (vault.h), and the
 * Authorization line stays in the slot's struct secret until the transfer is released.
 */
#pragma once

#include "carillon/base/config.h"
#include "carillon/http/guard.h"
#include "carillon/http/http.h"

struct pool;
struct transfer;

struct pool_options {
	int slots;                  /* most requests at once */
	int64_t connect_timeout_ms; /* name, TCP and TLS; also to wait for a connection */
	int64_t request_timeout_ms; /* the whole request, without that wait */
	int64_t unused_ms;          /* how long a connection is good for unused; 0: 110 s */
	int64_t kept_max_kb;        /* memory of unused connections; but see pool_new */
	int opening_max;     /* connections being opened to one host; 0: as many as slots */
	const char *ca_file; /* certificates to trust; NULL or "": the system's */
	const char *proxy;   /* "http://host:port"; NULL or "": none */
	struct guard_options guard; /* of requests whose URL a stranger chose */
};

static inline struct pool_options
pool_options_of(const struct config *c, int slots)
{
	return (struct pool_options){
	    .slots = slots,
	    .connect_timeout_ms = c->connect_timeout_ms,
	    .request_timeout_ms = c->request_timeout_ms,
	    .kept_max_kb = c->kept_connections_max_mb * 1024,
	    .opening_max = (int)c->opening_max,
	    .ca_file = c->slack_ca,
	    .proxy = c->slack_proxy,
	    .guard = guard_options_of(c),
	};
}

/* When a request was started, and how long it took to its end. */
struct flight {
	wall_t started_at;
	int64_t duration_ms;
};

/*
 * Once a process, before any other thread: curl_global_init_mem. Takes SSLKEYLOGFILE out of the
 * environment, into which libcurl would write what opens a recorded connection.
 */
void http_global_init(void);

/*
 * Raises the limit of file descriptors to what so many requests at once need. ERR_SETUP when it
 * may not: says which limit to raise. Once a process, before others count on descriptors.
 */
MUST_USE bool pool_reserve_files(int slots, struct err *e);
/*
 * ERR_SETUP as pool_reserve_files, or when `ca_file` is of no use; the guard's options must
 * have been checked (config_check). Whatever kept_max_kb says, as many connections are kept as
 * were in use at once in the last seconds.
 */
MUST_USE bool pool_new(struct pool **out, const struct pool_options *o, struct err *e);
/* Aborts what is in flight. NULL is fine. */
void pool_free(struct pool *p);

/* Timeouts, opening_max, kept_max_kb and the guard of requests from now on; the rest is not
 * looked at. */
void pool_set_options(struct pool *p, const struct pool_options *o);

/* A free slot, or NULL when all are in use. */
struct transfer *pool_slot(struct pool *p);
/* What to fill before starting, and once reported what was sent, until it is released. */
struct http_request *transfer_request(struct transfer *t);
/*
 * Never fails synchronously: every start is reported by pool_finished. The request leaves in a
 * turn, as soon as there is a connection for it; until then it counts as not sent.
 */
void pool_start(struct pool *p, struct transfer *t, void *tag);
/*
 * Waits up to `wait_ms` (-1: for ever) for sockets, timeouts or `wake_fd` (-1: none) to become
 * readable, and does what is due.
 */
void pool_turn(struct pool *p, int64_t wait_ms, int wake_fd);
/* Ends what is in flight: it is reported as what had no answer in time. */
void pool_give_up(struct pool *p);
/* The next finished transfer, or NULL. `res` borrows from the slot until it is released. */
struct transfer *pool_finished(
    struct pool *p, struct http_response *res, void **tag, struct flight *flight);
/* Gives the slot back, wiping the credential. Also for a slot that was never started. */
void pool_release(struct pool *p, struct transfer *t);
int pool_in_flight(const struct pool *p);

/* One request now, waiting for it: for the CLI. Fills `res`, whose body is owned by `body`. */
void http_once(struct http_request *req, const struct pool_options *o,
    struct http_response *res, struct buf *body);
