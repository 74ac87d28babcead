#include "render.h"

#include "carillon/rules/characters.h"
#include "message_template.h"
#include "mrkdwn.h"

void
composer_warn(struct composer *c, struct warning w)
{
	warnings_add(&c->out->base.warnings, c->arena, &w);
}

static void
warn_about(struct composer *c, struct str slot, const struct template_warnings *w)
{
	if (w->missing > 0)
		composer_warn(c,
		    (struct warning){WARNING_MISSING, .slot = slot, .path = w->first_missing});
	if (w->cut)
		composer_warn(c, (struct warning){WARNING_LIMIT, .slot = slot});
	if (w->loop_length > 0)
		composer_warn(c, (struct warning){WARNING_LOOP, .slot = slot,
				     .length = w->loop_length, .max = TEMPLATE_TURNS_MAX});
	if (w->bad_date)
		composer_warn(c, (struct warning){WARNING_BAD_DATE, .slot = slot});
	if (w->disarmed)
		composer_warn(c, (struct warning){WARNING_DISARMED, .slot = slot});
}

/* Once for the message: what it had no steps left for. */
static void
give_up_layout(struct composer *c, struct template_warnings *w)
{
	w->cut = false;
	c->out->base.is_too_costly = true;
	composer_warn(c, (struct warning){WARNING_EXPENSIVE, .slot = STR("message"),
			     .max = MESSAGE_STEPS_MAX});
}

struct str
composer_text(struct composer *c, const struct template *t, const char *where,
    enum text_form form, bool one_line, size_t max)
{
	static const struct template_dialect *const dialects[] = {
	    [FORM_MRKDWN] = &mrkdwn_dialect, [FORM_PLAIN] = &plain_dialect, [FORM_URL] = NULL};
	struct template_context context = {
	    .dialect = dialects[form],
	    .one_line = one_line,
	    .is_url = form == FORM_URL,
	    .severity = c->severity,
	    .steps_left = &c->steps_left,
	    .buffers = c->buffers,
	};
	struct template_warnings w;
	buf_clear(&c->text);
	template_run(t, c->ev, &context, &c->text, &w);
	if (w.cut && c->steps_left == 0)
		give_up_layout(c, &w);
	if (w.missing > 0 || w.cut || w.disarmed || w.bad_date || w.loop_length > 0)
		warn_about(c, str_of(where), &w);
	if (form != FORM_MRKDWN)
		plain_clean(&c->text, one_line);
	max = max < c->left ? max : c->left;
	/* Only what has more bytes can have more characters. */
	size_t length = c->text.len > max ? characters_utf16(buf_view(&c->text)) : 0;
	if (form == FORM_MRKDWN ? !mrkdwn_fit(&c->text, max, w.cut) : !plain_fit(&c->text, max))
		composer_warn(c, (struct warning){WARNING_CUT, .slot = str_of(where),
				     .length = length, .max = max});
	return buf_view(&c->text);
}

static struct str
slot_text(struct composer *c, enum slot slot)
{
	const struct template *t = c->template->slots[slot];
	if (!t)
		return STR("");
	return composer_text(c, t, slot_types[slot].name, slot_types[slot].form,
	    slot_types[slot].one_line, slot_types[slot].max);
}

/* By hand: a message is mostly these, and they never differ but in their text. */
void
composer_text_object(struct composer *c, bool is_mrkdwn, bool flag, struct str text)
{
	struct json_writer w;
	size_t n = characters_utf16(text);
	c->left -= n < c->left ? n : c->left;
	buf_reserve(&c->json, text.len + 64);
	buf_str(&c->json, is_mrkdwn ? STR("\"type\":\"mrkdwn\",\"text\":")
				    : STR("\"type\":\"plain_text\",\"text\":"));
	jw_init(&w, &c->json);
	jw_string(&w, text);
	/* verbatim: else Slack makes links and mentions of what only looks like them */
	buf_str(&c->json, is_mrkdwn ? STR(",\"verbatim\":") : STR(",\"emoji\":"));
	buf_str(&c->json, flag ? STR("true}") : STR("false}"));
}

/* Begins a block, or an element of its list. */
void
composer_put_comma(struct composer *c)
{
	if (c->json.ptr[c->json.len - 1] != '[')
		buf_putc(&c->json, ',');
}

