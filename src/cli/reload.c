#include "reload.h"

#include "carillon/base/log.h"

void
serve_log_level(const struct config *c)
{
	static const enum log_level levels[] = {
	    ['d'] = LOG_LEVEL_DEBUG,
	    ['i'] = LOG_LEVEL_INFO,
	    ['w'] = LOG_LEVEL_WARN,
	    ['e'] = LOG_LEVEL_ERROR,
	};

	log_set_level(levels[(unsigned char)c->log_level[0]]); /* config_check knows them */
}

/*
 * The settings that would be in force: those read anew, but what needs a restart as it was.
 * Both are checked, for a limit may fit only together with one that cannot change yet.
 */
static bool
read_again(
    const struct command *c, struct config *wanted, struct config *in_force, struct err *e)
{
	struct command *fresh = calloc(1, sizeof(*fresh));
	bool ok;

	must(fresh != NULL);
	fresh->arena = c->arena;
	fresh->sets = c->sets;
	memcpy(fresh->options, c->options, sizeof(fresh->options));
	ok = command_load(fresh, e);
	*wanted = fresh->config;
	*in_force = c->config;
	free(fresh);
	if (!ok)
		return false;
	config_take_reloadable(in_force, wanted);
	return config_check(in_force, e) ||
	       fail_within(e, "what needs a restart is still as it was");
}

static void
say_change(const char *name, bool at_reload, const char *was, const char *is, void *changed)
{
	if (at_reload) {
		*(bool *)changed = true;
		log_info("serve.setting", L_STR("setting", name), L_STR("was", was),
		    L_STR("is", is));
	} else {
		log_warn("serve.setting", L_STR("setting", name), L_STR("was", was),
		    L_STR("wanted", is), L_STR("why", "changed; it needs a restart"));
	}
}

void
serve_reload(struct command *c, struct flow *flow)
{
	struct config wanted, in_force;
	struct err e = {0};
	bool changed = false;

	if (!read_again(c, &wanted, &in_force, &e)) {
		log_error("serve.settings", L_STR("error", e.text),
		    L_STR("settings", "as before; correct them (`carillon check` tells) and "
				      "send SIGHUP again"));
		return;
	}
	config_each_change(&c->config, &wanted, say_change, &changed);
	if (changed) {
		c->config = in_force;
		serve_log_level(&in_force);
		flow_reload(flow, &in_force);
	}
	log_info("serve.settings", L_BOOL("changed", changed),
	    L_STR("log_level", in_force.log_level));
}
