#include "scrub.h"

#include <ctype.h>

enum {
	WINDOW = 4096,  /* bytes looked at in one piece */
	OVERLAP = 1024, /* of two pieces: what the longest credential takes, escaped */
	ESCAPES = 3,    /* times that text may have been escaped */
	DIGITS_MIN = 8, /* fewer of them hide nothing */
};

/* --- escapes taken away, and where in the bytes each character comes from --- */

struct plain {
	char text[WINDOW];
	uint16_t at[WINDOW + 1]; /* of each character, and of the end */
	size_t len;
};

/* The value of `n` hexadecimal digits; -1: they are none, or no visible character's. */
static int
code_at(const struct plain *p, size_t from, size_t n)
{
	int code = 0;

	if (from + n > p->len)
		return -1;
	for (size_t i = from; i < from + n; i++) {
		const int digit = hex_digit(p->text[i]);

		if (digit < 0 || code > 0xff)
			return -1;
		code = code * 16 + digit;
	}
	return code > ' ' && code < 0x7f ? code : -1;
}

/* The character that is escaped at `i`, and how long its escape is; -1: none is. */
static int
escaped_at(const struct plain *p, size_t i, size_t *len)
{
	const bool has_next = i + 1 < p->len;
	int code = -1;

	*len = 1;
	if (p->text[i] == '%')
		code = code_at(p, i + 1, 2), *len = 3;
	else if (p->text[i] == '\\' && has_next && p->text[i + 1] == 'u')
		code = code_at(p, i + 2, 4), *len = 6;
	else if (p->text[i] == '\\' && has_next && ispunct((unsigned char)p->text[i + 1]))
		code = p->text[i + 1], *len = 2;
	return code;
}

/* One level of escapes; false: there was none. */
static bool
unescape(struct plain *p)
{
	size_t n = 0, len;
	bool any = false;

	for (size_t i = 0; i < p->len; i += len) {
		const int code = escaped_at(p, i, &len);

		if (code < 0)
			len = 1;
		any |= code >= 0;
		p->at[n] = p->at[i];
		p->text[n++] = code < 0 ? p->text[i] : (char)code;
	}
	p->at[n] = p->at[p->len];
	p->len = n;
	return any;
}

/* --- the forms --- */

static bool
is_of_token(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

static bool
is_of_path(char c)
{
	return is_of_token(c) || c == '/';
}

/* How many of its first bytes are a credential's; 0: none are. */
static size_t
secret_len_at(struct str s)
{
	static const struct str address = {"/services/T", 11};
	const bool is_token =
	    (s.len >= 5 && memcmp(s.ptr, "xox", 3) == 0 && isalnum((unsigned char)s.ptr[3]) &&
		(s.ptr[4] == '-' || s.ptr[4] == '.')) ||
	    str_starts_with(s, STR("xapp-"));
	size_t n = 0;

	if (!is_token && !str_starts_with(s, address))
		return 0;
	while (n < s.len && (is_token ? is_of_token(s.ptr[n]) : is_of_path(s.ptr[n])))
		n++;
	return n;
}

static bool
has_form(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.ptr[i] == 'x' || s.ptr[i] == '/') &&
		    secret_len_at((struct str){s.ptr + i, s.len - i}) > 0)
			return true;
	return false;
}

/* --- digits that hide one --- */

static int
base64_of(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+' || c == '-' ? 62
	       : c == '/' || c == '_' ? 63
	                              : -1;
}

typedef int digit_fn(char c);

/* Whether these digits of `bits` bits each say a credential, whatever stands before them. */
static bool
digits_hide(struct str s, digit_fn *digit, int bits)
{
	char out[WINDOW];

	for (size_t skip = 0; skip < (size_t)(bits == 6 ? 4 : 2) && skip < s.len; skip++) {
		unsigned held = 0;
		size_t n = 0;
		int have = 0;

		for (size_t i = skip; i < s.len; i++) {
			held = (held << bits | (unsigned)digit(s.ptr[i])) & 0xffff;
			have += bits;
			if (have >= 8)
				out[n++] = (char)(held >> (have -= 8));
		}
		if (has_form((struct str){out, n}))
			return true;
	}
	return false;
}

static size_t
run_len(struct str s, digit_fn *digit)
{
	size_t n = 0;

	while (n < s.len && digit(s.ptr[n]) >= 0)
		n++;
	return n;
}

/* --- stars --- */

static size_t
star(char *bytes, const struct plain *p, size_t from, size_t n)
{
	memset(bytes + p->at[from], '*', (size_t)(p->at[from + n] - p->at[from]));
	return n;
}

static bool
star_forms(char *bytes, const struct plain *p)
{
	bool any = false;

	for (size_t i = 0, n; i < p->len; i += n ? n : 1) {
		n = secret_len_at((struct str){p->text + i, p->len - i});
		if (n > 0)
			any = star(bytes, p, i, n) > 0;
	}
	return any;
}

static bool
star_digits(char *bytes, const struct plain *p, digit_fn *digit, int bits)
{
	bool any = false;

	for (size_t i = 0, n; i < p->len; i += n ? n : 1) {
		const struct str run = {
		    p->text + i, n = run_len((struct str){p->text + i, p->len - i}, digit)};

		if (n >= DIGITS_MIN && digits_hide(run, digit, bits))
			any = star(bytes, p, i, n) > 0;
	}
	return any;
}

static bool
scrub_window(char *bytes, size_t len)
{
	struct plain p = {.len = len};
	bool any = false;

	memcpy(p.text, bytes, len);
	for (size_t i = 0; i <= len; i++)
		p.at[i] = (uint16_t)i;
	for (int level = 0; level <= ESCAPES; level++) {
		any |= star_forms(bytes, &p);
		any |= star_digits(bytes, &p, base64_of, 6);
		any |= star_digits(bytes, &p, hex_digit, 4);
		if (!unescape(&p))
			break;
	}
	return any;
}

void
slack_scrub(char *bytes, size_t len)
{
	for (size_t at = 0; at < len; at += WINDOW - OVERLAP) {
		const size_t left = len - at;

		(void)scrub_window(bytes + at, left < WINDOW ? left : WINDOW);
		if (left <= WINDOW)
			break;
	}
}

bool
slack_has_secret(struct str text)
{
	char copy[WINDOW];

	if (text.len == 0 || text.len > sizeof(copy))
		return text.len > 0;
	memcpy(copy, text.ptr, text.len);
	return scrub_window(copy, text.len);
}
