/*
 * The raw target of a request: its path in segments and its query, each part decoded once. The
 * library's own decoding is not used: it cuts at %00 and turns %2F into a slash before anybody
 * can tell. Pure.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"

enum {
	TARGET_MAX = 8192, /* bytes */
	TARGET_SEGMENTS_MAX = 12,
	TARGET_PARAMETERS_MAX = 24,
};

struct target_parameter {
	struct str name, value;
};

struct target {
	struct str segments[TARGET_SEGMENTS_MAX]; /* "/a/b" has two, "/" none */
	int n_segments;
	struct target_parameter parameters[TARGET_PARAMETERS_MAX];
	int n_parameters;
};

/*
 * ERR_INPUT: not one "/" at the beginning, an empty segment, "." or "..", a bad escape, NUL or
 * what is no UTF-8, a parameter twice, or too much of something. Decoded text is in `a`.
 */
MUST_USE bool target_parse(struct arena *a, struct str raw, struct target *out, struct err *e);
/* The value of a parameter; false if it is not there. */
bool target_get(const struct target *t, struct str name, struct str *value);

/* The value of a cookie in the header "a=1; b=2"; false if it is not there, or there twice. */
bool cookie_get(struct str header, struct str name, struct str *value);
