/* What people hand in: files, JSON, a credential, a yes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/json.h"

#include "command.h"

static bool
read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	for (;;) {
		ssize_t got;

		buf_reserve(out, 64 * 1024);
		got = read(fd, out->ptr + out->len, 64 * 1024);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(e, ERR_INPUT, "%s: %s", path, strerror(errno));
		if (got == 0)
			return true;
		out->len += (size_t)got;
		if (out->len > INPUT_MAX)
			return fail(
			    e, ERR_INPUT, "%s is longer than %d bytes", path, INPUT_MAX);
	}
}

bool
read_input(struct command *c, const char *path, struct str *out, struct err *e)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	const char *name = is_stdin ? "standard input" : path;
	struct buf text = {0};
	bool ok;

	if (fd < 0)
		return fail(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_INPUT, "%s: %s", path,
		    strerror(errno));
	ok = read_all(fd, name, &text, e);
	if (!is_stdin)
		close(fd);
	*out = arena_str(c->arena, buf_view(&text));
	buf_fini(&text);
	return ok;
}

static bool
parse_object(struct command *c, struct str text, const char *name, const struct json **out,
    struct err *e)
{
	/* A payload of the full depth inside the object of an event. */
	if (!json_parse(c->arena, text, JSON_DEPTH_MAX + 1, out, e))
		return fail_within(e, "%s", name);
	if ((*out)->kind != JSON_OBJECT)
		return fail(e, ERR_INPUT, "%s: is %s; it must be a JSON object", name,
		    json_kind_name((*out)->kind));
	return true;
}

bool
read_object(struct command *c, const char *path, const struct json **out, struct err *e)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	struct str text;

	return read_input(c, path, &text, e) && parse_object(c, text, name, out, e);
}

bool
read_json_option(struct command *c, enum option o, struct str *out, struct err *e)
{
	const char *value = c->options[o];
	const struct json *v;

	*out = STR("");
	if (value == NULL || value[0] == '\0')
		return true;
	/* No file is called like that. */
	if (strchr("{[\"", value[strspn(value, " \t\n")]) != NULL) {
		char name[40];

		snprintf(name, sizeof(name), "--%s", option_specs[o].name);
		*out = str_of(value);
		return parse_object(c, *out, name, &v, e);
	}
	return read_input(c, value, out, e) && parse_object(c, *out, value, &v, e);
}

/* --- the credential --- */

static bool
read_unechoed(struct secret *value, const char *title, struct err *e)
{
	struct termios before, silent;
	bool ok;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return secret_read_fd(value, STDIN_FILENO, e);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fprintf(stderr, "%s (not shown): ", title);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	ok = secret_read_fd(value, STDIN_FILENO, e);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return ok;
}

static bool
read_secret(struct secret *credential, const struct dest_secret *which, struct err *e)
{
	struct secret *value = secret_new(SECRET_MAX);
	bool ok = isatty(STDIN_FILENO) ? read_unechoed(value, which->title, e)
	                               : secret_read_fd(value, STDIN_FILENO, e);

	secret_trim(value);
	if (ok && secret_len(value) == 0)
		ok = fail(e, ERR_INPUT,
		    "no credential on standard input: pipe the %s in, or run this at a "
		    "terminal and paste it",
		    which->title);
	if (ok && !credential_put(credential, which->tag, value))
		ok = fail(e, ERR_INPUT, "the %s is too long", which->title);
	secret_free(value);
	return ok;
}

const struct dest_type *
dest_of_connection(const connection_record *r, struct err *e)
{
	const struct dest_type *dest = dest_find(str_of(r->dest));

	if (dest == NULL)
		(void)fail(e, ERR_SETUP,
		    "connection %s is of type \"%s\", which this version of Carillon does not "
		    "know",
		    r->id, r->dest);
	return dest;
}

/* The one secret of a type that makes its credentials itself. */
static bool
take_secret(const struct dest_type *dest, struct secret *credential, struct err *e)
{
	struct secret_view v = credential_get(credential, dest->secrets[0].tag);
	struct secret *given = secret_new(SECRET_MAX);
	bool ok = secret_append(given, v.ptr, v.len) &&
	          dest->take(credential, given, NULL, (wall_t){0}, e);

	secret_free(given);
	return ok;
}

bool
read_credential(const connection_record *r, struct secret **out, struct err *e)
{
	const struct dest_type *dest = dest_of_connection(r, e);
	struct secret *credential = secret_new(SECRET_MAX);
	bool ok = dest != NULL;

	for (int i = 0; ok && i < dest->n_secrets; i++)
		ok = read_secret(credential, &dest->secrets[i], e);
	if (ok && dest->take != NULL)
		ok = take_secret(dest, credential, e);
	if (ok)
		*out = credential;
	else
		secret_free(credential);
	return ok;
}

