/* Help and documentation, from the tables of verbs, options and settings. */
#include <stdio.h>

#include "carillon/web/web.h"

#include "command.h"
#include "output.h"

enum { WIDTH = 80 }; /* columns of a terminal */

/* --- words in lines --- */

struct lines {
	struct buf *out;
	size_t column, indent; /* where the line ends so far; where the next begins */
};

static void
lines_put(struct lines *l, struct str text)
{
	buf_str(l->out, text);
	l->column += text.len;
}

static void
lines_pad(struct lines *l, size_t column)
{
	for (; l->column < column; l->column++)
		buf_putc(l->out, ' ');
}

/* On this line, or at the beginning of the next. */
static void
lines_word(struct lines *l, struct str word)
{
	if (l->column > l->indent && l->column + 1 + word.len > WIDTH) {
		buf_putc(l->out, '\n');
		l->column = 0;
	}
	if (l->column < l->indent)
		lines_pad(l, l->indent);
	else if (l->column > l->indent)
		lines_put(l, STR(" "));
	lines_put(l, word);
}

static void
lines_sentence(struct lines *l, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		lines_word(l, (struct str){text, len});
		text += len + (text[len] == ' ');
	}
	buf_putc(l->out, '\n');
	l->column = 0;
}

/* --- a verb --- */

static void
usage_option(struct lines *l, int option, bool is_required)
{
	const struct option_spec *o = &option_specs[option];
	struct buf word = {0};

	buf_printf(&word, is_required ? "--%s%s%s" : "[--%s%s%s]", o->name,
	    o->argument ? " " : "", o->argument ? o->argument : "");
	lines_word(l, buf_view(&word));
	buf_fini(&word);
}

void
help_usage(struct buf *out, const struct verb *v, size_t indent)
{
	struct lines l = {out, indent, indent};

	lines_put(&l, STR("carillon "));
	lines_put(&l, str_of(v->words));
	l.indent += 4;
	if (v->arguments[0] != '\0')
		lines_word(&l, str_of(v->arguments));
	for (int i = 0; i < OPTIONS; i++)
		if (v->required >> i & 1)
			usage_option(&l, i, true);
	for (int i = OPTION_HELP + 1; i < OPTIONS; i++)
		if ((v->allowed & ~v->required) >> i & 1)
			usage_option(&l, i, false);
}

static void
help_option(struct buf *out, int option)
{
	const struct option_spec *o = &option_specs[option];
	struct lines l = {out, 0, 30};

	lines_put(&l, STR("  --"));
	lines_put(&l, str_of(o->name));
	if (o->argument != NULL) {
		lines_put(&l, STR(" "));
		lines_put(&l, str_of(o->argument));
	}
	if (l.column + 2 > l.indent) {
		buf_putc(out, '\n');
		l.column = 0;
	}
	lines_sentence(&l, o->sentence);
}

void
help_verb(struct buf *out, const struct verb *v)
{
	struct lines l = {out, 0, 0};

	buf_cstr(out, "usage: ");
	help_usage(out, v, strlen("usage: "));
	buf_cstr(out, "\n\n");
	lines_put(&l, str_of(v->words));
	lines_put(&l, STR(":"));
	lines_sentence(&l, v->sentence);
	buf_printf(out, "\nexample:\n  carillon %s\n\noptions:\n", v->example);
	for (int i = 0; i < OPTIONS; i++)
		if (v->allowed >> i & 1)
			help_option(out, i);
	if (strcmp(v->words, "serve") != 0 && strcmp(v->words, "check") != 0)
		return;
	buf_cstr(
	    out, "\nsettings (a YAML file, CARILLON_<NAME> in the environment, or --set):\n");
	config_help(out);
}

/* --- all verbs --- */

