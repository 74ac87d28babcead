/*
 * Sees when credentials that end are to be renewed: at half of their life, and again after a
 * renewal that got no answer. The keeper's thread looks; jobs renew.
 */
#pragma once

#include "carillon/base/base.h"

struct keeper;
struct renewals;

struct renewals *renewals_new(struct keeper *k);
void renewals_free(struct renewals *r); /* NULL is fine */
/* Looks, if it is time to. */
void renewals_turn(struct renewals *r, wall_t now);
/* Something that ends was stored: the next turn looks. Any thread. */
void renewals_look(struct renewals *r);
