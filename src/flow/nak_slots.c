#include "nak_slots.h"

#include "carillon/base/heap.h"
#include "carillon/base/table.h"

struct lane_count {
	int64_t n;
	size_t key_len;
	char key[];
};

struct slot {
	struct heap_node node;
	struct lane_count *lane;
};

struct nak_slots {
	int64_t max, lane_max, taken;
	struct heap by_time;
	struct table *lanes; /* key to struct lane_count, while n > 0 */
};

struct nak_slots *
nak_slots_new(int64_t max, int64_t lane_max)
{
	struct nak_slots *s = calloc(1, sizeof(*s));

	must(s != NULL);
	s->max = max;
	s->lane_max = lane_max;
	s->lanes = table_new();
	return s;
}

static void
give(struct nak_slots *s, struct slot *slot)
{
	struct lane_count *lane = slot->lane;

	s->taken--;
	if (--lane->n == 0) {
		table_remove(s->lanes, (struct str){lane->key, lane->key_len});
		free(lane);
	}
	free(slot);
}

static void
give_due(struct nak_slots *s, mono_t now)
{
	struct heap_node *due;

	while ((due = heap_take_due(&s->by_time, now)) != NULL)
		give(s, CONTAINER_OF(due, struct slot, node));
}

void
nak_slots_free(struct nak_slots *s)
{
	if (s == NULL)
		return;
	give_due(s, MONO_NEVER);
	heap_fini(&s->by_time);
	table_free(s->lanes);
	free(s);
}

void
nak_slots_set_limits(struct nak_slots *s, int64_t max, int64_t lane_max)
{
	s->max = max;
	s->lane_max = lane_max;
}

static struct lane_count *
lane_of(struct nak_slots *s, struct str key)
{
	struct lane_count *lane = table_get(s->lanes, key);

	if (lane != NULL)
		return lane;
	lane = calloc(1, sizeof(*lane) + key.len);
	must(lane != NULL);
	lane->key_len = key.len;
	memcpy(lane->key, key.ptr, key.len);
	table_set(s->lanes, key, lane);
	return lane;
}

bool
nak_slots_take(struct nak_slots *s, struct str key, mono_t now, mono_t until)
{
	struct lane_count *lane;
	struct slot *slot;

	give_due(s, now);
	lane = table_get(s->lanes, key);
	if (s->taken >= s->max || s->lane_max <= 0 || (lane != NULL && lane->n >= s->lane_max))
		return false;
	lane = lane_of(s, key);
	lane->n++;
	s->taken++;
	slot = calloc(1, sizeof(*slot));
	must(slot != NULL);
	slot->lane = lane;
	heap_set(&s->by_time, &slot->node, until);
	return true;
}