void
help_under(struct buf *out, struct str words)
{
	for (size_t i = 0; i < n_verbs; i++) {
		const struct verb *v = &verbs[i];
		struct lines l = {out, 0, 38};

		if (!verb_is_under(v, words))
			continue;
		lines_put(&l, STR("  "));
		lines_put(&l, str_of(v->words));
		lines_put(&l, STR(" "));
		lines_put(&l, str_of(v->arguments));
		lines_pad(&l, l.indent);
		lines_sentence(&l, v->sentence);
	}
}

static const struct {
	int number;
	const char *means;
} exit_codes[] = {
#define EXIT_CODE(NAME, number, means) {number, means},
#include "carillon/cli/exit_codes.def"
#undef EXIT_CODE
};

void
help_all(struct buf *out)
{
	buf_cstr(out, "usage: carillon [--config FILE] [--set NAME=VALUE] VERB ...\n\n"
		      "One event, every customer's own bell: takes events from NATS JetStream "
		      "and delivers\nthem where each customer wants them.\n\n");
	help_under(out, (struct str){0});
	buf_cstr(out, "\n`carillon help VERB` shows a verb's options; `carillon help serve` "
		      "the settings.\n\nexit codes:\n");
	for (size_t i = 0; i < COUNT_OF(exit_codes); i++) {
		struct lines l = {out, 0, 5};

		buf_printf(out, "  %d", exit_codes[i].number);
		l.column = 3;
		lines_sentence(&l, exit_codes[i].means);
	}
}

/* --- for programs --- */

