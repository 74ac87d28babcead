#include "unit/registry/rules_fixture.h"

#include "carillon/base/records.h"
#include "flow/moves.h"

static struct str
rule(struct fixture *f, const char *connection, const char *channel, bool active,
    const char *name)
{
	rule_record r = rule_of("r1", "");

	r.connection = (char *)(uintptr_t)connection;
	r.channel = (char *)(uintptr_t)channel;
	r.active = active;
	r.name = (char *)(uintptr_t)name;
	return record_pack(f->arena, &r);
}

static void
a_rule_moves_with_its_channel_connection_and_switch(void **state)
{
	struct fixture *f = *state;
	const struct str was = rule(f, "main", "C1", true, "one");

	assert_false(moves_matter(STATE_RULE, was, was));
	assert_false(moves_matter(STATE_RULE, was, rule(f, "main", "C1", true, "two")));
	assert_true(moves_matter(STATE_RULE, was, rule(f, "main", "C2", true, "one")));
	assert_true(moves_matter(STATE_RULE, was, rule(f, "other", "C1", true, "one")));
	assert_true(moves_matter(STATE_RULE, was, rule(f, "main", "C1", false, "one")));
	assert_true(moves_matter(STATE_RULE, was, STR("")));
	assert_true(moves_matter(STATE_RULE, was, STR("\xff what nobody can read")));
	assert_false(moves_matter(STATE_RULE, STR(""), was)); /* new: nothing waits for it */
	assert_false(moves_matter(STATE_TYPE, was, STR("")));
}

static void
a_connection_moves_with_its_state(void **state)
{
	struct fixture *f = *state;
	connection_record c;
	struct str was, renamed, off;

	carillon__v1__connection__init(&c);
	c.id = TEXT("main");
	c.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_ACTIVE;
	was = record_pack(f->arena, &c);
	c.name = TEXT("another name");
	renamed = record_pack(f->arena, &c);
	c.status = CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED;
	off = record_pack(f->arena, &c);
	assert_false(moves_matter(STATE_CONNECTION, was, renamed));
	assert_true(moves_matter(STATE_CONNECTION, was, off));
	assert_true(moves_matter(STATE_CONNECTION, was, STR("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    STORE_TEST(a_rule_moves_with_its_channel_connection_and_switch),
	    STORE_TEST(a_connection_moves_with_its_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
