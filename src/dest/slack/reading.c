#include "reading.h"

#include <pthread.h>

#include "carillon/rules/template.h"

enum {
	PLACES_MAX = 256,   /* objects and lists that are looked into */
	MEMBERS_MAX = 1024, /* of them, so that no payload costs much */
	NAMES_MAX = 24,
	BESIDE_TITLE = 1000000,
	NAME_RANK = 10000,
	DEPTH_RANK = 100,
};

enum reading_kind {
	KIND_WORDS,
	KIND_PLAIN,
	KIND_FIGURE,
	KIND_ADDRESS,
	KIND_SEVERITY,
	KIND_TIME
};

static const struct {
	const char *role;
	enum reading_kind kind;
	int depth_max;
	const char *names[NAMES_MAX];
} roles[READINGS] = {
#define READING(ROLE, role, KIND, depth, ...) {#role, KIND_##KIND, depth, {__VA_ARGS__}},
#include "readings.def"
#undef READING
};

/* Numbers of severities, by their texts: a payload's number is never rounded. */
static const struct {
	const char *name, *least, *most, *level;
} scales[] = {
#define SCALE(name, least, most, level) {name, #least, #most, level},
#include "severity_scales.def"
#undef SCALE
};

/* The same names, taken apart once: every payload's members are compared with all of them. */
static struct name {
	struct str up, own; /* of "body.stringValue": "body", else empty, and the rest */
} names[READINGS][NAMES_MAX + 1];

static void
take_names_apart(void)
{
	for (int role = 0; role < READINGS; role++)
		for (int i = 0; i < NAMES_MAX && roles[role].names[i]; i++) {
			const char *name = roles[role].names[i], *dot = strchr(name, '.');
			names[role][i].own = str_of(dot ? dot + 1 : name);
			if (dot)
				names[role][i].up = (struct str){name, (size_t)(dot - name)};
		}
}

/* An object or a list, how it was come to, and how deep it lies. */
struct place {
	const struct json *v;
	int up, depth;
};

struct search {
	const struct severity_order *order;
	struct place places[PLACES_MAX];
	int n;
	int in[READINGS];    /* the place where a role was found, or -1 */
	int score[READINGS]; /* less is better */
};

static bool
is_plain(const struct json *v)
{
	return v->kind != JSON_NULL && v->kind != JSON_ARRAY && v->kind != JSON_OBJECT &&
	       (v->kind != JSON_STRING || v->text.len > 0);
}

/* All places, the nearest to the top first. Of a list its first element speaks for the others.
 */
static void
find_places(struct search *s, const struct json *payload)
{
	s->places[0] = (struct place){payload, -1, 0};
	s->n = 1;
	for (int i = 0; i < s->n; i++)
		JSON_EACH (v, s->places[i].v) {
			bool is_nested = v->kind == JSON_OBJECT || v->kind == JSON_ARRAY;
			if (is_nested && v->child && s->n < PLACES_MAX)
				s->places[s->n++] =
				    (struct place){v, i, s->places[i].depth + 1};
			if (s->places[i].v->kind == JSON_ARRAY)
				break;
		}
}

static bool
is_name(struct str s, struct str name)
{
	return s.len == name.len && strncasecmp(s.ptr, name.ptr, name.len) == 0;
}

/* Whether `v`, in `up`, goes by a name that may be of two levels. */
static bool
is_called(const char *name, const struct json *v, const struct json *up)
{
	const char *dot = strchr(name, '.');

	if (!dot)
		return is_name(v->key, str_of(name));
	return is_name(up->key, (struct str){name, (size_t)(dot - name)}) &&
	       is_name(v->key, str_of(dot + 1));
}

/* The place of the value's name among those of the role, or -1. */
static int
name_rank(int role, const struct json *v, const struct json *up)
{
	const struct name *all = names[role];
	for (int i = 0; all[i].own.len > 0; i++)
		if (is_name(v->key, all[i].own) &&
		    (all[i].up.len == 0 || is_name(up->key, all[i].up)))
			return i;
	return -1;
}

static bool
is_upper(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] >= 'a' && s.ptr[i] <= 'z')
			return false;
	return true;
}

/* A number alone, also as a text: "8", "5.3". */
static bool
is_number(const struct json *v)
{
	bool has_digit = false, has_dot = false;

	for (size_t i = 0; v->kind == JSON_STRING && i < v->text.len; i++) {
		char c = v->text.ptr[i];

		if (c == '.' && (has_dot || i == 0))
			return false;
		has_dot = has_dot || c == '.';
		has_digit = c >= '0' && c <= '9';
		if (!has_digit && c != '.')
			return false;
	}
	return v->kind == JSON_NUMBER || has_digit;
}

/* The level that a number of such a name stands for; empty: it is not known. */
static struct str
level_of(const struct json *v, const struct json *up)
{
	for (size_t i = 0; i < COUNT_OF(scales) && is_number(v); i++) {
		struct str name = str_of(scales[i].name);
		/* An upper-case name is another than the same in lower case. */
		bool is_other = !strchr(name.ptr, '.') && is_upper(name) != is_upper(v->key);

		if (!is_other && is_called(name.ptr, v, up) &&
		    json_number_cmp(v->text, str_of(scales[i].least)) >= 0 &&
		    json_number_cmp(v->text, str_of(scales[i].most)) <= 0)
			return str_of(scales[i].level);
	}
	return (struct str){0};
}

