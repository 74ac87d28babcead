#include "broker/private.h"

#include <ctype.h>

#include "carillon/base/id.h"

enum { PARTITION_ONLY = 0 };

static bool
prefix_is_token(const char *prefix)
{
	size_t len = strlen(prefix);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)prefix[i]) && prefix[i] != '_' && prefix[i] != '-')
			return false;
	return len > 0 && len <= PREFIX_MAX;
}

static void
broker_set_partition(struct broker *b, int n)
{
	struct partition *p = &b->partition;

	*p = (struct partition){.n = n};
	snprintf(p->consumer, sizeof p->consumer, "dispatch-%d", n);
	snprintf(p->history, sizeof p->history, "%s.history.%d", b->prefix, n);
}

bool
broker_set_prefix(struct broker *b, const char *prefix, struct err *e)
{
	static const char *const suffix[STREAMS] = {
	    [STREAM_EVENTS] = "EVENTS",
	    [STREAM_HISTORY] = "HISTORY",
	    [STREAM_OPS] = "OPS",
	};
	char upper[PREFIX_MAX + 1] = {0};

	if (!prefix_is_token(prefix))
		return fail(e, ERR_INPUT,
		    "prefix \"%.40s\": use 1 to %d letters, digits, \"_\" or \"-\"", prefix,
		    PREFIX_MAX);
	for (size_t i = 0; prefix[i]; i++)
		upper[i] = (char)toupper((unsigned char)prefix[i]);
	snprintf(b->prefix, sizeof b->prefix, "%s", prefix);
	snprintf(b->bucket, sizeof b->bucket, "%s_state", prefix);
	for (int s = 0; s < STREAMS; s++)
		if (suffix[s])
			snprintf(b->streams[s], STREAM_NAME_MAX, "%s_%s", upper, suffix[s]);
	snprintf(b->streams[STREAM_STATE], STREAM_NAME_MAX, "KV_%s", b->bucket);
	snprintf(b->short_bucket, sizeof b->short_bucket, "%s_short", prefix);
	snprintf(b->streams[STREAM_SHORT], STREAM_NAME_MAX, "KV_%s", b->short_bucket);
	broker_set_partition(b, PARTITION_ONLY);
	return true;
}

void
subject_event(
    char out[static SUBJECT_MAX], const struct broker *b, struct str workspace, struct str type)
{
	snprintf(out, SUBJECT_MAX, "%s.events.%.*s.%.*s", b->prefix, STR_ARG(workspace),
	    STR_ARG(type));
}

const char *
broker_prefix(const struct broker *b)
{
	return b->prefix;
}

const struct partition *
broker_partition(const struct broker *b)
{
	return &b->partition;
}

void
subject_ops(char out[static SUBJECT_MAX], const struct broker *b, struct str workspace,
    const char *what)
{
	snprintf(out, SUBJECT_MAX, "%s.ops.%.*s.%s", b->prefix, STR_ARG(workspace), what);
}

/* Takes `head` off the front of `s`; false if it does not start so. */
static bool
str_take(struct str *s, struct str head)
{
	if (!str_starts_with(*s, head))
		return false;
	*s = (struct str){s->ptr + head.len, s->len - head.len};
	return true;
}

bool
subject_parse_event(
    const struct broker *b, struct str subject, struct str *workspace, struct str *type)
{
	if (!str_take(&subject, str_of(b->prefix)) || !str_take(&subject, STR(".events.")))
		return false;

	const char *dot = subject.len ? memchr(subject.ptr, '.', subject.len) : NULL;
	size_t len = dot ? (size_t)(dot - subject.ptr) : subject.len;
	*workspace = (struct str){subject.ptr, len};
	*type = dot ? (struct str){dot + 1, subject.len - len - 1} : STR("");
	return id_is_workspace(*workspace);
}

static struct str
bucket_key(const char *bucket, struct str subject)
{
	if (!str_take(&subject, STR("$KV.")) || !str_take(&subject, str_of(bucket)) ||
	    !str_take(&subject, STR(".")))
		return (struct str){NULL, 0};
	return subject;
}

struct str
broker_state_key(const struct broker *b, struct str subject)
{
	return bucket_key(b->bucket, subject);
}

struct str
broker_short_key(const struct broker *b, struct str subject)
{
	return bucket_key(b->short_bucket, subject);
}
