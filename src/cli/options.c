#include "carillon/base/suggest.h"

#include "command.h"

const struct option_spec option_specs[OPTIONS] = {
#define OPTION(NAME, name, argument, sentence) {name, argument, sentence},
#include "options.def"
#undef OPTION
};
_Static_assert(OPTIONS <= 128, "options are bits of an option_set");

#define O(NAME) ((option_set)1 << OPTION_##NAME)
#define EVERY   (O(CONFIG) | O(SET) | O(HELP))
const struct verb verbs[] = {
#define VERB(words, function, arguments, required, other, sentence, example) \
	{words, arguments, sentence, example, verb_##function, required,     \
	    (required) | (other) | EVERY},
#include "verbs.def"
#undef VERB
};
const size_t n_verbs = COUNT_OF(verbs);

static bool
is_allowed(const struct verb *v, int option)
{
	return v->allowed >> option & 1;
}

bool
verb_is_under(const struct verb *v, struct str words)
{
	struct str own = str_of(v->words);

	return words.len == 0 || (str_starts_with(own, words) &&
				     (own.len == words.len || own.ptr[words.len] == ' '));
}

/* --- which verb --- */

static size_t
word_count(struct str s)
{
	size_t n = s.len > 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == ' ';
	return n;
}

/* The candidates for the word after `before`: "create", "list" after "workspace". */
static size_t
next_words(struct str before, struct str out[static 64])
{
	size_t n = 0;

	for (size_t i = 0; i < n_verbs; i++) {
		struct str rest = str_of(verbs[i].words);
		const char *space;

		if (!verb_is_under(&verbs[i], before))
			continue;
		if (before.len > 0)
			rest = str_of(rest.ptr + before.len + (rest.len > before.len));
		space = memchr(rest.ptr, ' ', rest.len);
		if (space != NULL)
			rest.len = (size_t)(space - rest.ptr);
		if (rest.len > 0 && (n == 0 || !str_eq(out[n - 1], rest)) && n < 64)
			out[n++] = rest;
	}
	return n;
}

static bool
unknown_verb(struct str before, struct str word, struct err *e)
{
	struct str known[64], nearest;
	struct buf list = {0};
	size_t n = next_words(before, known);

	for (size_t i = 0; i < n; i++)
		buf_printf(&list, "%s%.*s", i ? ", " : "", STR_ARG(known[i]));
	nearest = str_nearest(word, known, n);
	if (word.len == 0)
		(void)fail(e, ERR_INPUT, "%.*s needs a verb: one of %.*s",
		    STR_ARG(before.len ? before : STR("carillon")), STR_ARG(buf_view(&list)));
	else if (nearest.len > 0)
		(void)fail(e, ERR_INPUT,
		    "there is no verb \"%.*s%s%.*s\"; did you mean \"%.*s\"?", STR_ARG(before),
		    before.len ? " " : "", STR_ARG(word), STR_ARG(nearest));
	else
		(void)fail(e, ERR_INPUT, "there is no verb \"%.*s%s%.*s\"; it is one of %.*s",
		    STR_ARG(before), before.len ? " " : "", STR_ARG(word),
		    STR_ARG(buf_view(&list)));
	buf_fini(&list);
	return false;
}

/* Takes the verb off the words; `taken` is how many it had. */
static bool
find_verb(struct command *c, const char *const *words, size_t n, size_t *taken, struct err *e)
{
	struct str first = str_of(n > 0 ? words[0] : ""),
		   second = str_of(n > 1 ? words[1] : "");
	bool is_group = false;

	for (size_t i = 0; i < n_verbs; i++) {
		struct str own = str_of(verbs[i].words);

		if (first.len == 0 || !verb_is_under(&verbs[i], first))
			continue;
		is_group = true;
		*taken = word_count(own);
		if (*taken == 1 || str_eq(str_of(own.ptr + first.len + 1), second)) {
			c->verb = &verbs[i];
			return true;
		}
	}
	return is_group ? unknown_verb(first, second, e)
	                : unknown_verb((struct str){0}, first, e);
}

/* --- arguments --- */

/* The `i`th word of "WORKSPACE EVENT [RULE]"; empty past the end. */
static struct str
argument_name(const struct verb *v, int i)
{
	const char *at = v->arguments;

	for (; i > 0 && *at; at++)
		i -= *at == ' ';
	return (struct str){at, strcspn(at, " ")};
}

/* "replay" is a verb itself, and the first word of others. */
static bool
has_siblings(const struct verb *v)
{
	for (size_t i = 0; i < n_verbs; i++)
		if (&verbs[i] != v && verb_is_under(&verbs[i], str_of(v->words)))
			return true;
	return false;
}

static bool
take_arguments(struct command *c, const char *const *words, size_t n, struct err *e)
{
	int wanted = (int)word_count(str_of(c->verb->arguments));

	must(wanted <= ARGUMENTS_MAX);
	if (wanted == 0 && n > 0 && has_siblings(c->verb))
		return unknown_verb(str_of(c->verb->words), str_of(words[0]), e);
	if (n > (size_t)wanted)
		return fail(e, ERR_INPUT, "\"%s\" is one word too many for %s", words[wanted],
		    c->verb->words);
	for (size_t i = 0; i < n; i++)
		c->arguments[i] = words[i];
	for (int i = (int)n; i < wanted; i++) {
		struct str name = argument_name(c->verb, i);

		if (name.ptr[0] != '[')
			return fail(
			    e, ERR_INPUT, "%s needs %.*s", c->verb->words, STR_ARG(name));
	}
	return true;
}

