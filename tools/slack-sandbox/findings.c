#include "findings.h"

static const struct {
	const char *code, *constraint;
} causes[] = {
#define CAUSE(id, code, constraint) [CAUSE_##id] = {(code), (constraint)},
#include "causes.def"
#undef CAUSE
};

size_t
text_chars(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
	return n;
}

static struct finding *
finding_new(struct findings *f, enum cause cause, struct str what, struct str pointer)
{
	struct finding *item = ARENA_NEW(f->arena, struct finding);
	*item = (struct finding){.cause = cause,
	    .what = what,
	    .pointer = arena_str(f->arena, pointer),
	    .expected = -1,
	    .got = -1};
	return item;
}

struct finding *
findings_add(struct findings *f, enum cause cause, struct str what, struct str pointer)
{
	struct finding *item = finding_new(f, cause, what, pointer);
	if (f->last)
		f->last->next = item;
	else
		f->first = item;
	f->last = item;
	return item;
}

void
findings_insert(struct findings *f, struct finding *last, enum cause cause, struct str what,
    struct str pointer)
{
	struct finding *item = finding_new(f, cause, what, pointer);
	struct finding **link = last ? &last->next : &f->first;
	item->next = *link;
	*link = item;
	if (!item->next)
		f->last = item;
}

struct str
finding_text(struct arena *a, const struct finding *f)
{
	if (!f->pointer.len)
		return f->what;
	return arena_printf(
	    a, "%.*s [json-pointer:%.*s]", STR_ARG(f->what), STR_ARG(f->pointer));
}

static void
write_words(struct json_writer *w, struct str words)
{
	jw_array(w);
	while (words.len) {
		const char *bar = memchr(words.ptr, '|', words.len);
		size_t len = bar ? (size_t)(bar - words.ptr) : words.len;
		jw_string(w, (struct str){words.ptr, len});
		words.ptr += len + (bar ? 1 : 0);
		words.len -= len + (bar ? 1 : 0);
	}
	jw_array_end(w);
}

static void
write_constraint(struct json_writer *w, const struct finding *f)
{
	jw_key(w, "constraint");
	jw_object(w);
	jw_kv_cstr(w, "type", causes[f->cause].constraint);
	if (f->words.len) {
		jw_key(w, "expected");
		write_words(w, f->words);
	}
	if (f->expected >= 0)
		jw_kv_int(w, "expected", f->expected);
	if (f->got >= 0)
		jw_kv_int(w, "got", f->got);
	jw_object_end(w);
}

void
finding_write(struct json_writer *w, const struct finding *f)
{
	jw_object(w);
	jw_kv_cstr(w, "code", causes[f->cause].code);
	jw_kv_string(w, "message", f->what);
	jw_kv_string(w, "pointer", f->pointer);
	if (causes[f->cause].constraint[0])
		write_constraint(w, f);
	jw_object_end(w);
}
