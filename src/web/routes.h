/*
 * The routes: one table, routes.def, of what can be asked, by whom, and what answers it. It
 * also makes the OpenAPI document, docs/api.md and the tests of roles.
 */
#pragma once

#include "carillon/base/buf.h"
#include "principal.h"
#include "target.h"

struct request;

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHODS };
const char *method_name(enum method m);

/* What a body may be. */
enum body {
	BODY_NONE,
	BODY_JSON, /* an object of at most 256 KiB; may be left out if the handler says so */
	BODY_BULK, /* JSON of at most 1 MiB */
	BODY_FORM, /* a form or JSON, as it comes, of at most 64 KiB */
	BODIES
};
size_t body_max(enum body b);

/* Where its handler runs: on the listener's thread, which it must not keep for longer than a
 * millisecond; on a worker, where it may wait; or it completes the request by itself. */
enum where { INLINE, WORKER, BY_ITSELF };

typedef void route_handler(struct request *q);

struct route {
	enum method method;
	const char *path; /* "/api/v1/workspaces/{workspace}" */
	const char *name;
	route_handler *handler;
	enum access access;
	enum body body;
	enum where where;
	const char *summary;
};

extern const struct route routes[];
extern const int n_routes;

/*
 * The route of a target, its {parts} into `parts`. NULL: there is none; then *methods has bits
 * of those that the path knows, or 0. A last part "{name...}" takes all that follow, with "/".
 */
const struct route *route_find(struct arena *a, enum method m, const struct target *t,
    struct str *parts, unsigned *methods);

#define ROUTE(method, path, name, access, body, where, summary) route_handler api_##name;
#include "routes.def"
#undef ROUTE
