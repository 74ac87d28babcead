/* The port for operators: /metrics, /healthz (it runs) and /readyz (it answers). */
#pragma once

#include "carillon/base/base.h"

struct web;
struct MHD_Daemon;

struct MHD_Daemon *admin_listen(struct web *w, struct err *e);
