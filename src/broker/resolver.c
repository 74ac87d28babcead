#include "carillon/broker/resolver.h"

#include "broker/private.h"

#define UPDATE_SUBJECT "$SYS.REQ.CLAIMS.UPDATE"

/* {"data": {"code": 200, ...}}, or {"error": {"description": ...}}. */
static bool
answer_read(natsMsg *answer, struct err *e)
{
	struct str text = {natsMsg_GetData(answer), (size_t)natsMsg_GetDataLength(answer)};
	struct arena *a = arena_new(0);
	const struct json *root, *error;
	int64_t code = 0;
	bool ok = json_parse(a, text, JSON_DEPTH_MAX, &root, e);

	if (!ok) {
		(void)fail_within(e, "answer of nats");
	} else if ((error = json_get(root, STR("error"))) != NULL) {
		ok = fail(e, ERR_DENIED, "nats does not take the account: %.*s",
		    STR_ARG(json_string(error, STR("description"))));
	} else if (!json_int64(json_path(root, STR("data.code")), &code) || code != 200) {
		ok = fail(e, ERR_DENIED, "nats does not take the account: %.*s", STR_ARG(text));
	}
	arena_free(a);
	return ok;
}

bool
broker_push_account(struct broker *system, struct str token, int64_t wait_ms, struct err *e)
{
	natsMsg *request, *answer;

	must(natsMsg_Create(&request, UPDATE_SUBJECT, NULL, token.ptr, (int)token.len) ==
	     NATS_OK);
	bool ok = api_request(system, request, wait_ms, &answer, e);
	natsMsg_Destroy(request);
	if (!ok && e->kind == ERR_SETUP)
		return fail(e, ERR_SETUP,
		    "the server keeps no accounts that can be changed: its configuration "
		    "needs a resolver of type full, and the user one of its system account");
	if (!ok)
		return false;
	ok = answer_read(answer, e);
	natsMsg_Destroy(answer);
	return ok;
}

/* --- who was refused --- */

#define REFUSED_SUBJECT "$SYS.SERVER.*.CLIENT.AUTH.ERR"

struct refusal_watch {
	natsSubscription *sub;
	refusal_fn *each;
	void *arg;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	bool is_over; /* the library's last word about the subscription */
};

static void
on_refused(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
	struct refusal_watch *w = closure;

	(void)nc;
	(void)sub;
	w->each((struct str){natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)}, w->arg);
	natsMsg_Destroy(msg);
}

static void
on_over(void *closure)
{
	struct refusal_watch *w = closure;

	pthread_mutex_lock(&w->lock);
	w->is_over = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

static void
watch_free(struct refusal_watch *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

bool
refusal_watch_open(struct refusal_watch **out, struct broker *system, refusal_fn *each,
    void *arg, struct err *e)
{
	struct refusal_watch *w = calloc(1, sizeof(*w));
	natsStatus s;

	must(w != NULL);
	w->each = each;
	w->arg = arg;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	s = natsConnection_Subscribe(&w->sub, system->nc, REFUSED_SUBJECT, on_refused, w);
	if (s == NATS_OK && natsSubscription_SetOnCompleteCB(w->sub, on_over, w) == NATS_OK) {
		*out = w;
		return true;
	}
	/* Only a connection that was just closed refuses either. */
	natsSubscription_Destroy(w->sub);
	watch_free(w);
	return fail(e, ERR_TEMP, "nats: no subscription to %s", REFUSED_SUBJECT);
}

void
refusal_watch_close(struct refusal_watch *w)
{
	if (w == NULL)
		return;
	(void)natsSubscription_Unsubscribe(w->sub);
	pthread_mutex_lock(&w->lock);
	while (!w->is_over)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
	natsSubscription_Destroy(w->sub);
	watch_free(w);
}
