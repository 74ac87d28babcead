#include "nats_attacks.h"

#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/broker/attacks.h"
#include "carillon/keeper/producers.h"

#include "output.h"

enum { PASSING_S = 600, CONNECT_WAIT_MS = 5000 };

static void
sign(void *pair, const void *nonce, size_t len, uint8_t out[SIGNATURE_SIZE])
{
	nkey_sign(pair, nonce, len, out);
}
_Static_assert((int)SIGNATURE_SIZE == (int)NKEY_SIGNATURE_SIZE, "the same signature");

struct passing {
	struct nkey pair;
	struct buf token;
	struct attacker attacker;
};

/* A credential for a few minutes, that is in no list: it ends by itself. */
static bool
mint(struct command *c, const struct nats_dir *d, const char *workspace, struct passing *out,
    struct err *e)
{
	int64_t now_s = clock_wall().ms / 1000;
	const struct producer p = {
	    .workspace = str_of(workspace),
	    .name = STR("check"),
	    .issued_s = now_s,
	    .expires_s = now_s + PASSING_S,
	};

	if (!producer_mint_passing(d, c->vault, &p, &out->pair, &out->token, e))
		return false;
	out->attacker = (struct attacker){
	    .url = c->config.nats_url,
	    .ca = c->config.nats_ca,
	    .workspace = workspace,
	    .token = out->token.ptr,
	    .key = out->pair.public_key,
	    .sign = sign,
	    .arg = &out->pair,
	};
	return true;
}

static void
passing_fini(struct passing *p)
{
	nkey_fini(&p->pair);
	buf_fini(&p->token);
}

/* --- what came of them --- */

struct report {
	struct document doc;
	int tried, through;
};

static void
say(bool got_through, const char *sentence, void *arg)
{
	struct report *r = arg;
	struct json_writer *w = &r->doc.w;

	r->tried++;
	r->through += got_through;
	if (!command_has(r->doc.command, OPTION_JSON))
		printf("%-12s  %s\n", got_through ? "GETS THROUGH" : "refused", sentence);
	jw_object(w);
	jw_kv_cstr(w, "attack", sentence);
	jw_kv_bool(w, "got_through", got_through);
	jw_object_end(w);
}

static bool
try_and_say(
    struct command *c, const struct attacker *bad, const struct attacker *other, struct err *e)
{
	struct report r = {0};

	document_begin(&r.doc, c);
	jw_object(&r.doc.w);
	jw_key(&r.doc.w, "attacks");
	jw_array(&r.doc.w);
	if (!broker_attacks(c->broker, bad, other, say, &r, e))
		return false;
	jw_array_end(&r.doc.w);
	jw_kv_int(&r.doc.w, "got_through", r.through);
	jw_object_end(&r.doc.w);
	if (command_has(c, OPTION_JSON))
		document_end(&r.doc);
	else
		printf("%d attacks tried, %d get through%s\n", r.tried, r.through,
		    r.through > 0 ? ": run the server with what `carillon nats config` makes"
				  : "");
	c->exit_code = r.through > 0 ? EXIT_FAILED : EXIT_FINE;
	return true;
}

/* The service as this directory has it, at the URL that is to be tried. */
static bool
connect_service(struct command *c, const struct nats_dir *d, struct err *e)
{
	struct broker_options o;
	char creds[NATS_DIR_PATH_MAX];

	if (!config_set(&c->config, "nats_url", c->options[OPTION_CHECK], e))
		return fail_within(e, "--check");
	nats_dir_file(creds, d, SERVICE_CREDS_FILE);
	if (!broker_options_of(c, CONNECT_WAIT_MS, &o, e))
		return false;
	broker_options_as(&o, creds);
	o.name = "carillon-check";
	return broker_connect(&c->broker, &o, e) && broker_ensure(c->broker, e);
}

bool
nats_attacks(struct command *c, const char *dir, struct err *e)
{
	struct passing bad = {0}, other = {0};
	struct nats_dir d;
	bool ok;

	if (!nats_dir_open(&d, dir, c->arena, e))
		return false;
	if (d.is_static)
		return fail(e, ERR_INPUT,
		    "a server with static accounts knows only the producers of its "
		    "configuration: --check needs accounts with an operator");
	if (!vault_open(&c->vault, c->config.master_key_file, e) || !connect_service(c, &d, e))
		return false;
	ok = mint(c, &d, "carillon-check-a", &bad, e) &&
	     mint(c, &d, "carillon-check-b", &other, e) &&
	     try_and_say(c, &bad.attacker, &other.attacker, e);
	passing_fini(&bad);
	passing_fini(&other);
	return ok;
}
