/*
 * Asking for a replay: what the options say is counted and written down, the service does the
 * rest. Canceling deliveries is the same thing with another action.
 */
#include "replay.h"

#include <stdio.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/flow/replay.h"
#include "carillon/registry/replays.h"

#include "output.h"

enum { RATE_CANCEL = REPLAY_RATE_MAX };

/* --- what is asked --- */

static void
begin(struct command *c, replay_record *r)
{
	replay_new(r, c->arena);
	r->states = ARENA_ARRAY(c->arena, char *, REPEATS_MAX * 2);
}

static char *
copy(struct command *c, struct str s)
{
	return arena_cstr(c->arena, s);
}

/* "failed,skipped", once or several times. */
static bool
add_states(struct command *c, replay_record *r, struct str list, struct err *e)
{
	while (list.len > 0) {
		const char *comma = memchr(list.ptr, ',', list.len);
		struct str one = {list.ptr, comma ? (size_t)(comma - list.ptr) : list.len};

		if (r->n_states == (size_t)REPEATS_MAX * 2)
			return FAIL_USAGE(c, e, "--status names too many states");
		r->states[r->n_states++] = copy(c, one);
		list = (struct str){
		    one.ptr + one.len + (comma != NULL), list.len - one.len - (comma != NULL)};
	}
	return true;
}

static bool
read_states(struct command *c, replay_record *r, struct err *e)
{
	for (int i = 0; i < c->statuses.n; i++)
		if (!add_states(c, r, str_of(c->statuses.values[i]), e))
			return false;
	return r->n_states > 0 || add_states(c, r, STR("failed"), e);
}

static bool
read_selection(struct command *c, replay_record *r, struct err *e)
{
	uint64_t rate = r->rate;

	r->event_id = copy(c, command_option(c, OPTION_EVENT));
	r->rule = copy(c, command_option(c, OPTION_RULE));
	r->connection = copy(c, command_option(c, OPTION_CONNECTION));
	r->again = command_has(c, OPTION_AGAIN);
	r->todays_rules = command_has(c, OPTION_TODAYS_RULES);
	if (!read_states(c, r, e) || !read_time(c, OPTION_FROM, &r->from_ms, e) ||
	    !read_time(c, OPTION_TO, &r->to_ms, e) ||
	    !read_number(c, OPTION_RATE, REPLAY_RATE_MAX, &rate, e))
		return false;
	r->rate = (uint32_t)rate;
	return true;
}

/* --- counting first --- */

static bool
count_all(struct command *c, struct str workspace, const replay_record *r,
    struct replay_counting **out, struct err *e)
{
	*out = ARENA_NEW(c->arena, struct replay_counting);
	(*out)->broker = c->broker;
	(*out)->store = c->store;
	(*out)->workspace = workspace;
	(*out)->arena = c->arena;
	return replay_count(*out, r, e);
}

static void
show_count(struct command *c, const replay_record *r, const struct replay_counting *k)
{
	struct document doc;

	document_begin(&doc, c);
	replay_count_write(&doc.w, k, r);
	document_end(&doc);
}

/* --- beginning --- */

static bool
put(struct command *c, struct str workspace, replay_record *r, struct err *e)
{
	if (!replay_start(c->registry, workspace, r, e))
		return false;
	if (command_has(c, OPTION_WAIT)) {
		fprintf(stderr,
		    "carillon: note: waiting for %s; interrupting this does not stop it, "
		    "`carillon replay cancel %.*s %s` does\n",
		    r->id, STR_ARG(workspace), r->id);
		return replay_wait(c, workspace, str_of(r->id), e);
	}
	if (command_has(c, OPTION_JSON))
		return replay_show(c, workspace, str_of(r->id), e);
	printf("%s\n", r->id);
	return true;
}

static struct str
question(struct command *c, struct str workspace, const replay_record *r, uint64_t n)
{
	if (r->action == CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL)
		return arena_printf(c->arena,
		    "this cancels %llu deliveries of workspace \"%.*s\"", (unsigned long long)n,
		    STR_ARG(workspace));
	return arena_printf(c->arena,
	    "this sends %llu deliveries of workspace \"%.*s\", %u a second%s",
	    (unsigned long long)n, STR_ARG(workspace), r->rate,
	    r->again ? ", also what was delivered already" : "");
}

/* An id that nothing has would select nothing and say no more. */
static bool
event_is_known(struct command *c, struct str workspace, const replay_record *r, struct err *e)
{
	struct txn *t;
	uint64_t seq;

	if (r->event_id[0] == '\0')
		return true;
	t = txn_read(c->store, STORE_HISTORY);
	seq = ledger_seq(t, workspace, str_of(r->event_id));
	if (!txn_finish(t, e) || seq != 0)
		return seq != 0;
	return fail(e, ERR_NOT_FOUND, "workspace \"%.*s\" has no event \"%s\"%s",
	    STR_ARG(workspace), r->event_id,
	    access(r->event_id, F_OK) == 0
		? ": that is a file, and what is sent again was published; give its id"
		: "");
}

