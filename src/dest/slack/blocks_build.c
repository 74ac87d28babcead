#include "blocks_table.h"

#include "carillon/rules/characters.h"
#include "mrkdwn.h"

static bool build_object(struct composer *c, const struct block_node *object);

/* Where a piece of the document began, to take it back when it comes out empty. */
struct bookmark {
	struct json_writer w;
	size_t len, left;
};

static struct bookmark
mark(const struct composer *c)
{
	return (struct bookmark){c->w, c->json.len, c->left};
}

static bool
take_back(struct composer *c, const struct bookmark *b)
{
	c->w = b->w;
	c->json.len = b->len;
	c->left = b->left;
	return false;
}

/* A text object. What is mrkdwn is always verbatim. */
static bool
build_text(struct composer *c, const struct block_node *object)
{
	bool is_mrkdwn = object->object == OBJECT_mrkdwn;
	bool emoji = true;
	struct str text = {0};
	for (const struct block_node *m = object->first; m; m = m->next) {
		if (m->member->kind == WORDS)
			text = composer_text(c, m->text, "blocks",
			    is_mrkdwn ? FORM_MRKDWN : FORM_PLAIN, false, m->max);
		else
			emoji = m->truth;
	}
	if (text.len == 0)
		return false;
	jw_raw(&c->w, STR("{"));
	composer_text_object(c, is_mrkdwn, is_mrkdwn || emoji, text);
	return true;
}

/* A web address as Slack takes it in JSON: nothing that is no part of one. */
static struct str
clean_url(struct composer *c, struct str url)
{
	struct buf out = {0};
	for (size_t i = 0; i < url.len; i++) {
		unsigned char byte = (unsigned char)url.ptr[i];
		if (byte <= ' ' || byte >= 0x7f || strchr("|<>\"`\\^{}", byte))
			buf_printf(&out, "%%%02X", byte);
		else
			buf_putc(&out, (char)byte);
	}
	struct str clean = arena_str(c->arena, buf_view(&out));
	buf_fini(&out);
	return clean;
}

static bool
build_string(struct composer *c, const struct block_node *m)
{
	enum text_form form = m->member->kind == URL ? FORM_URL : FORM_STRING;
	struct str text = composer_text(c, m->text, m->member->name, form, true, m->max);
	if (text.len == 0)
		return false;
	if (m->member->kind == URL) {
		text = template_link_is_safe(text) ? clean_url(c, text) : STR("");
		if (text.len == 0 || text.len > m->max) {
			composer_warn(c, (struct warning){WARNING_BAD_LINK,
					     .slot = str_of(m->member->name)});
			return false;
		}
	}
	size_t n = characters_utf16(text);
	c->left -= n < c->left ? n : c->left;
	jw_string(&c->w, text);
	return true;
}

static bool
build_list(struct composer *c, const struct block_node *list)
{
	struct bookmark start = mark(c);
	uint32_t kept = 0, bit = 1;
	jw_array(&c->w);
	for (const struct block_node *n = list->first; n; n = n->next, bit <<= 1)
		kept |= build_object(c, n) ? bit : 0;
	jw_array_end(&c->w);
	c->kept = kept;
	return kept != 0 || take_back(c, &start);
}

static bool
build_value(struct composer *c, const struct block_node *m)
{
	switch (m->member->kind) {
	case FLAG: jw_bool(&c->w, m->truth); return true;
	case WHOLE: jw_int(&c->w, (int64_t)m->max); return true;
	case PLAIN_OBJECT:
	case TEXT_OBJECT:
	case ACCESSORY_OBJECT: return build_object(c, m);
	case FIELDS_LIST:
	case CONTEXT_LIST:
	case ACTION_LIST: return build_list(c, m);
	default: return build_string(c, m);
	}
}

/* An object that lost what it needs vanishes; a section needs one of its two texts. */
static bool
build_members(struct composer *c, const struct block_node *object)
{
	bool has_words = false, has_required = true;
	for (const struct block_node *m = object->first; m; m = m->next) {
		struct bookmark before = mark(c);
		jw_keyn(&c->w, m->key);
		bool built = build_value(c, m);
		if (!built)
			take_back(c, &before);
		has_required &= built || !m->member->required;
		has_words |=
		    built && (m->member->kind == TEXT_OBJECT || m->member->kind == FIELDS_LIST);
	}
	return has_required && (object->object != OBJECT_section || has_words);
}

static bool
build_object(struct composer *c, const struct block_node *object)
{
	if (object->object == OBJECT_mrkdwn || object->object == OBJECT_plain_text)
		return build_text(c, object);
	struct bookmark start = mark(c);
	jw_object(&c->w);
	jw_kv_cstr(&c->w, "type", block_objects[object->object].name);
	bool whole = build_members(c, object);
	jw_object_end(&c->w);
	return whole || take_back(c, &start);
}

/* The first block stands on top, with a header the section behind it too. */
static void
note_lead(struct composer *c, int object, int *first_object)
{
	if (c->out->n_origins == 1)
		*first_object = object;
	if (c->out->n_origins == 1 ||
	    (c->out->n_origins == 2 && *first_object == OBJECT_header &&
		object == OBJECT_section))
		composer_lead_ends(c);
}

void
blocks_build(struct composer *c)
{
	c->json.len = 0; /* the list writes its own brackets, render.c the last one */
	jw_init(&c->w, &c->json);
	jw_array(&c->w);
	unsigned place = 0;
	size_t first_len = 0;
	int first_object = -1;
	for (const struct block_node *n = c->template->blocks->first; n; n = n->next, place++) {
		c->kept = 0;
		if (!build_object(c, n))
			continue;
		composer_note_block(c, place, c->kept);
		note_lead(c, n->object, &first_object);
		if (c->out->n_origins == 1)
			first_len = c->json.len;
	}
	composer_close_lead(c, 1, first_len);
}
