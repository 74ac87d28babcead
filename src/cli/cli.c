#include "carillon/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/base/log.h"
#include "carillon/base/tame.h"
#include "command.h"
#include "output.h"

static int
exit_code_of(const struct command *c, const struct err *e)
{
	if (c->exit_code != EXIT_FINE)
		return c->exit_code;
	switch (e->kind) {
	case ERR_INPUT: return EXIT_USAGE;
	case ERR_NOT_FOUND: return EXIT_NOT_FOUND;
	case ERR_CONFLICT: return EXIT_CONFLICT;
	default: return EXIT_FAILED;
	}
}

/* A line, whatever the text holds. */
static void
say_line(struct str sentence)
{
	struct buf line = {0};

	buf_cstr(&line, "carillon: ");
	tame_put(&line, sentence);
	buf_putc(&line, '\n');
	fwrite(line.ptr, 1, line.len, stderr);
	buf_fini(&line);
}

/* A line each; the first of them is the error. */
static void
say_findings(const struct findings *f)
{
	for (int i = 0; i < f->n; i++)
		say_line(finding_sentence(f, &f->items[i]));
	if (f->n_left_out > 0)
		fprintf(stderr, "carillon: and %d more\n", f->n_left_out);
}

static void
write_error(struct json_writer *w, const struct err *e)
{
	jw_array(w);
	jw_object(w);
	jw_kv_cstr(w, "code", err_kind_name(e->kind));
	jw_kv_cstr(w, "sentence", e->text);
	jw_object_end(w);
	jw_array_end(w);
}

/* {"errors": [...]}, for programs, unless the verb said them in a document of its own. */
static void
answer_errors(struct command *c, const struct err *e)
{
	struct document doc;

	if (c->has_answered || !command_has(c, OPTION_JSON))
		return;
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_key(&doc.w, "errors");
	if (c->findings.n > 0)
		findings_write(&doc.w, &c->findings);
	else
		write_error(&doc.w, e);
	jw_object_end(&doc.w);
	document_end(&doc);
}

static void
say_usage(const struct command *c)
{
	struct buf usage = {0};

	if (c->verb != NULL)
		help_usage(&usage, c->verb, strlen("usage: "));
	else
		buf_cstr(&usage, "carillon help");
	fprintf(stderr, "%s%.*s\n", c->verb ? "usage: " : "try: ", STR_ARG(buf_view(&usage)));
	buf_fini(&usage);
}

static int
fail_with(struct command *c, const struct err *e)
{
	answer_errors(c, e);
	if (c->findings.n > 0)
		say_findings(&c->findings);
	else
		say_line(str_of(e->text));
	if (c->is_misused)
		say_usage(c);
	return exit_code_of(c, e);
}

static int
run(struct command *c)
{
	struct err e = {0};
	int code;

	/* A command says what went wrong itself; the log is the service's. */
	log_set_level(LOG_LEVEL_NONE);
	code = c->verb->run(c, &e) ? c->exit_code : fail_with(c, &e);
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
	int code;

	c.arena = arena_new(0);
	findings_init(&c.findings, c.arena);
	c.is_misused = !command_parse(&c, argc, argv, &e);
	code = c.is_misused ? fail_with(&c, &e) : run(&c);
	command_close(&c);
	leave(code);
	return code;
}
