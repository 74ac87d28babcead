#include "carillon/store/key_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60000, WINDOW = 10 * MINUTE };

static struct key_news
news(enum key_event event, uint64_t seq, int64_t at_ms)
{
	struct key_news n = {.event = event,
	    .message = {.seq = seq, .at = {at_ms}, .connection = "main", .channel = "C1"},
	    .posted_at = {at_ms}};

	snprintf(n.message.id, sizeof(n.message.id), "m%llu", (unsigned long long)seq);
	return n;
}

static void
note(struct key_life *k, enum key_use use, enum key_event event, uint64_t seq)
{
	const struct key_news n = news(event, seq, (int64_t)seq * MINUTE);

	key_life_note(k, use, &n);
}

static struct key_question
question(uint64_t seq)
{
	return (struct key_question){.seq = seq,
	    .connection = STR("main"),
	    .channel = STR("C1"),
	    .at = {(int64_t)seq * MINUTE},
	    .age_ms = WINDOW};
}

static enum key_answer
ask(const struct key_life *k, enum key_use use, uint64_t seq)
{
	const struct key_question q = question(seq);

	return key_life_ask(k, use, &q);
}

static enum key_answer
ask_taken(const struct key_life *k, enum key_use use, uint64_t seq)
{
	struct key_question q = question(seq);

	q.is_taken = true;
	return key_life_ask(k, use, &q);
}

static void
an_older_event_never_comes_after_a_newer_one(void **state)
{
	struct key_life k = {0};

	(void)state;
	assert_int_equal(ask(&k, KEY_UPDATE, 5), KEY_FREE);
	note(&k, KEY_UPDATE, KEY_APPEARED, 5);
	assert_int_equal(ask(&k, KEY_UPDATE, 4), KEY_OUTDATED);
	assert_int_equal(ask(&k, KEY_UPDATE, 5), KEY_FOLLOWS); /* asked for again */
	assert_int_equal(ask(&k, KEY_UPDATE, 6), KEY_FOLLOWS);
	note(&k, KEY_UPDATE, KEY_OPEN, 8);
	assert_int_equal(ask(&k, KEY_UPDATE, 7), KEY_OUTDATED);
	assert_int_equal(key_life_newer(&k), 8);
	note(&k, KEY_UPDATE, KEY_GIVEN_UP, 8); /* then it is the newest that can be shown */
	assert_int_equal(ask(&k, KEY_UPDATE, 7), KEY_FOLLOWS);
	note(&k, KEY_UPDATE, KEY_TOLD, 9); /* in a digest it was read, too */
	assert_int_equal(ask(&k, KEY_UPDATE, 7), KEY_OUTDATED);
	assert_int_equal(ask(&k, KEY_UPDATE, 10), KEY_FOLLOWS);
	assert_string_equal(k.shown.id, "m5");
}

static void
an_older_record_that_comes_late_takes_nothing_back(void **state)
{
	(void)state;
	for (enum key_use use = KEY_UPDATE; use <= KEY_DEDUPE; use++) {
		struct key_life k = {0};

		note(&k, use, KEY_APPEARED, 5);
		note(&k, use, KEY_OPEN, 4);
		note(&k, use, KEY_OPEN, 5); /* asked for again */
		assert_int_equal(k.wanted, 0);
		note(&k, use, KEY_APPEARED, 4);
		assert_string_equal(k.shown.id, "m5");
	}
}

static void
one_request_of_a_key_is_on_its_way(void **state)
{
	struct key_life k = {0};

	(void)state;
	for (enum key_use use = 0; use < KEY_USES; use++)
		assert_int_equal(ask_taken(&k, use, 5), KEY_WAITS);
	note(&k, KEY_THREAD, KEY_APPEARED, 4);
	assert_int_equal(ask_taken(&k, KEY_THREAD, 5), KEY_WAITS);
	assert_int_equal(ask(&k, KEY_THREAD, 5), KEY_FOLLOWS);
}

