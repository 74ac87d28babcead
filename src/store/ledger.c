/* What still has to happen: deliveries that are parked, held, or claimed by a process. */
#include "store_private.h"

enum { DUE_SIZE = 8 }; /* the time in front of a key of the table due */

void
ledger_each_due(struct txn *t, struct arena *a, wall_t now, delivery_each_fn *each, void *arg)
{
	const struct key all = key_empty();
	struct scan s;
	struct str rule;
	uint64_t seq;

	scan_forward(&s, t, TABLE_DUE, &all, &all);
	while (scan_next(&s) && key_read_delivery(s.key, DUE_SIZE, &seq, &rule)) {
		if (now.ms < 0 || number_get(s.key.ptr) > (uint64_t)now.ms)
			break;
		const delivery_record *d = history_delivery(t, a, seq, rule);
		if (d && !each(d, arg))
			break;
	}
	scan_end(&s);
}

/* --- overflow --- */

/* Of one lane, in a table whose keys begin with it. */
struct lane_list {
	enum table_id table;
	const struct lane_id *lane;
	const struct overflow_position *after;
};

static void
each_of_lane(struct txn *t, struct arena *a, const struct lane_list *list,
    delivery_each_fn *each, void *arg)
{
	const struct lane_id *lane = list->lane;
	const struct overflow_position *after = list->after;
	const struct key prefix = key_of_lane(lane->workspace, lane->connection, lane->channel);
	const struct key start = after->seq == 0
	                             ? prefix
	                             : key_overflow(lane->workspace, lane->connection,
					   lane->channel, after->seq, after->rule);
	struct scan s;
	struct str rule;
	uint64_t seq;

	scan_forward(&s, t, list->table, &prefix, &start);
	while (scan_next(&s) && key_read_delivery(s.key, prefix.len, &seq, &rule)) {
		if (seq == after->seq && str_eq(rule, after->rule))
			continue;
		const delivery_record *d = history_delivery(t, a, seq, rule);
		if (d && !each(d, arg))
			break;
	}
	scan_end(&s);
}

void
ledger_each_overflow(struct txn *t, struct arena *a, const struct lane_id *lane,
    const struct overflow_position *after, delivery_each_fn *each, void *arg)
{
	each_of_lane(t, a, &(struct lane_list){TABLE_OVERFLOW, lane, after}, each, arg);
}

void
ledger_each_together(struct txn *t, struct arena *a, const struct lane_id *lane,
    delivery_each_fn *each, void *arg)
{
	const struct overflow_position start = {0};

	each_of_lane(t, a, &(struct lane_list){TABLE_TOGETHER, lane, &start}, each, arg);
}

void
ledger_each_parked(struct txn *t, struct arena *a, struct str workspace,
    const struct overflow_position *after, delivery_each_fn *each, void *arg)
{
	const struct key prefix = key_of_state(workspace, DELIVERY_PARKED);
	const struct key start =
	    after->seq == 0 ? prefix
			    : key_by_state(workspace, DELIVERY_PARKED, after->seq, after->rule);
	struct scan s;
	struct str rule;
	uint64_t seq;

	scan_forward(&s, t, TABLE_BY_STATE, &prefix, &start);
	while (scan_next(&s) && key_read_delivery(s.key, prefix.len, &seq, &rule)) {
		if (seq == after->seq && str_eq(rule, after->rule))
			continue;
		const delivery_record *d = history_delivery(t, a, seq, rule);
		if (d && !each(d, arg))
			break;
	}
	scan_end(&s);
}

/* Reads up to the next zero byte of a key; false if there is none. */
static bool
read_part(struct str *key, struct str *part)
{
	const char *end = key->len ? memchr(key->ptr, '\0', key->len) : NULL;

	if (end == NULL)
		return false;
	*part = (struct str){key->ptr, (size_t)(end - key->ptr)};
	*key = (struct str){end + 1, key->len - part->len - 1};
	return true;
}

static bool
read_group(struct str key, struct str *workspace, struct str *connection)
{
	return read_part(&key, workspace) && read_part(&key, connection);
}

static bool
read_lane(struct str key, struct lane_id *lane)
{
	return read_part(&key, &lane->workspace) && read_part(&key, &lane->connection) &&
	       read_part(&key, &lane->channel);
}

static uint64_t
count_from(struct txn *t, const struct key *prefix)
{
	struct scan s;
	uint64_t n = 0;

	scan_forward(&s, t, TABLE_OVERFLOW, prefix, prefix);
	while (scan_next(&s))
		n++;
	scan_end(&s);
	return n;
}

void
ledger_each_overflow_lane(struct txn *t, overflow_lane_fn *each, void *arg)
{
	const struct key all = key_empty();
	struct key from = all;
	bool more = true;

	while (more && !from.bad) {
		struct lane_id lane;
		struct scan s;

		scan_forward(&s, t, TABLE_OVERFLOW, &all, &from);
		more = scan_next(&s) && read_lane(s.key, &lane);
		if (more) {
			const struct key group =
			    key_of_lane(lane.workspace, lane.connection, lane.channel);

			more = each(&lane, count_from(t, &group), arg);
			from = key_after(&group);
		}
		scan_end(&s);
	}
}

