/*
 * "Did you mean ...?": the known word that a misspelt one is nearest to. Pure; any thread.
 */
#pragma once

#include "carillon/base/base.h"

/*
 * The candidate with the fewest edits (insert, delete, change, swap of neighbours; case is
 * ignored) from `word`, the first of equals. Empty when none is near enough to be meant: about
 * one edit for every three letters. Words over 64 bytes have no neighbours.
 */
struct str str_nearest(struct str word, const struct str *candidates, size_t n);
/* "eq, ne or gt": a list of words for a sentence, cut if need be. Returns `text`. */
const char *words_format(char *text, size_t size, const struct str *words, size_t n);
