#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include "cli/command.h"

#include <cmocka.h>

enum { WORDS_MAX = 16 };

/* Parses what stands on a line, word by word. */
static bool
parse(struct command *c, const char *line, struct err *e)
{
	static char text[256];
	char *argv[WORDS_MAX], *rest = text;
	int argc = 0;

	*c = (struct command){0};
	assert_true(str_copy(text, sizeof(text), str_of(line)));
	for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
		argv[argc++] = word;
	return command_parse(c, argc, argv, e);
}

static void
assert_refused(const char *line, const char *sentence)
{
	struct command c;
	struct err e = {0};

	assert_false(parse(&c, line, &e));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.text, sentence);
}

static void
words_options_and_values_are_told_apart(void **state)
{
	struct command c;
	struct err e = {0};

	(void)state;
	assert_true(
	    parse(&c, "carillon delivery list acme --status=held --status failed --json", &e));
	assert_string_equal(c.verb->words, "delivery list");
	assert_string_equal(c.arguments[0], "acme");
	assert_int_equal(c.statuses.n, 2);
	assert_string_equal(c.statuses.values[0], "held");
	assert_string_equal(c.statuses.values[1], "failed");
	assert_true(command_has(&c, OPTION_JSON));
	assert_false(command_has(&c, OPTION_LIMIT));
}

static void
what_follows_two_dashes_is_no_option(void **state)
{
	struct command c;
	struct err e = {0};

	(void)state;
	assert_true(parse(&c, "carillon workspace show -- --json", &e));
	assert_string_equal(c.arguments[0], "--json");
	assert_false(command_has(&c, OPTION_JSON));
}

static void
an_option_of_another_verb_is_refused(void **state)
{
	(void)state;
	assert_refused(
	    "carillon workspace show acme --limit 5", "workspace show has no option --limit");
	assert_refused("carillon rule list acme --jsen",
	    "rule list has no option --jsen; did you mean --json?");
}

static void
what_a_verb_needs_must_be_given(void **state)
{
	(void)state;
	assert_refused("carillon event publish acme", "event publish needs --file FILE");
	assert_refused("carillon workspace show", "workspace show needs WORKSPACE");
	assert_refused("carillon workspace show acme zenith",
	    "\"zenith\" is one word too many for workspace show");
}

static void
a_forgotten_value_is_not_the_next_option(void **state)
{
	(void)state;
	assert_refused("carillon event publish acme --file --json", "--file needs FILE");
}

static void
an_unknown_verb_is_answered_with_the_nearest(void **state)
{
	(void)state;
	assert_refused("carillon workspace crate acme",
	    "there is no verb \"workspace crate\"; did you mean \"create\"?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_options_and_values_are_told_apart),
	    cmocka_unit_test(what_follows_two_dashes_is_no_option),
	    cmocka_unit_test(an_option_of_another_verb_is_refused),
	    cmocka_unit_test(what_a_verb_needs_must_be_given),
	    cmocka_unit_test(a_forgotten_value_is_not_the_next_option),
	    cmocka_unit_test(an_unknown_verb_is_answered_with_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
