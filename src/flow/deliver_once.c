#include "flow/deliver.h"

/* Nothing was sent: says why. */
static void
not_sent(struct dest_response *res, const struct err *e)
{
	*res = (struct dest_response){.transport = TRANSPORT_NOT_SENT, .retry_after_ms = -1};
	str_copy(res->detail, sizeof(res->detail), str_of(e->text));
}

static struct transfer *
wait_for(struct deliver *d, struct dest_response *res)
{
	struct transfer *t;
	struct flight flight;
	void *tag;

	while (!(t = deliver_finished(d, res, &tag, &flight)))
		deliver_turn(d, -1, -1);
	return t;
}

/* The slot borrows the caller's request and gets its own back. */
void
deliver_once(struct dest_request *req, const struct deliver_options *o,
    struct dest_response *res, struct buf *body)
{
	struct deliver_options one = *o;
	struct deliver *d = NULL;
	struct dest_request *slot, own;
	struct transfer *t;
	struct err e;

	buf_clear(body);
	one.slots = 1;
	if (!deliver_new(&d, &one, &e)) {
		not_sent(res, &e);
		return;
	}
	t = deliver_slot(d);
	slot = transfer_request(t);
	own = *slot;
	*slot = *req;
	deliver_start(d, t, NULL);
	must(wait_for(d, res) == t);
	*slot = own;
	buf_str(body, res->body);
	res->body = buf_view(body);
	deliver_release(d, t);
	deliver_free(d);
}