static void
what_never_appeared_is_no_first_message(void **state)
{
	struct key_life k = {0};

	(void)state;
	note(&k, KEY_DEDUPE, KEY_OPEN, 3);
	assert_int_equal(ask(&k, KEY_DEDUPE, 3), KEY_FREE);
	assert_int_equal(ask(&k, KEY_DEDUPE, 4), KEY_WAITS);
	note(&k, KEY_DEDUPE, KEY_GIVEN_UP, 3);
	assert_int_equal(ask(&k, KEY_DEDUPE, 4), KEY_FREE);
	note(&k, KEY_DEDUPE, KEY_APPEARED, 4);
	assert_int_equal(ask(&k, KEY_DEDUPE, 5), KEY_REPEATS);
	assert_int_equal(ask(&k, KEY_DEDUPE, 13), KEY_REPEATS);
	assert_int_equal(ask(&k, KEY_DEDUPE, 14), KEY_FREE); /* the window is over */
}

static void
repeats_are_counted_exactly(void **state)
{
	struct key_life k = {0};
	struct key_news n = news(KEY_COUNTED, 5, 0);

	(void)state;
	note(&k, KEY_DEDUPE, KEY_OPEN, 4);
	note(&k, KEY_DEDUPE, KEY_APPEARED, 4);
	n.repeat_of = 4;
	n.count = 2;
	key_life_note(&k, KEY_DEDUPE, &n);
	n.count = 1; /* written later, of an earlier one */
	key_life_note(&k, KEY_DEDUPE, &n);
	assert_int_equal(k.count, 2);
	note(&k, KEY_DEDUPE, KEY_APPEARED, 4); /* its record again */
	assert_int_equal(k.count, 2);
	note(&k, KEY_DEDUPE, KEY_APPEARED, 40);
	key_life_note(&k, KEY_DEDUPE, &n); /* of the first */
	assert_int_equal(k.count, 0);
}

static void
a_message_is_of_its_channel(void **state)
{
	struct key_life k = {0};
	struct key_question q = question(5);

	(void)state;
	for (enum key_use use = 0; use < KEY_USES; use++) {
		k = (struct key_life){0};
		note(&k, use, KEY_APPEARED, 4);
		q.channel = STR("C2");
		assert_int_equal(key_life_ask(&k, use, &q), KEY_FREE);
		q.channel = STR("C1");
		q.connection = STR("other");
		assert_int_equal(key_life_ask(&k, use, &q), KEY_FREE);
		q.connection = STR("main");
		assert_int_not_equal(key_life_ask(&k, use, &q), KEY_FREE);
	}
}

static void
a_digest_is_nobodys_message(void **state)
{
	struct key_life k = {0};

	(void)state;
	note(&k, KEY_THREAD, KEY_TOLD, 4);
	assert_int_equal(ask(&k, KEY_THREAD, 5), KEY_FREE);
	note(&k, KEY_UPDATE, KEY_TOLD, 4);
	assert_int_equal(ask(&k, KEY_UPDATE, 5), KEY_FREE);
	k = (struct key_life){0};
	note(&k, KEY_DEDUPE, KEY_TOLD, 4); /* but it was read */
	assert_int_equal(ask(&k, KEY_DEDUPE, 5), KEY_REPEATS);
}

static void
the_last_message_that_stands_by_itself_is_what_replies_go_under(void **state)
{
	struct key_life k = {0};

	(void)state;
	note(&k, KEY_THREAD, KEY_APPEARED, 6);
	note(&k, KEY_THREAD, KEY_REPLIED, 7);
	assert_string_equal(k.shown.id, "m6");
	note(&k, KEY_THREAD, KEY_APPEARED, 5); /* the first was deleted: this is the new one */
	assert_string_equal(k.shown.id, "m5");
}

static void
what_is_forgotten_is_known_no_more(void **state)
{
	struct key_life k = {0};

	(void)state;
	note(&k, KEY_UPDATE, KEY_APPEARED, 4);
	note(&k, KEY_UPDATE, KEY_OPEN, 5);
	assert_false(key_life_forget(&k, 4));
	assert_int_equal(k.shown.seq, 0);
	assert_true(key_life_forget(&k, 5));
}

