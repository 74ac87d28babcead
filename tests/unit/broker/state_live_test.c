/* The state bucket against a real nats-server. */
#include "live_broker.h"

static bool
stream_update(struct broker *b, const char *name, const char *subject, const char *window_ns)
{
	char at[API_SUBJECT_MAX], body[400];
	struct api_reply r = {0};

	snprintf(at, sizeof at, "STREAM.UPDATE.%s", name);
	snprintf(body, sizeof body,
	    "{\"name\":\"%s\",\"subjects\":[\"%s\"],\"storage\":\"file\","
	    "\"allow_direct\":true,\"deny_purge\":true,\"num_replicas\":1,"
	    "\"discard\":\"new\",\"max_msgs_per_subject\":20,\"duplicate_window\":%s}",
	    name, subject, window_ns);
	bool ok = api_call(b, at, str_of(body), &r, &e);
	api_reply_free(&r);
	return ok;
}

static void
state_is_written_by_compare_and_set(void **state)
{
	struct broker *b = broker_ready("cas");
	uint64_t first = 0, second = 0;

	(void)state;
	OK(key_put(b, "acme.rule.r1", STR("one"), 0, &first));
	REFUSED(ERR_CONFLICT, key_put(b, "acme.rule.r1", STR("x"), 0, &second));
	OK(key_put(b, "acme.rule.r1", STR("two"), first, &second));
	assert_true(second > first);
	REFUSED(ERR_CONFLICT, key_put(b, "acme.rule.r1", STR("x"), first, &second));
	assert_non_null(strstr(e.text, "acme.rule.r1 was changed by somebody else"));
	REFUSED(ERR_CONFLICT, key_delete(b, "acme.rule.r1", first, NULL));
	broker_close(b);
}

/* As happens when the PubAck of the first was lost. */
static void
a_state_write_sent_twice_is_no_conflict_with_itself(void **state)
{
	struct broker *b = broker_ready("echo");
	struct publish_request write = {.subject = "$KV.echo_state.acme.rule.r1",
	    .msg_id = "put-1",
	    .bytes = STR("one"),
	    .has_expected = true,
	    .stream = STREAM_STATE,
	    .wait_ms = WAIT_MS};
	uint64_t first = 0, second = 0;

	(void)state;
	OK(publish_and_wait(b, &write, &first, &e));
	OK(publish_and_wait(b, &write, &second, &e));
	assert_int_equal(first, second);
	broker_close(b);
}

static void
the_state_bucket_is_one_that_other_clients_read(void **state)
{
	struct broker *b = broker_ready("kv");
	uint64_t revision = 0;
	kvEntry *entry = NULL;
	kvStore *kv = NULL;
	jsCtx *js = NULL;

	(void)state;
	OK(key_put(b, "acme.rule.r1", STR("one"), 0, &revision));
	assert_int_equal(natsConnection_JetStream(&js, b->nc, NULL), NATS_OK);
	assert_int_equal(js_KeyValue(&kv, js, "kv_state"), NATS_OK);
	assert_int_equal(kvStore_Get(&entry, kv, "acme.rule.r1"), NATS_OK);
	assert_int_equal(kvEntry_Revision(entry), revision);
	assert_string_equal(kvEntry_ValueString(entry), "one");
	kvEntry_Destroy(entry);
	OK(key_delete(b, "acme.rule.r1", revision, NULL));
	assert_int_equal(kvStore_Get(&entry, kv, "acme.rule.r1"), NATS_NOT_FOUND);
	kvStore_Destroy(kv);
	jsCtx_Destroy(js);
	broker_close(b);
}

static void
a_deleted_key_can_be_made_again(void **state)
{
	struct broker *b = broker_ready("again");
	struct broker_message m;
	uint64_t rev = 0, deleted = 0, again = 0;

	(void)state;
	OK(key_put(b, "acme.rule.r1", STR("one"), 0, &rev));
	OK(key_delete(b, "acme.rule.r1", rev, &deleted));
	OK(broker_get(b, STREAM_STATE, deleted, &m, &e));
	assert_true(m.is_delete);
	assert_true(str_eq(broker_state_key(b, m.subject), STR("acme.rule.r1")));
	broker_message_free(&m);
	OK(key_put(b, "acme.rule.r1", STR("two"), 0, &again));
	assert_true(again > deleted);
	REFUSED(ERR_CONFLICT, key_put(b, "acme.rule.r1", STR("x"), 0, NULL));
	broker_close(b);
}

/*
 * A server that compares before it looks for repeats says "wrong last sequence" to a write that
 * it has already. So does any that has forgotten the id.
 */
static void
a_write_that_the_server_does_not_know_again_is_found_to_be_stored(void **state)
{
	struct broker *b = broker_ready("ours");
	struct publish_request write = {.subject = "$KV.ours_state.acme.rule.r1",
	    .msg_id = "put-1",
	    .bytes = STR("one"),
	    .has_expected = true,
	    .stream = STREAM_STATE,
	    .wait_ms = WAIT_MS};
	struct publish_request after = {.subject = "ours.history.0",
	    .msg_id = "batch-1",
	    .bytes = STR("one"),
	    .has_expected = true,
	    .is_stream_expected = true,
	    .stream = STREAM_HISTORY,
	    .wait_ms = WAIT_MS};
	uint64_t first = 0, second = 0, other = 0;

	(void)state;
	OK(stream_update(b, "KV_ours_state", "$KV.ours_state.>", "100000000"));
	OK(stream_update(b, "OURS_HISTORY", "ours.history.>", "100000000"));
	OK(publish_and_wait(b, &write, &first, &e));
	OK(publish_and_wait(b, &after, &second, &e));
	live_sleep_ms(1000); /* more than it remembers ids */
	OK(publish_and_wait(b, &write, &other, &e));
	assert_int_equal(other, first);
	OK(publish_and_wait(b, &after, &other, &e));
	assert_int_equal(other, second);
	/* Also when somebody has written since. */
	OK(key_put(b, "acme.rule.r1", STR("two"), first, NULL));
	OK(publish_and_wait(b, &write, &other, &e));
	assert_int_equal(other, first);
	/* What was never stored is a conflict, whoever is behind. */
	write.msg_id = "put-2";
	REFUSED(ERR_CONFLICT, publish_and_wait(b, &write, &other, &e));
	after.msg_id = "batch-2";
	REFUSED(ERR_CONFLICT, publish_and_wait(b, &after, &other, &e));
	after.expected = 99;
	REFUSED(ERR_CONFLICT, publish_and_wait(b, &after, &other, &e));
	broker_close(b);
}

