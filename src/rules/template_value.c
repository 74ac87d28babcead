#include "template_value.h"

#include <math.h>

#include "carillon/rules/characters.h"
#include "canonical.h"
#include "template_number.h"
#include "value.h"

struct value
value_of_string(struct str s)
{
	return (struct value){.kind = VALUE_STRING, .text = s};
}

struct value
value_of_number(double n)
{
	return (struct value){.kind = VALUE_NUMBER, .number = n};
}

struct value
value_of_number_text(struct str text)
{
	return (struct value){.kind = VALUE_NUMBER, .text = text};
}

struct value
value_of_json(const struct json *v)
{
	switch (v->kind) {
	case JSON_NULL: return (struct value){.kind = VALUE_NULL};
	case JSON_FALSE: return (struct value){.kind = VALUE_BOOL};
	case JSON_TRUE: return (struct value){.kind = VALUE_BOOL, .truth = true};
	case JSON_NUMBER: return value_of_number_text(v->text);
	case JSON_STRING: return value_of_string(v->text);
	case JSON_ARRAY:
	case JSON_OBJECT: return (struct value){.kind = VALUE_TREE, .tree = v};
	}
	return (struct value){.kind = VALUE_UNDEFINED};
}

static bool
is_list(const struct value *v)
{
	return v->kind == VALUE_TREE && v->tree->kind == JSON_ARRAY;
}

bool
value_is_nil(const struct value *v)
{
	return v->kind == VALUE_UNDEFINED || v->kind == VALUE_NULL || v->kind == VALUE_NIL;
}

bool
value_is_truthy(const struct value *v)
{
	return v->kind == VALUE_BOOL ? v->truth : !value_is_nil(v);
}

static void
put_number(double n, struct buf *out)
{
	char text[NUMBER_TEXT_MAX];
	buf_put(out, text, number_print(n, text));
}

/* Elements with `separator` between them; NULL for LiquidJS's way, which has none at all. */
static void
put_list(const struct json *list, const struct str *separator, bool as_json, struct buf *out)
{
	static const struct str comma = {",", 1};
	JSON_EACH (v, list) {
		if (out->len > VALUE_TEXT_MAX)
			return;
		if (separator && v != list->child)
			buf_str(out, *separator);
		if (as_json && (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT)) {
			canonical_put(v, out);
			continue;
		}
		switch (v->kind) {
		case JSON_NULL: break;
		case JSON_FALSE: buf_cstr(out, "false"); break;
		case JSON_TRUE: buf_cstr(out, "true"); break;
		case JSON_NUMBER:
		case JSON_STRING: buf_str(out, v->text); break;
		case JSON_ARRAY: put_list(v, separator ? &comma : NULL, false, out); break;
		case JSON_OBJECT: buf_cstr(out, "[object Object]"); break;
		}
	}
}

static struct str
scalar_text(const struct value *v, struct buf *tmp)
{
	switch (v->kind) {
	case VALUE_BOOL: return v->truth ? STR("true") : STR("false");
	case VALUE_STRING:
	case VALUE_MARKUP: return v->text;
	case VALUE_NUMBER:
		if (v->text.len > 0)
			return v->text;
		buf_clear(tmp);
		put_number(v->number, tmp);
		return buf_view(tmp);
	default: return STR("");
	}
}

struct str
value_text(const struct value *v, struct buf *tmp)
{
	if (v->kind != VALUE_TREE)
		return scalar_text(v, tmp);
	if (v->tree->kind == JSON_OBJECT)
		return STR("[object Object]");
	buf_clear(tmp);
	put_list(v->tree, NULL, false, tmp);
	return buf_view(tmp);
}

void
value_join(const struct value *v, struct str separator, bool as_json, struct buf *out)
{
	struct buf tmp = {0};
	if (is_list(v))
		put_list(v->tree, &separator, as_json, out);
	else
		buf_str(out, value_text(v, &tmp));
	buf_fini(&tmp);
}

/* String(v) of JavaScript, which writes null where Liquid writes nothing. */
static struct str
js_text(const struct value *v, struct buf *tmp)
{
	if (v->kind == VALUE_UNDEFINED)
		return STR("undefined");
	if (value_is_nil(v))
		return STR("null");
	if (!is_list(v))
		return value_text(v, tmp);
	buf_clear(tmp);
	value_join(v, STR(","), false, tmp);
	return buf_view(tmp);
}

