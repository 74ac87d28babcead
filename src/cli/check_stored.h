/* The part of `check` that reads what is stored: records, and the credentials in them. */
#pragma once

#include "command.h"

/* One sentence a finding into `found`. The index must be open; */
void check_records(struct command *c, broker_finding_fn *found, void *arg);
/* and the vault. */
void check_credentials(struct command *c, broker_finding_fn *found, void *arg);
