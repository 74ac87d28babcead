/* Who changed a record, and what it was, against a real nats-server. */
#include <stdlib.h>

#include "unit/broker/live_broker.h"

#include "carillon/registry/registry.h"

struct bench {
	char dir[64];
	struct broker *broker;
	struct store *store;
	struct registry *registry;
	struct arena *arena;
};

static void
bench_open(struct bench *x, const char *prefix)
{
	*x = (struct bench){.dir = "/tmp/carillon-registry-XXXXXX"};
	assert_non_null(mkdtemp(x->dir));
	x->arena = arena_new(0);
	x->broker = broker_ready(prefix);
	OK(store_open(&x->store,
	    &(struct store_options){.dir = x->dir, .state_map_mb = 1, .history_map_mb = 1},
	    &e));
	x->registry = registry_new(x->broker, x->store);
}

static void
bench_close(struct bench *x)
{
	registry_free(x->registry);
	store_close(x->store);
	store_remove(x->dir);
	broker_close(x->broker);
	arena_free(x->arena);
}

static void
put_name(struct bench *x, const char *name, const char *by)
{
	workspace_record w = CARILLON__V1__WORKSPACE__INIT;
	uint64_t revision = 0;

	(void)registry_workspace(x->registry, x->arena, STR("acme"), &revision, &e);
	w.id = (char *)(uintptr_t) "acme";
	w.name = (char *)(uintptr_t)name;
	registry_set_author(x->registry, str_of(by));
	OK(registry_put_workspace(x->registry, &w, revision, &e));
}

static bool
note(const struct registry_revision *v, void *arg)
{
	char *text = arg;
	const workspace_record *w = v->record;
	size_t len = strlen(text);

	assert_true(v->revision > 0 && v->at.ms > INT64_C(1500000000000));
	snprintf(text + len, 1024 - len, "%s by %.*s; ",
	    v->is_delete ? "-"
	    : w          ? w->name
			 : "unreadable",
	    STR_ARG(v->by));
	return true;
}

static void
a_record_tells_what_it_was_and_who_changed_it(void **state)
{
	const struct stored_key key = {STR("acme"), STATE_WORKSPACE, STR("acme")};
	char text[1024] = "";
	struct bench x;

	(void)state;
	bench_open(&x, "record");
	put_name(&x, "Acme", "key:k1");
	put_name(&x, "Acme Inc", "session:u_7;role=owner");
	registry_set_author(x.registry, STR("cli:ops"));
	OK(registry_delete_workspace(x.registry, STR("acme"), &e));
	OK(broker_state_put(x.broker,
	    &(struct state_change){"acme.workspace.acme", STR("\377\377")}, NULL, &e));
	OK(registry_history(x.registry, x.arena, &key, note, text, &e));
	assert_string_equal(text,
	    "unreadable by ; - by cli:ops; Acme Inc by session:u_7;role=owner; Acme by "
	    "key:k1; ");
	bench_close(&x);
}

static void
an_id_from_outside_is_no_pattern(void **state)
{
	static const char *const wrong[] = {"*", ">", "", "a b", "a*"};
	char text[1024] = "", longer[200];
	struct bench x;

	(void)state;
	bench_open(&x, "pattern");
	put_name(&x, "Acme", "");
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct stored_key key = {STR("acme"), STATE_WORKSPACE, str_of(wrong[i])};
		REFUSED(ERR_INPUT, registry_history(x.registry, x.arena, &key, note, text, &e));
		key = (struct stored_key){str_of(wrong[i]), STATE_WORKSPACE, STR("acme")};
		REFUSED(ERR_INPUT, registry_history(x.registry, x.arena, &key, note, text, &e));
	}
	memset(longer, 'a', sizeof longer);
	REFUSED(ERR_INPUT,
	    registry_history(x.registry, x.arena,
		&(struct stored_key){STR("acme"), STATE_RULE, {longer, sizeof longer}}, note,
		text, &e));
	OK(registry_history(x.registry, x.arena,
	    &(struct stored_key){STR("acme"), STATE_RULE, STR("none")}, note, text, &e));
	assert_string_equal(text, "");
	bench_close(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_record_tells_what_it_was_and_who_changed_it),
	    TEST(an_id_from_outside_is_no_pattern),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, server_up, server_down);
}