/* What there is of a number's own text: as written, or a string's that is a decimal number. */
static struct str
number_text(const struct value *v)
{
	if (v->kind == VALUE_NUMBER)
		return v->text;
	if (v->kind != VALUE_STRING)
		return (struct str){0};
	struct str s = number_trim(v->text);
	return value_is_number_text(s) ? s : (struct str){0};
}

double
value_number(const struct value *v)
{
	struct buf tmp = {0};
	double n = NAN;
	switch (v->kind) {
	case VALUE_UNDEFINED: return NAN;
	case VALUE_NULL:
	case VALUE_NIL: return 0;
	case VALUE_BOOL: return v->truth;
	case VALUE_NUMBER: return v->text.len > 0 ? number_of_json(v->text) : v->number;
	default:
		n = number_of_string(js_text(v, &tmp));
		buf_fini(&tmp);
		return n;
	}
}

bool
value_is_zero(const struct value *v)
{
	return v->kind == VALUE_NUMBER && value_number(v) == 0;
}

/* Doubles first: what is less as such is less, but what is equal may differ in digits that
 * they have no room for. */
static int
number_order(const struct value *a, double x, const struct value *b, double y)
{
	struct str left = number_text(a), right = number_text(b);

	if (x != y || left.len == 0 || right.len == 0 || str_eq(left, right))
		return (x > y) - (x < y);
	return json_number_cmp(left, right);
}

static bool
numbers_equal(const struct value *a, const struct value *b)
{
	double x = value_number(a), y = value_number(b);

	return x == y && number_order(a, x, b, y) == 0;
}

static bool is_equal(const struct value *a, const struct value *b);

static bool
lists_equal(const struct json *a, const struct json *b)
{
	if (a->count != b->count)
		return false;
	const struct json *y = b->child;
	JSON_EACH (x, a) {
		struct value left = value_of_json(x), right = value_of_json(y);
		if (!is_equal(&left, &right))
			return false;
		y = y->next;
	}
	return true;
}

static bool
is_blank_text(struct str s)
{
	char first = s.len ? s.ptr[0] : ' ';
	bool may_be = first == ' ' || (first >= '\t' && first <= '\r') || (first & 0x80);
	if (!may_be)
		return false;
	for (size_t at = 0; at < s.len;) {
		uint32_t c = character_next(s, &at);
		bool blank = c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x1680 ||
		             (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
		             c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;
		if (!blank)
			return false;
	}
	return true;
}

/* A comparison with one of Liquid's words, `word`. */
static bool
equals_word(const struct value *word, const struct value *v)
{
	bool is_word = v->kind == VALUE_EMPTY || v->kind == VALUE_BLANK;
	if (word->kind == VALUE_NIL)
		return value_is_nil(v);
	if (is_word)
		return false;
	if (word->kind == VALUE_BLANK) {
		if (value_is_nil(v) || (v->kind == VALUE_BOOL && !v->truth))
			return true;
		if (v->kind == VALUE_STRING)
			return is_blank_text(v->text);
	}
	if (v->kind == VALUE_STRING)
		return v->text.len == 0;
	return v->kind == VALUE_TREE && v->tree->count == 0;
}

static bool
is_word(const struct value *v)
{
	return v->kind == VALUE_NIL || v->kind == VALUE_EMPTY || v->kind == VALUE_BLANK;
}

/* Trees are the same object when they stand at the same place of the payload. */
static bool
trees_equal(const struct json *a, const struct json *b)
{
	if (a->kind == JSON_ARRAY)
		return b->kind == JSON_ARRAY && lists_equal(a, b);
	return a->kind == b->kind && a->offset == b->offset && a->child == b->child;
}

static bool
is_equal(const struct value *a, const struct value *b)
{
	if (is_word(a))
		return equals_word(a, b);
	if (is_word(b))
		return equals_word(b, a);
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_BOOL: return a->truth == b->truth;
	case VALUE_NUMBER: return numbers_equal(a, b);
	case VALUE_TREE: return trees_equal(a->tree, b->tree);
	case VALUE_STRING: return str_eq(a->text, b->text);
	default: return true;
	}
}

static uint32_t
first_unit(uint32_t c)
{
	return c < 0x10000 ? c : 0xd800 + ((c - 0x10000) >> 10);
}

