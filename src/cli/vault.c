/*
 * The master key. Rotation can be interrupted anywhere and run again: a new version is made
 * only when no credential is left under an old one, and old versions go only when none needs
 * them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carillon/base/table.h"
#include "carillon/keeper/nats_dir.h"
#include "carillon/registry/credentials.h"
#include "carillon/registry/seals.h"
#include "carillon/registry/vault_key.h"

#include "output.h"

static bool
key_file_is_ours(const struct command *c, struct err *e)
{
	if (c->config.master_key_file[0] != '\0')
		return true;
	return fail(e, ERR_SETUP,
	    "no master key file is set: give --set master_key_file=FILE, or set it in "
	    "the settings; a key from systemd or the environment is changed there");
}

static void
say_made(struct command *c)
{
	struct document doc;

	if (!command_has(c, OPTION_JSON)) {
		printf("made %s: keep a copy where the backups are not; without it no "
		       "credential can be read again\n",
		    c->config.master_key_file);
		return;
	}
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_cstr(&doc.w, "file", c->config.master_key_file);
	jw_object_end(&doc.w);
	document_end(&doc);
}

bool
verb_vault_init(struct command *c, struct err *e)
{
	if (!command_load(c, e) || !key_file_is_ours(c, e) ||
	    !vault_init(c->config.master_key_file, e))
		return false;
	say_made(c);
	return true;
}

/* --- rotate --- */

enum { ROUNDS_MAX = 5 }; /* without progress: customers edit what is to be sealed */

struct rotation {
	struct command *command;
	struct seals seals;
	struct seal_at
	    *old; /* under an old key; gathered first: sealing waits for the broker */
	size_t n, cap, total;
	size_t of_newer_keys; /* than the file has */
	struct table *shut;   /* "workspace/connection" of what does not open: said, and left */
};

static struct str
name_of(struct arena *a, struct str workspace, struct str connection)
{
	return arena_printf(a, "%.*s/%.*s", STR_ARG(workspace), STR_ARG(connection));
}

/* Leaves it as it is, for its connection must be reconnected anyway. */
static void
pass_over(struct rotation *r, struct str workspace, struct str connection, const char *why)
{
	struct str name = name_of(r->command->arena, workspace, connection);

	if (table_set(r->shut, name, r) != NULL)
		return;
	fprintf(stderr,
	    "carillon: note: passed over %.*s: %s; carillon connection reconnect %.*s %.*s "
	    "--token-stdin\n",
	    STR_ARG(name), why, STR_ARG(workspace), STR_ARG(connection));
}

static void
add_old(struct rotation *r, const struct stored_key *k)
{
	struct arena *a = r->command->arena;

	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 64;
		r->old = realloc(r->old, r->cap * sizeof(*r->old));
		must(r->old != NULL);
	}
	r->old[r->n++] = (struct seal_at){arena_str(a, k->workspace), arena_str(a, k->id)};
}

static bool
is_passed_over(const struct rotation *r, struct str workspace, struct str connection)
{
	return table_get(r->shut, name_of(r->command->arena, workspace, connection)) != NULL;
}

static bool
note_connection(const struct stored *s, void *arg)
{
	struct rotation *r = arg;
	const connection_record *rec = s->record;
	uint32_t newest = vault_version(r->command->vault), version;

	r->total++;
	if (rec == NULL)
		pass_over(r, s->key.workspace, s->key.id, "its stored record cannot be read");
	if (rec == NULL || rec->sealed.len == 0)
		return true;
	version = vault_sealed_version(rec->sealed.data, rec->sealed.len);
	r->of_newer_keys += version > newest;
	if (version != newest && !is_passed_over(r, s->key.workspace, s->key.id))
		add_old(r, &s->key);
	return true;
}

/* Every credential that is not under the newest key, and was not passed over. */
static bool
find_old(struct rotation *r, struct err *e)
{
	r->n = r->total = r->of_newer_keys = 0;
	return registry_each_of_kind(
	    r->command->registry, STATE_CONNECTION, note_connection, r, e);
}

/* The credential of a connection; NULL with `e`: it is gone, or (ERR_DENIED) does not open. */
static struct secret *
open_sealed(
    struct command *c, const struct seal_at *o, const connection_record *rec, struct err *e)
{
	struct secret *token = secret_new(SECRET_MAX);

	if (vault_unseal(
		c->vault, o->workspace, o->connection, record_bytes(&rec->sealed), token, e))
		return token;
	secret_free(token);
	e->kind = ERR_DENIED;
	return NULL;
}

static void
pass_over_one(const struct seal_at *at, const char *why, void *arg)
{
	pass_over(arg, at->workspace, at->connection, why);
}

static void
show_progress(const char *what, size_t done, size_t of, void *arg)
{
	(void)arg;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s: %zu of %zu", what, done, of);
}

/* In rounds: a connection may be added under the old key meanwhile, or changed by a customer.
 */
static bool
reseal_until_none_is_old(struct rotation *r, struct err *e)
{
	for (int idle = 0; r->n > 0; idle++) {
		const size_t sealed = r->seals.sealed;

		r->seals.vault = r->command->vault;
		if (!seals_renew(&r->seals, r->old, r->n, e) ||
		    !registry_catch_up(r->command->registry, 0, e) || !find_old(r, e))
			return false;
		if (r->seals.sealed > sealed)
			idle = 0;
		if (idle == ROUNDS_MAX)
			return fail(e, ERR_CONFLICT,
			    "connection %.*s of workspace %.*s is being changed all the time: "
			    "run this again",
			    STR_ARG(r->old[0].connection), STR_ARG(r->old[0].workspace));
	}
	return true;
}

