#include "carillon/registry/words.h"

#include "carillon/base/suggest.h"

enum { WORDS_MAX = 16 };

#define WORDS(what, ...)                                         \
	static const char *const what##_names[] = {__VA_ARGS__}; \
	const struct words what##_words = {what##_names, COUNT_OF(what##_names)}

/* In the order of the enums in proto/carillon/v1. */
WORDS(connection_status, "unknown", "active", "needs_reconnect", "disabled");
WORDS(on_unknown, "prefer_duplicate", "prefer_silence");
WORDS(on_message_error, "plain_text", "fail");
WORDS(on_burst, "queue", "digest", "drop-oldest");
WORDS(replay_action, "send", "cancel");
WORDS(replay_status, "unknown", "running", "paused", "done", "canceled");
WORDS(key_kind, "unknown", "secret", "publishable");
WORDS(event_status, "unknown", "received", "failed", "waiting");

static const char *const delivery_state_names[] = {
    "none",
#define STATE(NAME, name, is_final, sentence) name,
#include "carillon/base/states.def"
#undef STATE
};
const struct words delivery_state_words = {
    delivery_state_names, COUNT_OF(delivery_state_names)};

static const char *const outcome_names[] = {
    "none",
#define OUTCOME(NAME, name, sentence) name,
#include "carillon/base/outcomes.def"
#undef OUTCOME
};
const struct words outcome_words = {outcome_names, COUNT_OF(outcome_names)};

static const char *const repair_names[] = {
    "",
#define REPAIR(NAME, name, sentence) name,
#include "carillon/base/repairs.def"
#undef REPAIR
};
const struct words repair_words = {repair_names, COUNT_OF(repair_names)};

static const char *const flaw_names[] = {
    "unknown",
#define FLAW(NAME, name, sentence) #name,
#include "carillon/base/json_flaws.def"
#undef FLAW
    "foreign_test",
};
const struct words flaw_words = {flaw_names, COUNT_OF(flaw_names)};

static const char *const flaw_sentence_list[] = {
    "the payload was mended",
#define FLAW(NAME, name, sentence) sentence,
#include "carillon/base/json_flaws.def"
#undef FLAW
    "test_rule was set, which is for test messages only, and does not count",
};
const struct words flaw_sentences = {flaw_sentence_list, COUNT_OF(flaw_sentence_list)};

const char *
word_of(const struct words *w, int number)
{
	return w->names[number >= 0 && number < w->n ? number : 0];
}

bool
word_number(const struct words *w, struct str word, int *out)
{
	for (int i = 0; i < w->n; i++)
		if (str_eq(word, str_of(w->names[i]))) {
			*out = i;
			return true;
		}
	return false;
}

static size_t
known_words(const struct words *w, struct str out[static WORDS_MAX])
{
	must(w->n <= WORDS_MAX);
	for (int i = 0; i < w->n; i++)
		out[i] = str_of(w->names[i]);
	return (size_t)w->n;
}

const char *
words_text(const struct words *w, char text[static WORDS_TEXT_MAX])
{
	struct str known[WORDS_MAX];

	return words_format(text, WORDS_TEXT_MAX, known, known_words(w, known));
}

struct str
word_nearest(const struct words *w, struct str word)
{
	struct str known[WORDS_MAX];

	return str_nearest(word, known, known_words(w, known));
}
