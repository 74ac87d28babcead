/* workspace erase: nothing of a customer is left. */
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"

#include "carillon/registry/erasing.h"
#include "output.h"

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

/* For the indexes of other processes, which follow the streams and keep what they have read. */
static bool
tell_other_indexes(struct command *c, const struct erasure *x, struct err *e)
{
	erasure_record r;

	erasure_new(&r, c->arena, x->workspace, clock_wall());
	erasure_end(&r, x, clock_wall());
	return erasure_put(c->broker, &r, 0, e);
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
	struct erasing x = {.erasure = {.workspace = id, .progress = say},
	    .request_timeout_ms = c->config.request_timeout_ms};
	bool is_left;

	if (!id_is_workspace(id) || str_eq(id, STR("_catalogue")))
		return fail(e, ERR_INPUT, "\"%.*s\" is no workspace id", STR_ARG(id));
	if (!command_open(c, NEED_HISTORY | NEED_WRITE, e) ||
	    !confirm(c,
		arena_printf(c->arena,
		    "this removes workspace \"%.*s\" with its events and history for ever",
		    STR_ARG(id)),
		e))
		return false;
	x.registry = c->registry;
	x.erasure.broker = c->broker;
	x.erasure.store = c->store;
	if (!erasing_run(&x, e) || !tell_other_indexes(c, &x.erasure, e) ||
	    !rewrite_index(c, &is_left, e))
		return false;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	show(c, &x.erasure,
	    !x.was_there && x.erasure.messages + x.erasure.batches + x.erasure.records == 0,
	    is_left);
	return true;
}
