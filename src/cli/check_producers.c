#include "check_producers.h"

#include <stdio.h>

#include "carillon/keeper/nats_dir.h"
#include "carillon/keeper/refusals.h"
#include "server_url.h"

enum { TRY_WAIT_MS = 1000 };

#define MAKE_ACCOUNTS                                                                       \
	"`carillon nats config` makes accounts that keep producers apart, and its --check " \
	"tries the attacks"

/* Whether the server lets in who shows nothing at all. */
static bool
lets_anybody_in(struct command *c)
{
	struct broker_options o;
	struct broker *anybody = NULL;
	struct buf url = {0};
	struct err e;

	if (!broker_options_of(c, TRY_WAIT_MS, &o, &e))
		return false;
	server_url(&url, c->config.nats_url);
	o.url = url.ptr;
	broker_options_as(&o, "");
	o.name = REFUSAL_WANTED;
	bool is_in = broker_connect(&anybody, &o, &e);
	broker_close(anybody);
	buf_fini(&url);
	return is_in;
}

/* The account of the credential in use, as its token says; empty if there is none. */
static struct str
own_account(struct command *c)
{
	const struct json *claims = nats_creds_claims(c);

	if (claims == NULL)
		return (struct str){0};
	return json_path(claims, STR("nats.issuer_account"))
	           ? json_string(json_get(claims, STR("nats")), STR("issuer_account"))
	           : json_string(claims, STR("iss"));
}

static bool
is_known_apart(struct command *c, const struct nats_dir *d, char *sentence)
{
	struct str own = own_account(c);

	if (d->is_static || str_eq(own, str_of(d->accounts.keys[ACCOUNT_KEY_SERVICE]))) {
		snprintf(sentence, PRODUCERS_SENTENCE_MAX,
		    "producers have an account of their own, as %s says", d->path);
		return true;
	}
	snprintf(sentence, PRODUCERS_SENTENCE_MAX,
	    "nats_creds is not of the service's account of %s: set it to service.creds of that "
	    "directory",
	    d->path);
	return false;
}

bool
producers_are_apart(struct command *c, char sentence[static PRODUCERS_SENTENCE_MAX])
{
	struct nats_dir d;
	struct err e = {0};

	if (lets_anybody_in(c)) {
		snprintf(sentence, PRODUCERS_SENTENCE_MAX,
		    "producers share the service's account, and the server lets anybody in: "
		    "who "
		    "can publish one event can purge the streams and overwrite credentials; %s",
		    MAKE_ACCOUNTS);
		return false;
	}
	if (nats_dir_open(&d, c->config.nats_dir, c->arena, &e))
		return is_known_apart(c, &d, sentence);
	/* Who reads the keys may be another user than the service's. */
	snprintf(sentence, PRODUCERS_SENTENCE_MAX,
	    "the server wants credentials; whether producers have an account of their own is "
	    "not known here: %s",
	    MAKE_ACCOUNTS);
	return true;
}
