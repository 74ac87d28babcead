#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "broker/private.h"

#include <cmocka.h>
#undef fail /* ours is another */

/* As a consumer of the state bucket hands it out, with what was done to the key. */
static bool
take(struct broker_message *out, const char *reply, const char *operation)
{
	struct ack_info ack;
	natsMsg *msg = NULL;

	assert_int_equal(
	    natsMsg_Create(&msg, "$KV.carillon_state.acme.rule.r1", reply, "x", 1), NATS_OK);
	if (operation != NULL)
		assert_int_equal(natsMsgHeader_Set(msg, "KV-Operation", operation), NATS_OK);
	if (message_take(out, msg, &ack))
		return true;
	natsMsg_Destroy(msg);
	return false;
}

static const char reply[] = "$JS.ACK.KV_carillon_state.dispatch-0.2.7.9.1700000000123456789.4";

static void
a_message_has_what_its_reply_says(void **state)
{
	struct broker_message m;

	(void)state;
	assert_true(take(&m, reply, NULL));
	assert_int_equal(m.seq, 7);
	assert_int_equal(m.deliveries, 2);
	assert_int_equal(m.pending, 4);
	assert_int_equal(m.stored_at.ms, 1700000000123);
	assert_false(m.is_delete);
	broker_message_free(&m);
}

static void
a_record_is_deleted_or_purged(void **state)
{
	const char *const gone[] = {"DEL", "PURGE"};
	struct broker_message m;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(gone); i++) {
		assert_true(take(&m, reply, gone[i]));
		assert_true(m.is_delete);
		broker_message_free(&m);
	}
	assert_true(take(&m, reply, "PUT"));
	assert_false(m.is_delete);
	broker_message_free(&m);
}

static void
what_no_consumer_handed_out_is_not_taken(void **state)
{
	struct broker_message m;

	(void)state;
	assert_false(take(&m, "_INBOX.abc", NULL));
	assert_false(take(&m, NULL, NULL));
}

static int
open_library(void **state)
{
	(void)state;
	return nats_Open(-1) == NATS_OK ? 0 : -1;
}

static int
close_library(void **state)
{
	(void)state;
	return nats_CloseAndWait(0) == NATS_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_has_what_its_reply_says),
	    cmocka_unit_test(a_record_is_deleted_or_purged),
	    cmocka_unit_test(what_no_consumer_handed_out_is_not_taken),
	};

	return cmocka_run_group_tests(tests, open_library, close_library);
}