/* --- random histories, against who remembers everything --- */

enum { EVENTS = 12, ROUNDS = 4000, STEPS = 120 };

enum fate { FATE_NEW, FATE_OPEN, FATE_FLYING, FATE_SHOWN, FATE_GIVEN_UP, FATE_SKIPPED };

/* All that happened to the events of one key, in one channel. */
struct naive {
	enum fate fate[EVENTS + 1];
	uint64_t message;     /* that the channel shows now; 0: none */
	int posts, in_flight; /* messages made; requests on their way */
	uint64_t newest_shown;
};

static bool
is_over(enum fate f)
{
	return f >= FATE_SHOWN;
}

/* What must hold of an answer, said from the whole history. */
static void
judge_answer(const struct naive *w, enum key_use use, uint64_t seq, enum key_answer is)
{
	bool newer = false, shown = false, other_open = false;

	for (uint64_t i = 1; i <= EVENTS; i++) {
		const enum fate f = w->fate[i];

		newer = newer ||
		        (i > seq && f != FATE_NEW && f != FATE_GIVEN_UP && f != FATE_SKIPPED);
		shown = shown || (i != seq && f == FATE_SHOWN);
		other_open = other_open || (i != seq && (f == FATE_OPEN || f == FATE_FLYING));
	}
	if (is == KEY_FREE || is == KEY_FOLLOWS) {
		assert_int_equal(w->in_flight, 0);
		assert_true(use != KEY_UPDATE || w->newest_shown <= seq);
		assert_true(use == KEY_DEDUPE || (is == KEY_FOLLOWS) == (w->message != 0));
	}
	if (is == KEY_OUTDATED)
		assert_true(newer);
	if (is == KEY_REPEATS || (use == KEY_DEDUPE && shown))
		assert_true(shown && is == KEY_REPEATS);
	if (is == KEY_WAITS)
		assert_true(w->in_flight > 0 || other_open);
}

static void
launch(struct naive *w, struct key_life *k, enum key_use use, uint64_t seq)
{
	struct key_question q = question(seq);
	enum key_answer is;

	q.age_ms = 0;
	q.is_taken = w->in_flight > 0;
	is = key_life_ask(k, use, &q);
	judge_answer(w, use, seq, is);
	if (is == KEY_FREE || is == KEY_FOLLOWS) {
		w->fate[seq] = FATE_FLYING;
		w->in_flight++;
	} else if (is == KEY_WAITS) {
		w->fate[seq] = FATE_OPEN;
		if (use == KEY_UPDATE) /* one that waits for a dedupe key stands for nothing */
			note(k, use, KEY_OPEN, seq);
	} else {
		w->fate[seq] = FATE_SKIPPED;
		if (is == KEY_OUTDATED)
			note(k, use, KEY_GIVEN_UP, seq);
	}
}

static void
land(struct naive *w, struct key_life *k, enum key_use use, uint64_t seq)
{
	const bool is_reply = use == KEY_THREAD && w->message != 0;

	w->in_flight--;
	switch (rand() % 3) {
	case 0:
		w->fate[seq] = FATE_OPEN;
		note(k, use, KEY_OPEN, seq);
		return;
	case 1:
		w->fate[seq] = FATE_GIVEN_UP;
		note(k, use, KEY_GIVEN_UP, seq);
		return;
	default:
		w->fate[seq] = FATE_SHOWN;
		assert_true(use != KEY_UPDATE || seq > w->newest_shown);
		w->newest_shown = seq;
		w->posts += w->message == 0 || use == KEY_DEDUPE;
		if (!is_reply)
			w->message = seq;
		note(k, use, is_reply ? KEY_REPLIED : KEY_APPEARED, seq);
	}
}

