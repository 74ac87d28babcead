#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "carillon/registry/words.h"

#include <cmocka.h>

static void
every_number_is_found_by_its_word(void **state)
{
	const struct words *const all[] = {&connection_status_words, &on_unknown_words,
	    &on_message_error_words, &on_burst_words, &replay_action_words,
	    &replay_status_words, &event_status_words, &delivery_state_words, &outcome_words,
	    &repair_words};
	int number;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(all); i++)
		for (int n = 0; n < all[i]->n; n++) {
			assert_true(word_number(all[i], str_of(word_of(all[i], n)), &number));
			assert_int_equal(number, n);
		}
	assert_false(word_number(&on_burst_words, STR("drop"), &number));
}

/* The words are in the order of the numbers that are stored. */
static void
words_are_those_of_their_numbers(void **state)
{
	(void)state;
	assert_string_equal(word_of(&connection_status_words,
				CARILLON__V1__CONNECTION_STATUS__CONNECTION_STATUS_DISABLED),
	    "disabled");
	assert_string_equal(
	    word_of(&on_burst_words, CARILLON__V1__ON_BURST__ON_BURST_DROP_OLDEST),
	    "drop-oldest");
	assert_string_equal(
	    word_of(&replay_status_words, CARILLON__V1__REPLAY_STATUS__REPLAY_STATUS_CANCELED),
	    "canceled");
	assert_string_equal(
	    word_of(&event_status_words, CARILLON__V1__EVENT_STATUS__EVENT_STATUS_FAILED),
	    "failed");
	assert_string_equal(word_of(&delivery_state_words, DELIVERY_SKIPPED), "skipped");
	assert_string_equal(word_of(&outcome_words, OUTCOME_TIMEOUT), "timeout");
	assert_string_equal(word_of(&repair_words, REPAIR_INVITE), "invite");
	assert_int_equal(outcome_words.n, OUTCOMES);
	assert_int_equal(repair_words.n, REPAIRS);
	assert_int_equal(delivery_state_words.n, DELIVERY_STATES);
}

static void
a_number_of_a_newer_version_has_the_first_word(void **state)
{
	(void)state;
	assert_string_equal(word_of(&outcome_words, 200), "none");
	assert_string_equal(word_of(&outcome_words, -1), "none");
	assert_string_equal(word_of(&on_burst_words, 3), "queue");
}

static void
the_words_are_told_and_the_nearest_found(void **state)
{
	char text[WORDS_TEXT_MAX];

	(void)state;
	assert_string_equal(words_text(&on_burst_words, text), "queue, digest or drop-oldest");
	assert_true(str_eq(word_nearest(&on_burst_words, STR("digets")), STR("digest")));
	assert_int_equal(word_nearest(&on_burst_words, STR("loud")).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_number_is_found_by_its_word),
	    cmocka_unit_test(words_are_those_of_their_numbers),
	    cmocka_unit_test(a_number_of_a_newer_version_has_the_first_word),
	    cmocka_unit_test(the_words_are_told_and_the_nearest_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
