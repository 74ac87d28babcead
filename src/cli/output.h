/*
 * What a command prints. Lists are tables for people or one JSON document; what is shown singly
 * is written as JSON once, and read to people as aligned lines. Control characters that came
 * with a customer's text never reach a terminal.
 */
#pragma once

#include "carillon/base/json.h"

#include "command.h"

/* {"deleted": id} with --json; a person sees what was asked. */
void say_deleted(struct command *c, struct str id);

/* Prints and frees the text. */
void print_text(struct buf *text);

/* One JSON document in the making, in the command's buffer; what is not ended is not printed.
 */
struct document {
	struct command *command;
	struct json_writer w; /* write one value with it */
};
void document_begin(struct document *d, struct command *c);
/* Prints it, as JSON with --json, else for people. */
void document_end(struct document *d);

/*
 * A list. With --json each record is written with `w`; otherwise its cells are put in the order
 * of the columns, which is told by listing_is_json.
 */
struct listing {
	struct document doc;
	struct json_writer *w;
	struct str *cells; /* the header first */
	size_t n_columns, n_cells, cap, n_records;
};
/* `columns` is "ID NAME STATUS". */
void listing_begin(struct listing *l, struct command *c, const char *columns);
bool listing_is_json(const struct listing *l);
/* Counts a record; before its cells or its JSON. */
void listing_record(struct listing *l);
void listing_cell(struct listing *l, struct str text);
/* A time; 0 is none. */
void listing_time(struct listing *l, int64_t ms);
/* `next` is the cursor of the next page; empty: there is no more. */
void listing_end(struct listing *l, struct str next);
