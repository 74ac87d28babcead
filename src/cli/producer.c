/* Credentials of producers: made, listed, revoked. */
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/broker/resolver.h"
#include "carillon/keeper/producers.h"
#include "carillon/registry/json_write.h"

#include "output.h"
#include "producer_example.h"

enum { PUSH_WAIT_MS = 10000, AUDIT_WAIT_MS = 10000 };

static bool
dir_open(struct command *c, struct nats_dir *d, struct err *e)
{
	if (!command_load(c, e) || !nats_dir_open(d, c->config.nats_dir, c->arena, e))
		return false;
	if (strcmp(d->prefix, c->config.prefix) == 0)
		return true;
	return fail(e, ERR_SETUP, "%s is of prefix \"%s\", and the setting prefix is \"%s\"",
	    d->path, d->prefix, c->config.prefix);
}

/* Ids that begin with "_" are ours: the catalogue, for one. */
static bool
check_workspace(struct str id, struct err *e)
{
	if (id_is_workspace(id) && id.ptr[0] != '_')
		return true;
	return fail(e, ERR_INPUT,
	    "workspace id \"%.*s\": use 1 to %d of " ID_LETTERS ", nor with \"_\"", STR_ARG(id),
	    WORKSPACE_ID_MAX);
}

/* --- creds --- */

#define USUAL_NAME STR("default")

static bool
fill(struct command *c, const struct nats_dir *d, struct producer *p, struct err *e)
{
	int64_t expires_ms = 0;

	*p = (struct producer){
	    .workspace = command_argument(c, 0),
	    .name = command_has(c, OPTION_NAME) ? command_option(c, OPTION_NAME) : USUAL_NAME,
	    .issued_s = clock_wall().ms / 1000,
	};
	if (!check_workspace(p->workspace, e) ||
	    !read_duration(c, OPTION_EXPIRES, &expires_ms, e))
		return false;
	if (!id_is_record(p->name))
		return fail(e, ERR_INPUT, "--name %.*s: use 1 to %d of " ID_LETTERS,
		    STR_ARG(p->name), RECORD_ID_MAX);
	if (expires_ms > 0 && d->is_static)
		return fail(e, ERR_INPUT,
		    "--expires: a key of a static account counts until it is revoked");
	if (expires_ms > 0)
		p->expires_s = p->issued_s + expires_ms / 1000;
	return true;
}

static const char *
file_of(struct command *c, const struct nats_dir *d, const struct producer *p)
{
	bool is_usual = str_eq(p->name, USUAL_NAME);

	if (command_has(c, OPTION_OUT))
		return c->options[OPTION_OUT];
	return arena_printf(c->arena, "%.*s%s%.*s.%s", STR_ARG(p->workspace),
	    is_usual ? "" : "-", STR_ARG(is_usual ? STR("") : p->name),
	    d->is_static ? "nk" : "creds")
	    .ptr;
}

static void
say_minted(FILE *to, const struct nats_dir *d, const struct producer *p, const char *file)
{
	fprintf(to, "wrote %s: may publish %s.events.%.*s.> and nothing else\n", file,
	    d->prefix, STR_ARG(p->workspace));
	fprintf(to,
	    "a client must set its inbox prefix to _INBOX.%.*s: with another the answer never "
	    "comes, although the event was stored; and no Nats-Msg-Id: the event's own id is "
	    "enough\n",
	    STR_ARG(p->workspace));
	if (d->is_static)
		fprintf(to, "the servers know it once they are reloaded: nats-server --signal "
			    "reload\n");
}