bool
read_channel(struct command *c, const struct dest_type *dest, const char *text, char **out,
    struct err *e)
{
	char id[CHANNEL_ID_MAX + 1];

	if (!dest->channel_of(str_of(text), id))
		return FAIL_USAGE(c, e, "--channel %s: %s", text, dest->channel_hint);
	*out = arena_cstr(c->arena, str_of(id));
	return true;
}

/* --- a yes --- */

bool
confirm(struct command *c, struct str question, struct err *e)
{
	char answer[16] = "";

	if (command_has(c, OPTION_YES))
		return true;
	if (!isatty(STDIN_FILENO))
		return FAIL_USAGE(c, e, "%.*s: add --yes", STR_ARG(question));
	fprintf(stderr, "%.*s; type yes to go on: ", STR_ARG(question));
	if (fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0)
		return true;
	c->exit_code = EXIT_FAILED; /* it was understood */
	return fail(e, ERR_INPUT, "nothing was done");
}

/* --- times --- */

/* "90m": false if it is none. */
static bool
duration_of(const char *text, int64_t *out_ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	enum { MOST = 100000 };
	char *end;
	long n;

	if (text[0] < '0' || text[0] > '9')
		return false;
	n = strtol(text, &end, 10);
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (n <= MOST && end[0] == units[i].unit && end[1] == '\0') {
			*out_ms = n * units[i].ms;
			return true;
		}
	return false;
}

bool
read_duration(struct command *c, enum option o, int64_t *out_ms, struct err *e)
{
	const char *text = c->options[o];

	return text == NULL || duration_of(text, out_ms) ||
	       FAIL_USAGE(
		   c, e, "--%s %s: write it as 90m, 2h or 7d", option_specs[o].name, text);
}

bool
read_time(struct command *c, enum option o, int64_t *out_ms, struct err *e)
{
	const char *text = c->options[o];
	int64_t ago_ms;
	wall_t at;

	if (text == NULL)
		return true;
	if (duration_of(text, &ago_ms)) {
		*out_ms = clock_wall().ms - ago_ms;
		return true;
	}
	if (clock_parse(str_of(text), &at) ||
	    clock_parse(arena_printf(c->arena, "%sT00:00:00Z", text), &at)) {
		*out_ms = at.ms;
		return true;
	}
	return FAIL_USAGE(c, e,
	    "--%s %s: write it as 2026-04-17T16:00:00Z or 2026-04-17, or as how long ago: 90m, "
	    "2h, 7d",
	    option_specs[o].name, text);
}

/* --- pages --- */

bool
read_number(struct command *c, enum option o, uint64_t most, uint64_t *out, struct err *e)
{
	const char *text = c->options[o];
	char *end;

	if (text == NULL)
		return true;
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out > 0 &&
	    *out <= most)
		return true;
	return FAIL_USAGE(c, e, "--%s %s: must be a whole number from 1 to %llu",
	    option_specs[o].name, text, (unsigned long long)most);
}

bool
read_limit(struct command *c, size_t *limit, struct err *e)
{
	enum { LIMIT_MOST = 1000, LIMIT_USUAL = 50 };
	uint64_t n = LIMIT_USUAL;

	if (!read_number(c, OPTION_LIMIT, LIMIT_MOST, &n, e))
		return false;
	*limit = (size_t)n;
	return true;
}

bool
read_page(struct command *c, size_t *limit, uint64_t *before, struct err *e)
{
	*before = 0;
	if (!read_limit(c, limit, e))
		return false;
	if (!read_number(c, OPTION_BEFORE, INT64_MAX, before, e))
		return FAIL_USAGE(c, e,
		    "--before %s: is no cursor; take what the list before ended with",
		    c->options[OPTION_BEFORE]);
	return true;
}

bool
read_schedule(struct command *c, uint32_t **retry_s, size_t *n, struct err *e)
{
	const char *at = c->options[OPTION_RETRY];

	if (at == NULL)
		return true;
	*n = 0;
	*retry_s = ARENA_ARRAY(c->arena, uint32_t, RULE_RETRY_STEPS_MAX);
	while (*at != '\0') {
		char *end;
		unsigned long long s;

		errno = 0;
		s = strtoull(at, &end, 10);
		if (at[0] < '0' || at[0] > '9' || errno != 0 || s > RULE_RETRY_S_MAX ||
		    (*end == ',' ? end[1] == '\0' : *end != '\0'))
			return fail(e, ERR_INPUT,
			    "--retry %s: must be seconds with commas between, such as "
			    "5,30,120, each at most %d",
			    c->options[OPTION_RETRY], RULE_RETRY_S_MAX);
		if (*n == RULE_RETRY_STEPS_MAX)
			return fail(
			    e, ERR_INPUT, "--retry: more than %d steps", RULE_RETRY_STEPS_MAX);
		(*retry_s)[(*n)++] = (uint32_t)s;
		at = end + (*end == ',');
	}
	return true;
}