static void
put_block(
    struct composer *c, enum slot slot, struct str opening, bool is_mrkdwn, struct str text)
{
	if (text.len == 0)
		return;
	composer_note_block(c, slot, 1);
	composer_put_comma(c);
	buf_str(&c->json, opening);
	composer_text_object(c, is_mrkdwn, true, text);
	buf_putc(&c->json, '}');
}

#define HEADER  STR("{\"type\":\"header\",\"text\":{")
#define SECTION STR("{\"type\":\"section\",\"text\":{")
#define CONTEXT STR("{\"type\":\"context\",\"elements\":[")

/* A context block of the slots that are not empty. */
static void
put_context(struct composer *c, enum slot first, enum slot last)
{
	uint32_t kept = 0;
	for (int slot = (int)first; slot <= (int)last; slot++) {
		struct str text = slot_text(c, (enum slot)slot);
		if (text.len == 0)
			continue;
		composer_put_comma(c);
		if (kept == 0)
			buf_str(&c->json, CONTEXT);
		kept |= 1U << (slot - (int)first);
		buf_putc(&c->json, '{');
		composer_text_object(c, true, true, text);
	}
	if (kept == 0)
		return;
	composer_note_block(c, first, kept);
	buf_cstr(&c->json, "]}");
}

static void
put_link(struct composer *c)
{
	struct str url = slot_text(c, SLOT_LINK);
	if (url.len == 0)
		return;
	if (!template_link_is_safe(url)) {
		composer_warn(c, (struct warning){WARNING_BAD_LINK, .slot = STR("link")});
		return;
	}
	url = arena_str(c->arena, url);
	struct buf link = {0};
	mrkdwn_put_link(url, slot_text(c, SLOT_LINK_LABEL), &link);
	if (characters_utf16(buf_view(&link)) <= MESSAGE_TEXT_MAX && link.len <= c->left)
		put_block(c, SLOT_LINK, SECTION, true, buf_view(&link));
	buf_fini(&link);
}

void
composer_lead_ends(struct composer *c)
{
	c->out->n_lead = c->out->n_origins;
	c->out->lead_len = c->json.len;
}

void
composer_put_type(struct composer *c)
{
	buf_clear(&c->text);
	(void)mrkdwn_put(c->ev->type, MRKDWN_TEXT, true, MESSAGE_TEXT_MAX, &c->text);
	(void)mrkdwn_fit(&c->text, MESSAGE_TEXT_MAX, false);
	if (c->text.len == 0)
		buf_cstr(&c->text, "event");
	composer_note_block(c, SLOTS, 0);
	composer_put_comma(c);
	buf_str(&c->json, CONTEXT);
	buf_putc(&c->json, '{');
	composer_text_object(c, true, true, buf_view(&c->text));
	buf_cstr(&c->json, "]}");
}

void
composer_close_lead(struct composer *c, int fewer, size_t fewer_len)
{
	struct slack_body *b = c->out;
	if (b->n_lead < b->n_origins || b->n_origins == 0)
		return;
	if (fewer > 0 && fewer < b->n_lead) {
		b->n_lead = fewer;
		b->lead_len = fewer_len;
	} else if (c->has_bar) {
		composer_put_type(c);
	}
}

/* Header and body on top, the rest beside the bar; where there is no rest, the body. */
static void
put_slots(struct composer *c)
{
	put_block(c, SLOT_HEADER, HEADER, false, slot_text(c, SLOT_HEADER));
	composer_lead_ends(c);
	const int n_header = c->out->n_lead;
	const size_t header_len = c->out->lead_len;
	put_block(c, SLOT_BODY, SECTION, true, slot_text(c, SLOT_BODY));
	if (c->has_bar && c->out->n_origins == 0)
		composer_put_type(c);
	composer_lead_ends(c);
	if (c->template->shows_fields && c->payload)
		composer_put_fields(c);
	put_context(c, SLOT_CONTEXT, SLOT_CONTEXT);
	put_link(c);
	put_context(c, SLOT_REFERENCE, SLOT_TIMESTAMP);
	composer_close_lead(c, n_header, header_len);
}

/* One line for notifications and screen readers; never empty. */
static struct str
fallback_text(struct composer *c)
{
	const struct template *t = c->template->slots[SLOT_TEXT];
	const struct template *header = c->template->slots[SLOT_HEADER];
	struct str text = slot_text(c, SLOT_TEXT);
	if (text.len == 0 && !t && header)
		text = composer_text(c, header, "header", FORM_MRKDWN, true, MESSAGE_TEXT_MAX);
	if (text.len == 0) {
		buf_clear(&c->text);
		(void)mrkdwn_put(c->ev->type, MRKDWN_TEXT, true, MESSAGE_TEXT_MAX, &c->text);
		(void)mrkdwn_fit(&c->text, MESSAGE_TEXT_MAX, false);
		text = buf_view(&c->text);
	}
	return text.len ? arena_str(c->arena, text) : STR("event");
}

