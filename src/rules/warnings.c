#include "carillon/rules/warnings.h"

static const char *const NAMES[] = {
#define WARNING(NAME, name) #name,
#include "carillon/rules/warnings.def"
#undef WARNING
};

static bool
is_same(const struct warning *a, const struct warning *b)
{
	return a->code == b->code && a->max == b->max && str_eq(a->slot, b->slot) &&
	       str_eq(a->path, b->path);
}

void
warnings_add(struct warnings *ws, struct arena *a, const struct warning *w)
{
	for (int i = 0; i < ws->n; i++)
		if (is_same(&ws->items[i], w))
			return;
	if (ws->n == WARNINGS_MAX)
		return;
	if (ws->items == NULL)
		ws->items = ARENA_ARRAY(a, struct warning, WARNINGS_MAX);
	ws->items[ws->n] = *w;
	ws->items[ws->n].slot = arena_str(a, w->slot);
	ws->items[ws->n++].path = arena_str(a, w->path);
}

/* What is said of the slot. */
static struct str
words_of(const struct warning *w, struct arena *a)
{
	enum { PATH_SHOWN_MAX = 120 };

	switch (w->code) {
	case WARNING_MISSING:
		return arena_printf(a, "%.*s is not in this event",
		    (int)str_utf8_cut(w->path, PATH_SHOWN_MAX), w->path.ptr);
	case WARNING_LIMIT:
		return STR("a limit of templates was reached, the rest is left out");
	case WARNING_BAD_DATE:
		return STR("a value cannot be read as a time, so it stays as it is");
	case WARNING_LOOP:
		return arena_printf(a, "a loop shows %zu of %zu elements and counts the rest",
		    w->max, w->length);
	case WARNING_STRUCTURED:
		return arena_printf(a, "%.*s is a list or an object, compared as its JSON",
		    (int)str_utf8_cut(w->path, PATH_SHOWN_MAX), w->path.ptr);
	case WARNING_MENDED: return w->path;
	case WARNING_DISARMED:
		return STR("a value inside <...> could mention people and was made text; use "
			   "the filter link");
	case WARNING_CUT: return arena_printf(a, "cut to %zu characters", w->max);
	case WARNING_FIELDS_LEFT:
		return arena_printf(a, "only the first %zu are shown", w->max);
	case WARNING_NESTED:
		return arena_printf(a,
		    "the payload's values are nested, so the first of them are shown, "
		    "such as payload.%.*s",
		    (int)str_utf8_cut(w->path, PATH_SHOWN_MAX), w->path.ptr);
	case WARNING_BAD_LINK: return STR("not a web address, so it is left out");
	case WARNING_EXPENSIVE:
		return arena_printf(a,
		    "this rule is expensive: its templates take more than the %zu steps that a "
		    "message may take, so it goes out as plain text",
		    w->max);
	case WARNING_BAD_COLOR: return STR("must be #rrggbb, good, warning or danger");
	case WARNING_CODES: break;
	}
	return (struct str){0};
}

struct str
warning_sentence(const struct warning *w, struct arena *a)
{
	struct str words = words_of(w, a);

	return arena_printf(a, "%.*s: %.*s", STR_ARG(w->slot), STR_ARG(words));
}

static void
write_one(struct json_writer *jw, const struct warning *w, struct arena *a)
{
	jw_object(jw);
	jw_kv_cstr(jw, "code", NAMES[w->code]);
	jw_kv_string(jw, "slot", w->slot);
	if (w->path.len > 0)
		jw_kv_string(jw, "path", w->path);
	if (w->length > 0)
		jw_kv_int(jw, "length", (int64_t)w->length);
	if (w->max > 0)
		jw_kv_int(jw, "max", (int64_t)w->max);
	jw_kv_string(jw, "sentence", warning_sentence(w, a));
	jw_object_end(jw);
}

void
warnings_write(struct json_writer *jw, const struct warnings *ws)
{
	struct arena *a = arena_new(0);

	jw_array(jw);
	for (int i = 0; i < ws->n; i++)
		write_one(jw, &ws->items[i], a);
	jw_array_end(jw);
	arena_free(a);
}
