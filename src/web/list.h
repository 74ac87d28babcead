/*
 * A page of a list as an answer: {"records": [...], "count", "limit", "next_cursor"}. One more
 * than fits is looked at, to know whether there are more.
 */
#pragma once

#include "request.h"

struct page {
	struct request *q;
	struct json_writer w;
	size_t limit, n;
	struct str after; /* the key that the cursor had; empty: from the first */
	struct str last;  /* the key of the last record */
	bool has_more;
	size_t looked; /* how many were looked at, where a filter leaves some out */
};

/* Reads limit and cursor. False: the answer is there. */
bool page_begin(struct page *p, struct request *q);
/* Whether one more has room; `key` is the record's. False: the page is full, end the walk. */
bool page_takes(struct page *p, struct str key);
void page_end(struct page *p);
