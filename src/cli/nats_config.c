/* What a nats-server needs so that no producer can reach another workspace. */
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/keeper/server_config.h"

#include "nats_attacks.h"
#include "output.h"

static const char *
option_or(const struct command *c, enum option o, const char *otherwise)
{
	return command_has(c, o) ? c->options[o] : otherwise;
}

/* Relative paths of one shell would mislead the next, and the service. */
static bool
absolute(struct command *c, const char *path, const char **out, struct err *e)
{
	char *here = path[0] == '/' ? NULL : realpath(".", NULL);

	*out = path;
	if (path[0] == '/')
		return true;
	if (here == NULL)
		return fail(e, ERR_SETUP, "the working directory is gone");
	*out = arena_printf(c->arena, "%s/%s", here, path).ptr;
	free(here);
	return true;
}

static bool
plan_fill(struct command *c, struct server_plan *p, struct err *e)
{
	const char *listen = option_or(c, OPTION_LISTEN, "127.0.0.1:4222");
	bool ok;

	if (command_has(c, OPTION_LISTEN) && command_has(c, OPTION_CLUSTER))
		return FAIL_USAGE(c, e, "--cluster names its servers: leave --listen out");
	*p = (struct server_plan){
	    .store_dir = option_or(c, OPTION_STORE_DIR, "/var/lib/nats"),
	    .tls_cert = option_or(c, OPTION_TLS_CERT, ""),
	    .tls_key = option_or(c, OPTION_TLS_KEY, ""),
	    .tls_ca = option_or(c, OPTION_TLS_CA, ""),
	};
	ok = server_plan_parse(p, str_of(option_or(c, OPTION_CLUSTER, listen)), e) &&
	     server_plan_check(p, e);
	if (ok && command_has(c, OPTION_CLUSTER) != (p->n > 1))
		ok = fail(e, ERR_INPUT,
		    p->n > 1 ? "--listen is of one server; a cluster is --cluster"
			     : "a cluster has 3 or 5 servers; one is --listen");
	if (!ok && e->kind == ERR_INPUT)
		c->is_misused = true;
	return ok;
}

/* The directory as it is, or made; one that is there keeps its keys. */
static bool
dir_ready(struct command *c, struct nats_dir *d, const char *path, struct err *e)
{
	bool is_static = command_has(c, OPTION_STATIC);

	if (nats_dir_open(d, path, c->arena, e)) {
		if (d->is_static == is_static)
			return true;
		return fail(e, ERR_CONFLICT,
		    "%s has %s accounts; give another --dir for the other kind, or %s --static",
		    path, d->is_static ? "static" : "operator",
		    d->is_static ? "add" : "leave out");
	}
	if (e->kind != ERR_NOT_FOUND)
		return false;
	*e = (struct err){0};
	return (is_static || vault_open(&c->vault, c->config.master_key_file, e)) &&
	       nats_dir_create(
		   d, path, c->config.prefix, is_static ? NULL : c->vault, c->arena, e);
}

static void
say_made(const struct nats_dir *d, const struct server_plan *p)
{
	printf("made in %s:\n", d->path);
	for (size_t i = 0; i < p->n; i++) {
		char name[32];

		server_config_name(name, p, i);
		printf("  %-18s nats-server -c %s/%s   (with accounts.conf beside it)\n", name,
		    d->path, name);
	}
	printf("  %-18s settings: carillon --config, or into your own\n", "carillon.yaml");
	if (!d->is_static)
		printf("  %-18s signs the accounts: keep a copy, and keep it from others\n",
		    "operator.nk");
	printf("next: start %s, then `carillon serve`, then `carillon producer creds "
	       "WORKSPACE`; `carillon nats config --check URL` tries the attacks\n",
	    p->n > 1 ? "each server with its file" : "the server");
	if (p->tls_cert[0] == '\0' && strncmp(p->nodes[0].host, "127.", 4) != 0)
		fprintf(stderr,
		    "carillon: note: without --tls-cert and --tls-key events travel "
		    "in clear\n");
}

static void
say_json(struct command *c, const struct nats_dir *d, const struct server_plan *p)
{
	struct document doc;

	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_cstr(&doc.w, "dir", d->path);
	jw_kv_cstr(&doc.w, "accounts", d->is_static ? "static" : "operator");
	jw_key(&doc.w, "servers");
	jw_array(&doc.w);
	for (size_t i = 0; i < p->n; i++) {
		char name[32];

		server_config_name(name, p, i);
		jw_cstr(&doc.w, name);
	}
	jw_array_end(&doc.w);
	jw_object_end(&doc.w);
	document_end(&doc);
}

static bool
make(struct command *c, const char *path, struct err *e)
{
	int64_t now_s = clock_wall().ms / 1000;
	struct server_plan plan;
	struct nats_dir d;
	struct str token;

	if (!plan_fill(c, &plan, e) || !absolute(c, path, &path, e) ||
	    !absolute(c, plan.store_dir, &plan.store_dir, e) || !dir_ready(c, &d, path, e) ||
	    !nats_dir_write_accounts(&d, now_s, c->arena, &token, e) ||
	    !nats_dir_write_credentials(&d, now_s, e) ||
	    !server_files_write(&d, &plan, now_s, c->arena, e))
		return false;
	if (command_has(c, OPTION_JSON))
		say_json(c, &d, &plan);
	else
		say_made(&d, &plan);
	return true;
}

bool
verb_nats_config(struct command *c, struct err *e)
{
	const char *path;

	if (!command_load(c, e))
		return false;
	path = option_or(c, OPTION_DIR, c->config.nats_dir);
	if (command_has(c, OPTION_CHECK))
		return nats_attacks(c, path, e);
	return make(c, path, e);
}
