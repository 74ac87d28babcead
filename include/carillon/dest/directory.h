/*
 * The list of an account's channels, which a destination gives in pages and not too fast. Pure:
 * requests are composed, answers judged; who reads keeps the pace.
 */
#pragma once

#include "carillon/dest/dest.h"

enum { DEST_CURSOR_MAX = 256 };

/* Which channels. */
enum directory_part {
	DIRECTORY_JOINED, /* those that the app is in: few, and soon read */
	DIRECTORY_ALL,
	DIRECTORY_PARTS
};

/* What is read of one page. */
struct dest_page {
	char next[DEST_CURSOR_MAX]; /* where the next begins; empty: there is none */
	int n;                      /* channels on it; pages may be empty before the last */
};

typedef void dest_page_fn(const struct dest_channel *c, void *arg);

struct dest_directory {
	/* Whether a credential with these scopes may read that part at all. */
	bool (*may_read)(enum directory_part part, struct str scopes);
	/* Requests a minute that the destination takes. */
	int (*per_minute)(enum directory_part part);
	bool (*compose_page)(struct http_request *req, const struct dest_call *call,
	    enum directory_part part, struct str scopes, struct str cursor, struct err *e);
	bool (*judge_page)(const struct http_response *res, dest_page_fn *each, void *arg,
	    struct dest_page *page, struct outcome *out);
	/* The id in what a person pasted, an id or a link; empty: it is neither. */
	struct str (*channel_of)(struct str text);
};
