#include "flow/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { LIMIT = 2048, LANE_LIMIT = 10 };

static struct lane_id
lane(const char *workspace, const char *channel)
{
	return (struct lane_id){str_of(workspace), STR("slack"), str_of(channel)};
}

static enum room
admit(struct places *p, const char *workspace, const char *channel, struct place_lane **l)
{
	const struct lane_id id = lane(workspace, channel);

	return places_ask(p, &id, LANE_LIMIT, false, l);
}

static size_t
held(struct places *p)
{
	struct places_view v;

	places_look(p, &v);
	return v.held;
}

static void
the_first_line_that_says_park_decides(void **state)
{
	const struct room_view free = {0, 0, 8, 0, 100};
	struct room_view v;

	(void)state;
	assert_int_equal(room_of(&free), ROOM_FREE);
	v = free, v.overflow = 1, v.in_lane = 8;
	assert_int_equal(room_of(&v), ROOM_BEHIND);
	v = free, v.in_lane = 7;
	assert_int_equal(room_of(&v), ROOM_FREE);
	v = free, v.in_lane = 8, v.in_workspace = 100;
	assert_int_equal(room_of(&v), ROOM_LANE_FULL);
	v = free, v.in_workspace = 99;
	assert_int_equal(room_of(&v), ROOM_FREE);
	v = free, v.in_workspace = 100;
	assert_int_equal(room_of(&v), ROOM_SHARE_TAKEN);
	v = free, v.free = 0;
	assert_int_equal(room_of(&v), ROOM_SHARE_TAKEN);
}

/* A million deliveries of as many greedy workspaces and lanes as there may be. */
static void
greedy_ones_share_and_leave_room(void **state)
{
	(void)state;
	for (int n = 1; n <= 40; n += 13) {
		struct places *p = places_new(LIMIT);
		size_t took[41] = {0};
		struct place_lane *lanes[LIMIT], *l;
		size_t n_lanes = 0;

		for (int i = 0; i < 20000; i++) {
			char workspace[16], channel[16];

			snprintf(workspace, sizeof(workspace), "greedy%d", i % n);
			snprintf(channel, sizeof(channel), "C%d", i / n);
			if (admit(p, workspace, channel, &l) == ROOM_FREE) {
				took[i % n]++;
				lanes[n_lanes++] = l;
			} else {
				places_stored(p, l, true);
			}
		}
		for (int i = 0; i < n; i++)
			assert_in_range(took[i], LIMIT / (n + 1) - 1, LIMIT / (n + 1) + 1);
		assert_int_equal(admit(p, "quiet", "C1", &l), ROOM_FREE);
		places_release(p, l);
		for (size_t i = 0; i < n_lanes; i++)
			places_release(p, lanes[i]);
		assert_int_equal(held(p), 0);
		places_free(p);
	}
}

static void
a_lane_with_overflow_lets_nothing_newer_pass(void **state)
{
	struct places *p = places_new(LIMIT);
	struct place_lane *in[LANE_LIMIT], *waiting, *newer;
	struct place_return r;

	(void)state;
	for (int i = 0; i < LANE_LIMIT; i++)
		assert_int_equal(admit(p, "w", "C1", &in[i]), ROOM_FREE);
	assert_int_equal(admit(p, "w", "C1", &waiting), ROOM_LANE_FULL);
	for (int i = 0; i < LANE_LIMIT; i++)
		places_release(p, in[i]);
	/* Not recorded yet, and all the same before what comes now. */
	assert_int_equal(admit(p, "w", "C1", &newer), ROOM_BEHIND);
	assert_false(places_return_begin(p, (mono_t){0}, &r));
	places_stored(p, waiting, true);
	places_stored(p, newer, true);
	assert_true(places_return_begin(p, (mono_t){0}, &r));
	assert_int_equal(r.most, 2);
	for (int i = 0; i < 2; i++) {
		assert_true(places_take_back(p, r.lane));
		assert_int_equal(admit(p, "w", "C1", &newer), ROOM_BEHIND);
		places_stored(p, newer, false);
		places_came_back(p, r.lane);
	}
	assert_int_equal(admit(p, "w", "C1", &newer), ROOM_FREE);
	for (int i = 0; i < 3; i++)
		places_release(p, r.lane);
	places_return_end(p, &r, true, 0);
	assert_int_equal(held(p), 0);
	places_free(p);
}

/* Lines of the ledger for `n` lanes of one workspace. */
static void
load(struct places *p, const char *workspace, int n, uint64_t stored)
{
	for (int i = 0; i < n; i++) {
		char channel[16];
		struct lane_id id;

		snprintf(channel, sizeof(channel), "C%d", i);
		id = lane(workspace, channel);
		places_load(p, &id, LANE_LIMIT, stored);
	}
}

