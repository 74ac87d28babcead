#include "carillon/base/id.h"

#include <sodium.h>

#include "base/utf8.h"
#include "carillon/base/clock.h"

enum {
	ULID_TIME_BYTES = 6,
	ULID_RANDOM_BYTES = 10,
	ULID_BYTES = ULID_TIME_BYTES + ULID_RANDOM_BYTES,
	ULID_CHARS = 26, /* 130 bits, of which the first two are 0 */
};

static bool
is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_narrow(struct str s, size_t max)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_lower_or_digit(s.ptr[i]) && s.ptr[i] != '_' && s.ptr[i] != '-')
			return false;
	}
	/* What begins with "-" would read as an option. */
	return s.len > 0 && s.len <= max && s.ptr[0] != '-';
}

bool
id_is_workspace(struct str s)
{
	return is_narrow(s, WORKSPACE_ID_MAX);
}

bool
id_is_record(struct str s)
{
	return is_narrow(s, RECORD_ID_MAX);
}

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool upper = c >= 'A' && c <= 'Z';

		if (!is_lower_or_digit(c) && !upper && c != '_' && c != '-')
			return false;
	}
	return s.len > 0;
}

/* What stands before the first dot; `*rest` is what follows it, its ptr NULL without a dot. */
static struct str
split_token(struct str s, struct str *rest)
{
	const char *dot = s.len ? memchr(s.ptr, '.', s.len) : NULL;

	*rest = (struct str){NULL, 0};
	if (!dot)
		return s;
	size_t len = (size_t)(dot - s.ptr);
	*rest = (struct str){dot + 1, s.len - len - 1};
	return (struct str){s.ptr, len};
}

bool
id_is_event_type(struct str s)
{
	if (s.len > EVENT_TYPE_MAX)
		return false;
	for (struct str rest = s; rest.ptr;) {
		if (!is_token(split_token(rest, &rest)))
			return false;
	}
	return s.len > 0;
}

bool
id_is_type_pattern(struct str s)
{
	if (s.len > EVENT_TYPE_MAX)
		return false;
	for (struct str rest = s; rest.ptr;) {
		struct str token = split_token(rest, &rest);
		bool tail = str_eq(token, STR(">")) && !rest.ptr;

		if (!tail && !str_eq(token, STR("*")) && !is_token(token))
			return false;
	}
	return s.len > 0;
}

bool
id_type_matches(struct str pattern, struct str type)
{
	if (str_eq(pattern, type)) /* most patterns are one type */
		return true;
	while (pattern.ptr && type.ptr) {
		struct str wanted = split_token(pattern, &pattern);
		struct str token = split_token(type, &type);

		if (str_eq(wanted, STR(">")))
			return true;
		if (!str_eq(wanted, STR("*")) && !str_eq(wanted, token))
			return false;
	}
	return !pattern.ptr && !type.ptr;
}

bool
id_is_event(struct str s)
{
	if (s.len > EVENT_ID_MAX)
		return false;
	for (size_t i = 0, n; i < s.len; i += n) {
		unsigned char c = (unsigned char)s.ptr[i];

		n = utf8_len(s.ptr + i, s.len - i);
		if (n == 0 || c < 0x20 || c == 0x7f)
			return false;
		if (c == 0xc2 && (unsigned char)s.ptr[i + 1] < 0xa0)
			return false; /* C1 controls */
	}
	return s.len > 0;
}

static void
ulid_fill(uint8_t bytes[static ULID_BYTES])
{
	uint64_t ms = (uint64_t)clock_wall().ms;

	must(sodium_init() >= 0);
	for (int i = 0; i < ULID_TIME_BYTES; i++)
		bytes[i] = (uint8_t)(ms >> (8 * (ULID_TIME_BYTES - 1 - i)));
	randombytes_buf(bytes + ULID_TIME_BYTES, ULID_RANDOM_BYTES);
}

void
id_new(char out[static NEW_ID_SIZE], const char *prefix)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint8_t bytes[ULID_BYTES];
	size_t len = strlen(prefix);
	unsigned bits = 0, n_bits = 2; /* 26 characters hold two bits more than 16 bytes */
	char *to = out + len + 1;

	must(len > 0 && len + 1 + ULID_CHARS < NEW_ID_SIZE);
	ulid_fill(bytes);
	memcpy(out, prefix, len);
	out[len] = '_';
	for (size_t i = 0; i < ULID_BYTES; i++) {
		bits = (bits << 8 | bytes[i]) & 0xfff;
		for (n_bits += 8; n_bits >= 5; n_bits -= 5)
			*to++ = digits[bits >> (n_bits - 5) & 31];
	}
	*to = '\0';
	must(to == out + len + 1 + ULID_CHARS);
}
