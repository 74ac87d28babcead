/*
 * A page of a list as an answer: {"records": [...], "count", "limit", "next_cursor"}. One more
 * than fits is looked at, to know whether there are more. Where a filter leaves most of them
 * out, a page ends after PAGE_LOOKS_MAX, says how far it looked, and its cursor goes on there.
 */
#pragma once

#include "request.h"

enum { PAGE_LOOKS_MAX = 20000 };

struct page {
	struct request *q;
	struct json_writer w;
	size_t limit, n;
	struct str after; /* the key that the cursor had; empty: from the first */
	struct str last;  /* the key of the record that was looked at last */
	bool has_more;
	size_t looked;
	bool is_out_of_looks;
	int64_t looked_to_ms; /* the time of that record, where the list goes by time */
};

/* Reads limit and cursor. False: the answer is there. */
bool page_begin(struct page *p, struct request *q);
/* Whether there is room for one more record, whose key is `key`. False: end the walk. */
bool page_takes(struct page *p, struct str key);
/* Before a record is looked at, by a filter: false: enough, end the walk. */
bool page_looks(struct page *p);
/* It was looked at, and is none of the list: the cursor may go on behind it. */
void page_passes(struct page *p, struct str key, int64_t at_ms);
void page_end(struct page *p);
