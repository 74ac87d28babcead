#include "rules/value.h"

static bool
objects_eq(const struct json *a, const struct json *b)
{
	JSON_EACH (member, a) {
		const struct json *other = json_get(b, member->key);

		if (!other || !value_eq(member, other))
			return false;
	}
	return true;
}

static bool
arrays_eq(const struct json *a, const struct json *b)
{
	const struct json *other = b->child;

	JSON_EACH (element, a) {
		if (!value_eq(element, other))
			return false;
		other = other->next;
	}
	return true;
}

/* Recursion ends at the depth that json_parse was given. */
bool
value_eq(const struct json *a, const struct json *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	switch (a->kind) {
	case JSON_NUMBER: return json_number_cmp(a->text, b->text) == 0;
	case JSON_STRING: return str_eq(a->text, b->text);
	case JSON_ARRAY: return arrays_eq(a, b);
	case JSON_OBJECT: return objects_eq(a, b);
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE: break;
	}
	return true;
}

static size_t
digits_at(struct str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && s.ptr[at + n] >= '0' && s.ptr[at + n] <= '9')
		n++;
	return n;
}

bool
value_is_number_text(struct str s)
{
	size_t at = s.len > 0 && s.ptr[0] == '-', n = digits_at(s, at);

	if (n == 0 || (n > 1 && s.ptr[at] == '0'))
		return false;
	at += n;
	if (at < s.len && s.ptr[at] == '.') {
		n = digits_at(s, at + 1);
		if (n == 0)
			return false;
		at += 1 + n;
	}
	if (at < s.len && (s.ptr[at] == 'e' || s.ptr[at] == 'E')) {
		at++;
		if (at < s.len && (s.ptr[at] == '+' || s.ptr[at] == '-'))
			at++;
		n = digits_at(s, at);
		if (n == 0)
			return false;
		at += n;
	}
	return at == s.len;
}

/* The exponent of a number's text, held within what any text's digits can make up for. */
static int64_t
exponent_of(struct str s, size_t at)
{
	int64_t n = 0;
	bool is_negative = at < s.len && s.ptr[at] == '-';

	if (at < s.len && (s.ptr[at] == '-' || s.ptr[at] == '+'))
		at++;
	for (; at < s.len; at++)
		n = n < INT32_MAX ? n * 10 + (s.ptr[at] - '0') : n;
	return is_negative ? -n : n;
}

bool
value_is_integral(struct str number)
{
	int64_t places = 0, zeros = 0; /* after the point; at the end of the digits */
	bool is_zero = true, is_fraction = false;
	size_t i = 0;

	for (; i < number.len && number.ptr[i] != 'e' && number.ptr[i] != 'E'; i++) {
		char c = number.ptr[i];

		if (c == '.')
			is_fraction = true;
		if (c < '0' || c > '9')
			continue;
		places += is_fraction;
		zeros = c == '0' ? zeros + 1 : 0;
		is_zero = is_zero && c == '0';
	}
	return is_zero || exponent_of(number, i + 1) >= places - zeros;
}

struct str
value_text_trimmed(struct str s)
{
	while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
		s = (struct str){s.ptr + 1, s.len - 1};
	while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ')
		s.len--;
	return s;
}
