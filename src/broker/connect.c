#include "broker/login.h"

#include <errno.h>
#include <sys/random.h>

#include "carillon/base/clock.h"
#include "carillon/base/deadline.h"
#include "carillon/base/log.h"

enum {
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 5000,
	CONNECT_TRY_MS = 3000, /* TCP, TLS and the first PONG */
	PING_EVERY_MS = 5000,  /* two without an answer: the connection is dead */
	WRITE_WAIT_MS = 10000, /* a server that does not read for so long is dead, too */
	CLOSE_FLUSH_MS = 2000,
	REFUSED_MAX = 3, /* tries with credentials that are refused; see below */
	URLS_MAX = 16,
	URL_MAX = 256,
};

struct url_list {
	char text[URLS_MAX][URL_MAX];
	const char *ptr[URLS_MAX];
	int len;
	bool has_tls;
};

/* --- small services of the lock --- */

void
broker_hold(struct broker *b)
{
	atomic_fetch_add(&b->refs, 1);
}

void
broker_drop(struct broker *b)
{
	if (atomic_fetch_sub(&b->refs, 1) > 1)
		return;
	natsConnection_Destroy(b->nc);
	for (size_t i = 0; i < b->graves_len; i++)
		natsConnection_Destroy(b->graves[i]);
	natsOptions_Destroy(b->options);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

int64_t
broker_jitter(struct broker *b, int64_t max)
{
	pthread_mutex_lock(&b->lock);
	b->random ^= b->random << 13; /* xorshift32 */
	b->random ^= b->random >> 17;
	b->random ^= b->random << 5;
	uint32_t r = b->random;
	pthread_mutex_unlock(&b->lock);
	return (int64_t)(r % (uint64_t)(max + 1));
}

/* Between half of it and all of it, doubling with each attempt (from 1). */
static int64_t
backoff_ms(struct broker *b, int attempt)
{
	int64_t ms = BACKOFF_MIN_MS;

	for (int i = 1; i < attempt && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	return ms / 2 + broker_jitter(b, ms / 2);
}

/* Waits for a change of the connection; false when `deadline` came first. Lock held. */
static bool
broker_wait_change(struct broker *b, mono_t deadline)
{
	struct timespec ts = {
	    .tv_sec = deadline.ms / 1000, .tv_nsec = deadline.ms % 1000 * 1000000};

	return pthread_cond_timedwait(&b->changed, &b->lock, &ts) != ETIMEDOUT;
}

void
broker_pause(struct broker *b, int64_t ms)
{
	mono_t until = mono_after(clock_mono(), ms);

	pthread_mutex_lock(&b->lock);
	while (!b->closing && broker_wait_change(b, until))
		;
	pthread_mutex_unlock(&b->lock);
}

bool
broker_wait_connected(struct broker *b, mono_t deadline, struct err *e)
{
	if (b->connected && !b->closing)
		return true;
	pthread_mutex_lock(&b->lock);
	while (!b->connected && !b->closing && broker_wait_change(b, deadline))
		;
	pthread_mutex_unlock(&b->lock);
	if (b->closing)
		return fail(e, ERR_TEMP, "the connection to nats is being closed");
	if (!b->connected)
		return fail(e, ERR_TEMP, "no connection to nats; it is being made again");
	return true;
}

static void
broker_set_connected(struct broker *b, bool connected)
{
	pthread_mutex_lock(&b->lock);
	b->connected = connected;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

/* --- what the library tells us, on threads of its own --- */

static int64_t
on_reconnect_delay(natsConnection *nc, int attempts, void *closure)
{
	(void)nc;
	return backoff_ms(closure, attempts);
}

static void
on_disconnected(natsConnection *nc, void *closure)
{
	struct broker *b = closure;

	if (nc != b->nc || b->closing)
		return;
	broker_set_connected(b, false);
	log_warn("broker.disconnected", L_STR("why", "connection to nats was lost"));
}

static void
on_reconnected(natsConnection *nc, void *closure)
{
	struct broker *b = closure;

	if (nc != b->nc)
		return;
	atomic_fetch_add(&b->epoch, 1);
	broker_set_connected(b, true);
	log_info("broker.reconnected", L_INT("times", b->epoch));
}

static void
broker_note_denied(struct broker *b, const char *text)
{
	pthread_mutex_lock(&b->lock);
	snprintf(b->denied, sizeof b->denied, "%s", text);
	b->has_denied = true;
	b->denials++;
	pthread_mutex_unlock(&b->lock);
	log_error("broker.denied", L_STR("why", text));
}

static void
on_error(natsConnection *nc, natsSubscription *sub, natsStatus s, void *closure)
{
	const char *text = NULL;

	(void)sub;
	(void)natsConnection_GetLastError(nc, &text);
	if (!text || !*text)
		text = natsStatus_GetText(s);
	if (s == NATS_NOT_PERMITTED && strstr(text, "\"$SRV.") != NULL)
		log_info("broker.unseen", L_STR("why", text)); /* see micro.h */
	else if (s == NATS_NOT_PERMITTED || s == NATS_CONNECTION_AUTH_FAILED)
		broker_note_denied(closure, text);
	else
		log_warn("broker.error", L_STR("why", text));
}

static void *redial_main(void *arg);

/* Lock held. */
static void
redial_begin(struct broker *b)
{
	if (b->has_redialer)
		pthread_join(b->redialer, NULL); /* it has ended */
	b->redialing = b->has_redialer = true;
	must(pthread_create(&b->redialer, NULL, redial_main, b) == 0);
	log_error(
	    "broker.refused", L_STR("todo", "check our credentials and the server's accounts"));
}

/*
 * The library gave up: its credentials were refused twice. We do not. When it is broker_close
 * that waits for this, `b` is gone once the lock is.
 */
static void
on_closed(natsConnection *nc, void *closure)
{
	struct broker *b = closure;

	if (nc != b->nc)
		return;
	pthread_mutex_lock(&b->lock);
	b->connected = false;
	b->is_closed = true;
	if (!b->redialing && !b->closing)
		redial_begin(b);
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

/* --- options --- */

/* Splits at commas; false if there are too many or one is too long. */
static bool
urls_split(struct url_list *l, const char *urls)
{
	for (const char *at = urls; *at;) {
		size_t len = strcspn(at, ", ");

		if (len >= URL_MAX || (len > 0 && l->len == URLS_MAX))
			return false;
		if (len > 0) {
			snprintf(l->text[l->len], URL_MAX, "%.*s", (int)len, at);
			l->has_tls |= strncmp(at, "tls://", 6) == 0;
			l->ptr[l->len] = l->text[l->len];
			l->len++;
		}
		at += len + (at[len] != '\0');
	}
	return l->len > 0;
}

/* The URLs as people may see them: without user and password. */
static void
urls_show(char *out, size_t size, const struct url_list *l)
{
	size_t at = 0;

	out[0] = '\0';
	for (int i = 0; i < l->len && at < size; i++) {
		const char *host = strrchr(l->ptr[i], '@');
		const char *scheme = strstr(l->ptr[i], "://");
		int scheme_len = host && scheme ? (int)(scheme - l->ptr[i]) + 3 : 0;

		at += (size_t)snprintf(out + at, size - at, "%s%.*s%s", i ? "," : "",
		    scheme_len, l->ptr[i], host ? host + 1 : l->ptr[i]);
	}
}

static natsStatus
options_set_callbacks(natsOptions *o, struct broker *b)
{
	natsStatus s = natsOptions_SetErrorHandler(o, on_error, b);

	if (s == NATS_OK)
		s = natsOptions_SetClosedCB(o, on_closed, b);
	if (s == NATS_OK)
		s = natsOptions_SetDisconnectedCB(o, on_disconnected, b);
	if (s == NATS_OK)
		s = natsOptions_SetReconnectedCB(o, on_reconnected, b);
	if (s == NATS_OK)
		s = natsOptions_SetCustomReconnectDelay(o, on_reconnect_delay, b);
	return s;
}

static natsStatus
options_set_times(natsOptions *o)
{
	natsStatus s = natsOptions_SetMaxReconnect(o, -1);

	if (s == NATS_OK)
		s = natsOptions_SetTimeout(o, CONNECT_TRY_MS);
	if (s == NATS_OK)
		s = natsOptions_SetPingInterval(o, PING_EVERY_MS);
	if (s == NATS_OK)
		s = natsOptions_SetMaxPingsOut(o, 2);
	if (s == NATS_OK)
		s = natsOptions_SetWriteDeadline(o, WRITE_WAIT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetFailRequestsOnDisconnect(o, true);
	return s;
}

static bool
options_make(struct broker *b, const struct broker_options *from, const struct url_list *urls,
    struct err *e)
{
	natsStatus s = natsOptions_Create(&b->options);

	if (s == NATS_OK)
		s = natsOptions_SetServers(b->options, (const char **)urls->ptr, urls->len);
	if (s == NATS_OK && from->name)
		s = natsOptions_SetName(b->options, from->name);
	if (s == NATS_OK && from->inbox_prefix)
		s = natsOptions_SetCustomInboxPrefix(b->options, from->inbox_prefix);
	if (s == NATS_OK)
		s = options_set_times(b->options);
	if (s == NATS_OK)
		s = options_set_callbacks(b->options, b);
	if (s != NATS_OK)
		return fail(e, ERR_INPUT, "nats_url: %s; it should look like nats://host:4222",
		    natsStatus_GetText(s));
	return login_set(b->options, from, urls->has_tls, e);
}

/* --- dialling --- */

/*
 * libnats 3.4.1 leaves out a signature whose first byte is zero, one in 256: the server then
 * refuses a credential that is right. Another try has another nonce.
 */
static bool
dial_may_go_on(const struct err *e, int refused)
{
	return e->kind == ERR_TEMP || (e->kind == ERR_DENIED && refused < REFUSED_MAX);
}

static bool
dial_until(struct broker *b, const struct broker_options *o, const char *shown, mono_t deadline,
    struct err *e)
{
	natsConnection *nc = NULL;
	int refused = 0;

	for (int attempt = 1;; attempt++) {
		natsStatus s = natsConnection_Connect(&nc, b->options);
		int64_t again_ms = backoff_ms(b, attempt);

		if (s == NATS_OK) {
			b->nc = nc;
			broker_set_connected(b, true);
			if (natsConnection_IsClosed(nc)) /* before it was known as ours */
				on_closed(nc, b);
			return true;
		}
		login_failed(s, o, shown, e);
		refused += e->kind == ERR_DENIED;
		if (!dial_may_go_on(e, refused) ||
		    mono_reached(mono_after(clock_mono(), again_ms), deadline))
			return false;
		broker_pause(b, again_ms);
	}
}

/* Makes place for one more; the oldest was closed hours ago, so nobody is inside it. */
static void
graves_make_room(struct broker *b)
{
	if (b->graves_len < GRAVES_MAX)
		return;
	natsConnection_Destroy(b->graves[0]);
	memmove(b->graves, b->graves + 1, (GRAVES_MAX - 1) * sizeof b->graves[0]);
	b->graves_len--;
}

/* A connection in place of the one that was closed for good. */
static void
redial_replace(struct broker *b, natsConnection *nc)
{
	pthread_mutex_lock(&b->lock);
	graves_make_room(b);
	b->graves[b->graves_len++] = b->nc;
	b->nc = nc;
	b->is_closed = natsConnection_IsClosed(nc); /* then on_closed came too early */
	b->connected = !b->is_closed;
	atomic_fetch_add(&b->epoch, 1);
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	log_info("broker.reconnected", L_INT("times", b->epoch));
}

/* Whether there is nothing left to do; decided in one step with on_closed. */
static bool
redial_is_over(struct broker *b)
{
	pthread_mutex_lock(&b->lock);
	bool is_over = !b->is_closed || b->closing;
	if (is_over)
		b->redialing = false;
	pthread_mutex_unlock(&b->lock);
	return is_over;
}

static void *
redial_main(void *arg)
{
	struct broker *b = arg;
	natsConnection *nc = NULL;

	for (int attempt = 1; !redial_is_over(b); attempt++) {
		broker_pause(b, backoff_ms(b, attempt));
		if (!b->closing && natsConnection_Connect(&nc, b->options) == NATS_OK)
			redial_replace(b, nc);
	}
	nats_ReleaseThreadMemory();
	return NULL;
}

static struct broker *
broker_new(const struct broker_options *o)
{
	struct broker *b = calloc(1, sizeof *b);

	must(b != NULL);
	b->refs = 1;
	b->replicas = o->replicas > 0 ? o->replicas : 1;
	b->events_max_age_s = o->events_max_age_s;
	b->history_max_age_s = o->history_max_age_s;
	b->events_begin = o->events_begin;
	b->ack_wait_s = o->ack_wait_s;
	b->ack_pending_max = o->ack_pending_max;
	must(getrandom(&b->random, sizeof b->random, 0) == (ssize_t)sizeof b->random);
	b->random |= 1; /* xorshift must not start at 0 */
	pthread_mutex_init(&b->lock, NULL);
	deadline_cond_init(&b->changed);
	return b;
}

bool
broker_connect(struct broker **out, const struct broker_options *o, struct err *e)
{
	struct url_list urls = {0};
	char shown[480];
	struct err why = {0};

	if (!urls_split(&urls, o->url))
		return fail(e, ERR_INPUT, "nats_url: give 1 to %d URLs of less than %d bytes",
		    URLS_MAX, URL_MAX);
	urls_show(shown, sizeof shown / 2, &urls);

	struct broker *b = broker_new(o);
	bool ok = broker_set_prefix(b, o->prefix, &why) && options_make(b, o, &urls, &why) &&
	          dial_until(b, o, shown, mono_after(clock_mono(), o->connect_wait_ms), &why);
	if (!ok) {
		broker_drop(b);
		return fail(e, why.kind, "%s", why.text);
	}
	*out = b;
	return true;
}

void
broker_close(struct broker *b)
{
	if (!b)
		return;
	if (b->connected)
		(void)natsConnection_FlushTimeout(b->nc, CLOSE_FLUSH_MS);
	pthread_mutex_lock(&b->lock);
	b->closing = true;
	pthread_cond_broadcast(&b->changed);
	bool has_redialer = b->has_redialer;
	struct publisher *publisher = b->publisher;
	pthread_mutex_unlock(&b->lock);
	publisher_close(publisher);
	if (has_redialer)
		pthread_join(b->redialer, NULL);

	natsConnection_Close(b->nc);
	pthread_mutex_lock(&b->lock);
	while (!b->is_closed) /* the library's last callback: nothing touches `b` after it */
		pthread_cond_wait(&b->changed, &b->lock);
	pthread_mutex_unlock(&b->lock);
	broker_drop(b);
}

/* --- what others ask --- */

bool
broker_is_connected(const struct broker *b)
{
	return b->connected;
}

uint64_t
broker_reconnects(const struct broker *b)
{
	return b->epoch;
}

uint64_t
broker_denials(struct broker *b)
{
	pthread_mutex_lock(&b->lock);
	uint64_t n = b->denials;
	pthread_mutex_unlock(&b->lock);
	return n;
}

static bool
denied_fail(const struct broker *b, struct err *e)
{
	return fail(
	    e, ERR_DENIED, "nats refused us: %s; allow it in the server's accounts", b->denied);
}

bool
broker_denied_since(struct broker *b, uint64_t denials_before, struct err *e)
{
	pthread_mutex_lock(&b->lock);
	bool is_new = b->denials != denials_before;
	if (is_new)
		denied_fail(b, e);
	pthread_mutex_unlock(&b->lock);
	return is_new;
}

bool
broker_take_denied(struct broker *b, struct err *e)
{
	pthread_mutex_lock(&b->lock);
	bool has = b->has_denied;
	if (has)
		denied_fail(b, e);
	b->has_denied = false;
	pthread_mutex_unlock(&b->lock);
	return has;
}
