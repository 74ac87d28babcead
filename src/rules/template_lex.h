/*
 * Cuts a template's source into text, outputs and tags as LiquidJS does, and reads the words
 * inside one. Strings it returns point into the source, or into the arena when they held
 * escapes.
 */
#pragma once

#include "template_ast.h"

enum chunk_kind { CHUNK_END, CHUNK_TEXT, CHUNK_OUTPUT, CHUNK_TAG };

struct chunk {
	enum chunk_kind kind;
	struct str text; /* trimmed as the dashes say; inside of {{ }} and {% %} */
};

struct lexer {
	struct str source;
	size_t at;
	bool in_raw;
	bool trim; /* the next text loses its leading blanks */
	struct template_error *e;
};

/* The next piece. False and `e` filled if a delimiter is never closed. */
MUST_USE bool lexer_next(struct lexer *l, struct chunk *c);

/* A reader of what stands inside {{ }} or {% %}. */
struct scanner {
	struct str source; /* the whole template, for positions */
	size_t at, end;
	struct arena *arena;
	struct template_error *e;
};

struct scanner scanner_of(const struct lexer *l, struct str inside, struct arena *a);
/* Fills the error for the byte at `offset` of the source; returns false. */
bool template_fail(struct template_error *e, struct str source, size_t offset,
    const char *advice, const char *fmt, ...) PRINTF(5, 6);
/* Adds to it the word that was meant, unless that is empty; returns false. */
bool template_suggest(struct template_error *e, struct str word);

void scan_blank(struct scanner *s);
bool scan_is_end(struct scanner *s);
char scan_peek(const struct scanner *s);
/* Takes `c` if it is next, after blanks. */
bool scan_char(struct scanner *s, char c);
/* A word of letters, digits, _ and -, after blanks; empty if there is none. */
struct str scan_word(struct scanner *s);
/* Takes a number in Liquid's form if one is next. */
bool scan_number(struct scanner *s, struct str *text);
/* Takes a quoted string; the next character is its quote. */
MUST_USE bool scan_string(struct scanner *s, struct str *text);