static bool
fits(const struct search *s, int role, const struct json *v, const struct json *up)
{
	if (roles[role].kind != KIND_FIGURE && !is_plain(v))
		return false;
	switch (roles[role].kind) {
	case KIND_WORDS: return v->kind == JSON_STRING;
	case KIND_ADDRESS: return v->kind == JSON_STRING && template_link_is_safe(v->text);
	case KIND_SEVERITY:
		return severity_rank(s->order, v->text) >= 0 ||
		       severity_rank(s->order, level_of(v, up)) >= 0;
	case KIND_TIME: return template_is_time(v);
	case KIND_FIGURE: return v->kind != JSON_NULL;
	case KIND_PLAIN: break;
	}
	return true;
}

static void
consider(struct search *s, struct reading *r, int role, const struct json *v, int place)
{
	int rank = name_rank(role, v, s->places[place].v);
	bool is_beside = s->in[READING_TITLE] == place;
	uint32_t others = s->places[place].v->count;
	int score = rank * NAME_RANK + s->places[place].depth * DEPTH_RANK -
	            (int)(others < DEPTH_RANK ? others : DEPTH_RANK - 1) +
	            (is_beside ? 0 : BESIDE_TITLE);
	if (v == r->found[READING_TITLE] || rank < 0 ||
	    s->places[place].depth > roles[role].depth_max ||
	    (r->found[role] && score >= s->score[role]) ||
	    !fits(s, role, v, s->places[place].v))
		return;
	if (role == READING_SEVERITY)
		r->level = severity_rank(s->order, v->text) >= 0
		               ? (struct str){0}
		               : level_of(v, s->places[place].v);
	r->found[role] = v;
	s->in[role] = place;
	s->score[role] = score;
}

static void
find(struct search *s, struct reading *r, int role)
{
	int left = MEMBERS_MAX;
	s->in[role] = -1;
	for (int i = 0; i < s->n; i++)
		JSON_EACH (v, s->places[i].v) {
			if (left-- == 0)
				return;
			consider(s, r, role, v, i);
		}
}

static struct str
path_of(const struct search *s, int place, struct str name, struct arena *a)
{
	struct str path = name;
	for (int i = place; i > 0; i = s->places[i].up) {
		struct str key = s->places[i].v->key;
		const char *dot = key.len > 0 && path.len > 0 ? "." : "";
		path = arena_printf(a, "%.*s%s%.*s", STR_ARG(key), dot, STR_ARG(path));
	}
	return path;
}

static bool
is_over(const struct json *status)
{
	static const char *const words[] = {"resolved", "ok", "recovered", "closed"};
	for (size_t i = 0; status && i < COUNT_OF(words); i++)
		if (is_name(status->text, str_of(words[i])))
			return true;
	return false;
}

static void
add_member(struct reading *r, const char *name, struct json v)
{
	struct json *m = &r->members[r->object.count++];
	*m = v;
	m->key = str_of(name);
	m->next = NULL;
	if (r->object.count > 1)
		m[-1].next = m;
}

static void
make_event(struct reading *r, const struct event *ev)
{
	r->object = (struct json){.kind = JSON_OBJECT, .child = r->members};
	for (int role = 0; role < READINGS; role++)
		if (r->found[role] && role == READING_SEVERITY && r->level.len > 0)
			add_member(r, roles[role].role,
			    (struct json){.kind = JSON_STRING, .text = r->level});
		else if (r->found[role])
			add_member(r, roles[role].role, *r->found[role]);
	if (is_over(r->found[READING_STATUS]))
		add_member(r, "resolved", (struct json){.kind = JSON_TRUE});
	if (r->object.count == 0)
		r->object.child = NULL;
	r->ev = *ev;
	r->ev.payload = &r->object;
}

void
reading_of(struct reading *r, const struct event *ev, const struct severity_order *order,
    struct arena *a)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct search s = {.order = order, .in = {-1}};
	(void)pthread_once(&once, take_names_apart);
	memset(r->found, 0, sizeof(r->found));
	r->main = NULL;
	r->level = (struct str){0};
	if (ev->payload) {
		find_places(&s, ev->payload);
		for (int role = 0; role < READINGS; role++)
			find(&s, r, role);
		if (!r->found[READING_VALUE] || !r->found[READING_THRESHOLD])
			r->found[READING_VALUE] = r->found[READING_THRESHOLD] = NULL;
		int title = s.in[READING_TITLE], message = s.in[READING_MESSAGE];
		int main = title > 0 ? title : title < 0 && message > 0 ? message : 0;
		if (main > 0 && s.places[main].v->kind == JSON_OBJECT) {
			r->main = s.places[main].v;
			r->main_path = path_of(&s, main, STR(""), a);
		}
	}
	make_event(r, ev);
}

void
reading_nested(const struct json *payload, struct arena *a,
    bool (*show)(void *with, struct str path, const struct json *value), void *with)
{
	struct search s = {0};
	int left = MEMBERS_MAX;
	find_places(&s, payload);
	for (int i = 1; i < s.n; i++)
		JSON_EACH (v, s.places[i].v)
			if (left-- == 0 || (is_plain(v) && v->key.len > 0 &&
					       !show(with, path_of(&s, i, v->key, a), v)))
				return;
}