/* --- who did it, and what was --- */

struct told {
	char text[2048];
	int stop_after;
	wall_t newest;
};

static bool
note_revision(const struct broker_message *m, void *arg)
{
	struct told *t = arg;
	size_t len = strlen(t->text);

	assert_true(t->newest.ms == 0 || m->stored_at.ms <= t->newest.ms);
	t->newest = m->stored_at;
	snprintf(t->text + len, sizeof t->text - len, "%.*s%s by %.*s; ", STR_ARG(m->data),
	    m->is_delete ? "deleted" : "", STR_ARG(m->by));
	return --t->stop_after != 0;
}

static void
a_key_tells_what_it_was_and_who_changed_it(void **state)
{
	struct broker *b = broker_ready("who");
	struct told all = {0}, newest = {.stop_after = 2}, none = {0};
	uint64_t revision = 0;

	(void)state;
	OK(broker_state_put(b,
	    &(struct state_change){
		"acme.rule.r1", STR("one"), 0, STR("session:u_7;role=admin;ip=192.0.2.7")},
	    &revision, &e));
	OK(key_put(b, "acme.rule.r11", STR("other"), 0, NULL));
	OK(key_put(b, "acme.rule.r1", STR("two"), revision, &revision));
	OK(broker_state_delete(b,
	    &(struct state_change){
		.key = "acme.rule.r1", .expected = revision, .by = STR("key:ops")},
	    &revision, &e));
	OK(broker_state_put(b,
	    &(struct state_change){"acme.rule.r1", STR("three"), 0, STR("cli:J\303\274rgen")},
	    &revision, &e));
	OK(broker_state_history(b, "acme.rule.r1", note_revision, &all, &e));
	assert_string_equal(all.text,
	    "three by cli:J\303\274rgen; deleted by key:ops; two by ; one by "
	    "session:u_7;role=admin;ip=192.0.2.7; ");
	OK(broker_state_history(b, "acme.rule.r1", note_revision, &newest, &e));
	assert_string_equal(newest.text, "three by cli:J\303\274rgen; deleted by key:ops; ");
	OK(broker_state_history(b, "acme.rule.r2", note_revision, &none, &e));
	assert_string_equal(none.text, "");
	REFUSED(ERR_INPUT, broker_state_history(b, "acme.rule.*", note_revision, &none, &e));
	REFUSED(ERR_INPUT, broker_state_history(b, "acme.>", note_revision, &none, &e));
	broker_close(b);
}

static void
of_many_revisions_the_newest_twenty_are_told(void **state)
{
	struct broker *b = broker_ready("many");
	struct told t = {0};
	uint64_t revision = 0;
	char text[16], want[1024] = "";

	(void)state;
	for (int i = 1; i <= 30; i++) {
		snprintf(text, sizeof text, "v%d", i);
		OK(key_put(b, "acme.rule.r1", str_of(text), revision, &revision));
	}
	for (int i = 30; i > 10; i--)
		snprintf(want + strlen(want), sizeof want - strlen(want), "v%d by ; ", i);
	OK(broker_state_history(b, "acme.rule.r1", note_revision, &t, &e));
	assert_string_equal(t.text, want);
	broker_close(b);
}

static void
an_author_is_one_line(void **state)
{
	static const char *const wrong[] = {
	    "a\r\nNats-Msg-Id: x", "a\nb", "a\tb", "\177", "\303", "\033[2J"};
	struct broker *b = broker_ready("line");
	struct state_change c = {"acme.rule.r1", STR("one")};
	struct stream_info info;
	char text[STATE_BY_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		c.by = str_of(wrong[i]);
		REFUSED(ERR_INPUT, broker_state_put(b, &c, NULL, &e));
		REFUSED(ERR_INPUT, broker_state_delete(b, &c, NULL, &e));
	}
	c.by = (struct str){memset(text, 'a', sizeof text), sizeof text};
	REFUSED(ERR_INPUT, broker_state_put(b, &c, NULL, &e));
	OK(broker_stream_info(b, STREAM_STATE, &info, &e));
	assert_int_equal(info.messages, 0);
	c.by.len = STATE_BY_MAX;
	OK(broker_state_put(b, &c, NULL, &e));
	broker_close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(state_is_written_by_compare_and_set),
	    TEST(a_state_write_sent_twice_is_no_conflict_with_itself),
	    TEST(a_write_that_the_server_does_not_know_again_is_found_to_be_stored),
	    TEST(the_state_bucket_is_one_that_other_clients_read),
	    TEST(a_deleted_key_can_be_made_again),
	    TEST(a_key_tells_what_it_was_and_who_changed_it),
	    TEST(of_many_revisions_the_newest_twenty_are_told),
	    TEST(an_author_is_one_line),
	};

	if (!live_program()) {
		fprintf(stderr, "SKIPPED: no nats-server; apt install nats-server\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, server_up, server_down);
}
