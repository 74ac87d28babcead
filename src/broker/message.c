#include "broker/private.h"

struct str
message_header(natsMsg *msg, const char *name)
{
	const char *value = NULL;

	if (natsMsgHeader_Get(msg, name, &value) != NATS_OK)
		return (struct str){NULL, 0};
	return str_of(value);
}

static bool
message_is_delete(natsMsg *msg)
{
	struct str operation = message_header(msg, "KV-Operation");

	return str_eq(operation, STR("DEL")) || str_eq(operation, STR("PURGE"));
}

bool
message_take(struct broker_message *out, natsMsg *msg, struct ack_info *ack)
{
	struct str reply = str_of(natsMsg_GetReply(msg));

	if (!ack_parse(reply, ack))
		return false;
	*out = (struct broker_message){
	    .handle = msg,
	    .subject = str_of(natsMsg_GetSubject(msg)),
	    .data = {natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)},
	    .msg_id = message_header(msg, "Nats-Msg-Id"),
	    .by = message_header(msg, AUTHOR_HEADER),
	    .reply = reply,
	    .seq = ack->stream_seq,
	    .deliveries = ack->deliveries,
	    .pending = ack->pending,
	    .stored_at = {ack->stored_ns / 1000000},
	    .is_delete = message_is_delete(msg),
	};
	return true;
}

void
broker_message_free(struct broker_message *m)
{
	natsMsg_Destroy(m->handle);
	*m = (struct broker_message){0};
}
