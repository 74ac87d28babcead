#include "checker.h"

#include <stdarg.h>

#include "markdown.h"

struct finding *
report(struct checker *c, enum cause cause, const char *fmt, ...)
{
	char what[400];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	return findings_add(
	    c->found, cause, arena_str(c->found->arena, str_of(what)), buf_view(&c->pointer));
}

size_t
enter(struct checker *c, struct str name)
{
	size_t mark = c->pointer.len;
	buf_putc(&c->pointer, '/');
	buf_str(&c->pointer, name);
	return mark;
}

size_t
enter_index(struct checker *c, int index)
{
	size_t mark = c->pointer.len;
	buf_printf(&c->pointer, "/%d", index);
	return mark;
}

void
leave(struct checker *c, size_t mark)
{
	c->pointer.len = mark;
	c->pointer.ptr[mark] = '\0';
}

static size_t
check_string(struct checker *c, const struct json *v, size_t most)
{
	if (v->kind != JSON_STRING) {
		(void)report(c, CAUSE_TYPE, "must provide a string");
		return 0;
	}
	size_t chars = text_chars(v->text);
	if (chars == 0)
		report(c, CAUSE_MIN_LENGTH, "must be more than 0 characters")->expected = 1;
	else if (chars > most) {
		struct finding *item =
		    report(c, CAUSE_MAX_LENGTH, "must be less than %zu characters", most + 1);
		item->expected = (int64_t)most;
		item->got = (int64_t)chars;
	}
	return chars;
}

static void
check_url(struct checker *c, const struct json *v, size_t most)
{
	if (check_string(c, v, most) == 0)
		return;
	if (!str_starts_with(v->text, STR("http://")) &&
	    !str_starts_with(v->text, STR("https://")) &&
	    !str_starts_with(v->text, STR("mailto:")) &&
	    !str_starts_with(v->text, STR("slack://")))
		(void)report(c, CAUSE_FORMAT, "invalid url");
}

static void
check_word(struct checker *c, const struct json *v, enum words id)
{
	if (v->kind != JSON_STRING)
		(void)report(c, CAUSE_TYPE, "must provide a string");
	else if (!words_have(id, v->text))
		report(c, CAUSE_ENUM, "must be a valid enum value")->words = words_of(id);
}

static void
check_bool(struct checker *c, const struct json *v)
{
	if (v->kind != JSON_TRUE && v->kind != JSON_FALSE)
		(void)report(c, CAUSE_TYPE, "must be a boolean");
}

static void
check_int(struct checker *c, const struct json *v, int64_t least, int64_t most)
{
	int64_t n;
	if (!json_int64(v, &n))
		(void)report(c, CAUSE_TYPE, "must provide an integer");
	else if (n < least)
		report(
		    c, CAUSE_MINIMUM, "must be greater than or equal to %lld", (long long)least)
		    ->expected = least;
	else if (n > most)
		report(c, CAUSE_MAXIMUM, "must be less than or equal to %lld", (long long)most)
		    ->expected = most;
}

static void
report_additional(struct checker *c, struct str name)
{
	(void)report(c, CAUSE_ADDITIONAL, "invalid additional property: %.*s", STR_ARG(name));
}

static void
check_text_member(struct checker *c, const struct json *v, bool is_plain, size_t most)
{
	bool is_text = str_eq(v->key, STR("text"));
	bool is_flag = str_eq(v->key, is_plain ? STR("emoji") : STR("verbatim"));
	if (!is_text && !is_flag && !str_eq(v->key, STR("type"))) {
		report_additional(c, v->key);
		return;
	}
	size_t mark = enter(c, v->key);
	if (is_text)
		c->found->text_chars += check_string(c, v, most);
	else if (is_flag)
		check_bool(c, v);
	leave(c, mark);
}

/* The type of a text object; false, with a report, if it is none that may stand here. */
static bool
check_text_type(struct checker *c, const struct json *v, bool may_be_mrkdwn)
{
	const struct json *type = json_get(v, STR("type"));
	if (type && str_eq(type->text, STR("plain_text")))
		return true;
	if (type && may_be_mrkdwn && str_eq(type->text, STR("mrkdwn")))
		return true;
	if (!type) {
		(void)report(c, CAUSE_MISSING, "missing required field: type");
		return false;
	}
	size_t mark = enter(c, STR("type"));
	struct finding *item =
	    may_be_mrkdwn
		? report(c, CAUSE_ENUM, "unsupported type: %.*s",
		      (int)str_utf8_cut(type->text, 80), type->text.ptr ? type->text.ptr : "")
		: report(c, CAUSE_ENUM, "must be a valid enum value");
	item->words = may_be_mrkdwn ? STR("plain_text|mrkdwn") : STR("plain_text");
	leave(c, mark);
	return false;
}

