/*
 * The words by which the numbers in records are known in JSON, in options and to people. They
 * are stored by nobody, but programs know them: none is ever renamed.
 */
#pragma once

#include "carillon/base/records.h"

struct words {
	const char *const *names; /* by number */
	int n;
};

extern const struct words connection_status_words, on_unknown_words, on_message_error_words,
    on_burst_words, replay_action_words, replay_status_words, event_status_words,
    delivery_state_words, outcome_words, repair_words, key_kind_words, flaw_words,
    flaw_sentences;

/* A number that a newer version knows has the first word. */
const char *word_of(const struct words *w, int number);
/* False if there is no such word. */
bool word_number(const struct words *w, struct str word, int *out);
enum { WORDS_TEXT_MAX = 160 };
/* "queue, digest or drop-oldest". Returns `text`. */
const char *words_text(const struct words *w, char text[static WORDS_TEXT_MAX]);
/* The nearest; empty if none is near. */
struct str word_nearest(const struct words *w, struct str word);
