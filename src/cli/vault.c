/*
 * The master key. Rotation can be interrupted anywhere and run again: a new version is made
 * only when no credential is left under an old one, and old versions go only when none needs
 * them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carillon/keeper/nats_dir.h"

#include "output.h"

enum { CONFLICTS_MAX = 5 }; /* with a customer who is editing */

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

/* A credential under an old key; gathered first, because sealing waits for the broker. */
struct old_seal {
	struct str workspace, connection;
};

struct rotation {
	struct command *command;
	struct str workspace;
	struct old_seal *old;
	size_t n, cap, total;
	struct err *err;
};

static bool
note_connection(const void *record, uint64_t revision, void *arg)
{
	const connection_record *rec = record;
	struct rotation *r = arg;

	(void)revision;
	r->total++;
	if (rec->sealed.len == 0 || vault_sealed_version(rec->sealed.data, rec->sealed.len) ==
					vault_version(r->command->vault))
		return true;
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 64;
		r->old = realloc(r->old, r->cap * sizeof(*r->old));
		must(r->old != NULL);
	}
	r->old[r->n++] =
	    (struct old_seal){r->workspace, arena_str(r->command->arena, str_of(rec->id))};
	return true;
}

static bool
note_workspace(const void *record, uint64_t revision, void *arg)
{
	const workspace_record *w = record;
	struct rotation *r = arg;
	struct arena *a = arena_new(0);
	bool ok;

	(void)revision;
	r->workspace = arena_str(r->command->arena, str_of(w->id));
	ok = registry_each(r->command->registry, a,
	    &(struct state_list){r->workspace, STATE_CONNECTION}, note_connection, r, r->err);
	arena_free(a);
	return ok;
}

/* Every credential that is not under the newest key. */
static bool
find_old(struct rotation *r, struct err *e)
{
	struct err found = {0};
	struct arena *a = arena_new(0);
	bool ok;

	r->n = r->total = 0;
	r->err = &found;
	ok = registry_each_workspace(
	    r->command->registry, a, (struct str){0}, note_workspace, r, e);
	arena_free(a);
	if (ok && found.kind != ERR_NONE) {
		*e = found;
		ok = false;
	}
	return ok;
}

static bool
reseal_record(struct command *c, const struct old_seal *o, struct arena *a, struct err *e)
{
	struct secret *token = secret_new(SECRET_MAX);
	uint64_t revision;
	connection_record *rec =
	    registry_connection(c->registry, a, o->workspace, o->connection, &revision, e);
	bool ok = rec != NULL && vault_unseal(c->vault, o->workspace, o->connection,
				     rec->sealed.data, rec->sealed.len, token, e);

	if (ok) {
		rec->sealed.data =
		    arena_must(a, secret_len(token) + (size_t)VAULT_SEALED_OVERHEAD);
		vault_seal(c->vault, o->workspace, o->connection, token, rec->sealed.data,
		    &rec->sealed.len);
	}
	secret_free(token);
	return ok && registry_put_connection(c->registry, o->workspace, rec, revision, e);
}

static bool
reseal(struct command *c, const struct old_seal *o, struct err *e)
{
	for (int i = 0;; i++) {
		struct arena *a = arena_new(0);
		bool ok = reseal_record(c, o, a, e);

		arena_free(a);
		/* Deleted meanwhile: nothing left to seal. */
		if (ok || e->kind == ERR_NOT_FOUND)
			return true;
		if (e->kind != ERR_CONFLICT || i == CONFLICTS_MAX)
			return fail_within(e, "connection %.*s of workspace %.*s",
			    STR_ARG(o->connection), STR_ARG(o->workspace));
		if (!registry_catch_up(c->registry, 0, e))
			return false;
	}
}

static bool
reseal_all(struct rotation *r, struct err *e)
{
	bool on_terminal = isatty(STDERR_FILENO);

	for (size_t i = 0; i < r->n; i++) {
		if (!reseal(r->command, &r->old[i], e))
			return false;
		if (on_terminal)
			fprintf(stderr, "\rsealed %zu of %zu", i + 1, r->n);
	}
	if (on_terminal && r->n > 0)
		fputc('\n', stderr);
	return true;
}

/* In rounds: a connection may be added under the old key meanwhile. */
static bool
reseal_until_none_is_old(struct rotation *r, struct err *e)
{
	while (r->n > 0)
		if (!reseal_all(r, e) || !registry_catch_up(r->command->registry, 0, e) ||
		    !find_old(r, e))
			return false;
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
	return vault_open(&c->vault, c->config.master_key_file, e);
}

static void
say_rotated(const struct rotation *r, size_t sealed)
{
	const uint32_t version = vault_version(r->command->vault);
	struct document doc;

	if (!command_has(r->command, OPTION_JSON)) {
		printf("%zu of %zu credentials sealed anew under key version %u; the old key "
		       "is gone\n",
		    sealed, r->total, version);
		return;
	}
	document_begin(&doc, r->command);
	jw_object(&doc.w);
	jw_kv_int(&doc.w, "sealed", (int64_t)sealed);
	jw_kv_int(&doc.w, "credentials", (int64_t)r->total);
	jw_kv_int(&doc.w, "key_version", version);
	jw_object_end(&doc.w);
	document_end(&doc);
}

static bool
rotate(struct rotation *r, struct err *e)
{
	struct command *c = r->command;
	size_t sealed;

	if (!find_old(r, e))
		return false;
	if (r->n > 0)
		fprintf(
		    stderr, "carillon: note: going on with a rotation that was interrupted\n");
	else if (!add_version(c, e) || !find_old(r, e))
		return false;
	sealed = r->n;
	if (!reseal_until_none_is_old(r, e) ||
	    !nats_dir_reseal(c->config.nats_dir, c->vault, e) ||
	    !vault_drop_old_versions(c->config.master_key_file, e))
		return false;
	/* One may have been stored under the old key just now; this process still has it. */
	if (!registry_catch_up(c->registry, 0, e) || !find_old(r, e) ||
	    !reseal_until_none_is_old(r, e))
		return false;
	say_rotated(r, sealed);
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
	ok = rotate(&r, e);
	free(r.old);
	return ok;
}
