/*
 * Asking for a replay: the command line counts and writes a record, the service does the rest.
 * Canceling deliveries is the same thing with another action.
 */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/flow/replay.h"

#include "output.h"
#include "print.h"

enum { RATE_USUAL = 10, RATE_CANCEL = REPLAY_RATE_MAX };

/* --- what is asked --- */

static void
begin(struct command *c, replay_record *r)
{
	const char *user = getenv("USER");
	char id[NEW_ID_SIZE];

	carillon__v1__replay__init(r);
	id_new(id, "rep");
	r->id = arena_cstr(c->arena, str_of(id));
	r->status = CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_RUNNING;
	r->rate = RATE_USUAL;
	r->created_ms = r->updated_ms = clock_wall().ms;
	r->by = arena_cstr(c->arena, str_of(user != NULL ? user : "command line"));
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

enum { GROUPS_MAX = 512 };

struct group {
	struct str state, rule;
	uint64_t n;
};

struct count {
	struct command *command;
	struct group groups[GROUPS_MAX];
	int n_groups;
	uint64_t selected, skipped;
};

static void
count_one(enum delivery_state before, struct str rule, void *arg)
{
	struct count *k = arg;
	struct str state =
	    before == DELIVERY_NONE ? STR("new") : str_of(delivery_state_name(before));
	int i = 0;

	k->selected++;
	while (i < k->n_groups &&
	       !(str_eq(k->groups[i].state, state) && str_eq(k->groups[i].rule, rule)))
		i++;
	if (i == GROUPS_MAX)
		return; /* counted in the sum */
	if (i == k->n_groups)
		k->groups[k->n_groups++] =
		    (struct group){.state = state, .rule = arena_str(k->command->arena, rule)};
	k->groups[i].n++;
}

static bool
count_all(struct command *c, struct str workspace, const replay_record *r, struct count *k,
    struct err *e)
{
	struct replay_counting counting = {.broker = c->broker,
	    .store = c->store,
	    .workspace = workspace,
	    .each = count_one,
	    .arg = k};
	bool ok;

	k->command = c;
	ok = replay_count(&counting, r, e);
	k->skipped = counting.skipped;
	return ok;
}

static void
show_count(struct command *c, const replay_record *r, const struct count *k)
{
	struct document doc;

	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_bool(&doc.w, "dry_run", true);
	jw_kv_int(&doc.w, "selected", (int64_t)k->selected);
	jw_kv_int(&doc.w, "skipped", (int64_t)k->skipped);
	jw_kv_int(&doc.w, "seconds_at_least", (int64_t)(k->selected / r->rate));
	jw_key(&doc.w, "groups");
	jw_array(&doc.w);
	for (int i = 0; i < k->n_groups; i++) {
		jw_object(&doc.w);
		jw_kv_string(&doc.w, "state", k->groups[i].state);
		jw_kv_string(&doc.w, "rule", k->groups[i].rule);
		jw_kv_int(&doc.w, "count", (int64_t)k->groups[i].n);
		jw_object_end(&doc.w);
	}
	jw_array_end(&doc.w);
	jw_object_end(&doc.w);
	document_end(&doc);
}

/* --- beginning --- */

/* So that it ends: what is published from now on is not its business. */
static bool
set_end(struct command *c, struct str workspace, replay_record *r, struct err *e)
{
	struct stream_info info;
	struct txn *t;

	if (r->event_id[0] == '\0') {
		if (!broker_stream_info(c->broker, STREAM_EVENTS, &info, e))
			return false;
		r->to_seq = info.last_seq > 0 ? info.last_seq : 1;
		return true;
	}
	t = txn_read(c->store, STORE_HISTORY);
	r->from_seq = r->to_seq = ledger_seq(t, workspace, str_of(r->event_id));
	txn_end(t);
	if (r->to_seq == 0)
		return fail(e, ERR_NOT_FOUND, "workspace \"%.*s\" has no event \"%s\"",
		    STR_ARG(workspace), r->event_id);
	r->position = r->to_seq - 1;
	return true;
}

static bool
put(struct command *c, struct str workspace, replay_record *r, struct err *e)
{
	if (!registry_put_replay(c->registry, workspace, r, 0, e))
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

/* --- nothing is as asked: why --- */

static struct str
states_text(struct command *c, const replay_record *r)
{
	struct buf list = {0};
	struct str text;

	for (size_t i = 0; i < r->n_states; i++)
		buf_printf(&list, "%s%s",
		    i == 0                ? ""
		    : i + 1 < r->n_states ? ", "
					  : " or ",
		    r->states[i]);
	text = arena_str(c->arena, buf_view(&list));
	buf_fini(&list);
	return text;
}

/* Of one delivery the state says all. */
static bool
fail_one(struct command *c, struct str workspace, const replay_record *r, struct err *e)
{
	struct txn *t = txn_read(c->store, STORE_HISTORY);
	const delivery_record *d = history_delivery(
	    t, c->arena, ledger_seq(t, workspace, str_of(r->event_id)), str_of(r->rule));

	txn_end(t);
	if (d == NULL)
		return fail(e, ERR_NOT_FOUND, "event \"%s\" has no delivery by rule \"%s\"",
		    r->event_id, r->rule);
	return fail(e, ERR_NOT_FOUND, "the delivery of event \"%s\" by rule \"%s\" is %s%s",
	    r->event_id, r->rule, delivery_state_name(state_of(d)),
	    state_of(d) == DELIVERY_DELIVERED &&
		    r->action == CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_SEND
		? "; --again sends it a second time"
		: "");
}

static bool
fail_nothing(struct command *c, struct str workspace, const replay_record *r,
    const struct count *k, struct err *e)
{
	struct str states = states_text(c, r);

	if (k->skipped > 0)
		return fail(e, ERR_NOT_FOUND,
		    "no delivery is as asked but some whose rule is gone, or whose event the "
		    "stream does not have any more");
	if (r->event_id[0] != '\0' && r->rule[0] != '\0' && !r->todays_rules)
		return fail_one(c, workspace, r, e);
	return fail(e, ERR_NOT_FOUND,
	    "workspace \"%.*s\" has no delivery that is %.*s%s%s%s%s%s", STR_ARG(workspace),
	    STR_ARG(states), r->rule[0] ? ", by rule " : "", r->rule,
	    r->connection[0] ? ", of connection " : "", r->connection,
	    r->from_ms || r->to_ms ? ", in that time" : "");
}

/* Counts, asks, and begins. */
static bool
count_and_begin(
    struct command *c, struct str workspace, replay_record *r, bool asks, struct err *e)
{
	struct count *k = ARENA_NEW(c->arena, struct count);

	if (!command_open(c, NEED_HISTORY | NEED_WRITE, e) ||
	    !registry_has_workspace(c->registry, workspace, e) || !set_end(c, workspace, r, e))
		return false;
	if (!count_all(c, workspace, r, k, e)) {
		if (e->kind == ERR_INPUT)
			c->exit_code = EXIT_USAGE;
		return false;
	}
	r->selected = k->selected;
	if (command_has(c, OPTION_DRY_RUN)) {
		show_count(c, r, k);
		return true;
	}
	if (k->selected == 0)
		return fail_nothing(c, workspace, r, k, e);
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
replay_cancel_held(struct command *c, struct str workspace, struct str connection,
    struct str rule, int64_t before_ms, uint64_t *n, struct err *e)
{
	struct count *k = ARENA_NEW(c->arena, struct count);
	replay_record r;

	begin(c, &r);
	r.action = CARILLON__V1__REPLAY_ACTION__REPLAY_ACTION_CANCEL;
	r.rate = RATE_CANCEL;
	r.connection = copy(c, connection);
	r.rule = copy(c, rule);
	r.to_ms = before_ms;
	if (!add_states(c, &r, STR("held"), e) ||
	    !command_open(c, NEED_HISTORY | NEED_WRITE, e) || !set_end(c, workspace, &r, e) ||
	    !count_all(c, workspace, &r, k, e))
		return false;
	*n = r.selected = k->selected;
	return *n == 0 || (registry_put_replay(c->registry, workspace, &r, 0, e) &&
			      replay_wait_end(c, workspace, str_of(r.id), e));
}
