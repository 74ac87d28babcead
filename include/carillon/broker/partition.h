/*
 * A partition: a share of the workspaces, which one node at a time takes care of. Its events
 * come by a consumer of its own, and what becomes of them stands under a subject of its own.
 * There is one today, of all workspaces.
 */
#pragma once

#include "carillon/base/base.h"

enum { PARTITION_SUBJECT_MAX = 64, PARTITION_CONSUMER_MAX = 24 };

struct partition {
	int n;                                 /* from 0 */
	char consumer[PARTITION_CONSUMER_MAX]; /* durable, of the events stream */
	char history[PARTITION_SUBJECT_MAX];   /* subject of its history */
	/* Sequence of the newest message of its history that is in the index. Of the flow's
	 * copy, by the scribe alone. */
	uint64_t applied;
};
