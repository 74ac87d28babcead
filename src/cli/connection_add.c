/* The verbs that handle a credential: it goes from standard input through locked memory only.
 */
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/tame.h"
#include "carillon/keeper/check.h"

#include "connection.h"
#include "output.h"

static bool
take_channels(struct command *c, connection_record *r, struct err *e)
{
	const struct dest_type *dest = dest_of_connection(r, e);

	if (dest == NULL)
		return false;
	r->n_channels = (size_t)c->channels.n;
	r->channels = ARENA_ARRAY(c->arena, Carillon__V1__Channel *, r->n_channels);
	for (size_t i = 0; i < r->n_channels; i++) {
		r->channels[i] = ARENA_NEW(c->arena, Carillon__V1__Channel);
		carillon__v1__channel__init(r->channels[i]);
		if (!read_channel(c, dest, c->channels.values[i], &r->channels[i]->id, e))
			return false;
	}
	return true;
}

void
connection_seal(struct command *c, connection_record *r, const struct secret *credential)
{
	r->sealed.data =
	    arena_must(c->arena, secret_len(credential) + (size_t)VAULT_SEALED_OVERHEAD);
	vault_seal(c->vault, command_argument(c, 0), str_of(r->id), credential, r->sealed.data,
	    &r->sealed.len);
}

bool
connection_ask_unless_told_not_to(
    struct command *c, connection_record *r, const struct secret *credential, struct err *e)
{
	const struct keeper_question q = {
	    .arena = c->arena, .config = &c->config, .credential = credential};

	if (command_has(c, OPTION_NO_TEST) || keeper_check_account(&q, r, e))
		return true;
	if (e->kind == ERR_TEMP)
		fail(e, ERR_TEMP, "%s; try again, or add --no-test to store it untested",
		    arena_cstr(c->arena, str_of(e->text)));
	return false;
}

bool
connection_new(struct command *c, connection_record *r, const char *dest, struct err *e)
{
	char id[NEW_ID_SIZE];

	carillon__v1__connection__init(r);
	id_new(id, "conn");
	r->id = arena_cstr(
	    c->arena, command_has(c, OPTION_ID) ? command_option(c, OPTION_ID) : str_of(id));
	r->dest = arena_cstr(c->arena, str_of(dest));
	r->name = arena_cstr(c->arena, command_option(c, OPTION_NAME));
	r->created_ms = r->updated_ms = clock_wall().ms;
	connection_set_active(r);
	if (!id_is_record(str_of(r->id)))
		return FAIL_USAGE(
		    c, e, "--id %s: use 1 to %d of " ID_LETTERS, r->id, RECORD_ID_MAX);
	return take_channels(c, r, e) && read_schedule(c, &r->retry_s, &r->n_retry_s, e);
}

static bool
add_with(
    struct command *c, connection_record *r, const struct secret *credential, struct err *e)
{
	struct str workspace = command_argument(c, 0);

	if (!connection_ask_unless_told_not_to(c, r, credential, e))
		return false;
	connection_seal(c, r, credential);
	if (command_has(c, OPTION_JSON))
		return connection_store(c, r, 0, NULL, e);
	if (!registry_put_connection(c->registry, workspace, r, 0, e))
		return false;
	printf("%s\n", r->id);
	return true;
}

bool
verb_connection_add(struct command *c, struct err *e)
{
	connection_record r;
	struct secret *credential;
	bool ok;

	if (!connection_new(c, &r, "slack", e) ||
	    !command_open(c, NEED_STATE | NEED_WRITE | NEED_VAULT, e) ||
	    !registry_has_workspace(c->registry, command_argument(c, 0), e))
		return false;
	if (!read_credential(&r, &credential, e))
		return false;
	ok = add_with(c, &r, credential, e);
	secret_free(credential);
	return ok;
}

/* --- reconnect --- */