/* A text object: {"type":"plain_text"|"mrkdwn","text":...}. */
static void
check_bare_text(struct checker *c, const struct json *v, bool may_be_mrkdwn, size_t most)
{
	if (!check_text_type(c, v, may_be_mrkdwn))
		return;
	bool is_plain = str_eq(json_string(v, STR("type")), STR("plain_text"));
	if (!json_get(v, STR("text")))
		(void)report(c, CAUSE_MISSING, "missing required field: text");
	JSON_EACH (member, v)
		check_text_member(c, member, is_plain, most);
}

/*
 * A text object that has a limit of its own obeys two schemas, and Slack first says that not
 * all were matched and then why.
 */
static void
check_text(struct checker *c, const struct json *v, bool may_be_mrkdwn, size_t most)
{
	struct finding *before = c->found->last;
	if (v->kind == JSON_OBJECT) {
		check_bare_text(c, v, may_be_mrkdwn, most);
	} else {
		(void)report(c, CAUSE_TYPE, "must provide an object");
		(void)report(c, CAUSE_TYPE, "must provide an object");
	}
	if (c->found->last != before)
		findings_insert(c->found, before, CAUSE_ALL_OF,
		    STR("failed to match all allowed schemas"), buf_view(&c->pointer));
}

bool
check_list(struct checker *c, const struct json *v, unsigned fewest, unsigned most)
{
	if (v->kind != JSON_ARRAY) {
		(void)report(c, CAUSE_TYPE, "must provide an array");
		return false;
	}
	if (v->count < fewest)
		report(c, CAUSE_MIN_ITEMS, "must provide at least %u items", fewest)->expected =
		    fewest;
	if (v->count > most)
		report(c, CAUSE_MAX_ITEMS, "no more than %u items allowed", most)->expected =
		    most;
	return v->count >= fewest && v->count <= most;
}

static void
check_texts(struct checker *c, const struct json *v, const struct prop *p)
{
	if (!check_list(c, v, 1, p->most))
		return;
	int index = 0;
	JSON_EACH (item, v) {
		size_t mark = enter_index(c, index++);
		check_text(c, item, true, p->detail);
		leave(c, mark);
	}
}

static bool
is_text_object(const struct json *v)
{
	struct str type = json_string(v, STR("type"));
	return str_eq(type, STR("plain_text")) || str_eq(type, STR("mrkdwn"));
}

static void
check_elements(struct checker *c, const struct json *v, const struct prop *p)
{
	if (!check_list(c, v, 1, p->most))
		return;
	int index = 0;
	JSON_EACH (item, v) {
		size_t mark = enter_index(c, index++);
		if (p->detail == IN_CONTEXT && is_text_object(item))
			check_bare_text(c, item, true, LIMIT_TEXT_OBJECT);
		else
			check_element(c, item, (enum place)p->detail);
		leave(c, mark);
	}
}

static void check_members(struct checker *c, const struct json *v, const struct shape *s);

static void
check_part(struct checker *c, const struct json *v, enum shape_id id)
{
	if (v->kind == JSON_NULL && id == SHAPE_COLUMN)
		return; /* a column that is as any other */
	if (v->kind == JSON_OBJECT)
		check_members(c, v, shape_at(id));
	else
		(void)report(c, CAUSE_TYPE, "must provide an object");
}

static void
check_parts(struct checker *c, const struct json *v, const struct prop *p)
{
	if (!check_list(c, v, 1, p->most))
		return;
	int index = 0;
	JSON_EACH (item, v) {
		size_t mark = enter_index(c, index++);
		check_part(c, item, (enum shape_id)p->detail);
		leave(c, mark);
	}
}

static void
check_prop(struct checker *c, const struct json *v, const struct prop *p)
{
	switch (p->rule) {
	case RULE_STRING: {
		size_t chars = check_string(c, v, p->most);
		if (str_eq(p->name, STR("text")))
			c->found->text_chars += chars;
		break;
	}
	case RULE_URL: check_url(c, v, p->most); break;
	case RULE_BOOL: check_bool(c, v); break;
	case RULE_NUMBER:
		if (v->kind != JSON_NUMBER)
			(void)report(c, CAUSE_TYPE, "must provide a number");
		break;
	case RULE_INT: check_int(c, v, p->detail, p->most); break;
	case RULE_WORD: check_word(c, v, (enum words)p->detail); break;
	case RULE_PLAIN: check_text(c, v, false, p->most); break;
	case RULE_TEXT: check_text(c, v, true, p->most); break;
	case RULE_TEXTS: check_texts(c, v, p); break;
	case RULE_OBJECT: check_element(c, v, (enum place)p->detail); break;
	case RULE_LIST: check_elements(c, v, p); break;
	case RULE_PART: check_part(c, v, (enum shape_id)p->detail); break;
	case RULE_PARTS: check_parts(c, v, p); break;
	case RULE_ROWS: check_rows(c, v, p); break;
	case RULE_ANY: break;
	}
}

