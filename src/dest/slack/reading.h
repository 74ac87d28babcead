/*
 * What a payload of no known form says: its title, message, address, severity, state and time,
 * wherever they stand. For the built-in template, which so reads well for what products send
 * that nobody wrote a template for. Pure; any thread.
 */
#pragma once

#include "carillon/dest/dest.h"
#include "carillon/rules/event.h"
#include "carillon/rules/filter.h"

enum reading_role {
#define READING(ROLE, role, KIND, depth, ...) READING_##ROLE,
#include "readings.def"
#undef READING
	READINGS
};

struct reading {
	/* The event as the built-in template sees it: its payload is what was found, by role,
	 * with `resolved` if it is over and `compares` if value and threshold are numbers. */
	struct event ev;
	const struct json *found[READINGS]; /* in the event's own payload; NULL: not there */
	/* The level that the number stands for which was found as severity; else empty. */
	struct str level;
	/* The object below the payload in which the title stands, or else the message; or NULL.
	 */
	const struct json *main;
	struct str main_path; /* "data.object" */
	struct json object, members[READINGS + 1];
};

/* `order` tells what is a severity. Paths are made in `a`. */
void reading_of(struct reading *r, const struct event *ev, const struct severity_order *order,
    struct arena *a);

/* Calls `show` with the plain values of the objects below the payload, those nearest to the top
 * first, until it returns false. */
void reading_nested(const struct json *payload, struct arena *a,
    bool (*show)(void *with, struct str path, const struct json *value), void *with);
