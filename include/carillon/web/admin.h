/*
 * The port for operators, of the service and of the HTTP side alike: /metrics, /healthz (it
 * runs), /readyz (it does its work) and, where there is one, /top. It asks nobody who they are:
 * only operators should reach it. A thread of its own answers, one request after the other.
 */
#pragma once

#include "carillon/base/metrics.h"

struct admin;

/* What stands there. Each is called on the port's thread. */
struct admin_pages {
	bool (*is_ready)(void *arg);
	void (*metrics)(struct metrics_page *p, void *arg);
	/* Members of an object: who has the most, at most `n`. NULL: there is no such page. */
	void (*top)(struct json_writer *w, size_t n, void *arg);
	void *arg;
};

enum { ADMIN_TOP_MAX = 1000, ADMIN_TOP_USUAL = 10 };

/* Listens on `address`, "127.0.0.1:8081". ERR_INPUT, ERR_SETUP: it cannot be had; `setting`
 * names it. */
MUST_USE bool admin_open(struct admin **out, const char *setting, const char *address,
    const struct admin_pages *pages, struct err *e);
/* "http://127.0.0.1:8081", with the port that it has got. */
const char *admin_url(const struct admin *a);
void admin_close(struct admin *a); /* NULL is fine */
