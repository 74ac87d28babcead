/*
 * Reads one expression with its filters: the inside of {{ }}, and of if, elsif and unless.
 */
#pragma once

#include "template_lex.h"

/* The variables of the loops around, innermost last. */
struct scope {
	struct str variables[TEMPLATE_NESTING_MAX];
	int n;
};

MUST_USE bool parse_piped(struct scanner *s, const struct scope *scope, struct piped *out);
/* A path or a literal. */
MUST_USE bool parse_operand(struct scanner *s, const struct scope *scope, struct operand *out);
/* All that is left, as a filter's field: its first name too may be any text. On failure
 * `out->n` says how many steps it had. */
MUST_USE bool parse_path(struct scanner *s, struct path *out);
/* Whether `word` has a meaning of its own and so cannot name a variable. */
bool template_word_is_taken(struct str word);
/* The nearest of the names; empty when none is near. */
struct str name_meant(struct arena *a, struct str word, const char *const *names, size_t n);
