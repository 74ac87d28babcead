#include "template_math.h"

#include <math.h>

#include "exact.h"
#include "template_number.h"
#include "value.h"

static const double SAFE_MAX = 9007199254740992.0; /* up to 2^53 every integer is a double */

double
math_number(const struct value *v)
{
	double n = value_number(v);

	return isnan(n) ? 0 : n;
}

/* --- which numbers doubles are too coarse for --- */

/* Whether a string that is a number is a decimal one: not 0x1f, Infinity or blank. */
static bool
is_decimal_text(struct str s)
{
	bool has_radix = s.len > 1 && s.ptr[0] == '0' && strchr("xXoObB", s.ptr[1]);

	return s.len > 0 && !has_radix && s.ptr[s.len - 1] != 'y';
}

/* A number's text: its own, a string's, or what JavaScript prints. */
static struct str
text_of(const struct value *v, char shown[static NUMBER_TEXT_MAX])
{
	if (v->kind == VALUE_NUMBER && v->text.len > 0)
		return v->text;
	if (v->kind == VALUE_STRING && !isnan(value_number(v)) &&
	    is_decimal_text(number_trim(v->text)))
		return number_trim(v->text);
	return (struct str){shown, number_print(math_number(v), shown)};
}

/* Who writes an exponent writes a measurement, which is as precise as a double. */
static bool
has_exponent(struct str text)
{
	return memchr(text.ptr, 'e', text.len) || memchr(text.ptr, 'E', text.len);
}

static bool
is_too_fine(struct str text)
{
	return !has_exponent(text) && !number_is_held(text);
}

static bool
is_integer(double n, struct str text)
{
	return isfinite(n) && n == floor(n) && !has_exponent(text);
}

/* Whether `result`, in doubles, may have lost digits of what was put in, or of itself. */
static bool
needs_exact(const struct value *a, const struct value *b, double result)
{
	char shown_a[NUMBER_TEXT_MAX], shown_b[NUMBER_TEXT_MAX];
	struct str left = text_of(a, shown_a), right = text_of(b, shown_b);
	double x = math_number(a), y = math_number(b);

	if (is_too_fine(left) || is_too_fine(right))
		return true;
	return is_integer(x, left) && is_integer(y, right) &&
	       (fabs(result) > SAFE_MAX || fabs(x) > SAFE_MAX || fabs(y) > SAFE_MAX);
}

/* --- computing exactly --- */

struct operands {
	struct exact a, b;
};

static bool
operands_read(struct operands *o, const struct value *a, const struct value *b)
{
	char shown[NUMBER_TEXT_MAX];
	bool is_read = exact_read(&o->a, text_of(a, shown));

	return exact_read(&o->b, text_of(b, shown)) && is_read;
}

static void
operands_fini(struct operands *o)
{
	exact_fini(&o->a);
	exact_fini(&o->b);
}

static struct value
value_of_exact(struct renderer *r, const struct exact *x)
{
	struct buf *out = renderer_buffer(r);

	exact_put(x, out);
	return value_of_number_text(buf_view(out));
}

enum {
	DIGITS_A_STEP = 256, /* of multiplying, which takes each with each */
	DIGITS_A_STEP_DIVIDED =
	    4, /* of a quotient, for each of which something is taken away */
};

/* Steps of multiplying or dividing. */
static bool
can_afford(struct renderer *r, const struct operands *o)
{
	return renderer_step(r, o->a.digits.len * o->b.digits.len / DIGITS_A_STEP);
}

typedef void exact_fn(struct exact *out, const struct exact *a, const struct exact *b);

/* `in_doubles` where no digits are lost, or where nothing better can be had. */
static struct value
compute(struct renderer *r, exact_fn *how, const struct value *a, const struct value *b,
    double in_doubles)
{
	struct value result = value_of_number(in_doubles);
	struct operands o;
	struct exact out = {0};

	if (!needs_exact(a, b, in_doubles))
		return result;
	if (operands_read(&o, a, b) && can_afford(r, &o)) {
		how(&out, &o.a, &o.b);
		result = value_of_exact(r, &out);
	}
	exact_fini(&out);
	operands_fini(&o);
	return result;
}

struct value
math_plus(struct renderer *r, const struct value *a, const struct value *b)
{
	return compute(r, exact_add, a, b, math_number(a) + math_number(b));
}

struct value
math_minus(struct renderer *r, const struct value *a, const struct value *b)
{
	return compute(r, exact_subtract, a, b, math_number(a) - math_number(b));
}

struct value
math_times(struct renderer *r, const struct value *a, const struct value *b)
{
	return compute(r, exact_multiply, a, b, math_number(a) * math_number(b));
}

struct value
math_divided_by(struct renderer *r, const struct value *a, const struct value *b, bool is_whole)
{
	double quotient = math_number(a) / math_number(b);
	struct value result = value_of_number(is_whole ? floor(quotient) : quotient);
	struct operands o;
	struct exact out = {0};
	bool is_even;

	if (!needs_exact(a, b, quotient))
		return result;
	if (operands_read(&o, a, b) && can_afford(r, &o) &&
	    renderer_step(r, o.a.digits.len / DIGITS_A_STEP_DIVIDED) &&
	    exact_divide(&out, &o.a, &o.b, &is_even) && (is_even || is_whole))
		result = value_of_exact(r, &out);
	exact_fini(&out);
	operands_fini(&o);
	return result;
}

struct value
math_round(struct renderer *r, const struct value *v, double digits)
{
	enum { PLACES_MAX = 400 };
	char shown[NUMBER_TEXT_MAX];
	struct str text = text_of(v, shown);
	struct value result = value_of_number(number_round(math_number(v), digits));
	struct exact x;

	if (!is_too_fine(text) || digits != floor(digits) || fabs(digits) > (double)PLACES_MAX)
		return result;
	if (exact_read(&x, text)) {
		exact_round(&x, (int64_t)digits);
		result = value_of_exact(r, &x);
	}
	exact_fini(&x);
	return result;
}

bool
math_is_number(const struct value *v)
{
	bool is_one = v->kind == VALUE_NUMBER ||
	              (v->kind == VALUE_STRING && value_is_number_text(number_trim(v->text)));

	return is_one && isfinite(value_number(v));
}

/* A text like 0x1F or Infinity, which is a number to programs alone. */
static bool
is_for_programs(const struct value *v)
{
	for (size_t i = 0; v->kind != VALUE_NUMBER && i < v->text.len; i++) {
		char c = (char)(v->text.ptr[i] | 0x20);

		if (c >= 'a' && c <= 'z' && c != 'e')
			return true;
	}
	return false;
}

bool
math_figure(struct renderer *r, const struct value *v, struct str *text)
{
	bool is_blank = value_is_nil(v) || v->kind == VALUE_BOOL || v->kind == VALUE_TREE ||
	                ((v->kind == VALUE_STRING || v->kind == VALUE_MARKUP) &&
			    number_trim(v->text).len == 0);
	char shown[NUMBER_TEXT_MAX];

	if (is_blank || is_for_programs(v) || isnan(value_number(v)))
		return false;
	*text = text_of(v, shown);
	if (text->ptr == shown) {
		struct buf *kept = renderer_buffer(r);

		buf_str(kept, *text);
		*text = buf_view(kept);
	}
	return true;
}
