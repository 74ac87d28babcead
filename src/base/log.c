#include "carillon/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/log_limit.h"
#include "carillon/base/clock.h"
#include "carillon/base/tame.h"

#define ELLIPSIS "\u2026"

enum {
	LINE_MAX_BYTES = 4096,
	/* What a cut line ends with: the ellipsis, a quote and the newline. */
	LINE_TAIL = sizeof ELLIPSIS - 1 + 2,
};

struct line {
	size_t len;
	bool is_full;
	bool in_quotes;
	char text[LINE_MAX_BYTES];
};

static const struct {
	const char *name;
	const char *priority; /* as journald reads it at the start of a line */
} levels[] = {
    [LOG_LEVEL_DEBUG] = {"debug", "<7>"},
    [LOG_LEVEL_INFO] = {"info", "<6>"},
    [LOG_LEVEL_WARN] = {"warn", "<4>"},
    [LOG_LEVEL_ERROR] = {"error", "<3>"},
};

static atomic_int level_least = LOG_LEVEL_INFO;
static pthread_once_t journal_once = PTHREAD_ONCE_INIT;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static bool has_journal;

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&level_least, (int)level, memory_order_relaxed);
}

bool
log_is_on(enum log_level level)
{
	return (int)level >= atomic_load_explicit(&level_least, memory_order_relaxed);
}

static void
find_journal(void)
{
	has_journal = getenv("JOURNAL_STREAM") != NULL;
}

/* All of `s` or, from the first that does not fit on, nothing. */
static void
line_put(struct line *l, struct str s)
{
	if (s.len > LINE_MAX_BYTES - LINE_TAIL - l->len)
		l->is_full = true;
	if (l->is_full)
		return;
	memcpy(l->text + l->len, s.ptr, s.len);
	l->len += s.len;
}

static void
line_quote(struct line *l, bool opens)
{
	line_put(l, STR("\""));
	if (!l->is_full)
		l->in_quotes = opens;
}

static void
line_escape(struct line *l, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char escape[] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

	switch (c) {
	case '\n': line_put(l, STR("\\n")); break;
	case '\r': line_put(l, STR("\\r")); break;
	case '\t': line_put(l, STR("\\t")); break;
	case '"': line_put(l, STR("\\\"")); break;
	case '\\': line_put(l, STR("\\\\")); break;
	default: line_put(l, (struct str){escape, sizeof escape});
	}
}

static bool
needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c >= 0x7f || strchr("\"=\\", c))
			return true;
	}
	return s.len == 0;
}

static void
line_string(struct line *l, struct str s)
{
	bool quoted = needs_quotes(s);

	if (quoted)
		line_quote(l, true);
	for (size_t i = 0, n; i < s.len && !l->is_full; i += n) {
		n = tame_len(s.ptr + i, s.len - i);
		if (n == 0 || s.ptr[i] == '"' || s.ptr[i] == '\\') {
			line_escape(l, (unsigned char)s.ptr[i]);
			n = 1;
		} else {
			line_put(l, (struct str){s.ptr + i, n});
		}
	}
	if (quoted)
		line_quote(l, false);
}

static void
line_field(struct line *l, const struct log_field *f)
{
	char number[24];

	line_put(l, STR(" "));
	line_put(l, str_of(f->key));
	line_put(l, STR("="));
	switch (f->kind) {
	case LOG_FIELD_STR: line_string(l, f->str); return;
	case LOG_FIELD_BOOL: line_put(l, f->num ? STR("true") : STR("false")); return;
	case LOG_FIELD_INT:
		(void)snprintf(number, sizeof number, "%" PRId64, f->num);
		line_put(l, str_of(number));
		return;
	}
	must(f->kind == LOG_FIELD_INT); /* no other kind exists */
}

static void
line_end(struct line *l)
{
	char *at = l->text + l->len;

	if (l->is_full) {
		memcpy(at, ELLIPSIS, sizeof ELLIPSIS - 1);
		at += sizeof ELLIPSIS - 1;
		if (l->in_quotes)
			*at++ = '"';
	}
	*at++ = '\n';
	l->len = (size_t)(at - l->text);
}

static void
line_start(struct line *l, enum log_level level, const char *verb)
{
	char time[CLOCK_TEXT_MAX];

	l->len = 0;
	l->is_full = l->in_quotes = false;
	pthread_once(&journal_once, find_journal);
	if (has_journal)
		line_put(l, str_of(levels[level].priority));
	line_put(l, str_of(clock_text(clock_wall(), time)));
	line_put(l, STR(" level="));
	line_put(l, str_of(levels[level].name));
	line_put(l, STR(" verb="));
	line_put(l, str_of(verb));
}

static void
line_write(enum log_level level, const char *verb, const struct log_field *fields, size_t n,
    uint64_t unwritten)
{
	const struct log_field more = L_INT("unwritten", unwritten);
	struct line line;

	line_start(&line, level, verb);
	for (size_t i = 0; i < n; i++)
		line_field(&line, &fields[i]);
	if (unwritten > 0)
		line_field(&line, &more);
	line_end(&line);
	/* A line that cannot be written has nowhere to be reported. */
	while (write(STDERR_FILENO, line.text, line.len) < 0 && errno == EINTR)
		;
}

/* Of lines that are no longer repeated the next one cannot tell it. */
static void
tell_unwritten(bool all)
{
	struct log_unwritten u;

	while (log_limit_take(clock_mono(), all, &u)) {
		const struct log_field fields[] = {L_STR("of", u.verb), L_INT("lines", u.lines),
		    L_STR("workspace", u.workspace)};
		line_write(LOG_LEVEL_WARN, "log.unwritten", fields, u.workspace[0] ? 3 : 2, 0);
	}
}

static void
tell_at_exit(void)
{
	tell_unwritten(true);
}

static void
ask_to_tell_at_exit(void)
{
	(void)atexit(tell_at_exit); /* else only the newest counts are not told */
}

static struct str
workspace_of(const struct log_field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fields[i].kind == LOG_FIELD_STR && strcmp(fields[i].key, "workspace") == 0)
			return fields[i].str;
	return (struct str){NULL, 0};
}

void
log_line(enum log_level level, const char *verb, const struct log_field *fields, size_t n)
{
	int errno_before = errno;
	uint64_t unwritten = 0;

	if (level == LOG_LEVEL_DEBUG ||
	    log_limit_pass(verb, workspace_of(fields, n), clock_mono(), &unwritten))
		line_write(level, verb, fields, n, unwritten);
	else
		pthread_once(&exit_once, ask_to_tell_at_exit);
	tell_unwritten(false);
	errno = errno_before;
}