static void
write_options(struct json_writer *w, const struct verb *v)
{
	jw_key(w, "options");
	jw_array(w);
	for (int i = 0; i < OPTIONS; i++) {
		if (!(v->allowed >> i & 1))
			continue;
		jw_object(w);
		jw_kv_cstr(w, "name", option_specs[i].name);
		jw_kv_cstr(w, "argument",
		    option_specs[i].argument != NULL ? option_specs[i].argument : "");
		jw_kv_bool(w, "required", v->required >> i & 1);
		jw_kv_cstr(w, "sentence", option_specs[i].sentence);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
write_verb(struct json_writer *w, const struct verb *v)
{
	jw_object(w);
	jw_kv_cstr(w, "verb", v->words);
	jw_kv_cstr(w, "arguments", v->arguments);
	jw_kv_cstr(w, "sentence", v->sentence);
	jw_kv_cstr(w, "example", v->example);
	write_options(w, v);
	jw_object_end(w);
}

static void
answer_json(struct command *c, struct str words)
{
	struct document doc;

	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_key(&doc.w, "verbs");
	jw_array(&doc.w);
	for (size_t i = 0; i < n_verbs; i++)
		if (verb_is_under(&verbs[i], words))
			write_verb(&doc.w, &verbs[i]);
	jw_array_end(&doc.w);
	jw_key(&doc.w, "exit_codes");
	jw_array(&doc.w);
	for (size_t i = 0; i < COUNT_OF(exit_codes); i++) {
		jw_object(&doc.w);
		jw_kv_int(&doc.w, "code", exit_codes[i].number);
		jw_kv_cstr(&doc.w, "means", exit_codes[i].means);
		jw_object_end(&doc.w);
	}
	jw_array_end(&doc.w);
	jw_object_end(&doc.w);
	document_end(&doc);
}

/* How many verbs begin with `words`; `last` is one of them. */
static size_t
count_under(struct str words, const struct verb **last)
{
	size_t n = 0;

	for (size_t i = 0; i < n_verbs && words.len > 0; i++)
		if (verb_is_under(&verbs[i], words)) {
			*last = &verbs[i];
			n++;
		}
	return n;
}

bool
verb_help(struct command *c, struct err *e)
{
	const struct verb *last = NULL;
	struct str words = command_argument(c, 0);
	struct buf out = {0};
	size_t found;

	/* The second word may be an argument: `serve x --help`. */
	if (c->arguments[1] != NULL && count_under(words, &last) > 1)
		words = arena_printf(c->arena, "%s %s", c->arguments[0], c->arguments[1]);
	found = count_under(words, &last);
	if (words.len > 0 && found == 0)
		return FAIL_USAGE(c, e, "there is no verb \"%.*s\"; `carillon help` lists them",
		    STR_ARG(words));
	if (command_has(c, OPTION_JSON)) {
		answer_json(c, words);
		return true;
	}
	if (words.len == 0)
		help_all(&out);
	else if (found == 1)
		help_verb(&out, last);
	else
		help_under(&out, words);
	print_text(&out);
	return true;
}

bool
verb_version(struct command *c, struct err *e)
{
	struct document doc;

	(void)e;
	if (!command_has(c, OPTION_JSON)) {
		printf("carillon %s\n", CARILLON_VERSION);
		return true;
	}
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_cstr(&doc.w, "version", CARILLON_VERSION);
	jw_object_end(&doc.w);
	document_end(&doc);
	return true;
}

bool
verb_docs_settings(struct command *c, struct err *e)
{
	struct buf out = {0};

	(void)c;
	(void)e;
	buf_cstr(&out,
	    "# Settings\n\nMade by `carillon docs settings`. Each is read from a YAML "
	    "file (`--config FILE`, else\n`$CARILLON_CONFIG`, else "
	    "`/etc/carillon/carillon.yaml`), then from "
	    "`CARILLON_<NAME>` in the environment, then from `--set NAME=VALUE`.\n"
	    "`carillon check --print` shows those in force.\n\n"
	    "SIGHUP makes `carillon serve` read them all again. Those that change at a reload "
	    "take effect\nwithin half a second; of those that need a restart the log says so; "
	    "if one is wrong, the log says\nwhich, and all stay as they were. Run "
	    "`carillon check` with the same options first.\n\n"
	    "An installation has to say this much; `carillon docs example` prints it with "
	    "every "
	    "other setting\nas a comment.\n\n```yaml\n");
	config_example(&out, false);
	buf_cstr(&out, "```\n\n");
	config_markdown(&out);
	print_text(&out);
	return true;
}

bool
verb_docs_api(struct command *c, struct err *e)
{
	struct buf out = {0};

	(void)c;
	(void)e;
	web_api_markdown(&out);
	print_text(&out);
	return true;
}

bool
verb_docs_openapi(struct command *c, struct err *e)
{
	struct buf out = {0};

	if (!command_load(c, e))
		return false;
	web_openapi(&out, c->config.public_url);
	buf_putc(&out, '\n');
	print_text(&out);
	return true;
}

bool
verb_docs_example(struct command *c, struct err *e)
{
	struct buf out = {0};

	(void)c;
	(void)e;
	config_example(&out, true);
	print_text(&out);
	return true;
}

bool
verb_docs_verbs(struct command *c, struct err *e)
{
	struct buf out = {0};

	(void)c;
	(void)e;
	buf_cstr(&out,
	    "# The command line\n\n"
	    "Made by `carillon docs verbs`. Every verb also takes `--config FILE`, "
	    "`--set NAME=VALUE` and\n`--help`.\n\n| exit code | means |\n|---|---|\n");
	for (size_t i = 0; i < COUNT_OF(exit_codes); i++)
		buf_printf(&out, "| %d | %s |\n", exit_codes[i].number, exit_codes[i].means);
	for (size_t i = 0; i < n_verbs; i++) {
		buf_printf(&out, "\n## %s\n\n", verbs[i].words);
		buf_cstr(&out, "    ");
		help_usage(&out, &verbs[i], 4);
		buf_printf(&out, "\n\n%s. For example:\n\n    carillon %s\n", verbs[i].sentence,
		    verbs[i].example);
	}
	buf_cstr(&out, "\n## Options\n\n| option | what it does |\n|---|---|\n");
	for (int i = 0; i < OPTIONS; i++)
		buf_printf(&out, "| `--%s%s%s` | %s |\n", option_specs[i].name,
		    option_specs[i].argument ? " " : "",
		    option_specs[i].argument ? option_specs[i].argument : "",
		    option_specs[i].sentence);
	print_text(&out);
	return true;
}
