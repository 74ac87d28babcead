#include "carillon/http/pool.h"

/* Nothing was sent: says why. */
static void
not_sent(struct http_response *res, const struct err *e)
{
	*res = (struct http_response){.transport = TRANSPORT_NOT_SENT, .retry_after_ms = -1};
	str_copy(res->detail, sizeof(res->detail), str_of(e->text));
}

static struct transfer *
wait_for(struct pool *p, struct http_response *res)
{
	struct transfer *t;
	struct flight flight;
	void *tag;

	while (!(t = pool_finished(p, res, &tag, &flight)))
		pool_turn(p, -1, -1);
	return t;
}

/* What the slot owns of an answer goes to `body`: first the body, then the headers kept. */
static void
take_over(struct http_response *res, struct buf *body)
{
	size_t len = res->body.len, at = len;

	for (int i = 0; i < HTTP_WANTED_MAX; i++)
		at += res->wanted[i].len;
	buf_reserve(body, at); /* it must not move what may be a credential */
	at = len;
	buf_str(body, res->body);
	for (int i = 0; i < HTTP_WANTED_MAX; i++)
		buf_str(body, res->wanted[i]);
	res->body = (struct str){body->ptr, len};
	for (int i = 0; i < HTTP_WANTED_MAX; at += res->wanted[i++].len)
		res->wanted[i].ptr = body->ptr + at;
}

/* The slot borrows the caller's request and gets its own back. */
void
http_once(struct http_request *req, const struct pool_options *o, struct http_response *res,
    struct buf *body)
{
	struct pool_options one = *o;
	struct pool *p = NULL;
	struct http_request *slot, own;
	struct transfer *t;
	struct err e;

	buf_clear(body);
	one.slots = 1;
	if (!pool_new(&p, &one, &e)) {
		not_sent(res, &e);
		return;
	}
	t = pool_slot(p);
	slot = transfer_request(t);
	own = *slot;
	*slot = *req;
	pool_start(p, t, NULL);
	must(wait_for(p, res) == t);
	*slot = own;
	take_over(res, body);
	pool_release(p, t);
	pool_free(p);
}
