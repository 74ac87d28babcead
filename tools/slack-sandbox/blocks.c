#include "blocks.h"

#include <stdarg.h>

#include "constant.h"

enum place {
	IN_BLOCKS = 1 << 0,
	IN_ACCESSORY = 1 << 1,
	IN_ACTIONS = 1 << 2,
	IN_CONTEXT = 1 << 3,
	IN_RICH_TEXT = 1 << 4,
	IN_RICH_LIST = 1 << 5,
	IN_RICH_LINE = 1 << 6,
};

enum rule {
	RULE_STRING,
	RULE_URL,
	RULE_BOOL,
	RULE_NUMBER,
	RULE_STYLE,
	RULE_LIST_STYLE,
	RULE_PLAIN,  /* a text object of type plain_text */
	RULE_TEXT,   /* a text object of either type */
	RULE_TEXTS,  /* a list of text objects */
	RULE_OBJECT, /* one element */
	RULE_LIST,   /* a list of elements */
	RULE_ANY,
};

enum shape_id {
#define SHAPE(id, type, places, kind) SHAPE_##id,
#define PROP(shape, name, rule, need, most, detail)
#include "shapes.def"
#undef SHAPE
#undef PROP
};

struct shape {
	struct str type;
	enum shape_id id;
	unsigned places;
	bool is_open;
};

struct prop {
	enum shape_id shape;
	struct str name;
	enum rule rule;
	bool is_required;
	unsigned most, detail;
};

enum { CLOSED = false, OPEN = true, OPTIONAL = false, REQUIRED = true };

static const struct shape shapes[] = {
#define SHAPE(id, type, places, kind) {CONSTANT_STR(type), SHAPE_##id, (places), (kind)},
#define PROP(shape, name, rule, need, most, detail)
#include "shapes.def"
#undef SHAPE
#undef PROP
};

