#include "store_fixture.h"

struct change {
	const char *key, *bytes;
	uint64_t revision;
};

static bool
fill_change(struct txn *t, void *arg, struct err *e)
{
	const struct change *c = arg;

	(void)e;
	state_apply(t, str_of(c->key), str_of(c->bytes), c->revision);
	return true;
}

static void
change(struct fixture *f, const char *key, const char *bytes, uint64_t revision)
{
	struct change c = {key, bytes, revision};

	write_store(f->store, STORE_STATE, fill_change, &c);
}

/* "<bytes>@<revision>", or "none". */
static const char *
look(struct fixture *f, struct str workspace, enum state_kind kind, struct str id)
{
	struct txn *t = txn_read(f->store, STORE_STATE);
	struct state_value v;
	struct str text = STR("none");

	if (state_get(t, workspace, kind, id, &v))
		text = arena_printf(
		    f->arena, "%.*s@%llu", STR_ARG(v.bytes), (unsigned long long)v.revision);
	assert_null(txn_error(t));
	txn_end(t);
	return text.ptr;
}

static bool
list_id(struct str id, const struct state_value *v, void *arg)
{
	struct listing *l = arg;
	const size_t len = strlen(l->text);

	assert_true(v->bytes.len > 0);
	snprintf(l->text + len, sizeof(l->text) - len, "%.*s ", STR_ARG(id));
	return ++l->count != l->stop_after;
}

static void
an_older_revision_changes_nothing(void **state)
{
	struct fixture *f = *state;

	change(f, "acme.rule.r1", "five", 5);
	change(f, "acme.rule.r1", "four", 4);
	assert_string_equal(look(f, STR("acme"), STATE_RULE, STR("r1")), "five@5");
	change(f, "acme.rule.r1", "", 3);
	assert_string_equal(look(f, STR("acme"), STATE_RULE, STR("r1")), "five@5");
	change(f, "acme.rule.r1", "six", 6);
	assert_string_equal(look(f, STR("acme"), STATE_RULE, STR("r1")), "six@6");
}

static void
a_deleted_record_is_not_raised_by_an_older_put(void **state)
{
	struct fixture *f = *state;

	change(f, "acme.rule.r1", "five", 5);
	change(f, "acme.rule.r1", "", 7);
	assert_string_equal(look(f, STR("acme"), STATE_RULE, STR("r1")), "none");
	change(f, "acme.rule.r1", "six", 6);
	assert_string_equal(look(f, STR("acme"), STATE_RULE, STR("r1")), "none");
	change(f, "acme.rule.r1", "eight", 8);
	assert_string_equal(look(f, STR("acme"), STATE_RULE, STR("r1")), "eight@8");
	change(f, "acme.rule.r2", "", 9); /* was never there */
	change(f, "acme.rule.r2", "late", 8);
	assert_string_equal(look(f, STR("acme"), STATE_RULE, STR("r2")), "none");
}

static void
the_dots_of_an_event_type_survive_the_kv_key(void **state)
{
	struct fixture *f = *state;
	char key[STATE_KEY_MAX];
	struct listing l = {0};

	state_key(key, STR("_catalogue"), STATE_TYPE, STR("alert.triggered"));
	assert_string_equal(key, "_catalogue.type.alert/triggered");
	change(f, key, "schema", 1);
	assert_string_equal(
	    look(f, STR("_catalogue"), STATE_TYPE, STR("alert.triggered")), "schema@1");
	struct txn *t = txn_read(f->store, STORE_STATE);
	state_each(t, &(struct state_list){STR("_catalogue"), STATE_TYPE}, list_id, &l);
	txn_end(t);
	assert_string_equal(l.text, "alert.triggered ");
}

static void
the_longest_key_fits_its_buffer(void **state)
{
	struct {
		char key[STATE_KEY_MAX];
		char after;
	} box = {.after = 'x'};
	char id[128], workspace[64];
	struct str parsed_workspace, parsed_id;
	enum state_kind kind;

	(void)state;
	memset(id, 'a', sizeof(id));
	memset(workspace, 'b', sizeof(workspace));
	state_key(
	    box.key, (struct str){workspace, 64}, STATE_CONNECTION, (struct str){id, 128});
	assert_int_equal(box.after, 'x');
	assert_true(state_key_parse(str_of(box.key), &parsed_workspace, &kind, &parsed_id));
	assert_int_equal(parsed_workspace.len, 64);
	assert_int_equal(parsed_id.len, 128);
	assert_int_equal(kind, STATE_CONNECTION);
}

static void
keys_of_others_are_not_ours_and_change_nothing(void **state)
{
	static const char *const FOREIGN[] = {
	    "",
	    "acme",
	    "acme.rule",
	    "acme.rule.",
	    ".rule.r1",
	    "acme..r1",
	    "acme.rules.r1",
	    "Acme.rule.r1",
	    "acme.rule.a.b",
	    "acme.RULE.r1",
	    "acme.rule.r 1",
	};
	struct fixture *f = *state;
	struct str workspace, id;
	enum state_kind kind;
	struct store_stats stats;

	for (size_t i = 0; i < COUNT_OF(FOREIGN); i++) {
		assert_false(state_key_parse(str_of(FOREIGN[i]), &workspace, &kind, &id));
		change(f, FOREIGN[i], "x", 1);
	}
	store_stats(f->store, &stats);
	assert_int_equal(stats.state_records, 0);
}

