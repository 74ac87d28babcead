#include "routes.h"

#include "request.h"

const struct route routes[] = {
#define ROUTE(method, path, name, access, body, where, summary)                         \
	{METHOD_##method, path, #name, api_##name, ACCESS_##access, BODY_##body, where, \
	    summary},
#include "routes.def"
#undef ROUTE
};
const int n_routes = COUNT_OF(routes);

const char *
method_name(enum method m)
{
	static const char *const names[METHODS] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

	return names[m];
}

size_t
body_max(enum body b)
{
	static const size_t max[BODIES] = {
	    [BODY_JSON] = 256 * 1024, [BODY_BULK] = 1024 * 1024, [BODY_FORM] = 64 * 1024};

	return max[b];
}

/* Takes the next segment of a pattern, "workspaces" or "{workspace}". */
static struct str
next_segment(const char **at)
{
	struct str s = {*at + 1, strcspn(*at + 1, "/")};

	*at = s.ptr + s.len;
	return s;
}

static struct str
rest_of(struct arena *a, const struct target *t, int from)
{
	struct buf all = {0};
	struct str joined;

	for (int i = from; i < t->n_segments; i++) {
		if (i > from)
			buf_putc(&all, '/');
		buf_str(&all, t->segments[i]);
	}
	joined = arena_str(a, buf_view(&all));
	buf_fini(&all);
	return joined;
}

static bool
fits(struct arena *a, const struct route *r, const struct target *t, struct str *parts)
{
	const char *at = r->path;
	int n = 0, i = 0;

	while (*at != '\0') {
		struct str s = next_segment(&at);
		bool is_part = s.len > 0 && s.ptr[0] == '{';

		if (i == t->n_segments)
			return s.len == 0 && i == 0;
		if (is_part && s.len > 4 && memcmp(s.ptr + s.len - 4, "...}", 4) == 0) {
			parts[n] = rest_of(a, t, i);
			return true;
		}
		if (is_part)
			parts[n++] = t->segments[i];
		else if (!str_eq(s, t->segments[i]))
			return false;
		i++;
	}
	return i == t->n_segments;
}

const struct route *
route_find(struct arena *a, enum method m, const struct target *t, struct str *parts,
    unsigned *methods)
{
	*methods = 0;
	for (int i = 0; i < n_routes; i++) {
		if (!fits(a, &routes[i], t, parts))
			continue;
		if (routes[i].method == m)
			return &routes[i];
		*methods |= 1U << routes[i].method;
	}
	return NULL;
}
