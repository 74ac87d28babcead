/*
 * A message as a person sees it on the screen: a tree, from which come the text that is read,
 * the page, and the rich_text that Slack makes of a plain text. Lives in an arena.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/json.h"

enum node_kind {
#define NODE(id, tag, flow) NODE_##id,
#include "nodes.def"
#undef NODE
};

struct node {
	enum node_kind kind;
	struct str text, target, note, other; /* nodes.def says what each is */
	int64_t number;
	struct node *first, *last, *next;
};

struct node *node_new(struct arena *a, enum node_kind kind);
/* Appends a new last child and returns it. */
struct node *node_add(struct arena *a, struct node *parent, enum node_kind kind);
struct node *node_add_text(struct arena *a, struct node *parent, struct str text);
/* Moves the children of `from` to the end of those of `to`. */
void node_adopt(struct node *to, struct node *from);
/* {"tag":"b","of":[...]}; plain text is a string. */
void node_write(struct json_writer *w, const struct node *n);
/* What is read, without the marks: a block on lines of its own, fields and items too. */
void node_read(struct buf *out, const struct node *n);
/* How often a text in it goes to a new line, and how many characters it has. */
void node_measure(const struct node *n, size_t *breaks, size_t *chars);