/* Those of one rule are found among all held of the workspace, because a rule may have been
 * pointed at another connection since. */
void
ledger_each_held(struct txn *t, struct arena *a, const struct held_list *list,
    delivery_each_fn *each, void *arg)
{
	const bool is_by_connection = list->connection.len > 0;
	const struct key prefix = is_by_connection
	                              ? key_of_held(list->workspace, list->connection)
	                              : key_of_state(list->workspace, DELIVERY_HELD);
	const enum table_id table = is_by_connection ? TABLE_HELD : TABLE_BY_STATE;
	struct scan s;
	struct str found;
	uint64_t seq;

	scan_forward(&s, t, table, &prefix, &prefix);
	while (scan_next(&s) && key_read_delivery(s.key, prefix.len, &seq, &found)) {
		if (list->rule.len && !str_eq(list->rule, found))
			continue;
		const delivery_record *d = history_delivery(t, a, seq, found);
		if (d && !each(d, arg))
			break;
	}
	scan_end(&s);
}

void
ledger_each_held_group(struct txn *t, struct str after_workspace, struct str after_connection,
    held_group_fn *each, void *arg)
{
	const struct key all = key_empty();
	const struct key after = key_of_held(after_workspace, after_connection);
	struct key from = after_workspace.len > 0 ? key_after(&after) : all;
	bool more = true;

	/* One step a group, however many deliveries it holds. */
	while (more && !from.bad) {
		struct str workspace, connection;
		struct scan s;

		scan_forward(&s, t, TABLE_HELD, &all, &from);
		more = scan_next(&s) && read_group(s.key, &workspace, &connection);
		if (more) {
			const struct key group = key_of_held(workspace, connection);

			more = each(workspace, connection, arg);
			from = key_after(&group);
		}
		scan_end(&s);
	}
}

void
ledger_each_claimed(struct txn *t, struct arena *a, delivery_each_fn *each, void *arg)
{
	const struct key all = key_empty();
	struct scan s;
	struct str rule;
	uint64_t seq;

	scan_forward(&s, t, TABLE_CLAIMED, &all, &all);
	while (scan_next(&s) && key_read_delivery(s.key, 0, &seq, &rule)) {
		const delivery_record *d = history_delivery(t, a, seq, rule);
		if (d && !each(d, arg))
			break;
	}
	scan_end(&s);
}

void
ledger_each_open(
    struct txn *t, struct arena *a, uint64_t from, delivery_each_fn *each, void *arg)
{
	const struct key all = key_empty(), start = key_event(from);
	struct str rule;
	uint64_t seq;
	struct scan s;

	scan_forward(&s, t, TABLE_DELIVERY, &all, &start);
	while (scan_next(&s) && key_read_delivery(s.key, 0, &seq, &rule)) {
		const delivery_record *d = history_delivery(t, a, seq, rule);
		if (d && !delivery_state_is_final((enum delivery_state)d->state) &&
		    !each(d, arg))
			break;
	}
	scan_end(&s);
}

/* --- events that wait to be matched --- */

uint64_t
ledger_next_waiting(struct txn *t, struct str workspace, uint64_t after)
{
	const struct key prefix = key_of_workspace(workspace);
	const struct key start = key_by_workspace(workspace, after + 1);
	struct str rest;
	uint64_t seq = 0;
	struct scan s;

	scan_forward(&s, t, TABLE_WAITING, &prefix, &start);
	if (scan_next(&s) && !key_read_delivery(s.key, prefix.len, &seq, &rest))
		seq = 0;
	scan_end(&s);
	return seq;
}

/* Each workspace of a table whose keys begin with it. */
static void
each_workspace(
    struct txn *t, enum table_id table, struct str after, ledger_workspace_fn *each, void *arg)
{
	const struct key all = key_empty(), of_after = key_of_workspace(after);
	struct key from = after.len ? key_after(&of_after) : all;
	bool more = true;

	/* One step a workspace, however much it has. */
	while (more && !from.bad) {
		struct str key, workspace;
		struct scan s;

		scan_forward(&s, t, table, &all, &from);
		more = scan_next(&s);
		key = s.key;
		more = more && read_part(&key, &workspace);
		if (more) {
			const struct key its_own = key_of_workspace(workspace);

			more = each(workspace, arg);
			from = key_after(&its_own);
		}
		scan_end(&s);
	}
}

void
ledger_each_waiting_workspace(struct txn *t, ledger_workspace_fn *each, void *arg)
{
	each_workspace(t, TABLE_WAITING, STR(""), each, arg);
}

void
ledger_each_workspace(struct txn *t, struct str after, ledger_workspace_fn *each, void *arg)
{
	each_workspace(t, TABLE_BY_STATE, after, each, arg);
}
