#include "carillon/index/repair.h"

#include <stdio.h>

#include "carillon/base/log.h"
#include "carillon/base/records.h"

/* Operator events that are of no customer. */
#define SERVICE_WORKSPACE "_service"

static void
tell_operators(
    const struct index_parts *p, const char *what, const char *reason, const char *action)
{
	ops_event ops;
	struct err e;

	carillon__v1__ops_event__init(&ops);
	ops.what = (char *)(uintptr_t)what;
	ops.workspace = (char *)(uintptr_t)SERVICE_WORKSPACE;
	ops.reason = (char *)(uintptr_t)reason;
	ops.action = (char *)(uintptr_t)action;
	if (!ops_publish(p->broker, &ops, &e))
		log_error("repair.ops", L_STR("error", e.text));
}

void
repair_tell_rebuilt(const struct index_parts *p)
{
	for (int env = STORE_STATE; env <= STORE_HISTORY; env++) {
		const char *aside = store_set_aside(p->store, (enum store_env)env);
		struct arena *a = arena_new(0);

		if (aside != NULL)
			tell_operators(p, "index.rebuilt",
			    arena_printf(a,
				"a file of the index was damaged: it was set aside as %s and "
				"rebuilt from the streams",
				aside)
				.ptr,
			    "look at the disk; the file set aside may be deleted");
		arena_free(a);
	}
}

bool
repair_is_needed(const struct index_parts *p, enum stream stream, struct tail *tail,
    bool *needed, struct err *e)
{
	char found[TAIL_SENTENCE_MAX];

	*needed = false;
	if (!tail_look(tail, p->broker, p->store, stream, TAIL_ASK, e))
		return false;
	if (tail->is == TAIL_WHOLE)
		return true;
	if (tail->is == TAIL_FOREIGN || !p->config->repair)
		return tail_must_be_whole(tail, e);
	tail_sentence(tail, found);
	log_warn("repair.found", L_STR("stream", tail->info.name), L_STR("found", found),
	    L_STR("next", "it is repaired from the index"));
	*needed = true;
	return true;
}

static bool
note_begun(struct txn *t, void *arg, struct err *e)
{
	const struct tail *tail = arg;

	(void)e;
	store_set_number(t, STORE_REPAIR, tail->good + 1);
	store_set_stream_id(t, str_of(tail->info.id));
	return true;
}

bool
repair_write_begun(
    const struct index_parts *p, enum store_env env, struct tail *tail, struct err *e)
{
	return store_write(p->store, env, note_begun, tail, e);
}

void
repair_is_done(const struct index_parts *p, const struct tail *tail, const char *done)
{
	char found[TAIL_SENTENCE_MAX];
	struct arena *a = arena_new(0);

	tail_sentence(tail, found);
	log_warn("repair.done", L_STR("stream", tail->info.name), L_STR("done", done));
	tell_operators(p, "stream.repaired", arena_printf(a, "%s; %s", found, done).ptr,
	    "find out how the broker came to lose them: restored from an older copy, a disk?");
	arena_free(a);
}
