/* How often each route was asked, how it was answered and how long that took. Any thread. */
#pragma once

#include "request.h"

struct metrics;
struct metrics *metrics_new(void);
void metrics_free(struct metrics *m);
void metrics_count(struct metrics *m, const struct request *q, int64_t took_ms);
/* Text in Prometheus' format. */
void metrics_write(struct buf *out, struct web *w);