/* Order of UTF-16 units, which is not that of code points. */
static int
text_order(struct str a, struct str b)
{
	size_t i = 0, j = 0;
	while (i < a.len && j < b.len) {
		uint32_t x = character_next(a, &i), y = character_next(b, &j);
		if (x == y)
			continue;
		uint32_t ux = first_unit(x), uy = first_unit(y);
		return ux != uy ? (ux < uy ? -1 : 1) : (x < y ? -1 : 1);
	}
	return (i < a.len) - (j < b.len);
}

static bool
is_ordered(enum operator_kind op, int order)
{
	switch (op) {
	case OPERATOR_GT: return order > 0;
	case OPERATOR_LT: return order < 0;
	case OPERATOR_GE: return order >= 0;
	default: return order <= 0;
	}
}

static bool
compares_as_text(const struct value *v)
{
	return v->kind == VALUE_STRING || v->kind == VALUE_TREE;
}

static bool
value_order(enum operator_kind op, const struct value *a, const struct value *b)
{
	if (is_word(a) || is_word(b))
		return false;
	if (compares_as_text(a) && compares_as_text(b)) {
		struct buf tmp_a = {0}, tmp_b = {0};
		int order = text_order(js_text(a, &tmp_a), js_text(b, &tmp_b));
		buf_fini(&tmp_a);
		buf_fini(&tmp_b);
		return is_ordered(op, order);
	}
	double x = value_number(a), y = value_number(b);
	if (isnan(x) || isnan(y))
		return false;
	return is_ordered(op, number_order(a, x, b, y));
}

static bool
value_contains(const struct value *a, const struct value *b)
{
	if (is_list(a)) {
		JSON_EACH (x, a->tree) {
			struct value element = value_of_json(x);
			if (is_equal(&element, b))
				return true;
		}
		return false;
	}
	if (a->kind != VALUE_STRING && a->kind != VALUE_EMPTY && a->kind != VALUE_BLANK)
		return false;
	struct buf tmp = {0};
	struct str part = js_text(b, &tmp);
	bool found = part.len == 0 ||
	             (a->text.len > 0 && memmem(a->text.ptr, a->text.len, part.ptr, part.len));
	buf_fini(&tmp);
	return found;
}

bool
value_compare(enum operator_kind op, const struct value *a, const struct value *b)
{
	switch (op) {
	case OPERATOR_EQ: return is_equal(a, b);
	case OPERATOR_NE: return !is_equal(a, b);
	case OPERATOR_CONTAINS: return value_contains(a, b);
	case OPERATOR_AND: return value_is_truthy(a) && value_is_truthy(b);
	case OPERATOR_OR: return value_is_truthy(a) || value_is_truthy(b);
	default: return value_order(op, a, b);
	}
}

/* One UTF-16 unit of a string; half of a pair cannot be written and becomes U+FFFD. */
static struct value
string_at(struct str s, int64_t index)
{
	for (size_t at = 0; at < s.len && index >= 0;) {
		size_t first = at;
		uint32_t c = character_next(s, &at);
		int64_t units = c < 0x10000 ? 1 : 2;
		if (index < units)
			return value_of_string(units == 2
						   ? STR("\xef\xbf\xbd")
						   : (struct str){s.ptr + first, at - first});
		index -= units;
	}
	return (struct value){.kind = VALUE_UNDEFINED};
}

struct value
value_step(const struct value *v, const struct path_step *step)
{
	struct json text = {.kind = JSON_STRING, .text = v->text};
	struct path_scratch scratch;
	const struct json *found = NULL;
	if (v->kind == VALUE_NULL)
		return *v;
	if (v->kind == VALUE_STRING)
		found = path_step_into(&text, step, &scratch);
	else if (v->kind == VALUE_TREE)
		found = path_step_into(v->tree, step, &scratch);
	if (!found)
		return v->kind == VALUE_STRING ? string_at(v->text, json_index_of(step->key))
		                               : (struct value){.kind = VALUE_UNDEFINED};
	if (found == &scratch.value && found->kind == JSON_NUMBER)
		return value_of_number(number_of_json(found->text));
	return value_of_json(found);
}

struct str
template_text_of(const struct json *v, struct buf *tmp)
{
	struct value value = value_of_json(v);
	return value_text(&value, tmp);
}
