/*
 * What the parts of the sandbox share. One lock guards world, faults and journal; whoever
 * handles a request reads and judges it first and takes the lock for the short rest.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "faults.h"
#include "journal.h"
#include "world.h"

struct sandbox {
	pthread_mutex_t lock;
	struct world *world;
	struct faults *faults;
	struct journal *journal;
	struct str key_marker;
	int64_t latency_ms;                     /* added to every answer of the API */
	bool is_bare;                           /* chat.postMessage is answered unread */
	atomic_uint_least64_t requests, posted; /* since the start, the bare ones too */
};