static void
workspaces_with_like_names_do_not_mix(void **state)
{
	struct fixture *f = *state;
	struct listing l = {0};

	change(f, "acme.rule.r1", "x", 1);
	change(f, "acme.rule.r2", "x", 2);
	change(f, "acme.connection.c1", "x", 3);
	change(f, "acme-2.rule.r3", "x", 4);
	change(f, "acme_x.rule.r4", "x", 5);
	change(f, "acm.rule.r5", "x", 6);
	struct txn *t = txn_read(f->store, STORE_STATE);
	state_each(t, &(struct state_list){STR("acme"), STATE_RULE}, list_id, &l);
	assert_string_equal(l.text, "r1 r2 ");
	l = (struct listing){.stop_after = 1};
	state_each(t, &(struct state_list){STR("acme"), STATE_RULE}, list_id, &l);
	assert_string_equal(l.text, "r1 ");
	txn_end(t);
}

static const char *
page_of(struct fixture *f, const struct state_list *list)
{
	struct listing l = {0};
	struct txn *t = txn_read(f->store, STORE_STATE);

	state_each(t, list, list_id, &l);
	assert_null(txn_error(t));
	txn_end(t);
	return arena_cstr(f->arena, str_of(l.text));
}

static void
a_page_begins_after_an_id_and_ends_at_its_limit(void **state)
{
	struct fixture *f = *state;
	struct state_list list = {STR("acme"), STATE_RULE, .max = 2};
	char id[200] = {0};

	change(f, "acme.rule.r", "x", 1);
	change(f, "acme.rule.r-1", "x", 2);
	change(f, "acme.rule.r1", "x", 3);
	change(f, "acme.rule.s", "x", 4);
	change(f, "acme-2.rule.a", "x", 5);
	assert_string_equal(page_of(f, &list), "r r-1 ");
	list.after = STR("r-1");
	assert_string_equal(page_of(f, &list), "r1 s ");
	list.after = STR("r0"); /* was deleted meanwhile */
	assert_string_equal(page_of(f, &list), "r1 s ");
	list.after = STR("r");
	list.max = 0;
	assert_string_equal(page_of(f, &list), "r-1 r1 s ");
	list.after = STR("s");
	assert_string_equal(page_of(f, &list), "");
	list.after = (struct str){memset(id, 'z', sizeof(id)), sizeof(id)};
	assert_string_equal(page_of(f, &list), "");
	list = (struct state_list){STR("_catalogue"), STATE_TYPE, STR("alert.a"), 1};
	change(f, "_catalogue.type.alert/a", "x", 6);
	change(f, "_catalogue.type.alert/b", "x", 7);
	change(f, "_catalogue.type.alert/c", "x", 8);
	assert_string_equal(page_of(f, &list), "alert.b ");
}

static void
workspaces_are_listed_in_order_from_any_place(void **state)
{
	struct fixture *f = *state;
	struct listing all = {0}, rest = {0}, gap = {0};

	change(f, "acme.workspace.acme", "x", 1);
	change(f, "acme_x.workspace.acme_x", "x", 2);
	change(f, "acme-2.workspace.acme-2", "x", 3);
	change(f, "ghost.rule.r1", "x", 4); /* has no record of its own */
	change(f, "zed.workspace.zed", "x", 5);
	struct txn *t = txn_read(f->store, STORE_STATE);
	state_each_workspace(t, STR(""), list_id, &all);
	assert_string_equal(all.text, "acme acme-2 acme_x zed ");
	state_each_workspace(t, STR("acme"), list_id, &rest);
	assert_string_equal(rest.text, "acme-2 acme_x zed ");
	state_each_workspace(t, STR("bob"), list_id, &gap);
	assert_string_equal(gap.text, "zed ");
	txn_end(t);
}

static bool
fill_position(struct txn *t, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	store_set_applied(t, 42);
	store_set_stream_id(t, STR("2026-04-17T16:02:00Z"));
	return true;
}

static void
position_and_stream_are_remembered_for_each_environment(void **state)
{
	struct fixture *f = *state;

	write_store(f->store, STORE_STATE, fill_position, NULL);
	struct txn *s = txn_read(f->store, STORE_STATE);
	struct txn *h = txn_read(f->store, STORE_HISTORY);
	assert_int_equal(store_applied(s), 42);
	assert_true(str_eq(store_stream_id(s, f->arena), STR("2026-04-17T16:02:00Z")));
	assert_int_equal(store_applied(h), 0);
	assert_int_equal(store_stream_id(h, f->arena).len, 0);
	txn_end(h);
	txn_end(s);
}

static void
an_id_that_is_too_long_is_not_found(void **state)
{
	char id[300];

	memset(id, 'a', sizeof(id));
	assert_string_equal(
	    look(*state, STR("acme"), STATE_RULE, (struct str){id, sizeof(id)}), "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(an_older_revision_changes_nothing),
	    STORE_TEST(a_deleted_record_is_not_raised_by_an_older_put),
	    STORE_TEST(the_dots_of_an_event_type_survive_the_kv_key),
	    cmocka_unit_test(the_longest_key_fits_its_buffer),
	    STORE_TEST(keys_of_others_are_not_ours_and_change_nothing),
	    STORE_TEST(workspaces_with_like_names_do_not_mix),
	    STORE_TEST(a_page_begins_after_an_id_and_ends_at_its_limit),
	    STORE_TEST(workspaces_are_listed_in_order_from_any_place),
	    STORE_TEST(position_and_stream_are_remembered_for_each_environment),
	    STORE_TEST(an_id_that_is_too_long_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
