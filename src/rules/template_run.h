/*
 * The state of one rendering, shared by the walker and the filters.
 */
#pragma once

#include "template_value.h"

struct loop_frame {
	struct value item;
	struct json pair[3]; /* [key, value], when the collection is an object */
	int64_t index, length;
};

struct renderer {
	const struct event *ev;
	const struct template_context *context;
	struct buf *out;
	size_t out_start;
	int steps, steps_max;
	bool stopped; /* a limit was reached */
	struct template_mark mark;
	struct template_warnings *warnings;
	struct loop_frame frames[TEMPLATE_NESTING_MAX];
	/* What filters make. A value lives for as many uses as there are buffers, less one. */
	struct buf *buffers;
	int next_buffer;
	char time_text[CLOCK_TEXT_MAX];
};

/* A cleared buffer for a value in the making. */
struct buf *renderer_buffer(struct renderer *r);
/* The text that a value is written as, its own or in a buffer. */
struct str renderer_text(struct renderer *r, const struct value *v);
/* Counts work; false, and nothing more is rendered, past the limit. */
static inline bool
renderer_step(struct renderer *r, size_t n)
{
	if (n > (size_t)(r->steps_max - r->steps)) {
		r->steps = r->steps_max;
		r->stopped = true;
	} else {
		r->steps += (int)n;
	}
	return !r->stopped;
}

/* Steps for reading `v` whole: one for 64 bytes, a tree being at most the whole payload. */
size_t value_cost(const struct renderer *r, const struct value *v);
/* Whether the filter `default` puts its argument in the place of `v`. */
bool value_wants_default(const struct value *v);
/* Passes `v` through one filter, whose arguments have been evaluated. */
void filter_apply(struct renderer *r, enum filter_id id, const struct value *args, int n_args,
    struct value *v);
