/*
 * Keeping the index (LMDB) in step with the streams: what each part of it works on.
 */
#pragma once

#include "carillon/base/config.h"
#include "carillon/broker/broker.h"
#include "carillon/store/store.h"

/* Borrowed; must outlive whoever is given it. */
struct index_parts {
	const struct config *config;
	struct broker *broker;
	struct store *store;
	const struct partition *partition; /* whose history is repaired */
};