static bool
add_version(struct command *c, struct err *e)
{
	uint32_t version;

	if (!vault_add_version(c->config.master_key_file, &version, e))
		return false;
	vault_close(c->vault);
	c->vault = NULL;
	return vault_open(&c->vault, c->config.master_key_file, e) &&
	       vault_key_publish(c->broker, c->store, c->vault, &version, e);
}

/* What does not open is no sign of a rotation that was interrupted. */
static bool
pass_over_shut(struct rotation *r, struct err *e)
{
	struct command *c = r->command;
	size_t n = r->n;

	for (size_t i = 0; i < n; i++) {
		const struct seal_at *o = &r->old[i];
		struct arena *a = arena_new(0);
		struct err why;
		const connection_record *rec = registry_connection(
		    c->registry, a, o->workspace, o->connection, NULL, &why);
		struct secret *token = rec == NULL ? NULL : open_sealed(c, o, rec, &why);

		if (token == NULL)
			pass_over(r, o->workspace, o->connection, why.text);
		secret_free(token);
		arena_free(a);
	}
	return find_old(r, e);
}

/* With another master key than theirs, or an older copy of the file, credentials would be
 * passed over that the right one opens. */
static bool
key_file_is_theirs(struct rotation *r, struct err *e)
{
	struct command *c = r->command;
	size_t open;

	if (!credentials_check_key(c->store, c->vault, e) || !find_old(r, e) ||
	    !pass_over_shut(r, e))
		return false;
	open = r->total - table_len(r->shut);
	return r->of_newer_keys == 0 || r->of_newer_keys < open ||
	       fail(e, ERR_SETUP,
		   "%zu of %zu credentials were sealed with a newer key than %s has: it is an "
		   "older copy",
		   r->of_newer_keys, r->total, c->config.master_key_file);
}

static bool
begin_rotation(struct rotation *r, struct err *e)
{
	if (!key_file_is_theirs(r, e))
		return false;
	if (r->n == 0)
		return add_version(r->command, e) && find_old(r, e);
	fprintf(stderr, "carillon: note: going on with a rotation that was interrupted\n");
	return true;
}

/* What the rotation cannot do by itself. */
#define NEXT_STEPS                                                                             \
	"a running service that reads this file takes the new key by itself. One that was "    \
	"given "                                                                               \
	"the key another way, such as systemd's LoadCredential, must be restarted: until "     \
	"then "                                                                                \
	"its deliveries wait. The index's files are written without the older seals when the " \
	"service is next started. If the old key has leaked, revoke the tokens as well: who "  \
	"had "                                                                                 \
	"it may have read them"

static void
say_rotated(const struct rotation *r, size_t shut)
{
	const uint32_t version = vault_version(r->command->vault);
	struct document doc;

	if (!command_has(r->command, OPTION_JSON)) {
		printf("%zu of %zu credentials sealed anew under key version %u; the old key "
		       "is gone\n",
		    r->seals.sealed, r->total, version);
		if (shut > 0)
			printf("%zu could not be opened or read: reconnect them\n", shut);
		printf("next: %s\n", NEXT_STEPS);
		return;
	}
	document_begin(&doc, r->command);
	jw_object(&doc.w);
	jw_kv_int(&doc.w, "sealed", (int64_t)r->seals.sealed);
	jw_kv_int(&doc.w, "credentials", (int64_t)r->total);
	jw_kv_int(&doc.w, "shut", (int64_t)shut);
	jw_kv_int(&doc.w, "older_seals_erased", (int64_t)r->seals.erased);
	jw_kv_int(&doc.w, "key_version", version);
	jw_kv_cstr(&doc.w, "todo", NEXT_STEPS);
	jw_object_end(&doc.w);
	document_end(&doc);
}

static bool
rotate(struct rotation *r, struct err *e)
{
	struct command *c = r->command;
	size_t shut;

	if (!begin_rotation(r, e) || !reseal_until_none_is_old(r, e) ||
	    !nats_dir_reseal(c->config.nats_dir, c->vault, e) ||
	    !vault_drop_old_versions(c->config.master_key_file, e))
		return false;
	/* One may have been stored under the old key just now; this process still has it. */
	if (!registry_catch_up(c->registry, 0, e) || !find_old(r, e) ||
	    !reseal_until_none_is_old(r, e) || !seals_erase_old(&r->seals, e))
		return false;
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	shut = table_len(r->shut);
	say_rotated(r, shut);
	c->exit_code = shut > 0 ? EXIT_FAILED : EXIT_FINE;
	return true;
}

bool
verb_vault_rotate(struct command *c, struct err *e)
{
	struct rotation r = {.command = c};
	bool ok;

	if (!command_load(c, e) || !key_file_is_ours(c, e) ||
	    !command_open(c, NEED_STATE | NEED_WRITE | NEED_VAULT, e))
		return false;
	r.shut = table_new();
	r.seals = (struct seals){.registry = c->registry,
	    .pass_over = pass_over_one,
	    .progress = show_progress,
	    .arg = &r};
	ok = rotate(&r, e);
	table_free(r.shut);
	free(r.old);
	return ok;
}
