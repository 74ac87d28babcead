#include "carillon/registry/json_write.h"
#include "carillon/registry/published.h"

#include "history.h"
#include "output.h"

event_record *
event_of_arguments(struct command *c, struct txn *t, struct err *e)
{
	struct str workspace = command_argument(c, 0), id = command_argument(c, 1);
	uint64_t seq = ledger_seq(t, workspace, id);
	event_record *r = seq > 0 ? history_event(t, c->arena, seq) : NULL;

	if (txn_error(t) != NULL) {
		*e = *txn_error(t);
		return NULL;
	}
	if (r == NULL && registry_has_workspace(c->registry, workspace, e))
		(void)fail(e, ERR_NOT_FOUND,
		    "workspace \"%.*s\" has no event \"%.*s\": it was not published, is on "
		    "its way and not recorded yet (does `carillon serve` run?), or is older "
		    "than "
		    "history is kept",
		    STR_ARG(workspace), STR_ARG(id));
	return r;
}

static bool
write_one_delivery(const delivery_record *d, void *arg)
{
	json_write_delivery(arg, d, false);
	return true;
}

bool
verb_event_show(struct command *c, struct err *e)
{
	const event_record *r;
	struct document doc;
	struct txn *t;

	if (!command_open(c, NEED_HISTORY, e))
		return false;
	t = txn_read(c->store, STORE_HISTORY);
	r = event_of_arguments(c, t, e);
	if (r != NULL) {
		document_begin(&doc, c);
		json_write_event_open(&doc.w, r);
		jw_key(&doc.w, "deliveries");
		jw_array(&doc.w);
		history_each_delivery(t, c->arena, r->seq, write_one_delivery, &doc.w);
		jw_array_end(&doc.w);
	}
	txn_end(t);
	if (r == NULL)
		return false;
	published_write_payload(&doc.w, c->registry, c->arena, r);
	jw_object_end(&doc.w);
	document_end(&doc);
	return true;
}
