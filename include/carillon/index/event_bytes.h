/* An event of the stream for those who read it again. Any thread. */
#pragma once

#include "carillon/broker/broker.h"

/* The bytes of a carillon.v1.Event, in `a`, also of an event that came as a CloudEvent in JSON
 * and with headers; as they came where they cannot be read. */
struct str event_bytes(const struct broker_message *m, struct arena *a);