static bool
reconnect_with(struct command *c, connection_record *r, uint64_t revision,
    const struct secret *credential, struct err *e)
{
	const char *team = r->team_id, *team_name = r->team_name;

	if (!connection_ask_unless_told_not_to(c, r, credential, e))
		return false;
	if (team[0] != '\0' && strcmp(team, r->team_id) != 0)
		return fail(e, ERR_CONFLICT,
		    "this credential belongs to %s (%s), the connection to %s (%s): "
		    "add a connection of its own for it",
		    r->team_name, r->team_id, team_name, team);
	connection_seal(c, r, credential);
	/* What was granted ends with the credential that it was granted with. */
	r->scopes = r->app_id = r->connected_by = (char *)(uintptr_t)protobuf_c_empty_string;
	r->issued_ms = r->expires_ms = r->renewing_ms = 0;
	r->granted_channel = NULL;
	r->other = NULL;
	return connection_repair(c, r, revision, e);
}

/* One whose stored record cannot be read begins anew, with its id and this credential. */
static connection_record *
connection_to_reconnect(struct command *c, uint64_t *revision, struct err *e)
{
	connection_record *r = connection_of_arguments(c, revision, e);

	if (r != NULL || e->kind != ERR_CORRUPT)
		return r;
	r = ARENA_NEW(c->arena, connection_record);
	carillon__v1__connection__init(r);
	r->id = arena_cstr(c->arena, command_argument(c, 1));
	r->dest = arena_cstr(c->arena, STR("slack"));
	r->created_ms = clock_wall().ms;
	return r;
}

bool
verb_connection_reconnect(struct command *c, struct err *e)
{
	connection_record *r;
	struct secret *credential;
	uint64_t revision;
	bool ok;

	if (!command_open(c, NEED_STATE | NEED_WRITE | NEED_VAULT, e))
		return false;
	r = connection_to_reconnect(c, &revision, e);
	if (r == NULL || !read_credential(r, &credential, e))
		return false;
	ok = reconnect_with(c, r, revision, credential, e);
	secret_free(credential);
	return ok;
}

/* --- test --- */

struct test {
	struct command *command;
	struct document doc;
	bool all_fine;
};

static void
tested(const struct keeper_answer *answer, void *arg)
{
	struct test *t = arg;
	struct buf line = {0};

	t->all_fine = t->all_fine && answer->ok;
	if (!command_has(t->command, OPTION_JSON)) {
		buf_printf(&line, "%-4s  %s ", answer->ok ? "ok" : "FAIL", answer->what);
		tame_put(&line, str_of(answer->sentence));
		buf_putc(&line, '\n');
		print_text(&line);
	}
	jw_object(&t->doc.w);
	jw_kv_cstr(&t->doc.w, "what", answer->what);
	jw_kv_bool(&t->doc.w, "ok", answer->ok);
	jw_kv_cstr(&t->doc.w, "code", answer->code);
	jw_kv_cstr(&t->doc.w, "error", answer->error);
	jw_kv_cstr(&t->doc.w, "repair", answer->repair);
	jw_kv_cstr(&t->doc.w, "sentence", answer->sentence);
	jw_object_end(&t->doc.w);
}

static bool
test_with(
    struct command *c, connection_record *r, const struct secret *credential, struct err *e)
{
	struct test t = {.command = c, .all_fine = true};
	const struct keeper_question q = {.arena = c->arena,
	    .config = &c->config,
	    .credential = credential,
	    .each = tested,
	    .arg = &t};
	bool ok;

	document_begin(&t.doc, c);
	jw_object(&t.doc.w);
	jw_key(&t.doc.w, "findings");
	jw_array(&t.doc.w);
	ok = keeper_check_account(&q, r, e);
	jw_array_end(&t.doc.w);
	jw_kv_bool(&t.doc.w, "ok", ok && t.all_fine);
	jw_object_end(&t.doc.w);
	if (ok && command_has(c, OPTION_JSON))
		document_end(&t.doc);
	c->exit_code = t.all_fine ? EXIT_FINE : EXIT_FAILED;
	return ok;
}

bool
verb_connection_test(struct command *c, struct err *e)
{
	struct secret *credential;
	connection_record *r;
	uint64_t revision;
	bool ok;

	if (!command_open(c, NEED_STATE | NEED_VAULT, e))
		return false;
	r = connection_of_arguments(c, &revision, e);
	if (r == NULL)
		return false;
	credential = secret_new(SECRET_MAX);
	ok = vault_unseal(c->vault, command_argument(c, 0), str_of(r->id),
	    record_bytes(&r->sealed), credential, e);
	ok = ok ? test_with(c, r, credential, e)
	        : fail_within(e, "the credential of connection %s", r->id);
	secret_free(credential);
	return ok;
}