/* Where a severity stands in its order decides: grey, blue, amber, red. */
static struct str
color_of_rank(const struct severity_order *order, int rank)
{
	int top = severity_count(order) - 1;
	if (rank < 0 || top < 1)
		return STR("");
	if (rank * 4 >= top * 3)
		return STR("#d92d20");
	if (rank * 2 >= top)
		return STR("#f79009");
	return rank > 0 ? STR("#2e90fa") : STR("#98a2b3");
}

static struct str
color_text(struct composer *c, const struct severity_order *order, int rank)
{
	struct str wanted = slot_text(c, SLOT_COLOR);
	if (wanted.len == 0)
		return color_of_rank(order, rank);
	struct str color = color_of_word(wanted);
	if (color.len > 0)
		return arena_str(c->arena, color);
	composer_warn(c, (struct warning){WARNING_BAD_COLOR, .slot = STR("color")});
	return color_of_rank(order, rank);
}

const struct slack_body *
slack_body_of(const struct dest_body *b)
{
	must(b->type == &dest_slack);
	return CONTAINER_OF(b, const struct slack_body, base);
}

/* With room for where its blocks come from. */
static struct slack_body *
body_new(const struct message_template *t, struct arena *a)
{
	size_t origins =
	    (size_t)(t->most_blocks + MESSAGE_ADDED_BLOCKS) * sizeof(struct block_origin);
	struct slack_body *b = arena_must(a, sizeof(*b) + origins);
	b->base.type = &dest_slack;
	b->base.has_layout = true;
	b->is_document = t->blocks != NULL;
	b->origins = (struct block_origin *)(b + 1);
	return b;
}

static void
put_blocks(struct composer *c)
{
	buf_putc(&c->json, '[');
	if (c->template->blocks)
		blocks_build(c);
	else
		put_slots(c);
	if (c->json.len <= 1) { /* everything was empty, and no blocks is no message */
		put_block(c, SLOT_TEXT, SECTION, true, c->out->text);
		composer_lead_ends(c);
		if (c->has_bar)
			composer_put_type(c);
	}
	buf_putc(&c->json, ']');
}

static void
composer_fini(struct composer *c)
{
	buf_fini(&c->json);
	buf_fini(&c->text);
	for (int i = 0; i < TEMPLATE_BUFFERS; i++)
		buf_fini(&c->buffers[i]);
}

/* The built-in template's slots see what was found in the payload, a severity too. */
static void
read_payload(
    struct composer *c, struct reading *r, const struct severity_order *order, int *rank)
{
	const struct json *severity;
	reading_of(r, c->ev, order, c->arena);
	c->ev = &r->ev;
	c->reading = r;
	severity = r->found[READING_SEVERITY];
	if (*rank >= 0 || severity == NULL || (c->severity.len > 0 && r->level.len == 0))
		return;
	*rank = severity_rank(order, r->level.len > 0 ? r->level : severity->text);
	c->severity = severity_name(order, *rank);
}

const struct dest_body *
slack_render(const struct dest_template *t, const struct event *ev,
    const struct severity_order *order, struct arena *a)
{
	int rank = severity_rank_of(order, ev->payload);
	must(t->type == &dest_slack);
	const struct message_template *template =
	    CONTAINER_OF(t, const struct message_template, base);
	struct composer c = {
	    .template = template,
	    .ev = ev,
	    .payload = ev->payload,
	    .severity = severity_of(order, ev->payload),
	    .arena = a,
	    .out = body_new(template, a),
	    .left = MESSAGE_CHARACTERS_MAX - (size_t) template->most_blocks * BLOCK_CHARACTERS,
	    .steps_left = MESSAGE_STEPS_MAX,
	};
	struct reading reading;
	if (template->reads_payload)
		read_payload(&c, &reading, order, &rank);
	buf_reserve(&c.json, 2048);
	buf_reserve(&c.text, 512);
	c.out->text = fallback_text(&c);
	c.out->color = color_text(&c, order, rank);
	c.has_bar = c.out->color.len > 0;
	put_blocks(&c);
	c.out->blocks = arena_str(a, buf_view(&c.json));
	composer_fini(&c);
	return &c.out->base;
}
