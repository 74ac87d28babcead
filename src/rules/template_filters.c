#include <math.h>

#include "carillon/rules/characters.h"
#include "template_case.h"
#include "template_date.h"
#include "template_math.h"
#include "template_number.h"
#include "template_run.h"
#include "template_time.h"
#include "template_url.h"

enum { URL_MAX = 2000 }; /* bytes; leaves room for a label in any message */

struct filter_use {
	struct renderer *r;
	const struct value *args;
	int n_args;
};

static struct str
text_of(struct filter_use *u, const struct value *v)
{
	/* A filter that passes its value on must not use up buffers: the value may be in one.
	 */
	if (v->kind == VALUE_STRING || v->kind == VALUE_MARKUP)
		return v->text;
	return renderer_text(u->r, v);
}

static struct value
value_in(const struct buf *b)
{
	return value_of_string(buf_view(b));
}

bool
value_wants_default(const struct value *v)
{
	if (v->kind == VALUE_STRING || v->kind == VALUE_MARKUP)
		return v->text.len == 0;
	if (v->kind == VALUE_TREE)
		return v->tree->kind == JSON_ARRAY && v->tree->count == 0;
	return v->kind == VALUE_EMPTY || v->kind == VALUE_BLANK || !value_is_truthy(v);
}

static struct value
apply_default(struct filter_use *u, const struct value *v)
{
	return value_wants_default(v) ? u->args[0] : *v;
}

static struct value
apply_upcase(struct filter_use *u, const struct value *v)
{
	struct str s = text_of(u, v);
	struct buf *out = renderer_buffer(u->r);
	case_put_upper(s, out);
	return value_in(out);
}

static struct value
apply_downcase(struct filter_use *u, const struct value *v)
{
	struct str s = text_of(u, v);
	struct buf *out = renderer_buffer(u->r);
	case_put_lower(s, out);
	return value_in(out);
}

/* charAt(0) is half of a character beyond U+FFFF, which no case changes. */
static struct value
apply_capitalize(struct filter_use *u, const struct value *v)
{
	struct str s = text_of(u, v);
	struct buf *out = renderer_buffer(u->r);
	size_t first = characters_bytes(s, 1);
	if (first > 3)
		buf_put(out, s.ptr, first);
	else
		case_put_upper((struct str){s.ptr, first}, out);
	if (s.len > first)
		case_put_lower((struct str){s.ptr + first, s.len - first}, out);
	return value_in(out);
}

/* Code points that a fractional or absurd number of LiquidJS's loops would pass. */
static size_t
count_of(double n)
{
	return !(n > 0) ? 0 : n > 1e9 ? (size_t)1e9 : (size_t)ceil(n);
}

static struct value
apply_truncate(struct filter_use *u, const struct value *v)
{
	bool has_length = u->n_args > 0 && u->args[0].kind != VALUE_UNDEFINED;
	bool has_ending = u->n_args > 1 && u->args[1].kind != VALUE_UNDEFINED;
	double length = has_length ? value_number(&u->args[0]) : 50;
	struct str s = text_of(u, v);
	if ((double)characters_utf16(s) <= length ||
	    characters_bytes(s, count_of(length)) == s.len)
		return *v;
	struct str ending = has_ending ? text_of(u, &u->args[1]) : STR("...");
	size_t kept = count_of(length - (double)characters_count(ending));
	struct buf *out = renderer_buffer(u->r);
	buf_put(out, s.ptr, characters_bytes(s, kept));
	buf_str(out, ending);
	return value_in(out);
}

static struct value
apply_round(struct filter_use *u, const struct value *v)
{
	bool has_digits = u->n_args > 0 && u->args[0].kind != VALUE_UNDEFINED;
	return math_round(u->r, v, has_digits ? math_number(&u->args[0]) : 0);
}

static struct value
apply_plus(struct filter_use *u, const struct value *v)
{
	return math_plus(u->r, v, &u->args[0]);
}

static struct value
apply_minus(struct filter_use *u, const struct value *v)
{
	return math_minus(u->r, v, &u->args[0]);
}

static struct value
apply_times(struct filter_use *u, const struct value *v)
{
	return math_times(u->r, v, &u->args[0]);
}

static struct value
apply_divided_by(struct filter_use *u, const struct value *v)
{
	bool is_whole = u->n_args > 1 && math_number(&u->args[1]) != 0;
	return math_divided_by(u->r, v, &u->args[0], is_whole);
}

/* Digits after the point, or `usual`. */
static int
digits_of(struct filter_use *u, int usual)
{
	double wanted = u->n_args > 0 ? math_number(&u->args[0]) : usual;
	return u->n_args == 0 ? usual : wanted < 0 ? 0 : wanted > 20 ? 20 : (int)wanted;
}

/* A tree is no figure, and nothing that people could read in its place. */
static struct value
apply_percent(struct filter_use *u, const struct value *v)
{
	struct str text;
	if (v->kind == VALUE_TREE)
		return value_of_string(STR(""));
	if (!math_figure(u->r, v, &text))
		return *v;
	struct buf *out = renderer_buffer(u->r);
	number_put_grouped(text, 2, digits_of(u, 0), out);
	buf_putc(out, '%');
	return value_in(out);
}