/* block_id and action_id: a length, and none twice in one message or in one block. */
static void
check_id(struct checker *c, const struct json *v, bool is_block)
{
	if (v->kind != JSON_STRING || text_chars(v->text) > LIMIT_BLOCK_ID) {
		(void)check_string(c, v, LIMIT_BLOCK_ID);
		return;
	}
	if (v->text.len == 0)
		return;
	const struct named_id **known = is_block ? &c->found->block_ids : &c->action_ids;
	for (const struct named_id *seen = *known; seen; seen = seen->next)
		if (str_eq(seen->id, v->text)) {
			(void)report(c, CAUSE_OTHER, "`%s` already exists: %.*s",
			    is_block ? "block_id" : "action_id", STR_ARG(v->text));
			return;
		}
	struct named_id *id = ARENA_NEW(c->found->arena, struct named_id);
	*id = (struct named_id){.id = v->text, .next = *known};
	*known = id;
}

static void
check_member(struct checker *c, const struct json *v, const struct shape *s)
{
	bool is_block = s->places & BLOCK_PLACES;
	bool is_id = (is_block && str_eq(v->key, STR("block_id"))) ||
	             ((s->places & ACTION_PLACES) && str_eq(v->key, STR("action_id")));
	bool is_type = s->places != PART && str_eq(v->key, STR("type"));
	const struct prop *p = is_id ? NULL : prop_find(s, v->key);
	if (!is_id && !p && !is_type) {
		if (!s->is_open)
			report_additional(c, v->key);
		return;
	}
	size_t mark = enter(c, v->key);
	if (is_id)
		check_id(c, v, is_block);
	else if (p)
		check_prop(c, v, p);
	leave(c, mark);
}

static void
check_members(struct checker *c, const struct json *v, const struct shape *s)
{
	const struct prop *p;
	for (size_t i = 0; (p = prop_at(i)); i++)
		if (p->shape == s->id && p->is_required && !json_get(v, p->name))
			(void)report(
			    c, CAUSE_MISSING, "missing required field: %.*s", STR_ARG(p->name));
	JSON_EACH (member, v)
		check_member(c, member, s);
	check_whole(c, v, s);
}

static void
check_block(struct checker *c, const struct json *v, const struct shape *s)
{
	const struct named_id *outside = c->action_ids;
	c->action_ids = NULL;
	c->found->blocks++;
	check_members(c, v, s);
	c->action_ids = outside;
}

void
check_element(struct checker *c, const struct json *v, enum place place)
{
	if (v->kind != JSON_OBJECT) {
		(void)report(c, CAUSE_TYPE, "must provide an object");
		return;
	}
	const struct json *type = json_get(v, STR("type"));
	if (!type) {
		(void)report(c, CAUSE_MISSING, "missing required field: type");
		return;
	}
	const struct shape *s = shape_find(type->text, place);
	if (s && (place & BLOCK_PLACES)) {
		check_block(c, v, s);
		return;
	}
	if (s) {
		check_members(c, v, s);
		return;
	}
	size_t mark = enter(c, STR("type"));
	(void)report(c, CAUSE_ENUM, "unsupported type: %.*s", (int)str_utf8_cut(type->text, 80),
	    type->text.ptr ? type->text.ptr : "");
	leave(c, mark);
}

/* A markdown block is as many blocks as Slack makes of it. */
static void
check_number(struct checker *c, const struct json *blocks)
{
	int n = 0;
	if (!check_list(c, blocks, 0, LIMIT_BLOCKS))
		return;
	JSON_EACH (block, blocks)
		n += str_eq(json_string(block, STR("type")), STR("markdown"))
		         ? markdown_parts(json_string(block, STR("text")))
		         : 1;
	if (n > LIMIT_BLOCKS)
		report(c, CAUSE_MAX_ITEMS, "no more than %d items allowed", LIMIT_BLOCKS)
		    ->expected = LIMIT_BLOCKS;
}

void
blocks_check(struct findings *f, const struct json *blocks, const char *pointer)
{
	struct checker c = {.found = f};
	buf_cstr(&c.pointer, pointer);
	check_number(&c, blocks);
	int index = 0;
	JSON_EACH (block, blocks) {
		size_t mark = enter_index(&c, index++);
		check_element(&c, block, IN_BLOCKS);
		leave(&c, mark);
	}
	buf_fini(&c.pointer);
}