static void
say_minted_json(
    struct command *c, const struct nats_dir *d, const struct producer *p, const char *file)
{
	struct document doc;

	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_cstr(&doc.w, "file", file);
	jw_kv_string(&doc.w, "workspace", p->workspace);
	jw_kv_string(&doc.w, "name", p->name);
	jw_kv_string(&doc.w, "key", p->key);
	json_write_time(&doc.w, "expires", p->expires_s * 1000);
	jw_kv_string(&doc.w, "subject",
	    arena_printf(c->arena, "%s.events.%.*s.>", d->prefix, STR_ARG(p->workspace)));
	jw_kv_string(&doc.w, "inbox_prefix",
	    arena_printf(c->arena, "_INBOX.%.*s", STR_ARG(p->workspace)));
	jw_object_end(&doc.w);
	document_end(&doc);
}

bool
verb_producer_creds(struct command *c, struct err *e)
{
	struct nats_dir d;
	struct producer p;
	const char *file;

	if (command_has(c, OPTION_EXAMPLE) &&
	    !example_is_known(c->options[OPTION_EXAMPLE], e)) {
		c->is_misused = true;
		return false;
	}
	if (!dir_open(c, &d, e) || !fill(c, &d, &p, e))
		return false;
	file = file_of(c, &d, &p);
	if ((!d.is_static && !vault_open(&c->vault, c->config.master_key_file, e)) ||
	    !producer_mint(&d, c->vault, &p, file, c->arena, e))
		return false;
	if (command_has(c, OPTION_JSON)) {
		say_minted_json(c, &d, &p, file);
	} else if (command_has(c, OPTION_EXAMPLE)) {
		say_minted(stderr, &d, &p, file);
		example_print(c->options[OPTION_EXAMPLE], &c->config, &d, &p, file);
	} else {
		say_minted(stdout, &d, &p, file);
	}
	return true;
}

/* --- list --- */

static void
list_one(struct listing *l, const struct producer *p, int64_t now_s)
{
	const char *status = producer_status(p, now_s);

	listing_record(l);
	if (listing_is_json(l)) {
		jw_object(l->w);
		jw_kv_string(l->w, "workspace", p->workspace);
		jw_kv_string(l->w, "name", p->name);
		jw_kv_cstr(l->w, "status", status);
		json_write_time(l->w, "issued", p->issued_s * 1000);
		json_write_time(l->w, "expires", p->expires_s * 1000);
		json_write_time(l->w, "revoked", p->revoked_s * 1000);
		jw_kv_string(l->w, "key", p->key);
		jw_object_end(l->w);
		return;
	}
	listing_cell(l, p->workspace);
	listing_cell(l, p->name);
	listing_cell(l, str_of(status));
	listing_time(l, p->issued_s * 1000);
	if (p->expires_s != 0)
		listing_time(l, p->expires_s * 1000);
	else
		listing_cell(l, STR("never"));
	listing_cell(l, p->key);
}

bool
verb_producer_list(struct command *c, struct err *e)
{
	int64_t now_s = clock_wall().ms / 1000;
	struct nats_dir d;
	struct listing l;
	struct list all;

	if (!dir_open(c, &d, e) || !producers_read(&d, c->arena, &all, e))
		return false;
	listing_begin(&l, c, "WORKSPACE NAME STATUS ISSUED EXPIRES KEY");
	LIST_EACH (node, &all) {
		const struct producer *p = CONTAINER_OF(node, struct producer, link);

		if (c->arguments[0] == NULL || str_eq(p->workspace, command_argument(c, 0)))
			list_one(&l, p, now_s);
	}
	listing_end(&l, STR(""));
	return true;
}

/* --- revoke --- */

struct chosen {
	struct str *keys;
	size_t n, known; /* to be revoked; of that name at all */
};

static bool
choose(struct command *c, const struct nats_dir *d, struct chosen *out, struct err *e)
{
	struct str workspace = command_argument(c, 0), name = command_argument(c, 1);
	struct list all;
	size_t n = 0;

	if (!producers_read(d, c->arena, &all, e))
		return false;
	LIST_EACH (node, &all)
		n++;
	*out = (struct chosen){.keys = ARENA_ARRAY(c->arena, struct str, n + 1)};
	LIST_EACH (node, &all) {
		const struct producer *p = CONTAINER_OF(node, struct producer, link);

		if (!str_eq(p->workspace, workspace) ||
		    (name.len > 0 && !str_eq(p->name, name) && !str_eq(p->key, name)))
			continue;
		out->known++;
		if (p->revoked_s == 0)
			out->keys[out->n++] = p->key;
	}
	if (out->known > 0)
		return true;
	return fail(e, ERR_NOT_FOUND, "workspace \"%.*s\" has no credential%s%.*s",
	    STR_ARG(workspace), name.len > 0 ? " " : "", STR_ARG(name));
}

