#include "retry_after.h"

#include <curl/curl.h>

enum {
	DATE_TEXT_MAX = 64,
	SECONDS_MAX = RETRY_AFTER_MAX_MS / 1000,
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes the digits in front of `rest`; more than a day of them stays a day. */
static int64_t
take_seconds(struct str *rest)
{
	int64_t seconds = 0;

	for (; rest->len && is_digit(rest->ptr[0]); rest->ptr++, rest->len--)
		if (seconds <= SECONDS_MAX)
			seconds = seconds * 10 + (rest->ptr[0] - '0');
	return seconds;
}

/* Takes the digits behind the point. Rounded up, or the next request comes a little early. */
static int64_t
take_fraction_ms(struct str *rest)
{
	int64_t ms = 0, unit = 100;
	bool has_more = false;

	for (; rest->len && is_digit(rest->ptr[0]); rest->ptr++, rest->len--, unit /= 10) {
		ms += unit * (rest->ptr[0] - '0');
		has_more = has_more || (unit == 0 && rest->ptr[0] != '0');
	}
	return ms + has_more;
}

static int64_t
capped(int64_t ms)
{
	return ms < RETRY_AFTER_MAX_MS ? ms : RETRY_AFTER_MAX_MS;
}

/* -1 when it is no date. */
static int64_t
until_date_ms(struct str value, wall_t now)
{
	char text[DATE_TEXT_MAX];
	int64_t seconds;

	if (!str_copy(text, sizeof(text), value))
		return -1;
	seconds = curl_getdate(text, NULL);
	if (seconds < 0)
		return -1;
	return seconds * 1000 > now.ms ? capped(seconds * 1000 - now.ms) : 0;
}

int64_t
retry_after_ms(struct str value, wall_t now)
{
	struct str rest = value;
	int64_t ms;

	if (value.len == 0 || !is_digit(value.ptr[0]))
		return until_date_ms(value, now);
	ms = take_seconds(&rest) * 1000;
	if (rest.len > 1 && rest.ptr[0] == '.') {
		rest = (struct str){rest.ptr + 1, rest.len - 1};
		ms += take_fraction_ms(&rest);
	}
	return rest.len == 0 ? capped(ms) : -1;
}