/* A history of each use: events come in order and are looked at in any. */
static void
live(struct naive *w, struct key_life *k, enum key_use use)
{
	for (int step = 0; step < STEPS; step++) {
		const uint64_t seq = (uint64_t)(rand() % EVENTS + 1);

		if (w->fate[seq] == FATE_FLYING)
			land(w, k, use, seq);
		else if (!is_over(w->fate[seq]) && (seq == 1 || w->fate[seq - 1] != FATE_NEW))
			launch(w, k, use, seq);
	}
}

/* All that is left goes well: then nothing waits for ever, and what is right is shown. */
static void
finish(struct naive *w, struct key_life *k, enum key_use use)
{
	bool is_done = false;

	for (int turn = 0; !is_done; turn++) {
		assert_true(turn < 100 * EVENTS);
		is_done = true;
		for (uint64_t seq = 1; seq <= EVENTS; seq++) {
			if (w->fate[seq] == FATE_FLYING)
				land(w, k, use, seq);
			else if (!is_over(w->fate[seq]))
				launch(w, k, use, seq);
			is_done = is_done && is_over(w->fate[seq]);
		}
	}
}

static void
judge_end(const struct naive *w, enum key_use use)
{
	uint64_t newest = 0;
	int shown = 0;

	for (uint64_t seq = 1; seq <= EVENTS; seq++) {
		if (w->fate[seq] == FATE_SHOWN)
			newest = seq, shown++;
		/* Nothing is skipped for the sake of what never appeared. */
		if (w->fate[seq] == FATE_SKIPPED && use == KEY_DEDUPE)
			assert_true(w->posts > 0);
	}
	assert_true(use != KEY_UPDATE || newest == w->newest_shown);
	assert_true(w->posts <= 1);
	assert_true(use != KEY_DEDUPE || shown <= 1);
	if (use == KEY_UPDATE && w->fate[EVENTS] == FATE_SHOWN)
		assert_int_equal(w->message, EVENTS);
}

static void
random_histories_end_as_they_should(void **state)
{
	(void)state;
	srand(20261128);
	for (int round = 0; round < ROUNDS; round++) {
		const enum key_use use = (enum key_use)(round % KEY_USES);
		struct naive w = {0};
		struct key_life k = {0};

		live(&w, &k, use);
		finish(&w, &k, use);
		judge_end(&w, use);
	}
}

static void
a_list_of_news_may_come_twice(void **state)
{
	(void)state;
	srand(20261129);
	for (int round = 0; round < ROUNDS; round++) {
		const enum key_use use = (enum key_use)(round % KEY_USES);
		struct key_life k = {0}, once;
		struct key_news list[8];

		for (size_t i = 0; i < COUNT_OF(list); i++) {
			list[i] = news((enum key_event)(rand() % KEY_EVENTS),
			    (uint64_t)(rand() % 4 + 1), rand() % 100);
			list[i].repeat_of = (uint64_t)(rand() % 4 + 1);
			list[i].count = (uint32_t)(rand() % 5);
			key_life_note(&k, use, &list[i]);
		}
		once = k;
		for (size_t i = 0; i < COUNT_OF(list); i++)
			key_life_note(&k, use, &list[i]);
		assert_int_equal(k.shown.seq, once.shown.seq);
		assert_int_equal(k.newest, once.newest);
		assert_int_equal(k.wanted, once.wanted);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_older_event_never_comes_after_a_newer_one),
	    cmocka_unit_test(an_older_record_that_comes_late_takes_nothing_back),
	    cmocka_unit_test(one_request_of_a_key_is_on_its_way),
	    cmocka_unit_test(what_never_appeared_is_no_first_message),
	    cmocka_unit_test(repeats_are_counted_exactly),
	    cmocka_unit_test(a_message_is_of_its_channel),
	    cmocka_unit_test(a_digest_is_nobodys_message),
	    cmocka_unit_test(the_last_message_that_stands_by_itself_is_what_replies_go_under),
	    cmocka_unit_test(what_is_forgotten_is_known_no_more),
	    cmocka_unit_test(random_histories_end_as_they_should),
	    cmocka_unit_test(a_list_of_news_may_come_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
