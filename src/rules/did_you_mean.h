/*
 * The word somebody probably meant: fewest letters to change. Pure; any thread.
 */
#pragma once

#include "carillon/base.h"

/* The nearest of `n` words, or NULL when none is near. */
const char *did_you_mean(struct str word, const char *const *words, size_t n);
