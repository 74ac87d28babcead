/* The control interface: what tests ask of the sandbox, and what the page shows. */
#include "control.h"

#include <ctype.h>

#include "constant.h"
#include "events.h"
#include "world_control.h"

uint64_t
control_argument(const struct control *c, const char *name, uint64_t otherwise)
{
	struct str s = json_string(c->request->query, str_of(name));
	uint64_t n = 0;
	if (s.len == 0 || s.len > 18)
		return otherwise;
	for (size_t i = 0; i < s.len; i++) {
		if (!isdigit((unsigned char)s.ptr[i]))
			return otherwise;
		n = n * 10 + (uint64_t)(s.ptr[i] - '0');
	}
	return n;
}

static void
stats_get(struct control *c)
{
	struct sandbox *s = c->sandbox;
	jw_kv_int(&c->out, "requests", (int64_t)atomic_load(&s->requests));
	jw_kv_int(&c->out, "posted", (int64_t)atomic_load(&s->posted));
	jw_kv_int(&c->out, "last", (int64_t)journal_last(s->journal));
	jw_key(&c->out, "channels");
	jw_array(&c->out);
	const struct channel *channel;
	for (size_t i = 0; (channel = world_channel_at(s->world, i)); i++) {
		jw_object(&c->out);
		jw_kv_string(&c->out, "team", channel->team->id);
		jw_kv_string(&c->out, "id", channel->id);
		jw_kv_int(&c->out, "posted", (int64_t)channel->posted);
		jw_object_end(&c->out);
	}
	jw_array_end(&c->out);
}

static void
faults_get(struct control *c)
{
	jw_key(&c->out, "faults");
	faults_write(c->sandbox->faults, &c->out);
}

static void
faults_post(struct control *c)
{
	const struct json *spec;
	struct err e = {0};
	uint64_t id = 0;
	if (!json_parse(
		c->request->arena, buf_view(&c->request->body), JSON_DEPTH_MAX, &spec, &e) ||
	    !faults_add(c->sandbox->faults, spec, &id, &e)) {
		reply_refuse(c->reply, 400, arena_cstr(c->request->arena, str_of(e.text)));
		return;
	}
	jw_kv_int(&c->out, "id", (int64_t)id);
}

static void
faults_delete(struct control *c)
{
	uint64_t id = 0;
	for (size_t i = 1; i < c->rest.len && isdigit((unsigned char)c->rest.ptr[i]); i++)
		id = id * 10 + (uint64_t)(c->rest.ptr[i] - '0');
	if (c->rest.len && id == 0) {
		reply_refuse(c->reply, 404, "no such fault");
		return;
	}
	jw_kv_int(&c->out, "removed", faults_remove(c->sandbox->faults, id));
}

static void
events_get(struct control *c)
{
	jw_key(&c->out, "events");
	events_write(c->sandbox->events, &c->out);
}

static void
world_get(struct control *c)
{
	world_control_write(c->sandbox, &c->out);
}

static void
world_post(struct control *c)
{
	const struct json *change;
	struct err e = {0};
	if (!json_parse(
		c->request->arena, buf_view(&c->request->body), JSON_DEPTH_MAX, &change, &e) ||
	    !world_control_apply(c->sandbox, change, &e))
		reply_refuse(c->reply, 400, arena_cstr(c->request->arena, str_of(e.text)));
}

static const struct {
	struct str verb, path;
	void (*handle)(struct control *c);
} routes[] = {
    {CONSTANT_STR("GET"), CONSTANT_STR("journal"), control_journal},
    {CONSTANT_STR("DELETE"), CONSTANT_STR("journal"), control_journal_clear},
    {CONSTANT_STR("GET"), CONSTANT_STR("journal.txt"), control_journal_text},
    {CONSTANT_STR("GET"), CONSTANT_STR("messages"), control_messages},
    {CONSTANT_STR("GET"), CONSTANT_STR("stats"), stats_get},
    {CONSTANT_STR("GET"), CONSTANT_STR("events"), events_get},
    {CONSTANT_STR("GET"), CONSTANT_STR("faults"), faults_get},
    {CONSTANT_STR("POST"), CONSTANT_STR("faults"), faults_post},
    {CONSTANT_STR("DELETE"), CONSTANT_STR("faults"), faults_delete},
    {CONSTANT_STR("GET"), CONSTANT_STR("world"), world_get},
    {CONSTANT_STR("POST"), CONSTANT_STR("world"), world_post},
};

static bool
route_fits(struct str route, struct str path)
{
	return str_starts_with(path, route) &&
	       (path.len == route.len || path.ptr[route.len] == '/');
}

static void
route_run(struct control *c, size_t i)
{
	jw_init(&c->out, &c->reply->body);
	c->reply->status = 200;
	c->reply->content_type = "application/json; charset=utf-8";
	reply_header(c->reply, "cache-control", STR("no-store"));
	jw_object(&c->out);
	jw_kv_bool(&c->out, "ok", true);
	(void)pthread_mutex_lock(&c->sandbox->lock);
	routes[i].handle(c);
	(void)pthread_mutex_unlock(&c->sandbox->lock);
	/* An error or plain text has replaced the object. */
	if (c->reply->status == 200 && c->reply->content_type[0] == 'a')
		jw_object_end(&c->out);
}

void
control_handle(struct sandbox *s, struct request *q, struct reply *r, struct str path)
{
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		if (!str_eq(routes[i].verb, q->verb) || !route_fits(routes[i].path, path))
			continue;
		struct control c = {.sandbox = s, .request = q, .reply = r};
		c.rest =
		    (struct str){path.ptr + routes[i].path.len, path.len - routes[i].path.len};
		route_run(&c, i);
		return;
	}
	reply_refuse(r, 404, "no such control: README.md lists them");
}