static const struct prop props[] = {
#define SHAPE(id, type, places, kind)
#define PROP(shape, name, rule, need, most, detail) \
	{SHAPE_##shape, CONSTANT_STR(name), RULE_##rule, (need), (most), (detail)},
#include "shapes.def"
#undef SHAPE
#undef PROP
};

/* Where the checker stands: the pointer grows and shrinks as it descends. */
struct checker {
	struct findings *found;
	struct buf pointer;
};

static void check_element(struct checker *c, const struct json *v, unsigned place);

size_t
text_chars(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
	return n;
}

static void PRINTF(2, 3) report(struct checker *c, const char *fmt, ...)
{
	char what[400];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	struct findings *f = c->found;
	struct finding *item = ARENA_NEW(f->arena, struct finding);
	item->text = arena_printf(
	    f->arena, "[ERROR] %s [json-pointer:%.*s]", what, STR_ARG(buf_view(&c->pointer)));
	if (f->last)
		f->last->next = item;
	else
		f->first = item;
	f->last = item;
}

static size_t
enter(struct checker *c, struct str name)
{
	size_t mark = c->pointer.len;
	buf_putc(&c->pointer, '/');
	buf_str(&c->pointer, name);
	return mark;
}

static size_t
enter_index(struct checker *c, int index)
{
	size_t mark = c->pointer.len;
	buf_printf(&c->pointer, "/%d", index);
	return mark;
}

static void
leave(struct checker *c, size_t mark)
{
	c->pointer.len = mark;
	c->pointer.ptr[mark] = '\0';
}

static size_t
check_string(struct checker *c, const struct json *v, size_t most)
{
	if (v->kind != JSON_STRING) {
		report(c, "must provide a string");
		return 0;
	}
	size_t chars = text_chars(v->text);
	if (chars == 0)
		report(c, "must be more than 0 characters");
	else if (chars > most)
		report(c, "must be less than %zu characters", most + 1);
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
		report(c, "must be a valid URL");
}

static void
check_word(struct checker *c, const struct json *v, struct str one, struct str other)
{
	if (v->kind != JSON_STRING || (!str_eq(v->text, one) && !str_eq(v->text, other)))
		report(c, "must be one of: %.*s, %.*s", STR_ARG(one), STR_ARG(other));
}

static bool
is_bool(const struct json *v)
{
	return v->kind == JSON_TRUE || v->kind == JSON_FALSE;
}

static void
check_text_member(struct checker *c, const struct json *v, bool is_plain, size_t most)
{
	size_t mark = enter(c, v->key);
	if (str_eq(v->key, STR("text")))
		c->found->text_chars += check_string(c, v, most);
	else if (str_eq(v->key, is_plain ? STR("emoji") : STR("verbatim"))) {
		if (!is_bool(v))
			report(c, "must provide a boolean");
	} else if (!str_eq(v->key, STR("type"))) {
		leave(c, mark);
		report(c, "invalid additional property: %.*s", STR_ARG(v->key));
		return;
	}
	leave(c, mark);
}

/* A text object: {"type":"plain_text"|"mrkdwn","text":...}. */
static void
check_text(struct checker *c, const struct json *v, bool may_be_mrkdwn, size_t most)
{
	if (v->kind != JSON_OBJECT) {
		report(c, "must provide an object");
		return;
	}
	struct str type = json_string(v, STR("type"));
	bool is_plain = str_eq(type, STR("plain_text"));
	if (!is_plain && !(may_be_mrkdwn && str_eq(type, STR("mrkdwn")))) {
		size_t mark = enter(c, STR("type"));
		report(c, "must be one of: plain_text%s", may_be_mrkdwn ? ", mrkdwn" : "");
		leave(c, mark);
		return;
	}
	if (!json_get(v, STR("text")))
		report(c, "missing required field: text");
	JSON_EACH (member, v)
		check_text_member(c, member, is_plain, most);
}

/* Whether `v` is a list of one to `most` items, reporting if not. */
static bool
check_list(struct checker *c, const struct json *v, unsigned most)
{
	if (v->kind != JSON_ARRAY) {
		report(c, "must provide an array");
		return false;
	}
	if (v->count == 0)
		report(c, "no fewer than 1 items allowed");
	if (v->count > most)
		report(c, "no more than %u items allowed", most);
	return v->count > 0 && v->count <= most;
}

static void
check_texts(struct checker *c, const struct json *v, const struct prop *p)
{
	if (!check_list(c, v, p->most))
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
	if (!check_list(c, v, p->most))
		return;
	int index = 0;
	JSON_EACH (item, v) {
		size_t mark = enter_index(c, index++);
		if (p->detail == IN_CONTEXT && is_text_object(item))
			check_text(c, item, true, LIMIT_TEXT_OBJECT);
		else
			check_element(c, item, p->detail);
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
	case RULE_BOOL:
		if (!is_bool(v))
			report(c, "must provide a boolean");
		break;
	case RULE_NUMBER:
		if (v->kind != JSON_NUMBER)
			report(c, "must provide a number");
		break;
	case RULE_STYLE: check_word(c, v, STR("primary"), STR("danger")); break;
	case RULE_LIST_STYLE: check_word(c, v, STR("bullet"), STR("ordered")); break;
	case RULE_PLAIN: check_text(c, v, false, p->most); break;
	case RULE_TEXT: check_text(c, v, true, p->most); break;
	case RULE_TEXTS: check_texts(c, v, p); break;
	case RULE_OBJECT: check_element(c, v, p->detail); break;
	case RULE_LIST: check_elements(c, v, p); break;
	case RULE_ANY: break;
	}
}

static const struct shape *
shape_find(struct str type, unsigned place)
{
	for (size_t i = 0; i < COUNT_OF(shapes); i++)
		if ((shapes[i].places & place) && str_eq(shapes[i].type, type))
			return &shapes[i];
	return NULL;
}

static const struct prop *
prop_find(const struct shape *s, struct str name)
{
	for (size_t i = 0; i < COUNT_OF(props); i++)
		if (props[i].shape == s->id && str_eq(props[i].name, name))
			return &props[i];
	return NULL;
}

/* block_id and action_id: a length, and no block_id twice in one message. */
static void
check_id(struct checker *c, const struct json *v, bool is_block)
{
	if (v->kind != JSON_STRING || text_chars(v->text) > LIMIT_BLOCK_ID) {
		(void)check_string(c, v, LIMIT_BLOCK_ID);
		return;
	}
	if (!is_block || v->text.len == 0)
		return;
	struct findings *f = c->found;
	for (const struct block_id *seen = f->ids; seen; seen = seen->next)
		if (str_eq(seen->id, v->text)) {
			report(c, "`block_id` already exists: %.*s", STR_ARG(v->text));
			return;
		}
	struct block_id *id = ARENA_NEW(f->arena, struct block_id);
	*id = (struct block_id){.id = v->text, .next = f->ids};
	f->ids = id;
}

static void
check_member(struct checker *c, const struct json *v, const struct shape *s)
{
	bool is_block = s->places & IN_BLOCKS;
	bool is_id = str_eq(v->key, is_block ? STR("block_id") : STR("action_id")) &&
	             (is_block || (s->places & (IN_ACTIONS | IN_ACCESSORY)));
	const struct prop *p = is_id ? NULL : prop_find(s, v->key);
	if (!is_id && !p && !str_eq(v->key, STR("type")) && !s->is_open) {
		report(c, "invalid additional property: %.*s", STR_ARG(v->key));
		return;
	}
	size_t mark = enter(c, v->key);
	if (is_id)
		check_id(c, v, is_block);
	else if (p)
		check_prop(c, v, p);
	leave(c, mark);
}

/* What a table of properties cannot say. */
static void
check_whole(struct checker *c, const struct json *v, const struct shape *s)
{
	if (s->id == SHAPE_SECTION && !json_get(v, STR("text")) && !json_get(v, STR("fields")))
		report(c, "missing required field: text or fields");
	if ((s->id == SHAPE_IMAGE || s->id == SHAPE_SMALL_IMAGE) &&
	    !json_get(v, STR("image_url")) && !json_get(v, STR("slack_file")))
		report(c, "missing required field: image_url or slack_file");
	if (s->id == SHAPE_TABLE) {
		const struct json *rows = json_get(v, STR("rows"));
		if (rows)
			(void)check_list(c, rows, LIMIT_TABLE_ROWS);
	}
	if (s->id == SHAPE_MARKDOWN) {
		c->found->markdown_chars += text_chars(json_string(v, STR("text")));
		if (c->found->markdown_chars > LIMIT_MARKDOWN_TEXT)
			report(c,
			    "all markdown blocks together must be less than %d characters",
			    LIMIT_MARKDOWN_TEXT + 1);
	}
}

static void
check_element(struct checker *c, const struct json *v, unsigned place)
{
	if (v->kind != JSON_OBJECT) {
		report(c, "must provide an object");
		return;
	}
	const struct json *type = json_get(v, STR("type"));
	if (!type) {
		report(c, "missing required field: type");
		return;
	}
	const struct shape *s = shape_find(type->text, place);
	if (!s) {
		size_t mark = enter(c, STR("type"));
		report(c, "unsupported type: %.*s", (int)str_utf8_cut(type->text, 80),
		    type->text.ptr ? type->text.ptr : "");
		leave(c, mark);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(props); i++)
		if (props[i].shape == s->id && props[i].is_required &&
		    !json_get(v, props[i].name))
			report(c, "missing required field: %.*s", STR_ARG(props[i].name));
	JSON_EACH (member, v)
		check_member(c, member, s);
	check_whole(c, v, s);
}

void
blocks_check(struct findings *f, const struct json *blocks, const char *pointer)
{
	struct checker c = {.found = f};
	buf_cstr(&c.pointer, pointer);
	if (blocks->count > LIMIT_BLOCKS)
		report(&c, "no more than %d items allowed", LIMIT_BLOCKS);
	int index = 0;
	JSON_EACH (block, blocks) {
		size_t mark = enter_index(&c, index++);
		check_element(&c, block, IN_BLOCKS);
		leave(&c, mark);
	}
	buf_fini(&c.pointer);
}
