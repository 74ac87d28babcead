#include "carillon/base/config.h"

#include <inttypes.h>

#include "carillon/base/id.h"

enum { RETRY_DELAY_MAX_S = 604800 }; /* a week */

static struct str
trimmed(struct str s)
{
	while (s.len > 0 && s.ptr[0] == ' ')
		s = (struct str){s.ptr + 1, s.len - 1};
	while (s.len > 0 && s.ptr[s.len - 1] == ' ')
		s.len--;
	return s;
}

/* Takes what comes before the next comma off `rest`; rest.ptr is NULL after the last. */
static struct str
next_of_list(struct str *rest)
{
	const char *comma = rest->len > 0 ? memchr(rest->ptr, ',', rest->len) : NULL;
	struct str part = {rest->ptr, comma ? (size_t)(comma - rest->ptr) : rest->len};
	*rest =
	    comma ? (struct str){comma + 1, rest->len - part.len - 1} : (struct str){NULL, 0};
	return trimmed(part);
}

static bool
parse_delay(struct str text, int64_t *delay_ms)
{
	int64_t seconds = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || seconds > RETRY_DELAY_MAX_S)
			return false;
		seconds = seconds * 10 + (text.ptr[i] - '0');
	}
	*delay_ms = seconds * 1000;
	return text.len > 0 && seconds <= RETRY_DELAY_MAX_S;
}

bool
config_retry_schedule(const char *text, struct retry_schedule *out, struct err *e)
{
	*out = (struct retry_schedule){0};
	for (struct str rest = str_of(text); rest.ptr;) {
		struct str delay = next_of_list(&rest);
		if (out->steps == RETRY_STEPS_MAX)
			return fail(e, ERR_INPUT, "has more than %d delays", RETRY_STEPS_MAX);
		if (!parse_delay(delay, &out->delay_ms[out->steps]))
			return fail(e, ERR_INPUT,
			    "delay %d is not a whole number of seconds from 0 to %d",
			    out->steps + 1, RETRY_DELAY_MAX_S);
		out->steps++;
	}
	return true;
}

/*
 * Whether `url` is "<scheme>://<host>..." with one of `schemes`. A URL may hold a password, so
 * no error shows one.
 */
static bool
url_is_any_of(struct str url, const char *const *schemes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str scheme = str_of(schemes[i]);
		if (str_starts_with(url, scheme))
			return url.len > scheme.len && !strchr("/?#:@", url.ptr[scheme.len]);
	}
	return false;
}

static bool
check_urls(const struct config *c, struct err *e)
{
	static const char *const nats[] = {"nats://", "tls://", "ws://", "wss://"};
	static const char *const http[] = {"http://", "https://"};
	int number = 1;
	for (struct str rest = str_of(c->nats_url); rest.ptr; number++)
		if (!url_is_any_of(next_of_list(&rest), nats, COUNT_OF(nats)))
			return fail(e, ERR_INPUT,
			    "nats_url: address %d must be nats://, tls://, ws:// or "
			    "wss:// and a host",
			    number);
	if (!url_is_any_of(str_of(c->slack_api_url), http, COUNT_OF(http)))
		return fail(
		    e, ERR_INPUT, "slack_api_url: must be https:// or http:// and a host");
	return true;
}

static bool
check_words(const struct config *c, struct err *e)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	if (!id_is_record(str_of(c->prefix)))
		return fail(e, ERR_INPUT, "prefix: must be made of a-z, 0-9, \"_\" and \"-\"");
	for (size_t i = 0; i < COUNT_OF(levels); i++)
		if (strcmp(c->log_level, levels[i]) == 0)
			return true;
	return fail(e, ERR_INPUT, "log_level: must be debug, info, warn or error");
}

static bool
check_bounds(const struct config *c, struct err *e)
{
	if (c->ack_pending_max < 4 * c->active_max)
		return fail(e, ERR_INPUT,
		    "ack_pending_max: %" PRId64 " must be at least 4 x active_max, %" PRId64,
		    c->ack_pending_max, 4 * c->active_max);
	if (c->nak_slots_max > c->ack_pending_max / 2)
		return fail(e, ERR_INPUT,
		    "nak_slots_max: %" PRId64
		    " must be at most half of ack_pending_max, %" PRId64,
		    c->nak_slots_max, c->ack_pending_max / 2);
	if (c->lane_shut_min_ms > c->lane_shut_max_ms)
		return fail(e, ERR_INPUT,
		    "lane_shut_min_ms: %" PRId64 " must be at most lane_shut_max_ms, %" PRId64
		    " ms",
		    c->lane_shut_min_ms, c->lane_shut_max_ms);
	return true;
}

bool
config_check(const struct config *c, struct err *e)
{
	struct retry_schedule schedule;
	if (!config_retry_schedule(c->retry_schedule_s, &schedule, e))
		return fail_within(e, "retry_schedule_s");
	return check_bounds(c, e) && check_words(c, e) && check_urls(c, e);
}
