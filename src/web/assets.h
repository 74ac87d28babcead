/*
 * The files of the embedded UI, which are part of the program: made from src/ui/dist when it is
 * built. Without them there is only a page that says so.
 */
#pragma once

#include "request.h"

struct asset {
	const char *name; /* "index.html", "chunks/editor-3f2a.js" */
	const char *type;
	const char *raw, *raw_end, *packed, *packed_end; /* packed by gzip */
};
extern const struct asset assets[];
extern const int n_assets;

/* NULL if there is none. */
const struct asset *asset_find(struct str name);
/* Answers with it, packed for who can unpack. Whoever embeds a page may load what it needs; a
 * name with a hash in it is kept for ever. */
void asset_answer(struct request *q, const struct asset *a);
