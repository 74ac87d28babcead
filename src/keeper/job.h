/*
 * One question while it is answered. It belongs to one thread at a time: the keeper's, which
 * took it, then a slow one's. Everything of it lives in its arena.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/list.h"
#include "carillon/base/records.h"
#include "carillon/broker/service.h"
#include "carillon/dest/directory.h"
#include "carillon/dest/grant.h"
#include "carillon/http/pool.h"
#include "carillon/keeper/keeper.h"
#include "carillon/registry/registry.h"

struct channel_lists;
struct job;
struct renewals;

typedef void job_run(struct job *j);

/* What a slow thread has of its own. */
struct worker {
	struct keeper *keeper;
	struct registry *registry;
	struct config config; /* as of the job's begin */
	struct http_request req;
	struct buf answer; /* of the destination */
};

struct job {
	struct list link;
	struct service_request request; /* handle NULL: nobody waits for it */
	job_run *run;
	mono_t deadline;
	struct arena *arena;
	const keeper_request *ask;
	keeper_answer answer;
	struct worker *worker;
	void *arg; /* of a job of the keeper's own */
};

/* A connection with what it takes to use it. */
struct account {
	const struct dest_type *dest;
	connection_record *rec;
	uint64_t revision;
	struct secret *credential; /* open; the job's file frees it */
	const char *base_url;
};

/* --- keeper.c --- */

const struct keeper_parts *keeper_parts_of(const struct keeper *k);
struct channel_lists *keeper_lists(struct keeper *k);
struct renewals *keeper_renewals(struct keeper *k);
/* The app's client secret; NULL: there is none. */
const struct secret *keeper_client_secret(const struct keeper *k);
/* Puts a job of the keeper's own into the queue. False when that is full. Takes `arg`. */
MUST_USE bool keeper_do(struct keeper *k, job_run *run, void *arg);

/* --- job.c --- */

/* No result: says why, and returns false. */
bool job_problem(struct job *j, enum keeper_problem p, const char *fmt, ...) PRINTF(3, 4);
/* The same for what went wrong here. */
bool job_failed(struct job *j, const struct err *e);
/* The same for what a destination answered. */
bool job_refused(struct job *j, const struct outcome *o, enum keeper_problem p);
struct str job_workspace(const struct job *j);
/* Finds the connection that was asked for, and opens its credential. */
MUST_USE bool job_account(struct job *j, struct str connection, struct account *out);
void account_close(struct account *a);
/* Seals `credential` for a connection, in the job's arena. */
ProtobufCBinaryData job_seal(struct job *j, struct str workspace, const char *connection,
    const struct secret *credential);
/* Sends what was composed into the worker's request, and waits; the answer lives until the next
 * is sent. A private one is overwritten by job_forget. */
void job_send(struct job *j, struct http_response *res);
void job_forget(struct job *j);
struct dest_call job_call(const struct account *a);
/* Stores a connection as of now; the record's new revision in `revision`. */
MUST_USE bool job_store(struct job *j, struct str workspace, connection_record *rec,
    uint64_t *revision, struct err *e);
/* Tells the operators. */
void job_tell(struct job *j, struct str workspace, const char *what, const char *connection,
    const char *reason, const char *action);

#define METHOD(name, function) job_run function;
#include "methods.def"
#undef METHOD
