/* What a command works on, opened when it is needed. */
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/index/catch_up.h"
#include "carillon/registry/vault_key.h"

#include "command.h"

enum { CONNECT_WAIT_MS = 5000 };

static bool
apply_sets(struct command *c, struct err *e)
{
	for (int i = 0; i < c->sets.n; i++) {
		const char *text = c->sets.values[i], *equals = strchr(text, '=');
		struct str name = {text, equals ? (size_t)(equals - text) : 0};

		if (equals == NULL)
			return FAIL_USAGE(c, e, "--set %s: write it as NAME=VALUE", text);
		if (!config_set(&c->config, arena_cstr(c->arena, name), equals + 1, e))
			return fail_within(e, "--set");
	}
	return c->sets.n == 0 || config_check(&c->config, e);
}

bool
command_load(struct command *c, struct err *e)
{
	return config_load(&c->config, c->options[OPTION_CONFIG], CONFIG_FILE_USUAL, e) &&
	       apply_sets(c, e);
}

struct store_options
store_options_of(const struct config *c)
{
	return (struct store_options){
	    .dir = c->data_dir,
	    .state_map_mb = (size_t)c->state_map_mb,
	    .history_map_mb = (size_t)c->history_map_mb,
	};
}

/* By the user database, not by the environment, which says what it is told to. */
static struct str
author_of(struct arena *a)
{
	const struct passwd *user = getpwuid(getuid());

	return user != NULL ? arena_printf(a, "cli:%s", user->pw_name)
	                    : arena_printf(a, "cli:%u", (unsigned)getuid());
}

static bool
open_broker(struct command *c, struct err *e)
{
	struct broker_options o;

	if (c->broker != NULL)
		return true;
	if (!broker_options_of(c, CONNECT_WAIT_MS, &o, e))
		return false;
	o.name = "carillon-cli";
	return broker_connect(&c->broker, &o, e) && broker_ensure_soon(c->broker, e);
}

/* Who may not write the index may perhaps read it. */
static bool
open_store(struct command *c, bool must_write, struct err *e)
{
	struct store_options o = store_options_of(&c->config);

	if (store_open(&c->store, &o, e))
		return true;
	if (must_write || e->kind != ERR_SETUP)
		return false;
	o.read_only = true;
	c->is_read_only = store_open(&c->store, &o, NULL);
	if (c->is_read_only)
		fprintf(stderr,
		    "carillon: note: the index in %s can only be read here, so this may be "
		    "a little old\n",
		    o.dir);
	return c->is_read_only;
}

static bool
open_state(struct command *c, bool must_write, struct err *e)
{
	if (c->registry != NULL)
		return true;
	/* The broker first: without it no directory is made. */
	if (!open_broker(c, e) || !open_store(c, must_write, e))
		return false;
	c->registry = registry_new(c->broker, c->store);
	registry_set_author(c->registry, author_of(c->arena));
	return c->is_read_only || registry_catch_up(c->registry, 0, e);
}

/* Who writes with a vault seals: with another key nobody could open it once this one is gone.
 */
static bool
has_right_key(struct command *c, struct err *e)
{
	uint32_t version;

	return vault_key_publish(c->broker, c->store, c->vault, &version, e);
}

bool
command_open(struct command *c, unsigned needs, struct err *e)
{
	if (!command_load(c, e))
		return false;
	if (needs & NEED_VAULT && c->vault == NULL &&
	    !vault_open(&c->vault, c->config.master_key_file, e))
		return false;
	if (needs & NEED_BROKER && !open_broker(c, e))
		return false;
	if (needs & (NEED_STATE | NEED_HISTORY) && !open_state(c, needs & NEED_WRITE, e))
		return false;
	if (needs & NEED_VAULT && needs & NEED_WRITE && !has_right_key(c, e))
		return false;
	return !(needs & NEED_HISTORY) || c->is_read_only ||
	       history_catch_up(c->broker, c->store, e);
}

void
command_close(struct command *c)
{
	registry_free(c->registry);
	store_close(c->store);
	broker_close(c->broker);
	vault_close(c->vault);
	secret_free(c->nats_word);
	buf_fini(&c->out);
	arena_free(c->arena);
}
