#include "carillon/broker/service.h"

#include "carillon/base/clock.h"
#include "broker/private.h"

struct service {
	struct broker *b; /* held */
	const char *name;
	natsConnection *nc; /* on which `sub` was made */
	natsSubscription *sub;
};

static bool
service_subject(char out[static SUBJECT_MAX], const struct broker *b, const char *name,
    const char *method, struct err *e)
{
	if (snprintf(out, SUBJECT_MAX, "%s.%s.%s", b->prefix, name, method) < SUBJECT_MAX)
		return true;
	return fail(e, ERR_INPUT, "the method's name is too long");
}

static bool
subscribe(struct service *s, struct err *e)
{
	char subject[SUBJECT_MAX];
	natsConnection *nc = s->b->nc;

	if (s->sub && s->nc == nc)
		return true;
	natsSubscription_Destroy(s->sub);
	s->sub = NULL;
	if (!service_subject(subject, s->b, s->name, ">", e))
		return false;
	if (natsConnection_QueueSubscribeSync(&s->sub, nc, subject, s->name) != NATS_OK)
		return fail(e, ERR_TEMP, "nats: no subscription to %s", subject);
	s->nc = nc;
	must(natsSubscription_SetPendingLimits(
		 s->sub, SERVICE_PENDING_MAX, SERVICE_PENDING_BYTES_MAX) == NATS_OK);
	/* Who asks right after this is to be heard. */
	(void)natsConnection_FlushTimeout(nc, API_WAIT_MS);
	return true;
}

bool
service_open(struct service **out, struct broker *b, const char *name, struct err *e)
{
	struct service *s;

	if (!broker_wait_connected(b, mono_after(clock_mono(), API_WAIT_MS), e))
		return false;
	s = calloc(1, sizeof(*s));
	must(s != NULL);
	*s = (struct service){.b = b, .name = name};
	broker_hold(b);
	if (subscribe(s, e)) {
		*out = s;
		return true;
	}
	service_close(s);
	return false;
}

void
service_close(struct service *s)
{
	if (s == NULL)
		return;
	natsSubscription_Destroy(s->sub);
	broker_drop(s->b);
	free(s);
}

/* What stands behind "<prefix>.<name>." */
static struct str
method_of(const struct service *s, struct str subject)
{
	size_t head = strlen(s->b->prefix) + 1 + strlen(s->name) + 1;

	return subject.len > head ? (struct str){subject.ptr + head, subject.len - head}
	                          : (struct str){0};
}

bool
service_next(struct service *s, int64_t wait_ms, struct service_request *out, struct err *e)
{
	natsMsg *msg;
	natsStatus st;

	*out = (struct service_request){0};
	*e = (struct err){0};
	if (!subscribe(s, e)) {
		broker_pause(s->b, wait_ms);
		return false;
	}
	st = natsSubscription_NextMsg(&msg, s->sub, wait_ms);
	if (st == NATS_TIMEOUT || st == NATS_SLOW_CONSUMER)
		return false;
	if (st != NATS_OK) {
		/* The connection was closed for good: another one takes its place. */
		s->nc = NULL;
		broker_pause(s->b, wait_ms);
		return false;
	}
	out->handle = msg;
	out->method = method_of(s, str_of(natsMsg_GetSubject(msg)));
	out->bytes = (struct str){natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)};
	return true;
}

bool
service_answer(
    struct broker *b, const struct service_request *r, struct str bytes, struct err *e)
{
	const char *reply = natsMsg_GetReply(r->handle);
	natsStatus st;

	if (reply == NULL || reply[0] == '\0')
		return true;
	if (bytes.len > broker_payload_max(b))
		return fail(e, ERR_INPUT, "the answer is larger than a message may be");
	st = natsConnection_Publish(b->nc, reply, bytes.ptr, (int)bytes.len);
	return st == NATS_OK ||
	       fail(e, ERR_TEMP, "nats took no answer: %s", natsStatus_GetText(st));
}

void
service_request_free(struct service_request *r)
{
	natsMsg_Destroy(r->handle);
	*r = (struct service_request){0};
}

bool
service_ask(struct broker *b, const struct service_question *q, struct arena *a,
    struct str *answer, struct err *e)
{
	char subject[SUBJECT_MAX];
	natsMsg *request, *msg;

	if (!service_subject(subject, b, q->name, q->method, e))
		return false;
	must(natsMsg_Create(&request, subject, NULL, q->bytes.ptr, (int)q->bytes.len) ==
	     NATS_OK);
	bool ok = api_request(b, request, q->wait_ms, &msg, e);
	natsMsg_Destroy(request);
	if (!ok)
		return false;
	*answer = arena_str(
	    a, (struct str){natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)});
	natsMsg_Destroy(msg);
	return true;
}

bool
service_tell(
    struct broker *b, const char *name, const char *method, struct str bytes, struct err *e)
{
	char subject[SUBJECT_MAX];
	natsStatus st;

	if (!service_subject(subject, b, name, method, e))
		return false;
	st = natsConnection_Publish(b->nc, subject, bytes.ptr, (int)bytes.len);
	return st == NATS_OK ||
	       fail(e, ERR_TEMP, "nats took no question: %s", natsStatus_GetText(st));
}
