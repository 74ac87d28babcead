#include "carillon/index/lost_tail.h"
#include "carillon/registry/json_write.h"

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
	if (r == NULL)
		(void)fail(e, ERR_NOT_FOUND,
		    "workspace \"%.*s\" has no event \"%.*s\": it was not published, is "
		    "not taken up yet (does `carillon serve` run?), or is older than "
		    "history is kept",
		    STR_ARG(workspace), STR_ARG(id));
	return r;
}

static struct str
payload_text(struct arena *a, const struct broker_message *m, struct err *e)
{
	void *unpacked = NULL;
	const event_message *msg;

	if (!record_unpack(&carillon__v1__event__descriptor, a, m->data, &unpacked, e))
		return (struct str){0};
	msg = unpacked;
	if (msg->data_case == CARILLON__V1__EVENT__DATA_TEXT_DATA)
		return str_of(msg->text_data);
	if (msg->data_case == CARILLON__V1__EVENT__DATA_BINARY_DATA)
		return (struct str){(const char *)msg->binary_data.data, msg->binary_data.len};
	return (struct str){0};
}

/* The payload is not in history but in the stream, for as long as that keeps it. */
void
write_payload(
    struct json_writer *w, struct command *c, const event_record *rec, struct arena *a)
{
	const struct json *payload = NULL;
	struct broker_message m;
	struct str text = {0};
	struct err e = {0};

	if (broker_get(c->broker, STREAM_EVENTS, rec->seq, &m, &e)) {
		if (tail_is_same_event(c->broker, rec, str_of(rec->workspace), &m))
			text = payload_text(a, &m, &e);
		else
			(void)fail(&e, ERR_NOT_FOUND,
			    "the stream has another event under that sequence");
		broker_message_free(&m);
	}
	if (text.len > 0 && !json_parse(a, text, JSON_DEPTH_MAX, &payload, &e))
		payload = NULL;
	jw_key(w, "payload");
	if (payload != NULL)
		jw_value(w, payload);
	else
		jw_null(w);
	jw_kv_cstr(w, "payload_missing", payload != NULL ? "" : e.text);
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
	write_payload(&doc.w, c, r, c->arena);
	jw_object_end(&doc.w);
	document_end(&doc);
	return true;
}
