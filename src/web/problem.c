#include "problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "carillon/base/log.h"
#include "web_private.h"

enum { DETAIL_MAX = 600, RETRY_S = 2 };

static const struct {
	const char *code;
	unsigned status;
	const char *title, *sentence;
} problems[PROBLEMS] = {
#define PROBLEM(NAME, code, status, title, sentence) {code, status, title, sentence},
#include "problems.def"
#undef PROBLEM
};

const char *
problem_code(enum problem p)
{
	return problems[p].code;
}

unsigned
problem_status(enum problem p)
{
	return problems[p].status;
}

const char *
problem_title(enum problem p)
{
	return problems[p].title;
}

const char *
problem_sentence(enum problem p)
{
	return problems[p].sentence;
}

/* Begins it anew: a problem that comes later replaces what was to be answered. */
static void
begin(struct request *q, enum problem p, struct json_writer *w, struct str detail)
{
	q->answer.n_headers = 0;
	answer_json(q, problems[p].status, w);
	q->answer.content_type = "application/problem+json";
	jw_object(w);
	jw_kv_string(w, "type",
	    arena_printf(q->arena, "%s/problems/%s", web_public_url(q->web), problems[p].code));
	jw_kv_cstr(w, "code", problems[p].code);
	jw_kv_cstr(w, "title", problems[p].title);
	jw_kv_int(w, "status", problems[p].status);
	jw_kv_string(w, "detail", detail);
	jw_kv_cstr(w, "request_id", q->id);
}

/* The members that the emit client of the product we are compatible with reads. */
static void
put_compatible(struct request *q, enum problem p, struct json_writer *w, struct str detail,
    const struct findings *f)
{
	if (q->route == NULL || q->route->access != ACCESS_EMIT)
		return;
	jw_kv_cstr(w, "message", problems[p].title);
	jw_key(w, "error");
	jw_object(w);
	jw_kv_cstr(w, "name", problems[p].code);
	jw_kv_string(w, "message", detail);
	jw_key(w, "data");
	jw_array(w);
	for (int i = 0; f != NULL && i < f->n; i++) {
		jw_object(w);
		jw_kv_string(w, "param", f->items[i].pointer);
		jw_kv_string(w, "msg", f->items[i].text);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
}

bool
problem(struct request *q, enum problem p, const char *fmt, ...)
{
	char detail[DETAIL_MAX];
	struct json_writer w;
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	begin(q, p, &w, str_of(detail));
	put_compatible(q, p, &w, str_of(detail), NULL);
	jw_object_end(&w);
	if (problems[p].status == 503)
		problem_retry_after(q, RETRY_S);
	if (problems[p].status == 401)
		answer_header(q, "WWW-Authenticate", STR("Bearer"));
	return false;
}

bool
problem_not_found(struct request *q)
{
	return problem(q, PROBLEM_NOT_FOUND, "nothing is here that you may see");
}

bool
problem_of(struct request *q, const struct err *e)
{
	switch (e->kind) {
	case ERR_INPUT: return problem(q, PROBLEM_INVALID_VALUE, "%s", e->text);
	case ERR_NOT_FOUND: return problem_not_found(q);
	case ERR_CONFLICT: return problem(q, PROBLEM_EXISTS, "%s", e->text);
	case ERR_DENIED: return problem(q, PROBLEM_FORBIDDEN, "%s", e->text);
	case ERR_FULL: return problem(q, PROBLEM_LIMIT_REACHED, "%s", e->text);
	default: break;
	}
	log_warn("web.failed", L_STR("request", q->id),
	    L_STR("route", q->route != NULL ? q->route->name : ""), L_STR("error", e->text));
	if (e->kind == ERR_TEMP)
		return problem(q, PROBLEM_BROKER_UNAVAILABLE, "try again in a moment");
	return problem(q, PROBLEM_INTERNAL, "the log has it under this request id");
}

static enum problem
narrower(enum problem p, const struct findings *f)
{
	bool is_filter = true, is_template = true, is_unknown = true;

	for (int i = 0; i < f->n; i++) {
		const struct finding *one = &f->items[i];

		is_filter = is_filter && str_starts_with(one->pointer, STR("/filter"));
		is_template = is_template && str_starts_with(one->pointer, STR("/template"));
		is_unknown = is_unknown && one->code == FINDING_UNKNOWN_MEMBER;
	}
	if (f->n == 0 || p != PROBLEM_INVALID_RULE)
		return is_unknown && f->n > 0 ? PROBLEM_UNKNOWN_MEMBER : p;
	return is_filter     ? PROBLEM_INVALID_FILTER
	       : is_template ? PROBLEM_INVALID_TEMPLATE
	       : is_unknown  ? PROBLEM_UNKNOWN_MEMBER
	                     : p;
}

bool
problem_found(struct request *q, enum problem p, const struct findings *f)
{
	struct str detail = f->n > 0 ? finding_sentence(f, &f->items[0]) : (struct str){0};
	struct json_writer w;

	p = narrower(p, f);
	begin(q, p, &w, detail);
	jw_key(&w, "errors");
	findings_write(&w, f);
	put_compatible(q, p, &w, detail, f);
	jw_object_end(&w);
	return false;
}

bool
problem_of_write(
    struct request *q, enum problem p, const struct findings *f, const struct err *e)
{
	return f->n > 0 ? problem_found(q, p, f) : problem_of(q, e);
}

bool
problem_changed(struct request *q, struct str current)
{
	struct json_writer w;

	begin(q, PROBLEM_CHANGED_MEANWHILE, &w,
	    STR("it has another revision than the one in If-Match"));
	jw_key(&w, "current");
	if (current.len > 0)
		jw_raw(&w, current);
	else
		jw_null(&w);
	jw_object_end(&w);
	return false;
}

void
problem_retry_after(struct request *q, int seconds)
{
	answer_header(q, "Retry-After", arena_printf(q->arena, "%d", seconds));
}
