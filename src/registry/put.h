/*
 * Writing a record that has been checked: shared by the files of the registry.
 */
#pragma once

#include "carillon/registry/registry.h"

/* Puts it with the expected revision and waits until the index has it. ERR_CONFLICT: it exists
 * already (expected 0), or was changed meanwhile. */
MUST_USE bool registry_put_record(struct registry *r, struct str workspace,
    enum state_kind kind, struct str id, const void *record, uint64_t expected, struct err *e);
/* Borrowed. */
struct broker *registry_broker(const struct registry *r);
