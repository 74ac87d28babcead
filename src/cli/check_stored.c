#include "check_stored.h"

#include <stdio.h>

#include "carillon/registry/credentials.h"
#include "carillon/registry/vault_key.h"

enum { SAID_MAX = 20, SENTENCE_MAX = 800 };

/* Findings of one kind: the first ones each, the others as a number. */
struct sayings {
	broker_finding_fn *found;
	void *arg;
	unsigned long long n, bad;
};

static void
say_bad(struct sayings *s, const char *sentence)
{
	if (++s->bad <= SAID_MAX)
		s->found(false, sentence, s->arg);
}

/* What is said at the end: that all are fine, or how many more are not. */
static void
say_rest(struct sayings *s, const char *are_fine)
{
	char sentence[160];

	if (s->bad > SAID_MAX)
		snprintf(
		    sentence, sizeof(sentence), "and %llu more like these", s->bad - SAID_MAX);
	else
		snprintf(sentence, sizeof(sentence), "all %llu %s", s->n, are_fine);
	if (s->bad == 0 || s->bad > SAID_MAX)
		s->found(s->bad == 0, sentence, s->arg);
}

static bool
look_at_record(const struct stored *r, void *arg)
{
	struct sayings *s = arg;
	char sentence[SENTENCE_MAX];

	s->n++;
	if (r->record != NULL)
		return true;
	snprintf(sentence, sizeof(sentence),
	    "the stored record of %s \"%.*s\" of workspace \"%.*s\" cannot be read (%s): write "
	    "it again, or delete it",
	    state_kind_name(r->key.kind), STR_ARG(r->key.id), STR_ARG(r->key.workspace),
	    r->why.text);
	say_bad(s, sentence);
	return true;
}

void
check_records(struct command *c, broker_finding_fn *found, void *arg)
{
	struct sayings s = {.found = found, .arg = arg};
	struct txn *t = txn_read(c->store, STORE_STATE);
	struct arena *a = arena_new(0);
	struct err e;

	for (enum state_kind kind = 0; kind < STATE_KINDS; kind++)
		stored_each_of_kind(t, a, kind, look_at_record, &s);
	arena_free(a);
	if (!txn_finish(t, &e))
		found(false, e.text, arg);
	else
		say_rest(&s, "records can be read");
}

static bool
look_at_credential(const struct stored_key *key, const struct err *why, void *arg)
{
	struct sayings *s = arg;
	char sentence[SENTENCE_MAX];

	s->n++;
	if (why == NULL)
		return true;
	snprintf(sentence, sizeof(sentence),
	    "%s: carillon connection reconnect %.*s %.*s --token-stdin", why->text,
	    STR_ARG(key->workspace), STR_ARG(key->id));
	say_bad(s, sentence);
	return true;
}

void
check_credentials(struct command *c, broker_finding_fn *found, void *arg)
{
	struct sayings s = {.found = found, .arg = arg};
	struct err e;

	/* With a wrong key none opens, and it is one thing. */
	if ((c->broker != NULL && !vault_key_check(c->broker, c->vault, &e)) ||
	    !credentials_check_key(c->store, c->vault, &e)) {
		found(false, e.text, arg);
		return;
	}
	if (!credentials_try(c->store, c->vault, look_at_credential, &s, &e))
		found(false, e.text, arg);
	else
		say_rest(&s, "credentials open");
}
