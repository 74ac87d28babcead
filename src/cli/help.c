/* Help and documentation, from the tables of verbs, options and settings. */
#include <stdio.h>

#include "carillon/web/web.h"

#include "command.h"
#include "output.h"

/* A sentence of the tables has no capital: it follows a name. */
static void
usage_option(struct buf *out, int option, bool is_required)
{
	const struct option_spec *o = &option_specs[option];

	buf_printf(out, is_required ? " --%s%s%s" : " [--%s%s%s]", o->name,
	    o->argument ? " " : "", o->argument ? o->argument : "");
}

void
help_usage(struct buf *out, const struct verb *v)
{
	buf_printf(out, "carillon %s%s%s", v->words, v->arguments[0] ? " " : "", v->arguments);
	for (int i = 0; i < OPTIONS; i++)
		if (v->required >> i & 1)
			usage_option(out, i, true);
	for (int i = OPTION_HELP + 1; i < OPTIONS; i++)
		if ((v->allowed & ~v->required) >> i & 1)
			usage_option(out, i, false);
}

static void
help_option(struct buf *out, int option)
{
	const struct option_spec *o = &option_specs[option];
	int width = (int)strlen(o->name) + (o->argument ? (int)strlen(o->argument) + 1 : 0);

	buf_printf(out, "  --%s%s%s%*s  %s\n", o->name, o->argument ? " " : "",
	    o->argument ? o->argument : "", width < 24 ? 24 - width : 0, "", o->sentence);
}

void
help_verb(struct buf *out, const struct verb *v)
{
	buf_printf(out, "usage: ");
	help_usage(out, v);
	buf_printf(out, "\n\n%s: %s\n\noptions:\n", v->words, v->sentence);
	for (int i = 0; i < OPTIONS; i++)
		if (v->allowed >> i & 1)
			help_option(out, i);
	if (strcmp(v->words, "serve") != 0 && strcmp(v->words, "check") != 0)
		return;
	buf_cstr(
	    out, "\nsettings (a YAML file, CARILLON_<NAME> in the environment, or --set):\n");
	config_help(out);
}

void
help_under(struct buf *out, struct str words)
{
	for (size_t i = 0; i < n_verbs; i++) {
		const struct verb *v = &verbs[i];
		int width = (int)strlen(v->words) + 1 + (int)strlen(v->arguments);

		if (v->sentence[0] != '\0' && verb_is_under(v, words))
			buf_printf(out, "  %s %s%*s  %s\n", v->words, v->arguments,
			    width < 36 ? 36 - width : 0, "", v->sentence);
	}
}

void
help_all(struct buf *out)
{
	buf_cstr(out, "usage: carillon [--config FILE] [--set NAME=VALUE] VERB ...\n\n"
		      "One event, every customer's own bell: takes events from NATS JetStream "
		      "and delivers\nthem where each customer wants them.\n\n");
	help_under(out, (struct str){0});
	buf_cstr(out, "\n`carillon help VERB` shows a verb's options; `carillon help serve` "
		      "the settings.\n"
		      "exit codes: 0 done, 1 failed, 2 not understood, 3 no such thing, "
		      "4 conflict\n");
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
	    "file (`--config FILE` or\n`$CARILLON_CONFIG`), then from "
	    "`CARILLON_<NAME>` in the environment, then from `--set NAME=VALUE`.\n"
	    "`carillon check --print` shows those in force.\n\n"
	    "SIGHUP makes `carillon serve` read them all again. Those that change at a reload "
	    "take effect\nwithin half a second; of those that need a restart the log says so; "
	    "if one is wrong, the log says\nwhich, and all stay as they were. Run "
	    "`carillon check` with the same options first.\n\n");
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
verb_docs_verbs(struct command *c, struct err *e)
{
	struct buf out = {0};

	(void)c;
	(void)e;
	buf_cstr(&out, "# The command line\n\n"
		       "Made by `carillon docs verbs`. Every verb also takes `--config FILE`, "
		       "`--set NAME=VALUE` and\n`--help`. Exit codes: 0 done, 1 failed, 2 not "
		       "understood, 3 no such thing, 4 conflict.\n");
	for (size_t i = 0; i < n_verbs; i++) {
		if (verbs[i].sentence[0] == '\0')
			continue;
		buf_printf(&out, "\n## %s\n\n", verbs[i].words);
		buf_cstr(&out, "    ");
		help_usage(&out, &verbs[i]);
		buf_printf(&out, "\n\n%s.\n", verbs[i].sentence);
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
