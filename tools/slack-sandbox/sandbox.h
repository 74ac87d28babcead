/*
 * What the parts of the sandbox share. One lock guards world, rates, faults and journal;
 * whoever handles a request reads and judges it first and takes the lock for the short rest.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "carillon/base/zone.h"
#include "faults.h"
#include "journal.h"
#include "world.h"

struct apps;
struct events;

struct sandbox {
	pthread_mutex_t lock;
	struct world *world;
	struct rates *rates;
	struct faults *faults;
	struct journal *journal;
	struct apps *apps;
	struct events *events; /* has a lock of its own */
	struct zone *utc;      /* for readers who do not say where they are */
	struct str key_marker;
	int64_t latency_ms;                     /* added to every answer of the API */
	int64_t history_lag_ms;                 /* how old a message must be to be in history */
	int history_page;                       /* the most of history at once; 0: as asked */
	bool is_bare;                           /* chat.postMessage is answered unread */
	atomic_uint_least64_t requests, posted; /* since the start, the bare ones too */
};
