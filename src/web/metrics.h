/* How often each route was asked, how it was answered and how long that took. Any thread. */
#pragma once

#include "carillon/base/metrics.h"

#include "request.h"

struct metrics_book;
struct metrics_book *metrics_new(void);
void metrics_free(struct metrics_book *b);
void metrics_count(struct metrics_book *b, const struct request *q, int64_t took_ms);
/* Of all routes together; errors are what was answered with 5xx. */
void metrics_total(
    struct metrics_book *b, uint64_t *requests, uint64_t *errors, int64_t *took_us);
/* The figures of this process for operators. */
void metrics_write(struct metrics_page *p, struct web *w);
