/*
 * What is wrong with something that a person wrote, as data: several at once, each with its
 * place, so that an editor can mark it, and with the word that was probably meant. Sentences
 * are made from the data, and only here; a single failure is struct err.
 *
 * One owner at a time. Texts live in the arena that the list was begun with.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/json.h"
#include "carillon/base/pointer.h"

enum finding_code {
#define FINDING(NAME, name) FINDING_##NAME,
#include "carillon/base/findings.def"
#undef FINDING
	FINDING_CODES
};
const char *finding_code_name(enum finding_code c);

enum { FINDINGS_MAX = 20 };

struct finding {
	enum finding_code code;
	struct str pointer; /* into the record as JSON (RFC 6901): "/filter/all/0/op" */
	struct str label;   /* the part of it, for people: "default rule 2: filter"; or empty */
	struct str shown;   /* the end of the pointer that people need: "/all/0/op"; or empty */
	struct str slot;    /* of a message template, else empty */
	int line, column;   /* in the text at that place, from 1; 0: in no text */
	struct str text;    /* what is wrong: there is no operator "eqq" */
	struct str suggestion; /* the word that was probably meant: eq; or empty */
};

/* A part of the record while it is looked at. It stands on the stack of whoever looks. */
struct finding_part {
	struct pointer step;
	const struct pointer *at; /* the whole way; NULL: the record itself */
	struct str label;
	const struct finding_part *up;
};

struct findings {
	struct arena *arena;
	const struct finding_part *part;        /* NULL: the record itself */
	int n, n_left_out;                      /* kept; found beyond FINDINGS_MAX */
	struct finding items[FINDINGS_MAX + 1]; /* the last takes what is left out */
};

void findings_init(struct findings *f, struct arena *a);

static inline int
findings_count(const struct findings *f)
{
	return f->n + f->n_left_out;
}

/* Everything found until findings_leave is below `step`, and people know that as `label`, which
 * may be empty. */
void findings_enter(
    struct findings *f, struct finding_part *part, struct pointer step, struct str label);
/* The same, when the part has a name for people and no place of its own. */
void findings_enter_named(struct findings *f, struct finding_part *part, struct str label);
void findings_leave(struct findings *f);

/* A new one, below the part that is looked at (`at` may be NULL), to be filled in further. */
struct finding *findings_add(
    struct findings *f, enum finding_code code, const struct pointer *at);
/* Adds one whose place people must be told, in a document: "/all/0: ...". Returns false. */
bool findings_at(struct findings *f, enum finding_code code, const struct pointer *at,
    const char *fmt, ...) PRINTF(4, 5);
/* Adds one whose text names the place itself: "the name is ...". Returns false. */
bool findings_about(struct findings *f, enum finding_code code, const struct pointer *at,
    const char *fmt, ...) PRINTF(4, 5);
/* The words of findings_unknown: `what` "there is no operator". */
struct unknown_word {
	enum finding_code code;
	const char *what;
	struct str word;
	const struct str *known;
	size_t n_known;
};
/* Adds that a word is unknown, with the one that was meant, or else all that are known. Returns
 * false. */
bool findings_unknown(
    struct findings *f, const struct pointer *at, const struct unknown_word *u);
/* Adds to the last one the word that was meant, unless that is empty. Returns false. */
bool findings_suggest(struct findings *f, struct str word);
/* json_parse, whose error is added. */
MUST_USE bool findings_parse(struct findings *f, struct arena *a, struct str text,
    int depth_max, const struct json **out);

/*
 * "default rule 2: filter: /all/0/op: there is no operator "eqq"; did you mean "eq"?" in the
 * arena of the list.
 */
struct str finding_sentence(const struct findings *f, const struct finding *one);
/* True if nothing was found; else fails with ERR_INPUT and the first sentence. */
bool findings_none(const struct findings *f, struct err *e);
/* A JSON array of objects, without what they do not have. */
void findings_write(struct json_writer *w, const struct findings *f);