static void
workspaces_come_back_in_turn_however_many_lanes_they_have(void **state)
{
	struct places *p = places_new(LIMIT);
	int of_a = 0, of_b = 0;

	(void)state;
	load(p, "a", 100, 1000);
	load(p, "b", 1, 1000);
	for (int i = 0; i < 2; i++) {
		struct place_return r;

		assert_true(places_return_begin(p, (mono_t){0}, &r));
		of_a += str_eq(r.id.workspace, STR("a"));
		of_b += str_eq(r.id.workspace, STR("b"));
		places_return_end(p, &r, false, 0);
	}
	assert_int_equal(of_a, 1);
	assert_int_equal(of_b, 1);
	places_free(p);
}

static void
a_shut_lane_is_not_asked_before_its_time(void **state)
{
	struct places *p = places_new(LIMIT);
	struct place_lane *l;
	struct place_return r;

	(void)state;
	assert_int_equal(admit(p, "w", "C1", &l), ROOM_FREE);
	places_park(p, l);
	places_shut(p, l, (mono_t){5000});
	places_release(p, l);
	places_stored(p, l, true);
	assert_false(places_return_begin(p, (mono_t){4999}, &r));
	assert_true(places_return_begin(p, (mono_t){5000}, &r));
	places_return_end(p, &r, true, 0);
	places_free(p);
}

static void
a_lane_comes_back_when_half_of_it_has_left(void **state)
{
	struct places *p = places_new(LIMIT);
	struct place_lane *in[LANE_LIMIT], *l;
	struct place_return r;

	(void)state;
	for (int i = 0; i < LANE_LIMIT; i++)
		assert_int_equal(admit(p, "w", "C1", &in[i]), ROOM_FREE);
	assert_int_equal(admit(p, "w", "C1", &l), ROOM_LANE_FULL);
	places_stored(p, l, true);
	for (int i = 0; i < LANE_LIMIT / 2; i++) {
		assert_false(places_wants_return(p));
		assert_false(places_return_begin(p, (mono_t){0}, &r));
		places_release(p, in[i]);
	}
	assert_true(places_wants_return(p));
	assert_true(places_return_begin(p, (mono_t){0}, &r));
	assert_int_equal(r.most, 1);
	places_return_end(p, &r, true, 0);
	for (int i = LANE_LIMIT / 2; i < LANE_LIMIT; i++)
		places_release(p, in[i]);
	places_free(p);
}

/* Records that went without us: canceled, erased. */
static void
what_the_ledger_does_not_have_is_forgotten(void **state)
{
	struct places *p = places_new(LIMIT);
	struct place_lane *l;
	struct place_return r;

	(void)state;
	load(p, "w", 1, 3);
	assert_true(places_return_begin(p, (mono_t){0}, &r));
	places_return_end(p, &r, true, 0);
	assert_int_equal(admit(p, "w", "C0", &l), ROOM_FREE);
	places_release(p, l);
	/* But not what came while it was read. */
	load(p, "w", 1, 3);
	assert_true(places_return_begin(p, (mono_t){0}, &r));
	assert_int_equal(admit(p, "w", "C0", &l), ROOM_BEHIND);
	places_stored(p, l, true);
	places_return_end(p, &r, true, 0);
	assert_int_equal(admit(p, "w", "C0", &l), ROOM_BEHIND);
	places_stored(p, l, false);
	places_free(p);
}

/* --- beside a model that is slow and obvious --- */

enum { WORKSPACES = 4, CHANNELS = 3, LANES = WORKSPACES * CHANNELS, SMALL = 40, ITEMS = 400 };

struct model_item {
	enum { NOWHERE, IN_MEMORY, WAITING, STORED } where;
	int lane;
	struct place_lane *line;
};

static uint64_t seed = 88172645463325252u;

static int
random_below(int n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int)(seed % (uint64_t)n);
}

static size_t
count(const struct model_item *items, int where, int first_lane, int n_lanes)
{
	size_t n = 0;

	for (int i = 0; i < ITEMS; i++)
		n += items[i].where == (unsigned)where && items[i].lane >= first_lane &&
		     items[i].lane < first_lane + n_lanes;
	return n;
}

static void
model_admit(struct places *p, struct model_item *items, struct model_item *it)
{
	const int k = random_below(LANES), w = k / CHANNELS * CHANNELS;
	const size_t free = SMALL - count(items, IN_MEMORY, 0, LANES);
	const bool expected = count(items, WAITING, k, 1) + count(items, STORED, k, 1) == 0 &&
	                      count(items, IN_MEMORY, k, 1) < LANE_LIMIT &&
	                      count(items, IN_MEMORY, w, CHANNELS) < free;
	char workspace[8], channel[8];

	snprintf(workspace, sizeof(workspace), "w%d", k / CHANNELS);
	snprintf(channel, sizeof(channel), "C%d", k % CHANNELS);
	it->lane = k;
	it->where = admit(p, workspace, channel, &it->line) == ROOM_FREE ? IN_MEMORY : WAITING;
	assert_int_equal(it->where == IN_MEMORY, expected);
}

