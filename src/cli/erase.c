/* workspace erase: nothing of a customer is left. */
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"

#include "carillon/index/erase.h"
#include "output.h"

enum {
	PAUSE_MS = 500,   /* between two passes */
	SETTLE_MS = 2000, /* what is in flight is over when the requests have timed out */
	PASSES_MAX = 200,
};

static void
say(const char *what, uint64_t done, uint64_t of, void *arg)
{
	(void)arg;
	if (!isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[K%s: %llu", what, (unsigned long long)done);
	if (of > 0)
		fprintf(stderr, " of %llu", (unsigned long long)of);
}

/* Who was interrupted after this goes on without it. */
static bool
delete_state(struct command *c, struct str workspace, bool *was_there, struct err *e)
{
	*was_there = registry_has_workspace(c->registry, workspace, e);
	if (*was_there)
		return registry_delete_workspace(c->registry, workspace, e);
	return e->kind == ERR_NOT_FOUND;
}

/* Until what the service had in hand of it is over, and a pass finds nothing. */
static bool
erase_until_quiet(struct command *c, struct erasure *x, bool was_there, struct err *e)
{
	mono_t settled_at =
	    mono_after(clock_mono(), was_there ? c->config.request_timeout_ms + SETTLE_MS : 0);
	uint64_t found;

	for (int i = 0; i < PASSES_MAX; i++) {
		if (!erase_pass(x, &found, e))
			return false;
		if (found == 0 && x->state_too)
			return true;
		x->state_too = found == 0 && mono_reached(clock_mono(), settled_at);
		usleep(PAUSE_MS * 1000);
	}
	return fail(e, ERR_TEMP,
	    "something of workspace \"%.*s\" keeps coming: stop its producers, then run this "
	    "again",
	    STR_ARG(x->workspace));
}

/* For the indexes of other processes, which follow the streams and keep what they have read. */
static bool
tell_other_indexes(struct command *c, struct str workspace, struct err *e)
{
	char key[WORKSPACE_ID_MAX + sizeof("erased.")];
	struct state_change change = {.key = key, .bytes = STR("erased")};
	struct broker_message m;

	snprintf(key, sizeof(key), "erased.%.*s", STR_ARG(workspace));
	if (broker_short_get(c->broker, key, &m, e)) {
		change.expected = m.seq;
		broker_message_free(&m);
	}
	return broker_short_put(c->broker, &change, NULL, e);
}

/* Opening the index writes its files anew when nobody else has them open. */
static bool
rewrite_index(struct command *c, bool *is_left, struct err *e)
{
	struct store_options o = store_options_of(&c->config);

	if (!store_ask_rewrite(c->config.data_dir, e))
		return false;
	registry_free(c->registry);
	c->registry = NULL;
	store_close(c->store);
	c->store = NULL;
	if (!store_open(&c->store, &o, e))
		return false;
	*is_left = store_wants_rewrite(c->config.data_dir);
	return true;
}

static void
show(struct command *c, const struct erasure *x, bool is_nothing, bool is_left)
{
	struct document doc;

	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_string(&doc.w, "erased", x->workspace);
	jw_kv_int(&doc.w, "stream_messages", (int64_t)x->messages);
	jw_kv_int(&doc.w, "history_batches", (int64_t)x->batches);
	jw_kv_int(&doc.w, "index_records", (int64_t)x->records);
	jw_kv_bool(&doc.w, "state_only_deleted", x->is_only_deleted);
	jw_kv_bool(&doc.w, "restart_needed", is_left);
	jw_kv_cstr(&doc.w, "note",
	    is_nothing ? "there was nothing of it"
	    : is_left
		? "the index does not have it any more, but its files may still have bytes "
		  "of it where nothing is stored now: they are written anew when the "
		  "service is next started"
		: "");
	jw_object_end(&doc.w);
	document_end(&doc);
}

bool
verb_workspace_erase(struct command *c, struct err *e)
{
	struct str id = command_argument(c, 0);
	struct erasure x = {.workspace = id, .progress = say};
	bool was_there, is_left;

	if (!id_is_workspace(id) || str_eq(id, STR("_catalogue")))
		return fail(e, ERR_INPUT, "\"%.*s\" is no workspace id", STR_ARG(id));
	if (!command_open(c, NEED_HISTORY | NEED_WRITE, e) ||
	    !confirm(c,
		arena_printf(c->arena,
		    "this removes workspace \"%.*s\" with its events and history for ever",
		    STR_ARG(id)),
		e) ||
	    !delete_state(c, id, &was_there, e))
		return false;
	x.broker = c->broker;
	x.store = c->store;
	if (!erase_until_quiet(c, &x, was_there, e) || !tell_other_indexes(c, id, e) ||
	    !rewrite_index(c, &is_left, e))
		return false;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	show(c, &x, !was_there && x.messages + x.batches + x.records == 0, is_left);
	return true;
}
