#include "render.h"

#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>

#include "carillon/base/suggest.h"
#include "carillon/rules/characters.h"
#include "message_template.h"
#include "mrkdwn.h"

static const struct {
	const char *name;
	bool is_mrkdwn, one_line;
	size_t max;
} slot_table[] = {
#define SLOT(NAME, name, is_mrkdwn, one_line, max) {#name, is_mrkdwn, one_line, max},
#include "render_slots.def"
#undef SLOT
};

/* clang-format off */
static const char default_template[] = "{"
"\"header\": \"{% if event.severity == 'high' or event.severity == 'critical' %}"
	"\xf0\x9f\x94\xb4 {{ event.severity | upcase }}: "
	"{% elsif event.severity %}{{ event.severity | capitalize }}: {% endif %}"
	"{{ event.type }}\","
"\"body\": \"*{{ payload.resource | default: event.resource_id | default: event.resource"
	" | default: event.type }}*"
	"{% if payload.resource and event.resource_id %} ({{ event.resource_id }})"
	"{% elsif event.resource_id %} ({{ event.resource }}){% endif %}"
	"{% if payload.message %}\\n{{ payload.message | truncate: 1000, '\xe2\x80\xa6' }}{% endif %}\","
"\"context\": \"{% if payload.value != nil and payload.threshold != nil %}"
	"value *{{ payload.value | number }}* \xc2\xb7 threshold *{{ payload.threshold | number }}* \xc2\xb7 "
	"{% if payload.value > payload.threshold %}"
	"+{{ payload.value | minus: payload.threshold | number }}{% if payload.threshold > 0 %}"
	" (+{{ payload.value | minus: payload.threshold | divided_by: payload.threshold | percent }})"
	"{% endif %}{% else %}"
	"{{ payload.value | minus: payload.threshold | number }}{% if payload.threshold > 0 %}"
	" ({{ payload.value | minus: payload.threshold | divided_by: payload.threshold | percent }})"
	"{% endif %}{% endif %}{% endif %}\","
"\"fields\": \"auto\","
"\"reference\": \"{{ payload.account_id | default: event.source | default: event.workspace }}\","
"\"timestamp\": \"{{ payload.triggered_at | default: event.time | date }}\","
"\"text\": \"{% if event.severity %}{{ event.severity | upcase }}: {% endif %}{{ event.type }}"
	" \xc2\xb7 {{ payload.resource | default: event.resource_id | default: event.resource"
	" | default: event.id }}"
	"{% if payload.value != nil and payload.threshold != nil %}"
	" {{ payload.value | number }} (threshold {{ payload.threshold | number }}){% endif %}\""
"}";
/* clang-format on */

bool
message_fail(struct findings *f, enum finding_code code, struct str slot, const char *fmt, ...)
{
	struct pointer at = {.name = slot};
	struct finding *one = findings_add(f, code, slot.len > 0 ? &at : NULL);
	char text[240];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	one->slot = arena_str(f->arena, slot);
	one->text =
	    arena_str(f->arena, (struct str){text, str_utf8_cut(str_of(text), sizeof(text))});
	return false;
}

static int
slot_of(struct str name)
{
	for (int i = 0; i < SLOTS; i++)
		if (str_eq(name, str_of(slot_table[i].name)))
			return i;
	return -1;
}

static bool
fail_slot(struct findings *f, struct str name)
{
	struct str names[SLOTS + 1];
	for (int i = 0; i < SLOTS; i++)
		names[i] = str_of(slot_table[i].name);
	names[SLOTS] = STR("blocks");
	struct str near = str_nearest(name, names, COUNT_OF(names));
	struct str shown = {name.ptr, str_utf8_cut(name, 60)};
	(void)message_fail(f, FINDING_UNKNOWN_MEMBER, shown, "there is no such slot%s",
	    near.len > 0 ? ""
			 : "; there are header, body, context, reference, timestamp, color, "
			   "link, link_label, fields and text, or blocks");
	return findings_suggest(f, near);
}