static void
model_return(struct places *p, struct model_item *items)
{
	struct place_return r;
	size_t taken = 0;
	int k;

	if (!places_return_begin(p, (mono_t){0}, &r))
		return;
	k = (r.id.workspace.ptr[1] - '0') * CHANNELS + r.id.channel.ptr[1] - '0';
	assert_true(2 * count(items, IN_MEMORY, k, 1) <= LANE_LIMIT);
	for (int i = 0; i < ITEMS && taken < r.most; i++) {
		if (items[i].where != STORED || items[i].lane != k)
			continue;
		assert_true(places_take_back(p, r.lane));
		places_came_back(p, r.lane);
		items[i].where = IN_MEMORY;
		items[i].line = r.lane;
		taken++;
	}
	assert_true(taken > 0);
	places_return_end(p, &r, false, 0);
}

static void
model_step(struct places *p, struct model_item *items)
{
	struct model_item *it = &items[random_below(ITEMS)];

	if (random_below(8) == 0)
		model_return(p, items);
	else if (it->where == NOWHERE) {
		model_admit(p, items, it);
	} else if (it->where == WAITING) {
		it->where = random_below(10) == 0 ? NOWHERE : STORED;
		places_stored(p, it->line, it->where == STORED);
	} else if (it->where == IN_MEMORY) {
		places_release(p, it->line);
		it->where = NOWHERE;
	}
}

static void
random_days_agree_with_the_model(void **state)
{
	struct places *p = places_new(SMALL);
	static struct model_item items[ITEMS];
	struct places_view v;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		model_step(p, items);
		places_look(p, &v);
		assert_int_equal(v.held, count(items, IN_MEMORY, 0, LANES));
		assert_int_equal(v.overflow,
		    count(items, WAITING, 0, LANES) + count(items, STORED, 0, LANES));
		assert_true(v.held <= SMALL);
	}
	for (int i = 0; i < ITEMS; i++) {
		if (items[i].where == IN_MEMORY)
			places_release(p, items[i].line);
		else if (items[i].where == WAITING)
			places_stored(p, items[i].line, false);
	}
	places_free(p);
}

static void
the_top_has_the_heaviest_lanes_first(void **state)
{
	static const struct {
		const char *workspace;
		int asked;
	} shape[] = {{"small", 1}, {"large", 25}, {"middle", 5}, {"larger", 30}};
	struct places *p = places_new(LIMIT);
	struct arena *a = arena_new(0);
	struct place_lane *l[64];
	bool is_held[64];
	struct place_top top[3];
	size_t n = 0;

	(void)state;
	assert_int_equal(places_top(p, a, top, 3), 0);
	for (size_t i = 0; i < COUNT_OF(shape); i++)
		for (int k = 0; k < shape[i].asked; k++, n++)
			is_held[n] = admit(p, shape[i].workspace, "C1", &l[n]) == ROOM_FREE;
	assert_int_equal(places_top(p, a, top, 3), 3);
	assert_true(str_eq(top[0].id.workspace, STR("larger")));
	assert_int_equal(top[0].held, LANE_LIMIT);
	assert_int_equal(top[0].overflow, 30 - LANE_LIMIT);
	assert_true(str_eq(top[1].id.workspace, STR("large")));
	assert_true(str_eq(top[2].id.workspace, STR("middle")));
	assert_int_equal(places_top(p, a, top, 0), 0);
	while (n-- > 0) {
		if (is_held[n])
			places_release(p, l[n]);
		else
			places_stored(p, l[n], false);
	}
	places_free(p);
	arena_free(a);
}

static void
what_leaves_overflow_otherwise_is_counted_out(void **state)
{
	struct places *p = places_new(LIMIT);
	const struct lane_id c1 = lane("acme", "C1"), c2 = lane("acme", "C2");
	struct places_view v;

	(void)state;
	places_load(p, &c1, LANE_LIMIT, 2);
	places_left(p, &c2); /* nobody knows it */
	places_left(p, &c1);
	places_look(p, &v);
	assert_int_equal(v.overflow, 1);
	places_left(p, &c1);
	places_left(p, &c1);
	places_look(p, &v);
	assert_int_equal(v.overflow, 0);
	assert_int_equal(v.lanes, 0);
	places_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_leaves_overflow_otherwise_is_counted_out),
	    cmocka_unit_test(the_first_line_that_says_park_decides),
	    cmocka_unit_test(greedy_ones_share_and_leave_room),
	    cmocka_unit_test(a_lane_with_overflow_lets_nothing_newer_pass),
	    cmocka_unit_test(workspaces_come_back_in_turn_however_many_lanes_they_have),
	    cmocka_unit_test(a_shut_lane_is_not_asked_before_its_time),
	    cmocka_unit_test(a_lane_comes_back_when_half_of_it_has_left),
	    cmocka_unit_test(what_the_ledger_does_not_have_is_forgotten),
	    cmocka_unit_test(random_days_agree_with_the_model),
	    cmocka_unit_test(the_top_has_the_heaviest_lanes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
