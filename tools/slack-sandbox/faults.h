/*
 * Scripted faults: which requests go wrong, how, and how often. The first that matches counts.
 * Not thread-safe: the sandbox's lock.
 */
#pragma once

#include "carillon/base/json.h"

enum fault_kind {
	FAULT_NONE,
#define FAULT(id, kind, posts, help) FAULT_##id,
#include "faults.def"
#undef FAULT
};

/* What a request suffers. A plain value. */
struct mishap {
	enum fault_kind kind;
	bool posts;      /* whether the method is carried out all the same */
	int64_t ms;      /* LATENCY, or on top of any other kind */
	int status;      /* STATUS */
	int retry_after; /* s; 0: none */
	char error[80];  /* ERROR */
};

struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *f);
/* Adds what a JSON object says; README.md describes it. */
MUST_USE bool faults_add(
    struct faults *f, const struct json *spec, uint64_t *id, struct err *e);
/* Removes one, or all if `id` is 0. Returns how many went. */
int faults_remove(struct faults *f, uint64_t id);
/* The mishap for a request, counting it against the fault's `times`. */
struct mishap faults_take(
    struct faults *f, struct str token, struct str channel, struct str method, bool has_image);
/* Writes an array; tokens are not shown. */
void faults_write(const struct faults *f, struct json_writer *w);