/* The names that stand behind "payload." in a slot: what the message already shows. */
static void
note_mentions(struct arena *a, struct message_template *t, struct str source)
{
	static const struct str root = {"payload.", 8};
	struct str found[64];
	int n = 0;
	for (size_t at = 0; at + root.len < source.len && n < (int)COUNT_OF(found);) {
		struct str rest = {source.ptr + at, source.len - at};
		if (!str_starts_with(rest, root)) {
			at++;
			continue;
		}
		size_t first = at += root.len;
		while (at < source.len && (isalnum((unsigned char)source.ptr[at]) ||
					      source.ptr[at] == '_' || source.ptr[at] == '-'))
			at++;
		found[n++] = (struct str){source.ptr + first, at - first};
	}
	if (memmem(source.ptr, source.len, "event.severity", 14) && n < (int)COUNT_OF(found))
		found[n++] = STR("severity");
	struct str *all = ARENA_ARRAY(a, struct str, t->n_mentioned + n + 1);
	for (int i = 0; i < t->n_mentioned; i++)
		all[i] = t->mentioned[i];
	for (int i = 0; i < n; i++)
		all[t->n_mentioned + i] = arena_str(a, found[i]);
	t->mentioned = all;
	t->n_mentioned += n;
}

static struct str
color_of_word(struct str s)
{
	static const char *const words[][2] = {
	    {"danger", "#d92d20"}, {"warning", "#f79009"}, {"good", "#12b76a"}};
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (str_eq(s, str_of(words[i][0])))
			return str_of(words[i][1]);
	if (s.len != 7 || s.ptr[0] != '#')
		return STR("");
	for (size_t i = 1; i < s.len; i++)
		if (!isxdigit((unsigned char)s.ptr[i]))
			return STR("");
	return s;
}

static bool
compile_slot(struct arena *a, const struct json *v, enum slot slot, struct message_template *t,
    struct findings *f)
{
	struct template_error e;
	struct template *text;
	if (v->kind != JSON_STRING)
		return message_fail(f, FINDING_WRONG_KIND, v->key, "must be a string, not %s",
		    json_kind_name(v->kind));
	if (slot == SLOT_FIELDS) {
		t->shows_fields = str_eq(v->text, STR("auto"));
		return t->shows_fields || v->text.len == 0 ||
		       message_fail(f, FINDING_UNKNOWN_WORD, v->key,
			   "must be \"auto\": the payload's other fields are shown");
	}
	if (!template_compile(a, v->text, &text, &e))
		return template_found(f, &(struct pointer){.name = v->key}, v->key, &e);
	if (slot == SLOT_COLOR && v->text.len > 0 && template_is_constant(text) &&
	    color_of_word(v->text).len == 0)
		return message_fail(
		    f, FINDING_BAD_FORM, v->key, "must be #rrggbb, good, warning or danger");
	note_mentions(a, t, v->text);
	if (v->text.len > 0)
		t->slots[slot] = text;
	return true;
}

static bool
compile_member(struct arena *a, const struct json *v, const struct json *root,
    struct message_template *t, struct findings *f)
{
	int slot = slot_of(v->key);
	bool advanced = json_get(root, STR("blocks")) != NULL;
	if (str_eq(v->key, STR("blocks")))
		return blocks_compile(a, v, t, f);
	if (slot < 0)
		return fail_slot(f, v->key);
	if (advanced && slot != SLOT_TEXT && slot != SLOT_COLOR)
		return message_fail(f, FINDING_NOT_TOGETHER, v->key,
		    "with blocks there are only text and color");
	return compile_slot(a, v, (enum slot)slot, t, f);
}

static bool
compile_parsed(
    struct arena *a, const struct json *root, struct message_template *t, struct findings *f)
{
	bool ok = true;
	if (root->kind != JSON_OBJECT)
		return message_fail(f, FINDING_WRONG_KIND, STR(""),
		    "the template must be an object of slots, not %s",
		    json_kind_name(root->kind));
	JSON_EACH (v, root)
		ok = compile_member(a, v, root, t, f) && ok;
	return ok;
}

