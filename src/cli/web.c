/* The HTTP side: starts, waits for signals, drains. */
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/log.h"
#include "carillon/web/web.h"

#include "command.h"
#include "notify.h"
#include "run.h"
#include "single_instance.h"

enum {
	WEB_CONNECT_WAIT_MS = 10000,
	LOOK_EVERY_S = 1, /* whether it is broken */
};

static bool
open_store(struct command *c, struct err *e)
{
	struct store_options o = store_options_of(&c->config);

	o.dir = c->config.web_data_dir;
	o.sets_aside = true; /* whatever it lacks then it reads from the streams */
	return store_open(&c->store, &o, e);
}

static bool
web_open(struct command *c, struct err *e)
{
	struct broker_options o;

	if (!broker_options_of(c, WEB_CONNECT_WAIT_MS, &o, e))
		return false;
	o.name = "carillon-web";
	return single_instance("web", c->config.web_data_dir, e) && open_store(c, e) &&
	       broker_connect(&c->broker, &o, e) && broker_ensure_soon(c->broker, e);
}

/* An index of streams that are no more, or lost their tail, is worth nothing here: the service
 * repairs the streams, and this one reads them anew. */
static bool
start(struct command *c, struct web **out, struct err *e)
{
	struct web_parts parts = {&c->config, c->broker, c->store};

	if (web_start(out, &parts, e))
		return true;
	if (e->kind != ERR_CORRUPT)
		return false;
	log_warn("web.index_anew", L_STR("why", e->text));
	store_close(c->store);
	c->store = NULL;
	store_remove(c->config.web_data_dir);
	if (!open_store(c, e))
		return false;
	parts.store = c->store;
	return web_start(out, &parts, e);
}

static bool
say_ready(const struct command *c, const struct web *w, struct err *e)
{
	struct str urls = arena_printf(c->arena, "%s\n%s\n", web_url(w), web_admin_url(w));

	if (!ready_file_write(c, urls, e))
		return false;
	log_info("web.ready", L_STR("version", CARILLON_VERSION), L_STR("url", web_url(w)),
	    L_STR("admin", web_admin_url(w)), L_INT("pid", getpid()));
	notify_manager("READY=1");
	return true;
}

/* Until a signal asks to stop (true) or it is broken (false, with the reason). */
static bool
wait_for_end(struct web *w, const sigset_t *signals, struct err *e)
{
	const struct timespec look = {.tv_sec = LOOK_EVERY_S};

	for (;;) {
		int got = sigtimedwait(signals, NULL, &look);

		if (got == SIGTERM || got == SIGINT) {
			log_info("web.stopping", L_STR("signal", sigabbrev_np(got)));
			return true;
		}
		if (got == SIGHUP)
			log_warn("web.settings", L_STR("why", "they are read at a restart"));
		if (web_is_broken(w, e))
			return false;
	}
}

static bool
web_run(struct command *c, const sigset_t *signals, struct err *e)
{
	struct web *w;
	bool ok;

	if (!web_open(c, e) || !start(c, &w, e))
		return false;
	ok = say_ready(c, w, e) && wait_for_end(w, signals, e);
	if (!ok)
		log_error("web.broken", L_STR("error", e->text));
	run_is_ending(c);
	return web_stop(w) && ok;
}

bool
verb_web(struct command *c, struct err *e)
{
	return run_until_ended(c, web_run, e);
}
