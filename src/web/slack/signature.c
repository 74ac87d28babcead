#include "signature.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_BYTES_MAX = 256, HEX_SIZE = 2 * crypto_auth_hmacsha256_BYTES, DIGITS_MAX = 15 };

struct signer {
	size_t len;
	unsigned char secret[SECRET_BYTES_MAX]; /* all of it in guarded, locked pages */
};

static bool
read_secret(struct signer *s, int fd, struct err *e)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0 || (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return fail(e, ERR_SETUP, "others may read it: chmod 600");
	n = read(fd, s->secret, sizeof(s->secret));
	while (n > 0 && s->secret[n - 1] <= ' ')
		n--;
	if (n <= 0 || n == (ssize_t)sizeof(s->secret))
		return fail(e, ERR_SETUP, "there is no secret in it");
	s->len = (size_t)n;
	return true;
}

bool
signer_open(struct signer **out, const char *path, struct err *e)
{
	struct signer *s;
	bool ok;
	int fd;

	*out = NULL;
	if (path[0] == '\0')
		return true;
	must(sodium_init() >= 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(e, ERR_SETUP, "slack_signing_secret_file: %s", strerror(errno));
	s = sodium_malloc(sizeof(*s));
	must(s != NULL);
	ok = read_secret(s, fd, e);
	close(fd);
	if (ok)
		*out = s;
	else
		sodium_free(s);
	return ok || fail_within(e, "slack_signing_secret_file");
}

void
signer_close(struct signer *s)
{
	sodium_free(s);
}

/* "1531420618", within five minutes of now. */
static bool
is_fresh(struct str timestamp, wall_t now)
{
	int64_t at_s = 0, off_s;

	if (timestamp.len == 0 || timestamp.len > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < timestamp.len; i++) {
		if (timestamp.ptr[i] < '0' || timestamp.ptr[i] > '9')
			return false;
		at_s = at_s * 10 + (timestamp.ptr[i] - '0');
	}
	off_s = now.ms / 1000 - at_s;
	return off_s <= SIGNATURE_AGE_MAX_S && off_s >= -SIGNATURE_AGE_MAX_S;
}

static void
add(crypto_auth_hmacsha256_state *state, struct str s)
{
	if (s.len > 0)
		(void)crypto_auth_hmacsha256_update(state, (const unsigned char *)s.ptr, s.len);
}

bool
signer_accepts(const struct signer *s, struct str timestamp, struct str signature,
    struct str body, wall_t now)
{
	crypto_auth_hmacsha256_state state;
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	char hex[HEX_SIZE + 1];
	bool ok;

	if (!is_fresh(timestamp, now) || signature.len != 3 + HEX_SIZE ||
	    !str_starts_with(signature, STR("v0=")))
		return false;
	(void)crypto_auth_hmacsha256_init(&state, s->secret, s->len);
	add(&state, STR("v0:"));
	add(&state, timestamp);
	add(&state, STR(":"));
	add(&state, body);
	(void)crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
	ok = sodium_memcmp(hex, signature.ptr + 3, HEX_SIZE) == 0;
	sodium_memzero(&state, sizeof(state));
	return ok;
}
