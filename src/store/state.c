#include "carillon/base/id.h"
#include "store_private.h"

static const char *const KINDS[STATE_KINDS] = {
    [STATE_WORKSPACE] = "workspace",
    [STATE_CONNECTION] = "connection",
    [STATE_RULE] = "rule",
    [STATE_TYPE] = "type",
    [STATE_REPLAY] = "replay",
    [STATE_KEY] = "key",
};

_Static_assert((int)STATE_WORKSPACE == (int)TABLE_WORKSPACE &&
		   (int)STATE_CONNECTION == (int)TABLE_CONNECTION &&
		   (int)STATE_RULE == (int)TABLE_RULE && (int)STATE_TYPE == (int)TABLE_TYPE &&
		   (int)STATE_REPLAY == (int)TABLE_REPLAY && (int)STATE_KEY == (int)TABLE_KEY,
    "tables.def begins with the kinds of state");

enum { REVISION_SIZE = 8 }; /* in front of each record */

const char *
state_kind_name(enum state_kind k)
{
	must(k < STATE_KINDS);
	return KINDS[k];
}

/* Takes what stands before the first dot. */
static bool
take_token(struct str *rest, struct str *token)
{
	const char *dot = rest->len ? memchr(rest->ptr, '.', rest->len) : NULL;

	if (!dot)
		return false;
	*token = (struct str){rest->ptr, (size_t)(dot - rest->ptr)};
	*rest = (struct str){dot + 1, rest->len - token->len - 1};
	return true;
}

static bool
id_is_state(struct str id)
{
	static const char CHARS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-/";

	if (id.len == 0 || id.len > EVENT_TYPE_MAX)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		if (!memchr(CHARS, id.ptr[i], sizeof(CHARS) - 1))
			return false;
	}
	return true;
}

bool
state_key_parse(struct str key, struct str *workspace, enum state_kind *kind, struct str *id)
{
	struct str name;

	*id = key;
	if (!take_token(id, workspace) || !take_token(id, &name))
		return false;
	if (!id_is_workspace(*workspace) || !id_is_state(*id))
		return false;
	for (*kind = 0; *kind < STATE_KINDS; (*kind)++) {
		if (str_eq(name, str_of(KINDS[*kind])))
			return true;
	}
	return false;
}

void
state_key(
    char out[static STATE_KEY_MAX], struct str workspace, enum state_kind kind, struct str id)
{
	must(workspace.len <= WORKSPACE_ID_MAX && id.len <= EVENT_TYPE_MAX);
	const int head =
	    snprintf(out, STATE_KEY_MAX, "%.*s.%s.", STR_ARG(workspace), state_kind_name(kind));
	char *tail = out + head;
	for (size_t i = 0; i < id.len; i++)
		tail[i] = id.ptr[i] == '.' ? '/' : id.ptr[i];
	tail[id.len] = '\0';
}

static bool
read_value(struct str stored, struct state_value *out)
{
	if (stored.len < REVISION_SIZE)
		return false;
	out->revision = number_get(stored.ptr);
	out->bytes = (struct str){stored.ptr + REVISION_SIZE, stored.len - REVISION_SIZE};
	return true;
}

bool
state_get(struct txn *t, struct str workspace, enum state_kind kind, struct str id,
    struct state_value *out)
{
	const struct key k = key_state_record(workspace, id);
	struct str stored;

	*out = (struct state_value){0};
	return txn_get(t, (enum table_id)kind, &k, &stored) && read_value(stored, out);
}

void
state_each(struct txn *t, const struct state_list *list, state_each_fn *each, void *arg)
{
	const struct key prefix = key_of_workspace(list->workspace);
	const struct key start = key_state_record(list->workspace, list->after);
	size_t n = 0;
	struct state_value v;
	struct scan s;

	scan_forward(&s, t, (enum table_id)list->kind, &prefix, &start);
	while ((list->max == 0 || n < list->max) && scan_next(&s)) {
		const struct str id = {s.key.ptr + prefix.len, s.key.len - prefix.len};
		if (str_eq(s.key, key_view(&start)) || !read_value(s.value, &v))
			continue; /* the last of the page before, or not a record */
		n++;
		if (!each(id, &v, arg))
			break;
	}
	scan_end(&s);
}

static bool
count_one(struct str id, const struct state_value *v, void *n)
{
	(void)id;
	(void)v;
	++*(size_t *)n;
	return true;
}

size_t
state_count(struct txn *t, const struct state_list *list)
{
	size_t n = 0;

	state_each(t, list, count_one, &n);
	return n;
}

/* The record of a workspace has the workspace's own id: its key is "acme" 0 "acme". */
static bool
id_of_workspace(struct str key, struct str *id)
{
	const char *zero = key.len ? memchr(key.ptr, 0, key.len) : NULL;

	if (!zero)
		return false;
	const size_t len = (size_t)(zero - key.ptr);
	*id = (struct str){zero + 1, key.len - len - 1};
	return str_eq(*id, (struct str){key.ptr, len});
}

