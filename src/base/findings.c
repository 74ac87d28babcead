#include "carillon/base/findings.h"

#include <stdarg.h>

#include "carillon/base/suggest.h"

enum { POINTER_SHOWN_MAX = 160, WORD_SHOWN_MAX = 60, LIST_TEXT_MAX = 240 };

const char *
finding_code_name(enum finding_code c)
{
	static const char *const names[] = {
#define FINDING(NAME, name) #name,
#include "carillon/base/findings.def"
#undef FINDING
	};

	return names[c];
}

void
findings_init(struct findings *f, struct arena *a)
{
	f->arena = a;
	f->part = NULL;
	f->n = f->n_left_out = 0;
}

/* --- where --- */

static const struct pointer *
place_of(const struct findings *f)
{
	return f->part != NULL ? f->part->at : NULL;
}

void
findings_enter_named(struct findings *f, struct finding_part *part, struct str label)
{
	*part = (struct finding_part){.at = place_of(f), .label = label, .up = f->part};
	f->part = part;
}

void
findings_enter(
    struct findings *f, struct finding_part *part, struct pointer step, struct str label)
{
	findings_enter_named(f, part, label);
	part->step = step;
	part->step.up = part->at;
	part->at = &part->step;
}

void
findings_leave(struct findings *f)
{
	must(f->part != NULL);
	f->part = f->part->up;
}

/* The labels from the outermost part to `part`, each with a colon. */
static void
put_labels(struct buf *out, const struct finding_part *part)
{
	if (part == NULL)
		return;
	put_labels(out, part->up);
	if (part->label.len > 0)
		buf_printf(out, "%s%.*s", out->len > 0 ? ": " : "", STR_ARG(part->label));
}

static void
fill_place(struct findings *f, struct finding *one, const struct pointer *at)
{
	struct buf b = {0};
	size_t inside;

	put_labels(&b, f->part);
	one->label = arena_str(f->arena, buf_view(&b));
	buf_clear(&b);
	pointer_put(&b, place_of(f));
	inside = b.len;
	pointer_put(&b, at);
	one->pointer = arena_str(f->arena, buf_view(&b));
	one->shown = (struct str){one->pointer.ptr + inside, one->pointer.len - inside};
	buf_fini(&b);
}

/* --- what --- */

struct finding *
findings_add(struct findings *f, enum finding_code code, const struct pointer *at)
{
	bool has_room = f->n < FINDINGS_MAX;
	struct finding *one = &f->items[has_room ? f->n : FINDINGS_MAX];

	*one = (struct finding){.code = code};
	f->n += has_room;
	f->n_left_out += !has_room;
	fill_place(f, one, at);
	return one;
}

static struct str text_of(struct arena *a, const char *fmt, va_list args) PRINTF(2, 0);

static struct str
text_of(struct arena *a, const char *fmt, va_list args)
{
	char text[sizeof((struct err *)0)->text];
	struct str cut;

	(void)vsnprintf(text, sizeof(text), fmt, args);
	cut = str_of(text);
	/* vsnprintf may have cut inside a character. */
	if (cut.len == sizeof(text) - 1)
		cut.len = str_utf8_cut(cut, cut.len - 1);
	return arena_str(a, cut);
}

bool
findings_at(
    struct findings *f, enum finding_code code, const struct pointer *at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	findings_add(f, code, at)->text = text_of(f->arena, fmt, args);
	va_end(args);
	return false;
}

bool
findings_about(
    struct findings *f, enum finding_code code, const struct pointer *at, const char *fmt, ...)
{
	struct finding *one = findings_add(f, code, at);
	va_list args;

	va_start(args, fmt);
	one->text = text_of(f->arena, fmt, args);
	one->shown = (struct str){0};
	va_end(args);
	return false;
}

bool
findings_unknown(struct findings *f, const struct pointer *at, const struct unknown_word *u)
{
	struct finding *one = findings_add(f, u->code, at);
	struct str shown = {u->word.ptr, str_utf8_cut(u->word, WORD_SHOWN_MAX)};
	char list[LIST_TEXT_MAX];

	one->suggestion = arena_str(f->arena, str_nearest(u->word, u->known, u->n_known));
	if (one->suggestion.len > 0 || u->n_known == 0)
		one->text = arena_printf(f->arena, "%s \"%.*s\"", u->what, STR_ARG(shown));
	else
		one->text = arena_printf(f->arena, "%s \"%.*s\"; use %s", u->what,
		    STR_ARG(shown), words_format(list, sizeof(list), u->known, u->n_known));
	return false;
}

bool
findings_suggest(struct findings *f, struct str word)
{
	f->items[f->n_left_out > 0 ? FINDINGS_MAX : f->n - 1].suggestion =
	    arena_str(f->arena, word);
	return false;
}

bool
findings_parse(struct findings *f, struct arena *a, struct str text, int depth_max,
    const struct json **out)
{
	struct json_error error;
	struct finding *one;

	if (json_parse_placed(a, text, depth_max, out, &error))
		return true;
	one = findings_add(f, FINDING_SYNTAX, NULL);
	one->line = error.line;
	one->column = error.column;
	one->text = arena_str(f->arena, str_of(error.what));
	return false;
}

/* --- in words --- */

static void
put_where(struct buf *out, const struct finding *one)
{
	struct str place = one->slot.len > 0 ? one->slot : one->shown;

	place.len = str_utf8_cut(place, POINTER_SHOWN_MAX);
	buf_str(out, place);
	if (one->line > 0)
		buf_printf(out, "%sline %d, column %d", place.len > 0 ? ", " : "", one->line,
		    one->column);
	if (place.len > 0 || one->line > 0)
		buf_cstr(out, ": ");
}

struct str
finding_sentence(const struct findings *f, const struct finding *one)
{
	struct buf b = {0};
	struct str sentence;

	if (one->label.len > 0)
		buf_printf(&b, "%.*s: ", STR_ARG(one->label));
	put_where(&b, one);
	buf_str(&b, one->text);
	if (one->suggestion.len > 0)
		buf_printf(&b, "; did you mean \"%.*s\"?", STR_ARG(one->suggestion));
	sentence = arena_str(f->arena, buf_view(&b));
	buf_fini(&b);
	return sentence;
}

bool
findings_none(const struct findings *f, struct err *e)
{
	if (f->n == 0)
		return true;
	return fail(e, ERR_INPUT, "%.*s", STR_ARG(finding_sentence(f, &f->items[0])));
}

static void
write_if_any(struct json_writer *w, const char *key, struct str text)
{
	if (text.len > 0)
		jw_kv_string(w, key, text);
}

void
findings_write(struct json_writer *w, const struct findings *f)
{
	jw_array(w);
	for (int i = 0; i < f->n; i++) {
		const struct finding *one = &f->items[i];

		jw_object(w);
		jw_kv_cstr(w, "code", finding_code_name(one->code));
		jw_kv_string(w, "pointer", one->pointer);
		write_if_any(w, "slot", one->slot);
		if (one->line > 0) {
			jw_kv_int(w, "line", one->line);
			jw_kv_int(w, "column", one->column);
		}
		jw_kv_string(w, "detail", one->text);
		write_if_any(w, "suggestion", one->suggestion);
		jw_kv_string(w, "sentence", finding_sentence(f, one));
		jw_object_end(w);
	}
	jw_array_end(w);
}