static struct value
apply_number(struct filter_use *u, const struct value *v)
{
	struct str text;
	if (v->kind == VALUE_TREE)
		return value_of_string(STR(""));
	if (!math_figure(u->r, v, &text))
		return *v;
	struct buf *out = renderer_buffer(u->r);
	number_put_grouped(text, 0, digits_of(u, -1), out);
	return value_in(out);
}

/* A number with its sign; what rounds to nothing has none. */
static void
put_signed(struct filter_use *u, const struct value *v, int power, int digits, struct buf *out)
{
	size_t at = out->len;
	struct str text;
	if (!math_figure(u->r, v, &text))
		return;
	buf_putc(out, '+');
	number_put_grouped(text, power, digits, out);
	bool is_negative = out->ptr[at + 1] == '-';
	bool is_zero = strspn(out->ptr + at + 1, "0.,") == out->len - at - 1;
	if (is_negative || is_zero) {
		out->len--;
		memmove(out->ptr + at, out->ptr + at + 1, out->len - at);
	}
}

/* Two texts are never compared: 95.5% and 1840 ms are no numbers. */
static struct value
apply_difference(struct filter_use *u, const struct value *v)
{
	const struct value *from = &u->args[0];
	if (!math_is_number(v) || !math_is_number(from))
		return value_of_string(STR(""));
	struct value difference = math_minus(u->r, v, from);
	struct buf shown = {0};
	put_signed(u, &difference, 0, -1, &shown);
	if (math_number(from) > 0) {
		struct value share = math_divided_by(u->r, &difference, from, false);
		buf_cstr(&shown, " (");
		put_signed(u, &share, 2, 0, &shown);
		buf_cstr(&shown, "%)");
	}
	struct buf *out = renderer_buffer(u->r);
	buf_str(out, buf_view(&shown));
	buf_fini(&shown);
	return value_in(out);
}

static struct value
apply_plain(struct filter_use *u, const struct value *v)
{
	(void)u;
	return v->kind == VALUE_TREE ? value_of_string(STR("")) : *v;
}

/* A day, and what was before 1970, is the same for every reader. */
static struct value
written_date(struct filter_use *u, const struct template_time *t, struct str form)
{
	const struct template_dialect *dialect = u->r->context->dialect;
	struct buf *b = renderer_buffer(u->r);
	struct value made = {.kind = VALUE_MARKUP};
	if (t->is_day) {
		template_put_day(t->unix_s, form, b);
		made = value_in(b);
	} else if (dialect && dialect->put_date && t->unix_s >= 0) {
		dialect->put_date(t->unix_s, form, b, &made.text);
		made.markup = buf_view(b);
	} else {
		template_put_date(t->unix_s, form, b);
		made.text = buf_view(b);
	}
	return made;
}

static struct value
apply_date(struct filter_use *u, const struct value *v)
{
	struct template_time t;
	if (!time_of_value(v, &t)) {
		if (u->r->warnings && !value_is_nil(v))
			u->r->warnings->bad_date = true;
		return *v;
	}
	bool has_form = u->n_args > 0 && u->args[0].text.len > 0;
	return written_date(u, &t, has_form ? u->args[0].text : STR(DATE_USUAL_FORM));
}

static struct value
apply_join(struct filter_use *u, const struct value *v)
{
	struct str separator =
	    u->n_args > 0 && !value_is_nil(&u->args[0]) ? text_of(u, &u->args[0]) : STR(" ");
	struct buf *out = renderer_buffer(u->r);
	value_join(v, separator, u->r->context->is_key, out);
	return value_in(out);
}

static struct value
apply_size(struct filter_use *u, const struct value *v)
{
	(void)u;
	if (v->kind == VALUE_STRING || v->kind == VALUE_MARKUP)
		return value_of_number((double)characters_utf16(v->text));
	if (v->kind != VALUE_TREE)
		return value_of_number(0);
	if (v->tree->kind == JSON_ARRAY)
		return value_of_number(v->tree->count);
	/* (v && v.length) || 0: an object may have a member of that name */
	const struct json *length = json_get(v->tree, STR("length"));
	struct value of = length ? value_of_json(length) : value_of_number(0);
	bool is_void = of.kind == VALUE_STRING && of.text.len == 0;
	return !value_is_truthy(&of) || value_is_zero(&of) || is_void ? value_of_number(0) : of;
}

static struct value
apply_escape(struct filter_use *u, const struct value *v)
{
	if (u->r->context->dialect)
		return *v; /* it will be, and once is enough */
	struct str s = text_of(u, v);
	struct buf *out = renderer_buffer(u->r);
	for (size_t i = 0; i < s.len; i++) {
		switch (s.ptr[i]) {
		case '&': buf_cstr(out, "&amp;"); break;
		case '<': buf_cstr(out, "&lt;"); break;
		case '>': buf_cstr(out, "&gt;"); break;
		case '"': buf_cstr(out, "&#34;"); break;
		case '\'': buf_cstr(out, "&#39;"); break;
		default: buf_putc(out, s.ptr[i]);
		}
	}
	return value_in(out);
}

