/* What operators are told (the stream of operator events): the last ones, and what comes. */
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/tame.h"
#include "carillon/registry/json_write.h"

#include "output.h"

enum { FOLLOW_WAIT_MS = 1000 };

/* What is wanted of the stream. */
struct wish {
	struct str workspace; /* empty: of all */
	int64_t from_ms;
};

static bool
read_wish(struct command *c, struct wish *out, struct err *e)
{
	*out = (struct wish){.workspace = command_option(c, OPTION_WORKSPACE)};
	return read_time(c, OPTION_FROM, &out->from_ms, e);
}

/* NULL: it is not as wished, or is no operator event. */
static const ops_event *
take(const struct wish *w, const struct broker_message *m, struct arena *a)
{
	const ops_event *ops;

	if (m->is_delete ||
	    !record_unpack(&carillon__v1__ops_event__descriptor, a, m->data, &ops, NULL))
		return NULL;
	if (w->workspace.len > 0 && !str_eq(w->workspace, str_of(ops->workspace)))
		return NULL;
	return ops->at_ms >= w->from_ms ? ops : NULL;
}

static void
write_ops(struct json_writer *w, const ops_event *ops)
{
	jw_object(w);
	json_write_time(w, "at", ops->at_ms);
	jw_kv_cstr(w, "what", ops->what);
	jw_kv_cstr(w, "workspace", ops->workspace);
	jw_kv_cstr(w, "connection", ops->connection);
	jw_kv_cstr(w, "rule", ops->rule);
	jw_kv_cstr(w, "event", ops->event_id);
	jw_kv_cstr(w, "reason", ops->reason);
	jw_kv_cstr(w, "repair", repair_name((enum repair)ops->repair));
	jw_kv_cstr(w, "action", ops->action);
	jw_kv_int(w, "count", (int64_t)ops->count);
	jw_object_end(w);
}

/* "connection slack", "rule alerts", "event evt_1": what it concerns, nearest first. */
static struct str
about(struct arena *a, const ops_event *ops)
{
	if (ops->event_id[0] != '\0')
		return arena_printf(a, "event %s", ops->event_id);
	if (ops->rule[0] != '\0')
		return arena_printf(a, "rule %s", ops->rule);
	return ops->connection[0] != '\0' ? arena_printf(a, "connection %s", ops->connection)
	                                  : (struct str){0};
}

/* What happened, and what repairs it. */
static struct str
said(struct arena *a, const ops_event *ops)
{
	return arena_printf(
	    a, "%s%s%s", ops->reason, ops->action[0] != '\0' ? "; " : "", ops->action);
}

/* --- list --- */

static void
list_one(struct listing *l, const ops_event *ops)
{
	struct arena *a = l->doc.command->arena;

	listing_record(l);
	if (listing_is_json(l)) {
		write_ops(l->w, ops);
		return;
	}
	listing_time(l, ops->at_ms);
	listing_cell(l, str_of(ops->what));
	listing_cell(l, str_of(ops->workspace));
	listing_cell(l, about(a, ops));
	listing_cell(l, said(a, ops));
}

/* The last `limit` of the stream that are as wished, in a ring. */
static bool
read_last(struct command *c, const struct wish *w, const ops_event **ring, size_t limit,
    uint64_t *n, struct err *e)
{
	struct broker_message m;
	struct reader *r;
	struct err why = {0};

	if (!reader_open(&r, c->broker, STREAM_OPS, 1, e))
		return false;
	while (reader_read_to_end(r, "of operator events", &m, &why)) {
		const ops_event *ops = take(w, &m, c->arena);

		broker_message_free(&m);
		if (ops != NULL)
			ring[(*n)++ % limit] = ops;
	}
	reader_close(r);
	return why.kind == ERR_NONE || fail(e, why.kind, "%s", why.text);
}

bool
verb_ops_list(struct command *c, struct err *e)
{
	const ops_event **ring;
	struct listing l;
	struct wish wish;
	uint64_t n = 0;
	size_t limit;

	if (!read_wish(c, &wish, e) || !read_limit(c, &limit, e) ||
	    !command_open(c, NEED_BROKER, e))
		return false;
	ring = ARENA_ARRAY(c->arena, const ops_event *, limit);
	if (!read_last(c, &wish, ring, limit, &n, e))
		return false;
	listing_begin(&l, c, "TIME WHAT WORKSPACE ABOUT SAYS");
	for (uint64_t i = n; i > 0 && n - i < limit; i--)
		list_one(&l, ring[(i - 1) % limit]);
	listing_end(&l, STR(""));
	return true;
}

/* --- follow --- */

static bool
print_one(struct command *c, const ops_event *ops, struct arena *a)
{
	char at[CLOCK_TEXT_MAX];
	struct buf line = {0};
	struct json_writer w;
	bool ok;

	if (command_has(c, OPTION_JSON)) {
		jw_init(&w, &line);
		write_ops(&w, ops);
	} else {
		tame_put(
		    &line, arena_printf(a, "%s  %s  %s  %.*s  %.*s",
			       clock_text((wall_t){ops->at_ms}, at), ops->what, ops->workspace,
			       STR_ARG(about(a, ops)), STR_ARG(said(a, ops))));
	}
	buf_putc(&line, '\n');
	ok = fwrite(line.ptr, 1, line.len, stdout) == line.len && fflush(stdout) == 0;
	buf_fini(&line);
	return ok;
}

/* With --from what was told since, else what is told from now on. */
static bool
first_of(struct command *c, const struct wish *w, uint64_t *from, struct err *e)
{
	struct stream_info info;

	*from = 1;
	if (w->from_ms != 0)
		return true;
	if (!broker_stream_info(c->broker, STREAM_OPS, &info, e))
		return false;
	*from = info.last_seq + 1;
	return true;
}

/* Until it is interrupted, or nobody reads on. */
bool
verb_ops_follow(struct command *c, struct err *e)
{
	struct arena *a = arena_new(0);
	struct broker_message m;
	struct reader *r = NULL;
	struct wish wish;
	uint64_t from;
	bool ok = read_wish(c, &wish, e) && command_open(c, NEED_BROKER, e) &&
	          first_of(c, &wish, &from, e) &&
	          reader_open(&r, c->broker, STREAM_OPS, from, e);

	while (ok) {
		const ops_event *ops;
		struct err why = {0};

		arena_reset(a);
		if (!reader_next(r, FOLLOW_WAIT_MS, &m, &why)) {
			if (why.kind != ERR_NONE && why.kind != ERR_TEMP)
				ok = fail(e, why.kind, "%s", why.text);
			if (why.kind == ERR_TEMP)
				usleep(FOLLOW_WAIT_MS * 1000);
			continue;
		}
		ops = take(&wish, &m, a);
		broker_message_free(&m);
		if (ops != NULL && !print_one(c, ops, a))
			break;
	}
	reader_close(r);
	arena_free(a);
	return ok;
}