/* The servers take it at once; without them it is noted, and told at the next try. */
static bool
push(struct command *c, const struct nats_dir *d, struct str token, struct err *e)
{
	struct broker_options o;
	struct broker *system = NULL;
	char creds[NATS_DIR_PATH_MAX];
	bool ok;

	if (d->is_static)
		return true;
	if (!broker_options_of(c, PUSH_WAIT_MS, &o, e))
		return false;
	nats_dir_file(creds, d, SYSTEM_CREDS_FILE);
	broker_options_as(&o, creds);
	o.name = "carillon-producer-revoke";
	ok = broker_connect(&system, &o, e) &&
	     broker_push_account(system, token, PUSH_WAIT_MS, e);
	broker_close(system);
	return ok ||
	       fail_within(e, "it is noted as revoked, but the servers were not told; run "
			      "this again");
}

/* The audit is of what the servers know by now: so it comes last. */
static bool
tell(struct command *c, struct str workspace, size_t n, struct err *e)
{
	struct broker_options o;
	char subject[SUBJECT_MAX];
	ops_event ops;

	if (!broker_options_of(c, AUDIT_WAIT_MS, &o, e))
		return false;
	o.name = "carillon-cli";
	if (!broker_connect(&c->broker, &o, e))
		return false;
	carillon__v1__ops_event__init(&ops);
	ops.what = "producer.revoked";
	ops.workspace = arena_cstr(c->arena, workspace);
	ops.reason = arena_cstr(
	    c->arena, c->arguments[1] != NULL
			  ? arena_printf(c->arena, "revoked by hand: %s", c->arguments[1])
			  : STR("revoked by hand: all of the workspace"));
	ops.action = "carillon producer creds makes another";
	ops.count = n;
	ops.at_ms = clock_wall().ms;
	subject_ops(subject, c->broker, workspace, ops.what);
	return broker_publish(c->broker,
		   &(struct publication){
		       subject, record_pack(c->arena, &ops), NULL, AUDIT_WAIT_MS},
		   NULL, e) ||
	       fail_within(e, "it is revoked, but the audit was not written");
}

static void
say_revoked(struct command *c, const struct nats_dir *d, const struct chosen *chosen)
{
	struct document doc;

	if (!command_has(c, OPTION_JSON)) {
		printf("revoked %zu, and the servers %s\n", chosen->n,
		    d->is_static ? "take it once they are reloaded: nats-server --signal reload"
				 : "know");
		return;
	}
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_int(&doc.w, "revoked", (int64_t)chosen->n);
	jw_object_end(&doc.w);
	document_end(&doc);
}

bool
verb_producer_revoke(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0), token;
	struct chosen chosen;
	struct nats_dir d;

	if (!dir_open(c, &d, e) || !choose(c, &d, &chosen, e) ||
	    !confirm(c,
		arena_printf(c->arena,
		    "this ends %zu credential%s of workspace \"%.*s\": who publishes by one is "
		    "dropped",
		    chosen.n, chosen.n == 1 ? "" : "s", STR_ARG(workspace)),
		e) ||
	    !producers_revoke(&d,
		&(struct producer_keys){chosen.keys, chosen.n, clock_wall().ms / 1000},
		c->arena, &token, e) ||
	    !push(c, &d, token, e) || !tell(c, workspace, chosen.n, e))
		return false;
	say_revoked(c, &d, &chosen);
	return true;
}