/* --- options --- */

static int
option_find(struct str name)
{
	for (int i = 0; i < OPTIONS; i++)
		if (str_eq(name, str_of(option_specs[i].name)))
			return i;
	return -1;
}

static bool
repeat(struct repeated *r, int option, const char *value, struct err *e)
{
	if (r->n == REPEATS_MAX)
		return fail(e, ERR_INPUT, "--%s is given more than %d times",
		    option_specs[option].name, REPEATS_MAX);
	r->values[r->n++] = value;
	return true;
}

static bool
take_option(struct command *c, int option, const char *value, struct err *e)
{
	c->options[option] = value;
	if (option == OPTION_CHANNEL)
		return repeat(&c->channels, option, value, e);
	if (option == OPTION_STATUS)
		return repeat(&c->statuses, option, value, e);
	if (option == OPTION_SET)
		return repeat(&c->sets, option, value, e);
	return true;
}

/* Of two mistakes the verb's comes first: an unknown option is judged once the verb is known.
 */
struct scan {
	const char *words[ARGUMENTS_MAX + 4];
	size_t n_words;
	struct str unknown; /* the first unknown option's name */
};

/* One "--name", "--name value" or "--name=value" at argv[*i]. */
static bool
scan_option(struct command *c, struct scan *s, int argc, char **argv, int *i, struct err *e)
{
	const char *text = argv[*i] + 2, *equals = strchr(text, '=');
	struct str name = {text, equals ? (size_t)(equals - text) : strlen(text)};
	int option = option_find(name);
	const char *value = equals ? equals + 1 : NULL;

	if (option < 0) {
		if (s->unknown.len == 0)
			s->unknown = name;
		return true;
	}
	if (option_specs[option].argument == NULL)
		return value ? fail(e, ERR_INPUT, "--%s takes no value", name.ptr)
		             : take_option(c, option, "", e);
	/* What begins with "--" is the next option, and the value was forgotten. */
	if (value == NULL && *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0)
		value = argv[++*i];
	if (value == NULL)
		return fail(e, ERR_INPUT, "--%.*s needs %s", STR_ARG(name),
		    option_specs[option].argument);
	return take_option(c, option, value, e);
}

static bool
scan_words(struct command *c, struct scan *s, int argc, char **argv, struct err *e)
{
	bool options_ended = false;

	for (int i = 1; i < argc; i++) {
		if (!options_ended && strcmp(argv[i], "--") == 0) {
			options_ended = true;
		} else if (!options_ended && strcmp(argv[i], "-h") == 0) {
			c->options[OPTION_HELP] = "";
		} else if (!options_ended && strncmp(argv[i], "--", 2) == 0) {
			if (!scan_option(c, s, argc, argv, &i, e))
				return false;
		} else if (s->n_words == COUNT_OF(s->words)) {
			return fail(e, ERR_INPUT, "\"%s\" is one word too many", argv[i]);
		} else {
			s->words[s->n_words++] = argv[i];
		}
	}
	return true;
}

static bool
unknown_option(const struct verb *v, struct str name, struct err *e)
{
	struct str known[OPTIONS], nearest;
	size_t n = 0;

	for (int i = 0; i < OPTIONS; i++)
		if (is_allowed(v, i))
			known[n++] = str_of(option_specs[i].name);
	nearest = str_nearest(name, known, n);
	if (nearest.len > 0)
		return fail(e, ERR_INPUT, "%s has no option --%.*s; did you mean --%.*s?",
		    v->words, STR_ARG(name), STR_ARG(nearest));
	return fail(e, ERR_INPUT, "%s has no option --%.*s", v->words, STR_ARG(name));
}

static bool
check_options(const struct command *c, struct err *e)
{
	for (int i = 0; i < OPTIONS; i++) {
		if (c->options[i] != NULL && !is_allowed(c->verb, i))
			return unknown_option(c->verb, str_of(option_specs[i].name), e);
		if (c->options[i] == NULL && c->verb->required >> i & 1)
			return fail(e, ERR_INPUT, "%s needs --%s%s%s", c->verb->words,
			    option_specs[i].name, option_specs[i].argument ? " " : "",
			    option_specs[i].argument ? option_specs[i].argument : "");
	}
	return true;
}

/* Programs are told as such what is wrong before their --json. */
static void
note_json(struct command *c, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			c->options[OPTION_JSON] = "";
}

bool
command_parse(struct command *c, int argc, char **argv, struct err *e)
{
	struct scan s = {0};
	size_t taken = 0;

	note_json(c, argc, argv);
	if (!scan_words(c, &s, argc, argv, e))
		return false;
	if (s.n_words == 0 && s.unknown.len > 0 && str_eq(s.unknown, STR("version")))
		s = (struct scan){.words = {"version"}, .n_words = 1};
	if (command_has(c, OPTION_HELP)) {
		/* `VERB ... --help` is `help VERB`. */
		c->arguments[0] = s.n_words > 0 ? s.words[0] : NULL;
		c->arguments[1] = s.n_words > 1 ? s.words[1] : NULL;
		s = (struct scan){.words = {"help"}, .n_words = 1};
		return find_verb(c, s.words, s.n_words, &taken, e);
	}
	if (!find_verb(c, s.words, s.n_words, &taken, e))
		return false;
	/* An unknown option's value was taken for a word: so the option first. */
	if (s.unknown.len > 0)
		return unknown_option(c->verb, s.unknown, e);
	return take_arguments(c, s.words + taken, s.n_words - taken, e) && check_options(c, e);
}
