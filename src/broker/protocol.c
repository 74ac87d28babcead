#include "broker/protocol.h"

#include <inttypes.h>

enum { TOKENS_MAX = 13, READER_WINDOW_BYTES = 16 * 1024 * 1024 };

/* Splits at the dots; returns the number of tokens, TOKENS_MAX when there are more. */
static size_t
tokens_split(struct str s, struct str out[static TOKENS_MAX])
{
	size_t n = 0;

	while (n < TOKENS_MAX) {
		const char *dot = s.len ? memchr(s.ptr, '.', s.len) : NULL;
		size_t len = dot ? (size_t)(dot - s.ptr) : s.len;

		out[n++] = (struct str){s.ptr, len};
		if (!dot)
			break;
		s = (struct str){dot + 1, s.len - len - 1};
	}
	return n;
}

bool
ack_parse(struct str reply, struct ack_info *out)
{
	struct str token[TOKENS_MAX];
	uint64_t stored;

	if (!str_starts_with(reply, STR("$JS.ACK.")))
		return false;
	size_t n = tokens_split(reply, token);
	if (n != 9 && n != 11 && n != 12)
		return false;

	const struct str *t = token + (n == 9 ? 2 : 4); /* past domain and account */
	*out = (struct ack_info){.stream = t[0], .consumer = t[1]};
	if (!str_digits(t[2], &out->deliveries) || !str_digits(t[3], &out->stream_seq) ||
	    !str_digits(t[4], &out->consumer_seq) || !str_digits(t[5], &stored) ||
	    !str_digits(t[6], &out->pending) || stored > INT64_MAX)
		return false;
	out->stored_ns = (int64_t)stored;
	return out->stream.len > 0 && out->consumer.len > 0;
}

enum pull_verdict
pull_judge(struct str status, struct str description)
{
	if (str_eq(status, STR("100")))
		return PULL_ALIVE;
	if (str_eq(status, STR("404")) || str_eq(status, STR("408")))
		return PULL_EXPIRED;
	if (str_eq(status, STR("503")) || str_starts_with(description, STR("Consumer ")))
		return PULL_VERIFY; /* "Consumer Deleted", "Consumer is push based" */
	return PULL_RETRY;
}

size_t
pull_batch(size_t outstanding, size_t room)
{
	if (outstanding >= room || (outstanding > 0 && outstanding >= room / 2))
		return 0;

	size_t free_room = room - outstanding;
	return free_room < PULL_BATCH_MAX ? free_room : PULL_BATCH_MAX;
}

void
pull_request_text(char out[static PULL_REQUEST_MAX], size_t batch)
{
	snprintf(out, PULL_REQUEST_MAX,
	    "{\"batch\":%zu,\"expires\":%" PRId64 ",\"idle_heartbeat\":%" PRId64 "}", batch,
	    (int64_t)PULL_EXPIRES_MS * 1000000, (int64_t)PULL_HEARTBEAT_MS * 1000000);
}

size_t
reader_window(size_t size)
{
	size_t n = READER_WINDOW_BYTES / (size ? size : 1);

	return n < 2 ? 2 : n < READER_WINDOW_MAX ? n : READER_WINDOW_MAX;
}
