#include "faults.h"

#include "carillon/base/list.h"

struct fault {
	struct list link;
	uint64_t id;
	char token[200], channel[100], method[100]; /* empty: any */
	struct mishap mishap;
	int64_t times; /* left; 0: for ever */
	double probability;
	uint64_t hits;
};

struct faults {
	struct list all;
	uint64_t last_id;
	uint64_t random; /* xorshift: the same script fails the same requests each run */
};

static const struct {
	const char *name;
	bool posts;
} kinds[] = {
    [FAULT_NONE] = {"none", true},
#define FAULT(id, kind, posts, help) [FAULT_##id] = {(kind), (posts)},
#include "faults.def"
#undef FAULT
};

struct faults *
faults_new(void)
{
	struct faults *f = calloc(1, sizeof *f);
	must(f);
	list_init(&f->all);
	f->random = 0x9E3779B97F4A7C15U;
	return f;
}

void
faults_free(struct faults *f)
{
	(void)faults_remove(f, 0);
	free(f);
}

int
faults_remove(struct faults *f, uint64_t id)
{
	int removed = 0;
	for (struct list *at = f->all.next, *next; at != &f->all; at = next) {
		struct fault *fault = CONTAINER_OF(at, struct fault, link);
		next = at->next;
		if (id && fault->id != id)
			continue;
		list_remove(at);
		free(fault);
		removed++;
	}
	return removed;
}

static bool
read_match(struct fault *fault, const struct json *match, struct err *e)
{
	const struct {
		struct str name;
		char *into;
		size_t size;
	} fields[] = {{STR("token"), fault->token, sizeof fault->token},
	    {STR("channel"), fault->channel, sizeof fault->channel},
	    {STR("method"), fault->method, sizeof fault->method}};
	if (!match)
		return true;
	JSON_EACH (member, match) {
		size_t i = 0;
		while (i < COUNT_OF(fields) && !str_eq(fields[i].name, member->key))
			i++;
		if (i == COUNT_OF(fields) || member->kind != JSON_STRING)
			return fail(e, ERR_INPUT,
			    "match: %.*s: write token, channel or method, and a string",
			    STR_ARG(member->key));
		if (!str_copy(fields[i].into, fields[i].size, member->text))
			return fail(
			    e, ERR_INPUT, "match: %.*s: too long", STR_ARG(member->key));
	}
	return true;
}

/* The integer member `name` within 0..most, or 0 when absent. */
static bool
read_int(const struct json *v, const char *name, int64_t most, int64_t *out, struct err *e)
{
	const struct json *member = json_get(v, str_of(name));
	*out = 0;
	if (!member)
		return true;
	if (!json_int64(member, out) || *out < 0 || *out > most)
		return fail(
		    e, ERR_INPUT, "%s: write a number from 0 to %lld", name, (long long)most);
	return true;
}

static bool
read_action(struct mishap *m, const struct json *action, struct err *e)
{
	struct str kind = json_string(action, STR("kind"));
	int64_t status, retry_after;
	for (size_t i = FAULT_NONE + 1; i < COUNT_OF(kinds); i++)
		if (str_eq(kind, str_of(kinds[i].name)))
			m->kind = (enum fault_kind)i;
	if (m->kind == FAULT_NONE)
		return fail(
		    e, ERR_INPUT, "action: kind: no fault is called \"%.*s\"", STR_ARG(kind));
	if (!read_int(action, "ms", 3600000, &m->ms, e) ||
	    !read_int(action, "status", 599, &status, e) ||
	    !read_int(action, "retry_after", 86400, &retry_after, e))
		return fail_within(e, "action");
	if (m->kind == FAULT_STATUS && status < 300)
		return fail(e, ERR_INPUT, "action: status: write a number from 300 to 599");
	struct str error = json_string(action, STR("error"));
	if (m->kind == FAULT_ERROR &&
	    (!error.len || !str_copy(m->error, sizeof m->error, error)))
		return fail(e, ERR_INPUT, "action: error: write one of Slack's codes");
	const struct json *post = json_get(action, STR("post"));
	m->posts = post ? post->kind == JSON_TRUE : kinds[m->kind].posts;
	m->status = (int)status;
	m->retry_after = (int)retry_after;
	return true;
}

static bool
read_fault(struct fault *fault, const struct json *spec, struct err *e)
{
	if (spec->kind != JSON_OBJECT)
		return fail(e, ERR_INPUT, "a fault is an object with action and perhaps match");
	if (!read_match(fault, json_get(spec, STR("match")), e) ||
	    !read_action(&fault->mishap, json_get(spec, STR("action")), e))
		return false;
	fault->times = 1;
	if (json_get(spec, STR("times")) &&
	    !read_int(spec, "times", INT64_MAX - 1, &fault->times, e))
		return false;
	fault->probability = 1;
	const struct json *p = json_get(spec, STR("probability"));
	if (p && (!json_double(p, &fault->probability) || fault->probability < 0 ||
		     fault->probability > 1))
		return fail(e, ERR_INPUT, "probability: write a number from 0 to 1");
	return true;
}

bool
faults_add(struct faults *f, const struct json *spec, uint64_t *id, struct err *e)
{
	struct fault *fault = calloc(1, sizeof *fault);
	must(fault);
	if (!read_fault(fault, spec, e)) {
		free(fault);
		return false;
	}
	*id = fault->id = ++f->last_id;
	list_append(&f->all, &fault->link);
	return true;
}

static bool
chance(struct faults *f, double probability)
{
	if (probability >= 1)
		return true;
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return (double)(f->random >> 11) / 9007199254740992.0 < probability;
}

static bool
fits(const char *pattern, struct str value)
{
	return pattern[0] == '\0' || str_eq(str_of(pattern), value);
}

struct mishap
faults_take(
    struct faults *f, struct str token, struct str channel, struct str method, bool has_image)
{
	for (struct list *at = f->all.next; at != &f->all; at = at->next) {
		struct fault *fault = CONTAINER_OF(at, struct fault, link);
		if (fault->mishap.kind == FAULT_IMAGE && !has_image)
			continue;
		if (!fits(fault->token, token) || !fits(fault->channel, channel) ||
		    !fits(fault->method, method) || !chance(f, fault->probability))
			continue;
		struct mishap mishap = fault->mishap;
		fault->hits++;
		if (fault->times && --fault->times == 0)
			(void)faults_remove(f, fault->id);
		return mishap;
	}
	return (struct mishap){.kind = FAULT_NONE, .posts = true};
}

static void
write_fault(const struct fault *fault, struct json_writer *w)
{
	jw_object(w);
	jw_kv_int(w, "id", (int64_t)fault->id);
	jw_key(w, "match");
	jw_object(w);
	if (fault->token[0])
		jw_kv_cstr(w, "token", "(set)");
	if (fault->channel[0])
		jw_kv_cstr(w, "channel", fault->channel);
	if (fault->method[0])
		jw_kv_cstr(w, "method", fault->method);
	jw_object_end(w);
	jw_kv_cstr(w, "kind", kinds[fault->mishap.kind].name);
	jw_kv_bool(w, "post", fault->mishap.posts);
	jw_kv_int(w, "times_left", fault->times);
	jw_kv_int(w, "hits", (int64_t)fault->hits);
	jw_object_end(w);
}

void
faults_write(const struct faults *f, struct json_writer *w)
{
	jw_array(w);
	for (struct list *at = f->all.next; at != &f->all; at = at->next)
		write_fault(CONTAINER_OF(at, struct fault, link), w);
	jw_array_end(w);
}
