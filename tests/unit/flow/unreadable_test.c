#include "unit/registry/rules_fixture.h"

#include "carillon/registry/registry.h"
#include "flow/unreadable.h"

struct told {
	char text[300];
	int n;
};

static void
tell(const struct stored *s, void *arg)
{
	struct told *t = arg;
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%.*s/%.*s ", STR_ARG(s->key.workspace),
	    STR_ARG(s->key.id));
	t->n++;
}

static const char *
scanned(struct unreadable *u, struct told *t)
{
	*t = (struct told){0};
	while (unreadable_scan(u, tell, t))
		continue;
	return t->text;
}

static const char *
looked(struct unreadable *u, const char *workspace, enum state_kind kind, const char *id,
    struct told *t)
{
	const struct stored_key key = {str_of(workspace), kind, str_of(id)};

	*t = (struct told){0};
	unreadable_look(u, &key, tell, t);
	return t->text;
}

static void
what_was_there_is_told_once(void **state)
{
	struct fixture *f = *state;
	struct unreadable *u = unreadable_new(f->store);
	struct told t;

	for (int i = 0; i < 200; i++) {
		char id[16];

		snprintf(id, sizeof(id), "w%03d", i);
		put_workspace(f, id);
	}
	put_garbage(f, "_catalogue", STATE_TYPE, "a.b", "\xff");
	put_garbage(f, "w000", STATE_RULE, "r", "\xff");
	put_garbage(f, "w150", STATE_CONNECTION, "slack", "\xff");
	put_garbage(f, "w199", STATE_WORKSPACE, "w199", "\xff");
	assert_string_equal(scanned(u, &t), "_catalogue/a.b w000/r w150/slack w199/w199 ");
	assert_string_equal(looked(u, "w000", STATE_RULE, "r", &t), "");
	unreadable_free(u);
}

static void
what_changes_is_told_until_it_can_be_read_again(void **state)
{
	struct fixture *f = *state;
	struct unreadable *u = unreadable_new(f->store);
	struct told t;

	put_workspace(f, "acme");
	put_garbage(f, "acme", STATE_RULE, "r", "\xff");
	assert_string_equal(looked(u, "acme", STATE_RULE, "r", &t), "acme/r ");
	put_garbage(f, "acme", STATE_RULE, "r", "\xff\xff");
	assert_string_equal(looked(u, "acme", STATE_RULE, "r", &t), "");
	put_rule(f, "acme", "r", "");
	assert_string_equal(looked(u, "acme", STATE_RULE, "r", &t), "");
	put_garbage(f, "acme", STATE_RULE, "r", "\xff");
	assert_string_equal(looked(u, "acme", STATE_RULE, "r", &t), "acme/r ");
	put_record(f, "acme", STATE_RULE, "r", NULL);
	assert_string_equal(looked(u, "acme", STATE_RULE, "r", &t), "");
	unreadable_free(u);
}

static void
a_list_that_grows_beyond_its_limit_is_looked_at_whole(void **state)
{
	struct fixture *f = *state;
	struct unreadable *u = unreadable_new(f->store);
	struct told t;

	put_workspace(f, "acme");
	for (int i = 0; i < RULES_MAX; i++) {
		char id[16];

		snprintf(id, sizeof(id), "r%03d", i);
		put_rule(f, "acme", id, "");
	}
	assert_string_equal(looked(u, "acme", STATE_RULE, "r000", &t), "");
	put_rule(f, "acme", "a", ""); /* first in their order: the last is beyond */
	assert_string_equal(looked(u, "acme", STATE_RULE, "a", &t), "acme/r255 ");
	unreadable_free(u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(what_was_there_is_told_once),
	    STORE_TEST(what_changes_is_told_until_it_can_be_read_again),
	    STORE_TEST(a_list_that_grows_beyond_its_limit_is_looked_at_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
