/* Measures of what the broker and the service say. */
#include "player.h"

int64_t
measure_hand(struct story *s, const char *target)
{
	(void)target;
	return (int64_t)world_hand(&s->world);
}

int64_t
measure_ack_pending(struct story *s, const char *target)
{
	(void)target;
	return (int64_t)fake_broker_ack_pending(s->world.broker);
}

int64_t
measure_ack_pending_most(struct story *s, const char *target)
{
	(void)target;
	return (int64_t)fake_broker_ack_pending_most(s->world.broker);
}

int64_t
measure_acked(struct story *s, const char *target)
{
	(void)target;
	return (int64_t)fake_broker_acked(s->world.broker);
}

int64_t
measure_history(struct story *s, const char *target)
{
	(void)target;
	return (int64_t)fake_broker_stored(s->world.broker, STREAM_HISTORY);
}

int64_t
measure_ops(struct story *s, const char *target)
{
	return target == NULL ? -1 : fake_broker_ops(s->world.broker, target);
}

int64_t
measure_told(struct story *s, const char *target)
{
	return target == NULL ? -1 : fake_broker_told(s->world.broker, target);
}

int64_t
measure_count(struct story *s, const char *target)
{
	struct flow_view v;

	world_look(&s->world, &v);
#define COUNTER(name, sentence)                           \
	if (target != NULL && strcmp(target, #name) == 0) \
		return (int64_t)v.counters.name;
#include "carillon/flow/counters.def"
#undef COUNTER
	return -1;
}

int64_t
measure_took(struct story *s, const char *target)
{
	struct flow_view v;

	world_look(&s->world, &v);
#define HISTOGRAM(name, sentence)                         \
	if (target != NULL && strcmp(target, #name) == 0) \
		return (int64_t)(v.name.sum_us / 1000);
#include "carillon/flow/histograms.def"
#undef HISTOGRAM
	return -1;
}

int64_t
measure_lanes(struct story *s, const char *target)
{
	struct flow_view v;

	world_look(&s->world, &v);
	if (target == NULL)
		return (int64_t)v.lanes.lanes;
	if (strcmp(target, "queued") == 0)
		return (int64_t)v.lanes.queued;
	if (strcmp(target, "in_flight") == 0)
		return (int64_t)v.lanes.in_flight;
	return strcmp(target, "shut") == 0 ? (int64_t)v.lanes.shut : -1;
}

int64_t
measure_places(struct story *s, const char *target)
{
	struct flow_view v;

	world_look(&s->world, &v);
	if (target == NULL)
		return (int64_t)v.places.held;
	if (strcmp(target, "overflow") == 0)
		return (int64_t)v.places.overflow;
	return strcmp(target, "overflow_lanes") == 0 ? (int64_t)v.places.overflow_lanes : -1;
}