static bool
compile(struct arena *a, struct str text, struct message_template **out, struct findings *f)
{
	if (text.len > MESSAGE_SOURCE_MAX)
		return message_fail(f, FINDING_TOO_LONG, STR(""),
		    "the template is longer than %d bytes", MESSAGE_SOURCE_MAX);
	struct arena *parsed = arena_new(64 * MESSAGE_SOURCE_MAX);
	struct message_template *t = ARENA_NEW(a, struct message_template);
	t->base.type = &dest_slack;
	t->most_blocks = MESSAGE_SLOT_BLOCKS;
	const struct json *root;
	bool ok = findings_parse(f, parsed, text, JSON_DEPTH_MAX, &root) &&
	          compile_parsed(a, root, t, f);
	arena_free(parsed);
	*out = t;
	return ok;
}

static struct message_template *built_in;

static void
compile_built_in(void)
{
	struct findings f;
	struct arena *a = arena_new(0);
	findings_init(&f, a);
	must(compile(a, STR(default_template), &built_in, &f));
	built_in->owner = a;
}

/* All rules without a template share one, compiled once and kept for the life of the process.
 */
bool
slack_template_compile(
    struct arena *a, struct str text, const struct dest_template **out, struct findings *f)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct message_template *t;
	if (text.len == 0) {
		pthread_once(&once, compile_built_in);
		*out = &built_in->base;
		return true;
	}
	if (!compile(a, text, &t, f))
		return false;
	*out = &t->base;
	return true;
}

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
composer_text(struct composer *c, const struct template *t, const char *where, bool is_mrkdwn,
    bool one_line, size_t max)
{
	struct template_context context = {
	    .dialect = is_mrkdwn ? &mrkdwn_dialect : NULL,
	    .one_line = one_line,
	    .severity = c->severity,
	    .steps_left = &c->steps_left,
	    .buffers = c->buffers,
	};
	struct template_warnings w;
	buf_clear(&c->text);
	template_run(t, c->ev, &context, &c->text, &w);
	if (w.cut && c->steps_left == 0)
		give_up_layout(c, &w);
	if (w.missing > 0 || w.cut || w.disarmed)
		warn_about(c, str_of(where), &w);
	if (!is_mrkdwn)
		plain_clean(&c->text, 0, one_line);
	max = max < c->left ? max : c->left;
	/* Only what has more bytes can have more characters. */
	size_t length = c->text.len > max ? characters_utf16(buf_view(&c->text)) : 0;
	if (!mrkdwn_fit(&c->text, 0, max, is_mrkdwn))
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
	return composer_text(c, t, slot_table[slot].name, slot_table[slot].is_mrkdwn,
	    slot_table[slot].one_line, slot_table[slot].max);
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
static void
put_comma(struct composer *c)
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
	put_comma(c);
	buf_str(&c->json, opening);
	composer_text_object(c, is_mrkdwn, true, text);
	buf_putc(&c->json, '}');
}

#define HEADER  STR("{\"type\":\"header\",\"text\":{")
#define SECTION STR("{\"type\":\"section\",\"text\":{")
#define FIELDS  STR("{\"type\":\"section\",\"fields\":[")
#define CONTEXT STR("{\"type\":\"context\",\"elements\":[")

static bool
is_shown_field(const struct message_template *t, const struct event *ev, const struct json *v)
{
	if (v->kind == JSON_NULL || v->kind == JSON_ARRAY || v->kind == JSON_OBJECT)
		return false;
	bool is_said = v->text.len == 0 || str_eq(v->text, ev->resource_id);
	if (v->kind == JSON_STRING && is_said)
		return false;
	for (int i = 0; i < t->n_mentioned; i++)
		if (str_eq(t->mentioned[i], v->key))
			return false;
	return true;
}

/* *name*, a line break, the value. */
static void
put_field(struct composer *c, const struct json *v)
{
	static const size_t room = 4 * FIELD_CHARACTERS_MAX;
	struct buf tmp = {0};
	buf_clear(&c->text);
	buf_putc(&c->text, '*');
	(void)mrkdwn_put(v->key, MRKDWN_TEXT, true, room, &c->text);
	(void)mrkdwn_fit(&c->text, 0, 80, true);
	buf_cstr(&c->text, "*\n");
	(void)mrkdwn_put(template_text_of(v, &tmp), MRKDWN_TEXT, true, room, &c->text);
	(void)mrkdwn_fit(&c->text, 0, FIELD_CHARACTERS_MAX, true);
	buf_putc(&c->json, '{');
	composer_text_object(c, true, true, buf_view(&c->text));
	buf_fini(&tmp);
}

