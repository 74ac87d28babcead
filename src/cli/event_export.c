/*
 * History as JSON lines, oldest first. One event at a time: its records are copied out of the
 * index in a transaction of their own, so that a slow reader of ours never holds one open, and
 * nothing grows with the number of events.
 */
#include <errno.h>
#include <stdio.h>

#include "carillon/registry/json_write.h"
#include "carillon/registry/published.h"

#include "history.h"

enum { SCAN_MAX = 4096 }; /* events looked at in one transaction */

struct export
{
	struct command *command;
	struct str workspace;
	int64_t from_ms, to_ms;
	uint64_t next, n;
	/* Of the event in hand: */
	struct arena *arena;
	struct txn *txn;
	event_record *event;
	int looked;
};

static bool
find_one(uint64_t seq, void *arg)
{
	struct export *x = arg;
	event_record *ev;

	x->next = seq + 1;
	arena_reset(x->arena);
	ev = history_event(x->txn, x->arena, seq);
	if (ev != NULL && ev->received_ms >= x->from_ms &&
	    (x->to_ms == 0 || ev->received_ms < x->to_ms))
		x->event = ev;
	return x->event == NULL && ++x->looked < SCAN_MAX;
}

static bool
write_one(const delivery_record *d, void *arg)
{
	json_write_delivery(arg, d, true);
	return true;
}

/* Leaves the object open: the payload comes from the stream, after the transaction. */
static bool
read_records(struct export *x, struct json_writer *w, struct err *e)
{

	x->event = NULL;
	x->looked = 0;
	x->txn = txn_read(x->command->store, STORE_HISTORY);
	history_each_seq_of(x->txn, x->workspace, x->next, find_one, x);
	if (x->event != NULL) {
		json_write_event_open(w, x->event);
		jw_kv_string(w, "workspace", x->workspace);
		jw_key(w, "deliveries");
		jw_array(w);
		history_each_delivery(x->txn, x->arena, x->event->seq, write_one, w);
		jw_array_end(w);
	}
	return txn_finish(x->txn, e);
}

static bool
print_line(struct buf *line)
{
	buf_putc(line, '\n');
	return fwrite(line->ptr, 1, line->len, stdout) == line->len;
}

/* True when there may be more. */
static bool
export_one(struct export *x, struct buf *line, bool *ok, struct err *e)
{
	struct json_writer w;

	buf_clear(line);
	jw_init(&w, line);
	*ok = read_records(x, &w, e);
	if (!*ok || (x->event == NULL && x->looked < SCAN_MAX))
		return false;
	if (x->event == NULL)
		return true;
	published_write_payload(&w, x->command->registry, x->arena, x->event);
	jw_object_end(&w);
	x->n++;
	if (print_line(line))
		return true;
	/* Who reads only the beginning, as head does, has what it wanted. */
	*ok = errno == EPIPE || fail(e, ERR_FULL, "writing: %s", strerror(errno));
	return false;
}

bool
verb_event_export(struct command *c, struct err *e)
{
	struct export x = {.command = c, .workspace = command_argument(c, 0)};
	struct buf line = {0};
	bool ok = true;

	if (!read_time(c, OPTION_FROM, &x.from_ms, e) || !read_time(c, OPTION_TO, &x.to_ms, e))
		return false;
	if (x.to_ms != 0 && x.to_ms <= x.from_ms)
		return FAIL_USAGE(c, e, "the time ends before it begins");
	if (!command_open(c, NEED_HISTORY, e))
		return false;
	x.arena = arena_new(0);
	while (export_one(&x, &line, &ok, e))
		;
	arena_free(x.arena);
	buf_fini(&line);
	return ok && history_is_known(c, x.n, e);
}
