#include "carillon/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/log.h"
#include "command.h"
#include "output.h"

static int
exit_code_of(const struct command *c, const struct err *e)
{
	if (c->exit_code != EXIT_FINE)
		return c->exit_code;
	switch (e->kind) {
	case ERR_NOT_FOUND: return EXIT_NOT_FOUND;
	case ERR_CONFLICT: return EXIT_CONFLICT;
	default: return EXIT_FAILED;
	}
}

/* A line each; the first of them is the error. */
static void
say_findings(const struct findings *f)
{
	for (int i = 0; i < f->n; i++)
		fprintf(stderr, "carillon: %.*s\n", STR_ARG(finding_sentence(f, &f->items[i])));
	if (f->n_left_out > 0)
		fprintf(stderr, "carillon: and %d more\n", f->n_left_out);
}

/* {"errors": [...]}, for programs, unless the verb said them in a document of its own. */
static void
answer_findings(struct command *c)
{
	struct document doc;

	if (c->findings.n == 0 || c->has_answered || !command_has(c, OPTION_JSON))
		return;
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_key(&doc.w, "errors");
	findings_write(&doc.w, &c->findings);
	jw_object_end(&doc.w);
	document_end(&doc);
}

static void
say(const struct command *c, int code, const struct err *e)
{
	struct buf usage = {0};

	if (c->findings.n > 0)
		say_findings(&c->findings);
	else
		fprintf(stderr, "carillon: %s\n", e->text);
	if (code != EXIT_USAGE)
		return;
	if (c->verb != NULL)
		help_usage(&usage, c->verb);
	else
		buf_cstr(&usage, "carillon help");
	fprintf(stderr, "%s%.*s\n", c->verb ? "usage: " : "try: ", STR_ARG(buf_view(&usage)));
	buf_fini(&usage);
}

static int
run(struct command *c)
{
	struct err e = {0};
	int code;

	/* A command says what went wrong itself; the log is the service's. */
	log_set_level(LOG_LEVEL_ERROR);
	if (c->verb->run(c, &e)) {
		code = c->exit_code;
	} else {
		code = exit_code_of(c, &e);
		answer_findings(c);
		say(c, code, &e);
	}
	/* Who reads only the beginning, as head does, has what it wanted. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE) {
		fprintf(stderr, "carillon: writing the answer failed\n");
		code = code == EXIT_FINE ? EXIT_FAILED : code;
	}
	return code;
}

/*
 * Threads of libnats outlive the connection by a moment. While exit() takes down OpenSSL under
 * them one can crash, after everything was done and said. Sanitizers report at exit, so there
 * the risk is taken.
 */
static void
leave(int code)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	fflush(NULL);
	_exit(code);
#else
	(void)code;
#endif
}

int
cli_run(int argc, char **argv)
{
	static struct command c; /* some 10 KiB of settings */
	struct err e = {0};
	int code = EXIT_FINE;

	c.arena = arena_new(0);
	findings_init(&c.findings, c.arena);
	if (!command_parse(&c, argc, argv, &e)) {
		code = EXIT_USAGE;
		say(&c, code, &e);
	} else {
		code = run(&c);
	}
	command_close(&c);
	leave(code);
	return code;
}