/* What selects nothing may be misspelt; what is deleted may well have deliveries still. */
static bool
names_are_known(
    struct command *c, const struct replay_counting *k, const replay_record *r, struct err *e)
{
	uint64_t revision;

	if (k->selected > 0 || k->skipped > 0)
		return true;
	return (r->rule[0] == '\0' || registry_revision(c->registry, k->workspace, STATE_RULE,
					  str_of(r->rule), &revision, e)) &&
	       (r->connection[0] == '\0' ||
		   registry_revision(c->registry, k->workspace, STATE_CONNECTION,
		       str_of(r->connection), &revision, e));
}

/* Counts, asks, and begins. */
static bool
count_and_begin(
    struct command *c, struct str workspace, replay_record *r, bool asks, struct err *e)
{
	struct replay_counting *k;

	if (!command_open(c, NEED_HISTORY | NEED_WRITE, e) ||
	    !registry_has_workspace(c->registry, workspace, e) ||
	    !event_is_known(c, workspace, r, e) || !replay_bound(c->registry, workspace, r, e))
		return false;
	if (!count_all(c, workspace, r, &k, e)) {
		if (e->kind == ERR_INPUT)
			c->is_misused = true;
		return false;
	}
	r->selected = k->selected;
	if (!names_are_known(c, k, r, e))
		return false;
	if (command_has(c, OPTION_DRY_RUN)) {
		show_count(c, r, k);
		return true;
	}
	if (k->selected == 0)
		return replay_fail_nothing(k, r, e);
	return (!asks || confirm(c, question(c, workspace, r, k->selected), e)) &&
	       put(c, workspace, r, e);
}

bool
verb_replay_start(struct command *c, struct err *e)
{
	replay_record r;

	begin(c, &r);
	return read_selection(c, &r, e) &&
	       count_and_begin(c, command_argument(c, 0), &r, true, e);
}

/* The operator's short form. */
bool
verb_replay(struct command *c, struct err *e)
{
	replay_record r;

	begin(c, &r);
	return read_selection(c, &r, e) &&
	       count_and_begin(c, command_option(c, OPTION_WORKSPACE), &r, true, e);
}

bool
verb_delivery_retry(struct command *c, struct err *e)
{
	replay_record r;

	begin(c, &r);
	r.event_id = copy(c, command_argument(c, 1));
	r.rule = copy(c, command_argument(c, 2));
	r.again = command_has(c, OPTION_AGAIN);
	return add_states(c, &r, STR("failed,canceled,skipped,parked,held"), e) &&
	       count_and_begin(c, command_argument(c, 0), &r, false, e);
}

bool
verb_delivery_cancel(struct command *c, struct err *e)
{
	bool is_one = c->arguments[1] != NULL, is_held = command_has(c, OPTION_ALL_HELD);
	int64_t age_ms = 0;
	replay_record r;

	begin(c, &r);
	r.action = CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL;
	r.rate = RATE_CANCEL;
	r.event_id = copy(c, command_argument(c, 1));
	r.rule = copy(c, command_argument(c, 2));
	r.connection = copy(c, command_option(c, OPTION_ALL_HELD));
	if (is_one == is_held)
		return FAIL_USAGE(c, e,
		    "say which: EVENT and perhaps RULE, or --all-held and a connection's id");
	if (!read_duration(c, OPTION_OLDER_THAN, &age_ms, e))
		return false;
	if (age_ms > 0)
		r.to_ms = clock_wall().ms - age_ms;
	return add_states(
		   c, &r, is_one ? STR("pending,retrying,parked,held") : STR("held"), e) &&
	       count_and_begin(c, command_argument(c, 0), &r, is_held, e);
}

bool
replay_cancel_held(
    struct command *c, const struct held_of *of, int64_t before_ms, uint64_t *n, struct err *e)
{
	struct replay_counting *k;
	replay_record r;

	begin(c, &r);
	r.action = CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL;
	r.rate = RATE_CANCEL;
	r.connection = copy(c, of->connection);
	r.rule = copy(c, of->rule);
	r.to_ms = before_ms;
	if (!add_states(c, &r, STR("held"), e) ||
	    !command_open(c, NEED_HISTORY | NEED_WRITE, e) ||
	    !replay_bound(c->registry, of->workspace, &r, e) ||
	    !count_all(c, of->workspace, &r, &k, e))
		return false;
	*n = r.selected = k->selected;
	return *n == 0 || (replay_start(c->registry, of->workspace, &r, e) &&
			      replay_wait_end(c, of->workspace, str_of(r.id), e));
}
