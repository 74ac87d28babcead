/* Compiling a rule's template: its slots, what they mention, and what is wrong with them. */
#include "message_template.h"

#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>

#include "carillon/base/suggest.h"

const struct slot_type slot_types[SLOTS] = {
#define SLOT(NAME, name, FORM, one_line, max) {#name, FORM_##FORM, one_line, max},
#include "render_slots.def"
#undef SLOT
};

struct str
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
		if (str_eq(name, str_of(slot_types[i].name)))
			return i;
	return -1;
}

static bool
fail_slot(struct findings *f, struct str name)
{
	struct str names[SLOTS + 1];
	for (int i = 0; i < SLOTS; i++)
		names[i] = str_of(slot_types[i].name);
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
	must(compile(a, str_of(slack_built_in), &built_in, &f));
	built_in->owner = a;
	built_in->reads_payload = true;
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
