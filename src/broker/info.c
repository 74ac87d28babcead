#include "broker/private.h"

#include "carillon/base/clock.h"

uint64_t
info_number(const struct json *root, struct str path)
{
	int64_t n = 0;

	return json_int64(json_path(root, path), &n) && n > 0 ? (uint64_t)n : 0;
}

static uint64_t
info_time_ms(const struct json *root, struct str path)
{
	wall_t t;

	return clock_parse(json_string(root, path), &t) && t.ms > 0 ? (uint64_t)t.ms : 0;
}

bool
broker_stream_info(struct broker *b, enum stream s, struct stream_info *out, struct err *e)
{
	char subject[API_SUBJECT_MAX];
	struct api_reply r = {0};

	snprintf(subject, sizeof subject, "STREAM.INFO.%s", b->streams[s]);
	bool ok = api_call(b, subject, (struct str){NULL, 0}, &r, e);
	if (ok) {
		*out = (struct stream_info){
		    .first_seq = info_number(r.root, STR("state.first_seq")),
		    .last_seq = info_number(r.root, STR("state.last_seq")),
		    .messages = info_number(r.root, STR("state.messages")),
		    .bytes = info_number(r.root, STR("state.bytes")),
		    .told_at = {(int64_t)info_time_ms(r.root, STR("ts"))},
		};
		str_copy(out->name, sizeof out->name, str_of(b->streams[s]));
		str_copy(out->id, sizeof out->id, json_string(r.root, STR("created")));
	}
	api_reply_free(&r);
	return ok || fail_within(e, "stream %s", b->streams[s]);
}

bool
broker_consumer_info(struct broker *b, struct consumer_info *out, struct err *e)
{
	char subject[API_SUBJECT_MAX];
	struct api_reply r = {0};

	snprintf(subject, sizeof subject, "CONSUMER.INFO.%s.%s", b->streams[STREAM_EVENTS],
	    b->partition.consumer);
	bool ok = api_call(b, subject, (struct str){NULL, 0}, &r, e);
	if (ok)
		*out = (struct consumer_info){
		    .id = info_time_ms(r.root, STR("created")),
		    .delivered_seq = info_number(r.root, STR("delivered.stream_seq")),
		    .ack_floor_seq = info_number(r.root, STR("ack_floor.stream_seq")),
		    .ack_pending = info_number(r.root, STR("num_ack_pending")),
		    .pending = info_number(r.root, STR("num_pending")),
		    .redelivered = info_number(r.root, STR("num_redelivered")),
		    .waiting = info_number(r.root, STR("num_waiting")),
		    .is_restored = !json_path(r.root, STR("delivered.last_active")),
		};
	api_reply_free(&r);
	return ok || fail_within(e, "consumer %s", b->partition.consumer);
}
