/*
 * Removing every trace of a workspace from streams and index, after its state was deleted. For
 * the command line, beside a running service: nothing here depends on being the only one.
 *
 * Every step may be interrupted and run again. What the service still had in hand of the
 * workspace is recorded after it has gone; a pass that finds nothing says that this is over.
 */
#pragma once

#include "carillon/broker/broker.h"
#include "carillon/store/store.h"

struct erasure {
	struct broker *broker;
	struct store *store;
	struct str workspace;
	bool state_too; /* last: a service that has not heard of the deletion must find it */
	/* Told now and then; may be NULL. `of` 0: not known. */
	void (*progress)(const char *what, uint64_t done, uint64_t of, void *arg);
	void *arg;
	/* The state bucket was made by other hands, so that no message of it can be deleted:
	 * its values are gone, not overwritten, and markers that its keys were deleted stay. */
	bool is_only_deleted;
	/* What has gone so far. */
	uint64_t messages; /* events, state and operator events in the streams */
	uint64_t batches;  /* history messages written anew without it */
	uint64_t records;  /* of the index */
};

/* One pass over everything; `*found` is how much of it there was. */
MUST_USE bool erase_pass(struct erasure *x, uint64_t *found, struct err *e);
