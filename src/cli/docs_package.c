/* What a package brings besides the program: the manual page and a shell's completion, from the
 * tables of verbs, options and settings. */
#include "output.h"

/* --- the manual page --- */

/* Text as roff takes it: no escapes, no hyphens that break, no line that begins with a dot. */
static void
put_roff(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];

		if ((c == '.' || c == '\'') && (i == 0 || text.ptr[i - 1] == '\n'))
			buf_cstr(out, "\\&");
		if (c == '\\')
			buf_cstr(out, "\\e");
		else if (c == '-')
			buf_cstr(out, "\\-");
		else
			buf_putc(out, c);
	}
}

static void
put_roff_line(struct buf *out, const char *text)
{
	put_roff(out, str_of(text));
	buf_putc(out, '\n');
}

/* As it stands, in lines. */
static void
put_roff_lines(struct buf *out, struct buf *text)
{
	buf_cstr(out, ".nf\n");
	put_roff(out, buf_view(text));
	buf_cstr(out, "\n.fi\n");
	buf_fini(text);
}

static void
put_verb(struct buf *out, const struct verb *v)
{
	struct buf usage = {0};

	buf_cstr(out, ".SS \"");
	put_roff(out, str_of(v->words));
	buf_cstr(out, "\"\n");
	put_roff_line(out, v->sentence);
	buf_cstr(out, ".PP\n");
	help_usage(&usage, v, 0);
	put_roff_lines(out, &usage);
	buf_cstr(out, ".PP\nFor example:\n.PP\n.nf\n");
	put_roff(out, STR("    carillon "));
	put_roff_line(out, v->example);
	buf_cstr(out, ".fi\n");
}

static void
put_options(struct buf *out)
{
	for (int i = 0; i < OPTIONS; i++) {
		const struct option_spec *o = &option_specs[i];

		buf_cstr(out, ".TP\n.B \\-\\-");
		put_roff(out, str_of(o->name));
		if (o->argument != NULL) {
			buf_putc(out, ' ');
			put_roff(out, str_of(o->argument));
		}
		buf_putc(out, '\n');
		put_roff_line(out, o->sentence);
	}
}

static void
put_exit_codes(struct buf *out)
{
#define EXIT_CODE(NAME, number, means)          \
	buf_cstr(out, ".TP\n.B " #number "\n"); \
	put_roff_line(out, means);
#include "carillon/cli/exit_codes.def"
#undef EXIT_CODE
}

bool
verb_docs_man(struct command *c, struct err *e)
{
	struct buf out = {0}, settings = {0};

	(void)c;
	(void)e;
	buf_cstr(&out, ".\\\" made by `carillon docs man`\n.TH CARILLON 1 \"\" "
		       "\"Carillon " CARILLON_VERSION
		       "\" \"Carillon\"\n.SH NAME\ncarillon \\- delivers events into each "
		       "customer's own Slack\n.SH SYNOPSIS\n.B carillon\n.I VERB\n"
		       "[\\fIARGUMENT\\fR...] [\\fIOPTION\\fR...]\n.SH VERBS\n");
	for (size_t i = 0; i < n_verbs; i++)
		put_verb(&out, &verbs[i]);
	buf_cstr(&out, ".SH OPTIONS\n");
	put_options(&out);
	buf_cstr(&out, ".SH EXIT STATUS\n");
	put_exit_codes(&out);
	buf_cstr(&out, ".SH SETTINGS\nA YAML file (\\fB\\-\\-config\\fR, "
		       "$CARILLON_CONFIG or " CONFIG_FILE_USUAL "), CARILLON_<NAME> in the "
		       "environment, or \\fB\\-\\-set\\fR.\n.PP\n");
	config_help(&settings);
	put_roff_lines(&out, &settings);
	print_text(&out);
	return true;
}

/* --- completion --- */

/* The first word of a verb; `rest` is what stands behind it, "" when nothing does. */
static struct str
first_word(const struct verb *v, const char **rest)
{
	const size_t len = strcspn(v->words, " ");

	*rest = v->words[len] == ' ' ? v->words + len + 1 : "";
	return (struct str){v->words, len};
}

/* Verbs of one first word stand together, but perhaps for one without a second. */
static bool
is_first_of_its_word(size_t i)
{
	const char *rest;
	const struct str word = first_word(&verbs[i], &rest);

	for (size_t k = 0; k < i; k++)
		if (str_eq(first_word(&verbs[k], &rest), word))
			return false;
	return true;
}

static void
put_second_words(struct buf *out, size_t i)
{
	const char *rest;
	const struct str word = first_word(&verbs[i], &rest);

	buf_printf(out, "\t%.*s) words=\"", STR_ARG(word));
	for (size_t k = 0; k < n_verbs; k++)
		if (str_eq(first_word(&verbs[k], &rest), word) && rest[0] != '\0')
			buf_printf(out, "%s ", rest);
	buf_cstr(out, "\" ;;\n");
}

static void
put_verb_options(struct buf *out, const struct verb *v)
{
	buf_printf(out, "\t\"%s%s\") words=\"", v->words,
	    strchr(v->words, ' ') != NULL ? "" : " \"*\"");
	for (int i = 0; i < OPTIONS; i++)
		if (v->allowed >> i & 1)
			buf_printf(out, "--%s ", option_specs[i].name);
	buf_cstr(out, "\" ;;\n");
}

bool
verb_docs_completion(struct command *c, struct err *e)
{
	struct buf out = {0};
	const char *rest;

	(void)c;
	(void)e;
	buf_cstr(&out, "# bash completion, made by `carillon docs completion`\n_carillon() {\n"
		       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
		       "\tif [ \"$COMP_CWORD\" -eq 1 ]; then words=\"");
	for (size_t i = 0; i < n_verbs; i++)
		if (is_first_of_its_word(i))
			buf_printf(&out, "%.*s ", STR_ARG(first_word(&verbs[i], &rest)));
	buf_cstr(&out, "\"\n\telif [[ $cur == -* ]]; then\n"
		       "\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n");
	/* Two words before one: `replay start` is none of `replay`. */
	for (size_t i = 0; i < n_verbs; i++)
		if (strchr(verbs[i].words, ' ') != NULL)
			put_verb_options(&out, &verbs[i]);
	for (size_t i = 0; i < n_verbs; i++)
		if (strchr(verbs[i].words, ' ') == NULL)
			put_verb_options(&out, &verbs[i]);
	buf_cstr(&out, "\tesac\n\telif [ \"$COMP_CWORD\" -eq 2 ]; then\n"
		       "\tcase \"${COMP_WORDS[1]}\" in\n");
	for (size_t i = 0; i < n_verbs; i++)
		if (is_first_of_its_word(i))
			put_second_words(&out, i);
	buf_cstr(&out, "\tesac\n\tfi\n"
		       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
		       "\t[ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "
		       "\"$cur\")\n}\ncomplete -F _carillon carillon\n");
	print_text(&out);
	return true;
}
