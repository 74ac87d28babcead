/* Secrets that sign webhooks, as Standard Webhooks writes them. Pure; any thread. */
#pragma once

#include "carillon/base/base.h"

enum { SIGNING_SECRET_SIZE = 6 + 44 + 1 }; /* "whsec_", 32 bytes in base64, NUL */

/* A new one, of random bytes. The caller wipes it. */
void signing_secret_new(char out[static SIGNING_SECRET_SIZE]);
