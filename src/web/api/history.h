/* What became of events: the parts that several handlers use. */
#pragma once

#include "common.h"

/* The event of the route's second part, in the index. NULL: the answer is there. A session of
 * one resource finds those of its own only. */
event_record *history_event_of_route(struct request *q);
/* The delivery of it by the rule of the third part. NULL: the answer is there. */
delivery_record *history_delivery_of_route(struct request *q);
/* Whether the one who asks may see what is of this event. */
bool history_sees(const struct request *q, const event_record *ev);
/* One delivery with what is known beside the record: names, attempts planned. */
void history_write_delivery(
    struct request *q, struct json_writer *w, const delivery_record *d, bool with_attempts);
