#include "vault/base32.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void
base32_encode(char *out, const uint8_t *bytes, size_t len)
{
	uint32_t bits = 0;
	int n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (n += 8; n >= 5; n -= 5)
			*out++ = digits[bits >> (n - 5) & 31];
	}
	if (n > 0)
		*out++ = digits[bits << (5 - n) & 31];
	*out = '\0';
}

bool
base32_decode(uint8_t *out, size_t len, struct str text)
{
	uint32_t bits = 0;
	int n = 0;

	if (text.len != BASE32_LEN(len))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char *digit = text.ptr[i] ? strchr(digits, text.ptr[i]) : NULL;

		if (digit == NULL)
			return false;
		bits = bits << 5 | (uint32_t)(digit - digits);
		n += 5;
		if (n >= 8) {
			n -= 8;
			*out++ = (uint8_t)(bits >> n);
		}
	}
	/* What is left over is padding, and stands for nothing. */
	return (bits & ((1U << n) - 1)) == 0;
}