/* The payload's plain fields that no slot uses, two to a line. */
static void
put_fields(struct composer *c)
{
	int n = 0;
	JSON_EACH (v, c->ev->payload) {
		if (!is_shown_field(c->template, c->ev, v) || c->left < FIELD_CHARACTERS_MAX)
			continue;
		if (n == MESSAGE_FIELDS_MAX) {
			composer_warn(c, (struct warning){WARNING_FIELDS_LEFT,
					     .slot = STR("fields"), .max = MESSAGE_FIELDS_MAX});
			break;
		}
		put_comma(c);
		if (n++ == 0)
			buf_str(&c->json, FIELDS);
		put_field(c, v);
	}
	if (n == 0)
		return;
	composer_note_block(c, SLOT_FIELDS, 1);
	buf_cstr(&c->json, "]}");
}

/* A context block of the slots that are not empty. */
static void
put_context(struct composer *c, enum slot first, enum slot last)
{
	uint32_t kept = 0;
	for (int slot = (int)first; slot <= (int)last; slot++) {
		struct str text = slot_text(c, (enum slot)slot);
		if (text.len == 0)
			continue;
		put_comma(c);
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

static void
put_slots(struct composer *c)
{
	put_block(c, SLOT_HEADER, HEADER, false, slot_text(c, SLOT_HEADER));
	put_block(c, SLOT_BODY, SECTION, true, slot_text(c, SLOT_BODY));
	if (c->template->shows_fields && c->ev->payload)
		put_fields(c);
	put_context(c, SLOT_CONTEXT, SLOT_CONTEXT);
	put_link(c);
	put_context(c, SLOT_REFERENCE, SLOT_TIMESTAMP);
}

/* One line for notifications and screen readers; never empty. */
static struct str
fallback_text(struct composer *c)
{
	const struct template *t = c->template->slots[SLOT_TEXT];
	const struct template *header = c->template->slots[SLOT_HEADER];
	struct str text = slot_text(c, SLOT_TEXT);
	if (text.len == 0 && !t && header)
		text = composer_text(c, header, "header", true, true, MESSAGE_TEXT_MAX);
	if (text.len == 0) {
		buf_clear(&c->text);
		(void)mrkdwn_put(c->ev->type, MRKDWN_TEXT, true, MESSAGE_TEXT_MAX, &c->text);
		(void)mrkdwn_fit(&c->text, 0, MESSAGE_TEXT_MAX, true);
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
	size_t origins = (size_t)t->most_blocks * sizeof(struct block_origin);
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
	if (c->json.len <= 1) /* every slot was empty, and no blocks is no message */
		put_block(c, SLOT_TEXT, SECTION, true, c->out->text);
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

const struct dest_body *
slack_render(const struct dest_template *t, const struct event *ev,
    const struct severity_order *order, struct arena *a)
{
	struct str written = ev->payload ? json_string(ev->payload, STR("severity")) : STR("");
	int rank = severity_rank(order, written);
	must(t->type == &dest_slack);
	const struct message_template *template =
	    CONTAINER_OF(t, const struct message_template, base);
	struct composer c = {
	    .template = template,
	    .ev = ev,
	    .severity = rank < 0 ? written : severity_name(order, rank),
	    .arena = a,
	    .out = body_new(template, a),
	    .left = MESSAGE_CHARACTERS_MAX,
	    .steps_left = MESSAGE_STEPS_MAX,
	};
	buf_reserve(&c.json, 2048);
	buf_reserve(&c.text, 512);
	c.out->text = fallback_text(&c);
	c.out->color = color_text(&c, order, rank);
	put_blocks(&c);
	c.out->blocks = arena_str(a, buf_view(&c.json));
	composer_fini(&c);
	return &c.out->base;
}
