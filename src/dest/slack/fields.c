/* The payload's fields that no slot says: those at its top, or the first of those below. */
#include "carillon/rules/characters.h"
#include "message_template.h"
#include "mrkdwn.h"

/* The slots say it already. */
static bool
is_said(const struct composer *c, const struct json *v)
{
	const struct message_template *t = c->template;
	if (v->kind == JSON_STRING && (v->text.len == 0 || str_eq(v->text, c->ev->resource_id)))
		return true;
	for (int i = 0; c->reading && i < READINGS; i++)
		if (c->reading->found[i] == v)
			return i != READING_STATUS;
	if (c->reading)
		return v->kind == JSON_STRING && str_eq(v->text, c->severity);
	for (int i = 0; i < t->n_mentioned; i++)
		if (str_eq(t->mentioned[i], v->key))
			return true;
	return false;
}

static bool
is_shown(const struct composer *c, const struct json *v)
{
	return v->kind != JSON_NULL && v->kind != JSON_ARRAY && v->kind != JSON_OBJECT &&
	       !is_said(c, v);
}

static void
put_value(struct composer *c, const struct json *v)
{
	static const size_t room = 4 * FIELD_CHARACTERS_MAX;
	struct buf tmp = {0};
	struct str text = template_text_of(v, &tmp);
	bool is_torn = false;
	if (v->kind == JSON_STRING && text.len < FIELD_CHARACTERS_MAX / 2 &&
	    template_link_is_safe(text) && !memchr(text.ptr, ' ', text.len))
		mrkdwn_put_link(text, STR(""), &c->text);
	else
		is_torn = !mrkdwn_put(text, MRKDWN_TEXT, true, room, &c->text);
	(void)mrkdwn_fit(&c->text, FIELD_CHARACTERS_MAX, is_torn);
	buf_fini(&tmp);
}

/* *name*, a line break, the value. */
static void
put_field(struct composer *c, struct str name, const struct json *v)
{
	buf_clear(&c->text);
	buf_putc(&c->text, '*');
	(void)mrkdwn_put(name, MRKDWN_TEXT, true, 4 * FIELD_NAME_MAX, &c->text);
	(void)mrkdwn_fit(&c->text, FIELD_NAME_MAX, false);
	buf_cstr(&c->text, "*\n");
	put_value(c, v);
	buf_putc(&c->json, '{');
	composer_text_object(c, true, true, buf_view(&c->text));
}

struct listing {
	struct composer *c;
	int n;
	struct str first_path; /* of a nested one */
};

/* False: no more. */
static bool
add(struct listing *l, struct str name, const struct json *v)
{
	struct composer *c = l->c;
	if (c->left < FIELD_CHARACTERS_MAX)
		return false;
	if (l->n == MESSAGE_FIELDS_MAX) {
		composer_warn(c, (struct warning){WARNING_FIELDS_LEFT, .slot = STR("fields"),
				     .max = MESSAGE_FIELDS_MAX});
		return false;
	}
	composer_put_comma(c);
	if (l->n++ == 0)
		buf_cstr(&c->json, "{\"type\":\"section\",\"fields\":[");
	put_field(c, name, v);
	return true;
}

static bool
add_nested(void *listing, struct str path, const struct json *v)
{
	struct listing *l = listing;
	bool is_address = v->kind == JSON_STRING && template_link_is_safe(v->text);
	if (!is_shown(l->c, v) || is_address)
		return true;
	if (l->first_path.len == 0)
		l->first_path = path;
	return add(l, path, v);
}

/* What stands beside a title that was found below the top. */
static void
add_beside_title(struct listing *l)
{
	const struct reading *r = l->c->reading;
	JSON_EACH (v, r->main)
		if (!add_nested(l,
			arena_printf(
			    l->c->arena, "%.*s.%.*s", STR_ARG(r->main_path), STR_ARG(v->key)),
			v))
			return;
}

void
composer_put_fields(struct composer *c)
{
	struct listing l = {.c = c};
	JSON_EACH (v, c->payload)
		if (is_shown(c, v) && !add(&l, v->key, v))
			break;
	if (c->reading && c->reading->main)
		add_beside_title(&l);
	else if (l.n == 0)
		reading_nested(c->payload, c->arena, add_nested, &l);
	if (l.first_path.len > 0)
		composer_warn(c, (struct warning){WARNING_NESTED, .slot = STR("fields"),
				     .path = l.first_path});
	if (l.n == 0)
		return;
	composer_note_block(c, SLOT_FIELDS, 1);
	buf_cstr(&c->json, "]}");
}
