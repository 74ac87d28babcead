#include "carillon/base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <yaml.h>

#include "base/config_table.h"

enum {
	FILE_SIZE_MAX = 256 * 1024
}; /* bytes; every setting at its longest is a tenth of this */

/*
 * The settings file is a small part of YAML: one mapping from names to scalars, read from
 * libyaml's events as they come. Whatever has a meaning elsewhere in YAML that a reader could
 * miss (aliases, tags, a key twice, "yes") is refused, never guessed.
 */
struct reader {
	struct config *config;
	const char *name; /* of the file */
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	bool seen[SETTING_COUNT];
};

/* Puts "file:line:column: " before the error; both are counted from 1. */
static bool
fail_at(const struct reader *r, yaml_mark_t mark, struct err *e)
{
	return fail_within(e, "%s:%zu:%zu", r->name, mark.line + 1, mark.column + 1);
}

static bool
fail_here(const struct reader *r, struct err *e, const char *text)
{
	(void)fail(e, ERR_INPUT, "%s", text);
	return fail_at(r, r->event.start_mark, e);
}

static bool
reader_next(struct reader *r, struct err *e)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = yaml_parser_parse(&r->parser, &r->event);
	if (r->has_event)
		return true;
	(void)fail(e, ERR_INPUT, "%s", r->parser.problem ? r->parser.problem : "is not YAML");
	if (r->parser.error != YAML_READER_ERROR)
		return fail_at(r, r->parser.problem_mark, e);
	return fail_within(e, "%s: byte %zu", r->name, r->parser.problem_offset + 1);
}

/* What the event holds that a settings file may not, or NULL. */
static const char *
event_refusal(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT: return "aliases are not used in settings; write the value out";
	case YAML_SEQUENCE_START_EVENT:
		return "lists are not used in settings; write one value";
	case YAML_MAPPING_START_EVENT:
		return "settings are not nested; write \"name: value\" at the left margin";
	case YAML_SCALAR_EVENT: break;
	default: return "expected a setting";
	}
	if (event->data.scalar.anchor)
		return "anchors are not used in settings";
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (event->data.scalar.tag || (plain && !event->data.scalar.plain_implicit))
		return "tags are not used in settings";
	return NULL;
}

static struct str
scalar_text(const yaml_event_t *event)
{
	return (struct str){(const char *)event->data.scalar.value, event->data.scalar.length};
}

/* The core schema's null. Only a plain scalar is one. */
static bool
scalar_is_null(const yaml_event_t *event)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < COUNT_OF(nulls); i++)
		if (str_eq(scalar_text(event), str_of(nulls[i])))
			return true;
	return false;
}

static bool
read_value(struct reader *r, const struct setting *s, struct err *e)
{
	if (!reader_next(r, e))
		return false;
	bool plain = r->event.type == YAML_SCALAR_EVENT &&
	             r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	const char *refusal = event_refusal(&r->event);
	bool ok = false;
	if (refusal)
		(void)fail(e, ERR_INPUT, "%s", refusal);
	else if (scalar_is_null(&r->event))
		(void)fail(e, ERR_INPUT, "has no value; write \"\" for an empty one");
	else if (s->type != SETTING_STRING && !plain)
		(void)fail(e, ERR_INPUT, "is text; write %s without quotes",
		    s->type == SETTING_INT ? "numbers" : "true and false");
	else
		ok = setting_assign(r->config, s, scalar_text(&r->event), e);
	if (ok)
		return true;
	(void)fail_within(e, "%s", s->name);
	return fail_at(r, r->event.start_mark, e);
}

/* The event is a key. */
static bool
read_setting(struct reader *r, struct err *e)
{
	const char *refusal = event_refusal(&r->event);
	if (refusal)
		return fail_here(r, e, refusal);
	const struct setting *s = setting_find(scalar_text(&r->event));
	if (!s) {
		(void)setting_fail_unknown(e, scalar_text(&r->event));
		return fail_at(r, r->event.start_mark, e);
	}
	if (r->seen[s - settings]) {
		(void)fail(e, ERR_INPUT, "%s: is set twice", s->name);
		return fail_at(r, r->event.start_mark, e);
	}
	r->seen[s - settings] = true;
	return read_value(r, s, e);
}

/* The event begins the document's content. */
static bool
read_root(struct reader *r, struct err *e)
{
	if (r->event.type == YAML_SCALAR_EVENT && !event_refusal(&r->event) &&
	    scalar_is_null(&r->event))
		return true; /* only comments */
	if (r->event.type != YAML_MAPPING_START_EVENT)
		return fail_here(r, e, "expected settings, \"name: value\" one a line");
	if (r->event.data.mapping_start.anchor || r->event.data.mapping_start.tag)
		return fail_here(r, e, "anchors and tags are not used in settings");
	for (;;) {
		if (!reader_next(r, e))
			return false;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			return true;
		if (!read_setting(r, e))
			return false;
	}
}

static bool
read_stream(struct reader *r, struct err *e)
{
	/* Stream start, then a document's start or the end. */
	if (!reader_next(r, e) || !reader_next(r, e))
		return false;
	if (r->event.type == YAML_STREAM_END_EVENT)
		return true;
	if (!reader_next(r, e) || !read_root(r, e))
		return false;
	/* The document's end. */
	if (!reader_next(r, e) || !reader_next(r, e))
		return false;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return fail_here(r, e, "a second document; settings are one");
	return true;
}

bool
config_load_text(struct config *c, struct str text, const char *name, struct err *e)
{
	struct reader r = {.config = c, .name = name};
	must(yaml_parser_initialize(&r.parser));
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
	bool ok = read_stream(&r, e);
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return ok;
}

/* Reads at most FILE_SIZE_MAX bytes and one. */
static bool
read_file(int fd, struct buf *text, struct err *e)
{
	while (text->len <= FILE_SIZE_MAX) {
		char part[4096];
		ssize_t got = read(fd, part, sizeof(part));
		if (got == 0)
			return true;
		if (got < 0 && errno != EINTR)
			return fail(e, ERR_SETUP, "%s", strerror(errno));
		if (got > 0)
			buf_put(text, part, (size_t)got);
	}
	return fail(e, ERR_INPUT, "is larger than %d bytes", FILE_SIZE_MAX);
}

bool
config_load_file(struct config *c, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_SETUP, "%s: %s", path,
		    errno == ENOENT ? "no such file" : strerror(errno));
	struct buf text = {0};
	bool ok = read_file(fd, &text, e) || fail_within(e, "%s", path);
	close(fd);
	ok = ok && config_load_text(c, buf_view(&text), path, e);
	buf_fini(&text);
	return ok;
}
