#include "carillon/base/config.h"

#include <inttypes.h>

#include "carillon/base/id.h"
#include "carillon/base/network.h"
#include "carillon/base/url.h"

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

static bool
is_port(struct str text)
{
	int64_t port = 0;

	for (size_t i = 0; i < text.len && port <= UINT16_MAX; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		port = port * 10 + (text.ptr[i] - '0');
	}
	return port > 0 && port <= UINT16_MAX;
}

/* A URL may hold a password, so no error shows one. */
static bool
check_nats_url(struct str text, int number, struct err *e)
{
	struct url url;

	if (!url_parse(&url, text))
		return fail(e, ERR_INPUT,
		    "nats_url: address %d must be nats:// or tls:// and a host", number);
	if (str_eq(url.scheme, STR("ws")) || str_eq(url.scheme, STR("wss")))
		return fail(e, ERR_INPUT,
		    "nats_url: address %d: NATS is not spoken over WebSocket here, and a "
		    "password would travel in clear; use nats:// or tls:// and the server's "
		    "usual port",
		    number);
	if (url.port.len > 0 && !is_port(url.port))
		return fail(e, ERR_INPUT,
		    "nats_url: the port of address %d is no number up to 65535", number);
	return str_eq(url.scheme, STR("nats")) || str_eq(url.scheme, STR("tls")) ||
	       fail(e, ERR_INPUT, "nats_url: address %d must be nats:// or tls:// and a host",
		   number);
}

/* Tokens travel to this address: in clear only to this very machine. */
static bool
check_slack_url(const struct config *c, struct err *e)
{
	struct url url;
	bool is_url = url_parse(&url, str_of(c->slack_api_url));

	if (!is_url || (!str_eq(url.scheme, STR("https")) && !str_eq(url.scheme, STR("http"))))
		return fail(
		    e, ERR_INPUT, "slack_api_url: must be https:// or http:// and a host");
	if (url.user_info.len > 0)
		return fail(e, ERR_INPUT, "slack_api_url: takes no user and no password");
	if (url.port.len > 0 && !is_port(url.port))
		return fail(e, ERR_INPUT, "slack_api_url: its port is no number up to 65535");
	if (strpbrk(c->slack_api_url, "?# ") != NULL)
		return fail(e, ERR_INPUT,
		    "slack_api_url: ends with its path, to which the methods' names are added");
	return str_eq(url.scheme, STR("https")) || url_is_loopback(&url) ||
	       fail(e, ERR_INPUT,
		   "slack_api_url: http:// to another machine would send credentials in "
		   "clear; use https://");
}

/* Its port is no usual one: where none is said, libcurl takes 1080 and people mean 3128. */
static bool
check_slack_proxy(const struct config *c, struct err *e)
{
	struct url url;

	if (c->slack_proxy[0] == '\0')
		return true;
	if (!url_parse(&url, str_of(c->slack_proxy)) || !str_eq(url.scheme, STR("http")) ||
	    !is_port(url.port) || (url.path.len > 0 && !str_eq(url.path, STR("/"))))
		return fail(e, ERR_INPUT, "slack_proxy: must be http://HOST:PORT");
	return url.user_info.len == 0 ||
	       fail(e, ERR_INPUT,
		   "slack_proxy: takes no user and no password; let the proxy know this "
		   "machine by its address");
}

static bool
check_urls(const struct config *c, struct err *e)
{
	int number = 1;

	for (struct str rest = str_of(c->nats_url); rest.ptr; number++)
		if (!check_nats_url(next_of_list(&rest), number, e))
			return false;
	return check_slack_url(c, e) && check_slack_proxy(c, e);
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

/* A server is told one thing about who we are. */
static bool
check_nats_login(const struct config *c, struct err *e)
{
	const struct {
		const char *name, *value;
	} ways[] = {
	    {"nats_creds", c->nats_creds},
	    {"nats_user", c->nats_user},
	    {"nats_token_file", c->nats_token_file},
	    {"nats_nkey_file", c->nats_nkey_file},
	};
	const char *first = NULL;

	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		if (ways[i].value[0] == '\0')
			continue;
		if (first != NULL)
			return fail(e, ERR_INPUT, "%s: %s is set too; one of them at most",
			    ways[i].name, first);
		first = ways[i].name;
	}
	if ((c->nats_user[0] == '\0') != (c->nats_password_file[0] == '\0'))
		return fail(
		    e, ERR_INPUT, "nats_user and nats_password_file: set both, or neither");
	return (c->nats_cert[0] == '\0') == (c->nats_key[0] == '\0') ||
	       fail(e, ERR_INPUT, "nats_cert and nats_key: set both, or neither");
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

static bool
check_webhooks(const struct config *c, struct err *e)
{
	struct networks *n;
	struct ports p;
	bool ok = networks_parse(&n, "webhook_networks", c->webhook_networks, e);

	networks_free(n);
	return ok && ports_parse(&p, "webhook_ports", c->webhook_ports, e);
}

bool
config_check(const struct config *c, struct err *e)
{
	struct retry_schedule schedule;
	if (!config_retry_schedule(c->retry_schedule_s, &schedule, e))
		return fail_within(e, "retry_schedule_s");
	return check_bounds(c, e) && check_words(c, e) && check_urls(c, e) &&
	       check_nats_login(c, e) && check_webhooks(c, e);
}
