/* The word disturb: random mishaps, the same for the same seed. */
#include <stdio.h>

#include "carillon/base/log.h"
#include "player.h"

enum { EVENTS_MAX = 8, PASS_MAX_MS = 4000, CALM_MS = 40000 };

static uint64_t state;

static int
chance(int n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int)((state >> 33) % (uint64_t)n);
}

static void
some_time(struct story *s, struct line *l)
{
	story_pass(s, l, chance(PASS_MAX_MS));
}

static void
revive(struct story *s, struct line *l)
{
	if (s->world.life == NULL)
		word_start(s, l);
}

static void
publish_some(struct story *s, struct line *l)
{
	const char *workspace = s->workspaces[chance(s->n_workspaces)];
	int n = 1 + chance(EVENTS_MAX);

	(void)l;
	for (int i = 0; i < n; i++) {
		char id[32];

		snprintf(id, sizeof(id), "d%zu", s->n_published);
		story_publish(s, workspace, "a.b", id, "{\"severity\":\"high\"}");
	}
}

static void
kill_now(struct story *s, struct line *l)
{
	world_kill(&s->world);
	some_time(s, l);
}

static void
kill_at_a_point(struct story *s, struct line *l)
{
	fake_die_at((enum fake_point)(FAKE_BEFORE_HISTORY + chance(4)), 1 + chance(5));
	publish_some(s, l);
	some_time(s, l);
}

static void
drain(struct story *s, struct line *l)
{
	if (s->world.life != NULL)
		world_drain(&s->world);
	some_time(s, l);
}

static void
lose_index(struct story *s, struct line *l)
{
	(void)l;
	world_kill(&s->world);
	world_delete_index(&s->world);
}

static void
lose_broker(struct story *s, struct line *l)
{
	fake_broker_down(s->world.broker, true);
	publish_some(s, l);
	some_time(s, l);
	fake_broker_down(s->world.broker, false);
}

static void
lose_acks(struct story *s, struct line *l)
{
	fake_broker_lose_settles(s->world.broker, true);
	some_time(s, l);
	fake_broker_lose_settles(s->world.broker, false);
}

static void
lose_pubacks(struct story *s, struct line *l)
{
	(void)l;
	fake_broker_lose_pubacks(s->world.broker, 1 + chance(2));
}

static void
redeliver(struct story *s, struct line *l)
{
	(void)l;
	fake_broker_redeliver(s->world.broker, 0);
}

static void
spoil_peer(struct story *s, struct line *l)
{
	static const struct fake_behaviour faults[] = {
	    {.answer = FAKE_STATUS, .status = 500, .retry_after_s = -1},
	    {.answer = FAKE_STATUS, .status = 500, .retry_after_s = -1, .posts = true},
	    {.answer = FAKE_STATUS, .status = 429, .retry_after_s = 3},
	    {.answer = FAKE_STATUS, .status = 429, .retry_after_s = 60},
	    {.answer = FAKE_HANGS, .posts = true},
	    {.answer = FAKE_RESETS},
	    {.answer = FAKE_REFUSES},
	    {.answer = FAKE_ERROR, .code = "request_timeout"},
	    {.answer = FAKE_OK, .after_ms = 3000},
	};
	struct fake_behaviour b = faults[chance(COUNT_OF(faults))];

	(void)l;
	b.times = 1 + chance(6);
	str_copy(b.target, sizeof(b.target), str_of(s->workspaces[chance(s->n_workspaces)]));
	fake_peer(&b);
}

static void
lose_consumer(struct story *s, struct line *l)
{
	(void)l;
	fake_broker_delete_consumer(s->world.broker);
}

static const struct mishap {
	const char *name;
	void (*happen)(struct story *, struct line *);
} mishaps[] = {
    {"publish some", publish_some},
    {"publish some", publish_some},
    {"publish some", publish_some},
    {"spoil peer", spoil_peer},
    {"spoil peer", spoil_peer},
    {"kill now", kill_now},
    {"kill at a point", kill_at_a_point},
    {"kill at a point", kill_at_a_point},
    {"drain", drain},
    {"lose index", lose_index},
    {"lose broker", lose_broker},
    {"lose acks", lose_acks},
    {"lose pubacks", lose_pubacks},
    {"redeliver", redeliver},
    {"lose consumer", lose_consumer},
};

void
word_disturb(struct story *s, struct line *l)
{
	int64_t n = line_number(l, "a count");
	const struct mishap *m;

	line_wants(l, "seed");
	state = 0x9e3779b97f4a7c15 * (uint64_t)(line_number(l, "a seed") + 1);
	if (!s->has_started)
		word_start(s, l);
	for (int64_t i = 0; i < n; i++) {
		revive(s, l);
		m = &mishaps[chance(COUNT_OF(mishaps))];
		log_info("story.mishap", L_STR("what", m->name));
		m->happen(s, l);
		some_time(s, l);
	}
	fake_die_at(FAKE_NOWHERE, 0);
	fake_peer(&(struct fake_behaviour){.target = "*", .answer = FAKE_OK, .times = -1});
	revive(s, l);
	story_pass(s, l, CALM_MS);
}
