/*
 * The service's figures for operators: those of flow and keeper as they are, those of broker
 * and index as a thread of its own has asked for them, every few seconds. It answers on the
 * operators' port, where that can be had.
 */
#pragma once

#include "carillon/flow/flow.h"
#include "carillon/keeper/keeper.h"

#include "command.h"

struct figures;

/* Never fails: a service without its figures still delivers, and the log says why. */
struct figures *figures_start(struct command *c, struct flow *flow, struct keeper *keeper);
/* Of the operators' port; "" where it has none. */
const char *figures_url(const struct figures *f);
/* Looks at flow and keeper no more. */
void figures_quiesce(struct figures *f);
/* May wait for an answer of the broker's, a few seconds. */
void figures_stop(struct figures *f);