static struct value
encoded(struct filter_use *u, const struct value *v, enum url_part part)
{
	struct str s = text_of(u, v);
	struct buf *out = renderer_buffer(u->r);
	url_put(s, part, out);
	struct value made = value_in(out);
	made.is_encoded = true;
	return made;
}

static struct value
apply_url_encode(struct filter_use *u, const struct value *v)
{
	return encoded(u, v, URL_QUERY);
}

static struct value
apply_url_escape(struct filter_use *u, const struct value *v)
{
	return encoded(u, v, URL_WHOLE);
}

static struct value
apply_raw(struct filter_use *u, const struct value *v)
{
	(void)u;
	struct value made = *v;
	made.is_encoded = true;
	return made;
}

bool
template_link_is_safe(struct str url)
{
	if (url.len > URL_MAX)
		return false;
	size_t scheme = url.len > 7 && strncasecmp(url.ptr, "http://", 7) == 0    ? 7
	                : url.len > 8 && strncasecmp(url.ptr, "https://", 8) == 0 ? 8
	                                                                          : 0;
	if (scheme == 0)
		return false;
	char first = url.ptr[scheme];
	return (unsigned char)first > ' ' && !strchr("/?#|<>\"'`\\", first);
}

/* A value that is no web address stays text. */
static struct value
apply_link(struct filter_use *u, const struct value *v)
{
	if (v->kind != VALUE_STRING || !template_link_is_safe(v->text))
		return *v;
	const struct template_dialect *dialect = u->r->context->dialect;
	struct str label = u->n_args > 0 ? text_of(u, &u->args[0]) : STR("");
	struct buf *plain = renderer_buffer(u->r);
	buf_str(plain, label);
	buf_cstr(plain, label.len ? " (" : "");
	buf_str(plain, v->text);
	buf_cstr(plain, label.len ? ")" : "");
	struct value made = {.kind = VALUE_MARKUP, .text = buf_view(plain)};
	if (dialect && dialect->put_link) {
		struct buf *markup = renderer_buffer(u->r);
		dialect->put_link(v->text, label, markup);
		made.markup = buf_view(markup);
	}
	return made;
}

/* Bytes of the web address at `at`, or 0. One that something cut is none. */
static size_t
address_at(struct str s, size_t at)
{
	struct str rest = {s.ptr + at, s.len - at};
	if (!str_starts_with(rest, STR("http://")) && !str_starts_with(rest, STR("https://")))
		return 0;
	size_t n = 0;
	while (
	    n < rest.len && (unsigned char)rest.ptr[n] > ' ' && !strchr("<>|\"`", rest.ptr[n]))
		n++;
	const char *cut = memmem(rest.ptr, n, "\xe2\x80\xa6", 3);
	while (n > 0 && strchr(".,;:!?)]}'*_~", rest.ptr[n - 1]))
		n--;
	return cut || !template_link_is_safe((struct str){rest.ptr, n}) ? 0 : n;
}

static struct value
apply_links(struct filter_use *u, const struct value *v)
{
	const struct template_context *context = u->r->context;
	if (!context->dialect || !context->dialect->put_link || v->kind == VALUE_MARKUP)
		return *v;
	struct str s = text_of(u, v);
	struct buf *markup = renderer_buffer(u->r);
	size_t done = 0;
	for (size_t at = 0; at < s.len;) {
		size_t n = s.ptr[at] == 'h' ? address_at(s, at) : 0;
		struct str before = {s.ptr + done, at - done};
		at += n > 0 ? n : 1;
		if (n == 0)
			continue;
		(void)context->dialect->put(before, 0, context->one_line, SIZE_MAX, markup);
		context->dialect->put_link((struct str){s.ptr + at - n, n}, STR(""), markup);
		done = at;
	}
	struct str rest = {s.ptr + done, s.len - done};
	(void)context->dialect->put(rest, 0, context->one_line, SIZE_MAX, markup);
	return (struct value){.kind = VALUE_MARKUP, .text = s, .markup = buf_view(markup)};
}

typedef struct value filter_fn(struct filter_use *u, const struct value *v);

static filter_fn *const functions[] = {
#define FILTER(NAME, name, min, max, sentence) apply_##name,
#include "template_filters.def"
#undef FILTER
};

void
filter_apply(struct renderer *r, enum filter_id id, const struct value *args, int n_args,
    struct value *v)
{
	size_t cost = 1 + value_cost(r, v);
	for (int i = 0; i < n_args; i++)
		cost += value_cost(r, &args[i]);
	if (!renderer_step(r, cost))
		return;
	struct filter_use u = {.r = r, .args = args, .n_args = n_args};
	*v = functions[id](&u, v);
}
