/*
 * Errors as RFC 9457 has them: application/problem+json, from one table. Each of these makes
 * the answer of a request and returns false.
 */
#pragma once

#include "request.h"

enum problem {
#define PROBLEM(NAME, code, status, title, sentence) PROBLEM_##NAME,
#include "problems.def"
#undef PROBLEM
	PROBLEMS
};

bool problem(struct request *q, enum problem p, const char *fmt, ...) PRINTF(3, 4);
/* What an error of ours is for who asked: its kind decides. What only we can understand is
 * logged under the request's id, and a general sentence is answered. */
bool problem_of(struct request *q, const struct err *e);
/* All that is wrong with what was sent. `p` unless a member is not known. */
bool problem_found(struct request *q, enum problem p, const struct findings *f);
/* Findings, if there are any, else the error. */
bool problem_of_write(
    struct request *q, enum problem p, const struct findings *f, const struct err *e);
/* 412, with the record as it is now, whose JSON `current` is (may be empty). */
bool problem_changed(struct request *q, struct str current);
/* Adds Retry-After. */
void problem_retry_after(struct request *q, int seconds);
/* No such thing, in the same bytes for what is missing and for what is somebody else's. */
bool problem_not_found(struct request *q);

const char *problem_code(enum problem p);
unsigned problem_status(enum problem p);
const char *problem_title(enum problem p);
const char *problem_sentence(enum problem p);
