/*
 * Credentials that a destination grants by OAuth, instead of being typed in: the code that its
 * consent page gives is exchanged, what was granted is renewed before it ends, and given back
 * when nobody uses it. Pure, as all of a destination: requests are composed and answers judged.
 */
#pragma once

#include "carillon/dest/dest.h"

/* The product's app at the destination. Borrowed for the call. */
struct dest_app {
	const char *base_url; /* as of struct dest_call */
	struct str client_id;
	const struct secret *client_secret;
};

/* Why nothing was granted. */
enum grant_fault {
	GRANT_FINE,
	GRANT_AWAY,   /* no answer, or a pause is asked for; the code may have been spent */
	GRANT_AGAIN,  /* the code is no good (any more): from the beginning */
	GRANT_APP,    /* the app is not set up as it must be: an operator has to act */
	GRANT_LOST,   /* what was to be renewed does not count any more */
	GRANT_PERSON, /* the person or the account may not do this; the sentence says why */
};

struct dest_grant {
	enum grant_fault fault;
	struct dest_account account;
	char app_id[64], enterprise_id[64];
	char scopes[512];                       /* comma separated */
	char granted_by[64];                    /* the person's id there */
	int64_t expires_in_s;                   /* 0: it does not end */
	char channel_id[64], channel_name[128]; /* picked in the consent; or empty */
};

/* What the settings say of the app. Borrowed from the configuration. */
struct dest_app_settings {
	const char *client_id, *client_secret_file; /* empty: there is no app */
	const char *scopes_first;                   /* of the first consent */
};

/* What a consent is to be asked for. Borrowed for the call. */
struct dest_consent {
	struct str scopes, redirect_uri, state;
	struct str team; /* the account that is asked for, or empty */
};

/* What a person wants of a connection; each needs scopes that the ones before did not. */
enum dest_need { NEED_FIRST, NEED_CHANNELS, NEED_UNINVITED, NEED_DOUBT, DEST_NEEDS };

struct dest_oauth {
	/* All are private requests. */
	bool (*compose_exchange)(struct http_request *req, const struct dest_app *app,
	    struct str code, struct str redirect_uri, struct err *e);
	/* With what the credential has for it. ERR_INPUT: it has nothing, so it cannot end. */
	bool (*compose_renewal)(struct http_request *req, const struct dest_app *app,
	    const struct secret *credential, struct err *e);
	/* Of either: what was granted, its secrets into `credential`, which is emptied first.
	 */
	bool (*judge_grant)(const struct http_response *res, struct dest_grant *grant,
	    struct secret *credential, struct outcome *out);
	/* A connection's credential from what was granted and what it had, into `out`, which
	 * is emptied first: what belongs to the account is the granted one's; what belongs to
	 * one channel too, but `own`'s where nothing else was granted, or it was to another
	 * connection of the account (`is_sibling`). False: there is no room. */
	bool (*combine)(struct secret *out, const struct secret *granted,
	    const struct secret *own, bool is_sibling);
	bool (*compose_return)(
	    struct http_request *req, const struct dest_call *call, struct err *e);
	/* True also if it did not count any more. */
	bool (*judge_return)(const struct http_response *res, struct outcome *out);
	/* The scopes of a need, comma separated. */
	const char *(*scopes_for)(const struct config *c, enum dest_need need);
	/* Appends where a person is sent. */
	void (*authorize_url)(
	    struct buf *out, const struct config *c, const struct dest_consent *consent);
	struct dest_app_settings (*app)(const struct config *c);
};

/* Every name of the comma separated `wanted` that `has` lacks, comma separated, in `a`. */
struct str scopes_missing(struct arena *a, struct str wanted, struct str has);
bool scopes_have(struct str scopes, struct str one);
