/* A story as it is being played. */
#pragma once

#include "player_line.h"
#include "player_world.h"

/* What a producer published. */
struct published_event {
	char workspace[WORKSPACE_ID_MAX + 1];
	char id[EVENT_ID_MAX + 1];
	uint64_t seq;
	mono_t at;
};

enum { STORY_WORKSPACES_MAX = 320 };

struct story {
	struct world world;
	struct registry *registry; /* of the present index */
	char workspaces[STORY_WORKSPACES_MAX][WORKSPACE_ID_MAX + 1];
	int n_workspaces;
	struct published_event *published;
	size_t n_published, cap_published;
	bool has_started;  /* the service, ever */
	bool was_finished; /* the last drain */
	int retry_s_max;
};

/* What was published under an id; NULL if nothing. The first of several. */
const struct published_event *story_published(
    const struct story *s, const char *workspace, const char *id);
/* Starts the service if it never ran, then lets time pass. */
void story_pass(struct story *s, struct line *l, int64_t ms);

/* As a producer: an event of `id` to a workspace; no payload: bytes that mean nothing. */
void story_publish(struct story *s, const char *workspace, const char *type, const char *id,
    const char *payload);
/* Whether the index says what one made anew from the streams says. */
void story_check_rebuilt(struct story *s, struct line *l);

/* The words a line may start with, beside those of time. */
#define WORD(name, usage) void word_##name(struct story *s, struct line *l);
#include "words.def"
#undef WORD

/* What can be measured; -1: nothing of this name. */
#define MEASURE(name, sentence) int64_t measure_##name(struct story *s, const char *target);
#include "measures.def"
#undef MEASURE

/* Deliveries that were posted again without history saying so: never wanted. */
int64_t expect_unflagged(struct story *s);
/* How many deliveries of a workspace are in a state. */
int64_t expect_tally(struct story *s, enum delivery_state state, const char *workspace);
/* What became of everything, for whoever reads a failure. */
void expect_dump(struct story *s);
