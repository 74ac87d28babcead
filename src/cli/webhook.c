/* Webhooks: connections that are an address of the customer's own and a secret of ours, which
 * is told once. */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/signing_secret.h"
#include "carillon/base/url.h"
#include "carillon/keeper/check.h"
#include "carillon/registry/json_write.h"

#include "connection.h"
#include "output.h"

enum { OVERLAP_MS = 24 * 3600 * 1000 };

/* What a webhook is made of. */
struct making {
	const struct dest_type *dest;
	char text[SIGNING_SECRET_SIZE]; /* the new secret */
	struct secret *given;           /* it, and header lines */
	struct secret *credential;
};

static bool
making_begin(struct making *m, const connection_record *r, struct err *e)
{
	*m = (struct making){
	    .given = secret_new(SECRET_MAX), .credential = secret_new(SECRET_MAX)};
	m->dest = dest_of_connection(r, e);
	if (m->dest != NULL && m->dest->take == NULL)
		return fail(e, ERR_INPUT, "connection %s is no webhook", r->id);
	return m->dest != NULL;
}

static void
making_end(struct making *m)
{
	sodium_memzero(m->text, sizeof(m->text));
	secret_free(m->given);
	secret_free(m->credential);
}

/* Lines of standard input, up to its end or an empty one. */
static bool
read_headers(struct command *c, struct secret *given, struct err *e)
{
	struct secret *line;
	bool ok = true;

	if (!command_has(c, OPTION_HEADERS_STDIN))
		return true;
	line = secret_new(SECRET_MAX);
	do {
		secret_clear(line);
		ok = secret_read_fd(line, STDIN_FILENO, e);
		secret_trim(line);
		if (ok && secret_len(line) > 0 &&
		    (!secret_append(given, "\n", 1) ||
			!secret_append(given, secret_bytes(line), secret_len(line))))
			ok = fail(e, ERR_INPUT, "the headers are too long");
	} while (ok && secret_len(line) > 0);
	secret_free(line);
	return ok;
}

/* A new secret in place of `own`, which counts until `until`. */
static bool
make(struct command *c, struct making *m, const struct secret *own, wall_t until, struct err *e)
{
	signing_secret_new(m->text);
	return (secret_append(m->given, m->text, SIGNING_SECRET_SIZE - 1) ||
		   fail(e, ERR_INPUT, "the secret is too long")) &&
	       read_headers(c, m->given, e) &&
	       m->dest->take(m->credential, m->given, own, until, e);
}

static void
tell(struct command *c, const connection_record *r, uint64_t revision, const struct making *m)
{
	struct document doc;

	if (!command_has(c, OPTION_JSON)) {
		printf("%s\n%s\n", r->id, m->text);
		return;
	}
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_key(&doc.w, "connection");
	json_write_connection(&doc.w, r, revision, NULL);
	jw_kv_cstr(&doc.w, "secret", m->text);
	jw_object_end(&doc.w);
	document_end(&doc);
}

/* Asks, seals, stores, and tells the secret. */
static bool
put(struct command *c, connection_record *r, uint64_t revision, const struct making *m,
    struct err *e)
{
	struct str workspace = command_argument(c, 0);

	if (!keeper_check_url(&c->config, r, e) ||
	    !connection_ask_unless_told_not_to(c, r, m->credential, e))
		return false;
	connection_seal(c, r, m->credential);
	r->updated_ms = clock_wall().ms;
	if (!registry_put_connection(c->registry, workspace, r, revision, e))
		return false;
	r = registry_connection(c->registry, c->arena, workspace, str_of(r->id), &revision, e);
	if (r != NULL)
		tell(c, r, revision, m);
	return r != NULL;
}

/* --- add --- */

/* The one channel that it has, called as people know the endpoint. */
static void
aim_at(struct command *c, connection_record *r, const char *url)
{
	struct url parts;
	bool is_url = url_parse(&parts, str_of(url));

	r->url = arena_cstr(c->arena, str_of(url));
	r->n_channels = 1;
	r->channels = ARENA_ARRAY(c->arena, Carillon__V1__Channel *, 1);
	r->channels[0] = ARENA_NEW(c->arena, Carillon__V1__Channel);
	carillon__v1__channel__init(r->channels[0]);
	r->channels[0]->id = arena_cstr(c->arena, STR("endpoint"));
	r->channels[0]->name = arena_cstr(c->arena, is_url ? parts.host : STR(""));
}

bool
verb_webhook_add(struct command *c, struct err *e)
{
	connection_record r;
	struct making m;
	bool ok;

	if (!connection_new(c, &r, "webhook", e) ||
	    !command_open(c, NEED_STATE | NEED_WRITE | NEED_VAULT, e) ||
	    !registry_has_workspace(c->registry, command_argument(c, 0), e))
		return false;
	aim_at(c, &r, c->arguments[1]);
	ok = making_begin(&m, &r, e) && make(c, &m, NULL, (wall_t){0}, e) &&
	     put(c, &r, 0, &m, e);
	making_end(&m);
	return ok;
}

/* --- rotate --- */

static bool
open_own(struct command *c, const connection_record *r, struct secret *own, struct err *e)
{
	return vault_unseal(c->vault, command_argument(c, 0), str_of(r->id),
		   record_bytes(&r->sealed), own, e) ||
	       fail_within(e, "the credential of connection %s", r->id);
}

bool
verb_webhook_rotate(struct command *c, struct err *e)
{
	int64_t overlap_ms = OVERLAP_MS;
	struct secret *own;
	connection_record *r;
	uint64_t revision;
	struct making m;
	wall_t until;
	bool ok;

	if (!read_duration(c, OPTION_OVERLAP, &overlap_ms, e) ||
	    !command_open(c, NEED_STATE | NEED_WRITE | NEED_VAULT, e))
		return false;
	r = connection_of_arguments(c, &revision, e);
	if (r == NULL)
		return false;
	until.ms = overlap_ms > 0 ? clock_wall().ms + overlap_ms : 0;
	own = secret_new(SECRET_MAX);
	ok = making_begin(&m, r, e) && open_own(c, r, own, e) && make(c, &m, own, until, e) &&
	     put(c, r, revision, &m, e);
	making_end(&m);
	secret_free(own);
	return ok;
}

/* --- move --- */

bool
verb_webhook_move(struct command *c, struct err *e)
{
	struct secret *own;
	connection_record *r;
	uint64_t revision;
	struct making m;
	bool ok;

	if (!command_open(c, NEED_STATE | NEED_WRITE | NEED_VAULT, e))
		return false;
	r = connection_of_arguments(c, &revision, e);
	if (r == NULL)
		return false;
	own = secret_new(SECRET_MAX);
	ok = making_begin(&m, r, e) && open_own(c, r, own, e);
	aim_at(c, r, c->arguments[2]);
	ok = ok && keeper_check_url(&c->config, r, e) &&
	     connection_ask_unless_told_not_to(c, r, own, e) &&
	     connection_repair(c, r, revision, e);
	making_end(&m);
	secret_free(own);
	return ok;
}
