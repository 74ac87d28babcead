/* The service: starts everything in order, waits for signals, drains in reverse. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/flow/flow.h"
#include "carillon/base/log.h"
#include "carillon/http/pool.h"
#include "carillon/index/lost_tail.h"
#include "carillon/keeper/keeper.h"
#include "carillon/keeper/refusals.h"
#include "carillon/registry/vault_key.h"

#include "command.h"
#include "figures.h"
#include "notify.h"
#include "run.h"
#include "single_instance.h"
#include "reload.h"

enum {
	REFUSALS_WAIT_MS = 2000,
	SERVE_CONNECT_WAIT_MS = 10000,
	LOOK_EVERY_S = 1, /* whether the flow is broken */
};

/* --- starting --- */

static void
say_memory(void)
{
	const char *why = "";

	if (!secret_memory_is_locked(&why))
		log_warn("serve.memory_not_locked", L_STR("why", why));
}

/* Past what the index knows, and past what would be taken for posted by a service before. */
static uint64_t
events_begin(struct command *c)
{
	struct txn *t = txn_read(c->store, STORE_HISTORY);
	const uint64_t newest = tail_newest_in_sequence(t);

	txn_end(t);
	return newest == 0 ? 0 : newest + (uint64_t)c->config.active_max + 1;
}

static bool
serve_open(struct command *c, struct err *e)
{
	struct store_options store = store_options_of(&c->config);
	struct broker_options broker;

	store.sets_aside = c->config.repair;
	http_global_init();
	say_memory();
	if (!vault_open(&c->vault, c->config.master_key_file, e) ||
	    !broker_options_of(c, SERVE_CONNECT_WAIT_MS, &broker, e) ||
	    !single_instance("serve", c->config.data_dir, e) ||
	    !store_open(&c->store, &store, e))
		return false;
	broker.events_begin = events_begin(c);
	return broker_connect(&c->broker, &broker, e) && broker_ensure_soon(c->broker, e) &&
	       vault_key_check(c->broker, c->vault, e);
}

/* --- running --- */

/* Until a signal asks to stop (true) or the flow is broken (false, with the reason). */
static bool
wait_for_end(struct command *c, struct flow *flow, struct keeper *keeper,
    const sigset_t *signals, struct err *e)
{
	const struct timespec look = {.tv_sec = LOOK_EVERY_S};

	for (;;) {
		int got = sigtimedwait(signals, NULL, &look);

		if (got == SIGTERM || got == SIGINT) {
			log_info("serve.stopping", L_STR("signal", sigabbrev_np(got)));
			return true;
		}
		if (got == SIGHUP) {
			serve_reload(c, flow);
			keeper_reload(keeper, &c->config);
		}
		if (flow_is_broken(flow, e))
			return false;
	}
}

static void
say_ready(const struct command *c)
{
	log_info("serve.ready", L_STR("version", CARILLON_VERSION),
	    L_STR("data_dir", c->config.data_dir), L_STR("prefix", c->config.prefix),
	    L_INT("pid", getpid()));
	notify_manager("READY=1");
}

/* Operators are told of producers that are refused, where this service may hear of them. */
static struct refusals *
watch_refusals(struct command *c)
{
	struct broker_options o;
	struct refusals *r = NULL;
	struct err e;

	if (!broker_options_of(c, REFUSALS_WAIT_MS, &o, &e) ||
	    !refusals_open(&r, c->config.nats_dir, &o, c->broker, &e))
		log_info("serve.refusals_untold", L_STR("why", e.text));
	return r;
}

static bool
serve_run(struct command *c, const sigset_t *signals, struct err *e)
{
	struct flow_parts parts;
	struct refusals *refusals;
	struct figures *figures;
	struct keeper *keeper;
	struct flow *flow;
	bool ok;

	if (!serve_open(c, e))
		return false;
	parts = (struct flow_parts){
	    &c->config, c->broker, c->store, c->vault, *broker_partition(c->broker)};
	if (!flow_start(&flow, &parts, e))
		return false;
	if (!keeper_start(&keeper,
		&(struct keeper_parts){&c->config, c->broker, c->store, c->vault}, e)) {
		(void)flow_stop(flow);
		return false;
	}
	refusals = watch_refusals(c);
	figures = figures_start(c, flow, keeper);
	ok =
	    ready_file_write(c, arena_printf(c->arena, "ready\n%s\n", figures_url(figures)), e);
	if (ok) {
		say_ready(c);
		ok = wait_for_end(c, flow, keeper, signals, e);
	}
	if (!ok)
		log_error("serve.broken", L_STR("error", e->text));
	run_is_ending(c);
	figures_quiesce(figures);
	refusals_close(refusals);
	keeper_quiesce(keeper);
	if (!flow_stop(flow)) {
		/* Its threads' work is abandoned: nothing they may touch is taken away. */
		fflush(NULL);
		_exit(ok ? EXIT_FINE : EXIT_FAILED);
	}
	keeper_stop(keeper);
	figures_stop(figures);
	return ok;
}

bool
verb_serve(struct command *c, struct err *e)
{
	return run_until_ended(c, serve_run, e);
}