void
state_each_workspace(struct txn *t, struct str after, state_each_fn *each, void *arg)
{
	const struct key all = key_empty(), of_after = key_of_workspace(after);
	const struct key start = after.len ? key_after(&of_after) : all;
	struct state_value v;
	struct str id;
	struct scan s;

	scan_forward(&s, t, TABLE_WORKSPACE, &all, &start);
	while (scan_next(&s)) {
		if (id_of_workspace(s.key, &id) && read_value(s.value, &v) &&
		    !each(id, &v, arg))
			break;
	}
	scan_end(&s);
}

void
state_each_of_kind(struct txn *t, enum state_kind kind, state_of_kind_fn *each, void *arg)
{
	const struct key all = key_empty();
	struct state_value v;
	struct scan s;

	scan_forward(&s, t, (enum table_id)kind, &all, &all);
	while (scan_next(&s)) {
		const char *zero = s.key.len ? memchr(s.key.ptr, 0, s.key.len) : NULL;
		if (!zero || !read_value(s.value, &v))
			continue;
		const struct str workspace = {s.key.ptr, (size_t)(zero - s.key.ptr)};
		const struct str id = {zero + 1, s.key.len - workspace.len - 1};
		if (!each(workspace, id, &v, arg))
			break;
	}
	scan_end(&s);
}

/* A deletion leaves its revision behind, so that an older put that comes late stays dead. */
static uint64_t
revision_gone(struct txn *t, struct str key)
{
	const struct key k = key_text(key);
	struct str value;

	return txn_get(t, TABLE_GONE, &k, &value) && value.len == 8 ? number_get(value.ptr) : 0;
}

static void
put_record(struct txn *t, enum table_id table, const struct key *k, struct str bytes,
    uint64_t revision)
{
	struct arena *a = txn_scratch(t);
	char *value = arena_must(a, REVISION_SIZE + bytes.len);

	number_put(value, revision);
	memcpy(value + REVISION_SIZE, bytes.ptr, bytes.len);
	txn_put(t, table, k, (struct str){value, REVISION_SIZE + bytes.len});
}

void
state_apply(struct txn *t, struct str key, struct str bytes, uint64_t revision)
{
	struct str workspace, id;
	enum state_kind kind;
	struct state_value old;
	char value[REVISION_SIZE];

	if (!state_key_parse(key, &workspace, &kind, &id))
		return; /* somebody else's key in our bucket */
	if (state_get(t, workspace, kind, id, &old) ? revision < old.revision
						    : revision <= revision_gone(t, key))
		return;
	const struct key k = key_state_record(workspace, id), gone = key_text(key);
	if (kind == STATE_CONNECTION && old.revision > 0)
		store_set_number(t, STORE_OLD_SEALS, 1);
	if (bytes.len) {
		put_record(t, (enum table_id)kind, &k, bytes, revision);
		txn_delete(t, TABLE_GONE, &gone);
	} else {
		txn_delete(t, (enum table_id)kind, &k);
		number_put(value, revision);
		txn_put(t, TABLE_GONE, &gone, (struct str){value, sizeof(value)});
	}
}

size_t
state_forget(struct txn *t, struct str workspace, size_t max)
{
	char start[WORKSPACE_ID_MAX + 2];
	size_t n = 0;

	must(workspace.len <= WORKSPACE_ID_MAX);
	snprintf(start, sizeof(start), "%.*s.", STR_ARG(workspace));
	const struct key prefix = key_text(str_of(start));
	for (; n < max; n++) {
		struct key found;
		struct scan s;

		scan_forward(&s, t, TABLE_GONE, &prefix, &prefix);
		const bool more = scan_next(&s);
		if (more)
			found = key_text(s.key);
		scan_end(&s);
		if (!more)
			break;
		txn_delete(t, TABLE_GONE, &found);
	}
	return n;
}

struct version_walk {
	enum state_kind kind;
	state_version_fn *each;
	void *arg;
	bool is_over;
};

static bool
give_version(struct str workspace, struct str id, const struct state_value *v, void *arg)
{
	struct version_walk *w = arg;
	char key[STATE_KEY_MAX];

	state_key(key, workspace, w->kind, id);
	w->is_over = !w->each(str_of(key), v->bytes, v->revision, w->arg);
	return !w->is_over;
}

void
state_each_version(struct txn *t, state_version_fn *each, void *arg)
{
	struct version_walk w = {.each = each, .arg = arg};
	const struct key all = key_empty();
	struct scan s;

	for (w.kind = 0; w.kind < STATE_KINDS && !w.is_over; w.kind++)
		state_each_of_kind(t, w.kind, give_version, &w);
	if (w.is_over)
		return;
	scan_forward(&s, t, TABLE_GONE, &all, &all);
	while (scan_next(&s) && s.value.len == 8)
		if (!each(s.key, STR(""), number_get(s.value.ptr), arg))
			break;
	scan_end(&s);
}

void
state_reset(struct txn *t)
{
	for (enum table_id table = 0; table <= TABLE_GONE; table++)
		txn_empty(t, table);
	store_set_applied(t, 0);
	store_set_mark(t, STR(""));
	store_set_number(t, STORE_REPAIR, 0);
}
