#include "addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { NETWORKS_MAX = 64, ADDRESS_BYTES = 16, TEXT_MAX = 64 };

/* IPv4 as it is mapped into IPv6, so that there is one form. */
struct address {
	uint8_t bytes[ADDRESS_BYTES];
};
struct network {
	struct address at;
	int bits;
};
struct addresses {
	struct network networks[NETWORKS_MAX];
	int n;
};

static void
map_v4(struct address *out, const void *four)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	memcpy(out->bytes, prefix, sizeof(prefix));
	memcpy(out->bytes + sizeof(prefix), four, 4);
}

static bool
parse(const char *text, struct address *out, bool *is_v4)
{
	struct in_addr four;

	*is_v4 = inet_pton(AF_INET, text, &four) == 1;
	if (*is_v4)
		map_v4(out, &four);
	return *is_v4 || inet_pton(AF_INET6, text, out->bytes) == 1;
}

static bool
parse_bits(const char *text, int most, int *bits)
{
	char *end;
	long n = strtol(text, &end, 10);

	*bits = (int)n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n <= most;
}

static bool
parse_network(struct str part, struct network *out)
{
	char text[TEXT_MAX], *slash;
	bool is_v4, ok;
	int bits;

	if (!str_copy(text, sizeof(text), part))
		return false;
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	ok = parse(text, &out->at, &is_v4);
	bits = is_v4 ? 32 : 128;
	if (ok && slash != NULL)
		ok = parse_bits(slash + 1, bits, &bits);
	out->bits = is_v4 ? bits + 96 : bits;
	return ok;
}

bool
addresses_parse(struct addresses **out, const char *text, struct err *e)
{
	struct addresses *a = calloc(1, sizeof(*a));

	must(a != NULL);
	*out = a;
	while (*text != '\0') {
		size_t n = strcspn(text, ", ");

		if (n > 0 && (a->n == NETWORKS_MAX ||
				 !parse_network((struct str){text, n}, &a->networks[a->n++])))
			return fail(e, ERR_INPUT,
			    "trusted_proxy: %.*s is no address and no "
			    "network",
			    (int)n, text);
		text += n + strspn(text + n, ", ");
	}
	return true;
}

void
addresses_free(struct addresses *a)
{
	free(a);
}

static bool
of_sockaddr(const struct sockaddr *s, struct address *out)
{
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (s->sa_family == AF_INET) {
		memcpy(&four, s, sizeof(four));
		map_v4(out, &four.sin_addr);
		return true;
	}
	if (s->sa_family != AF_INET6)
		return false;
	memcpy(&six, s, sizeof(six));
	memcpy(out->bytes, &six.sin6_addr, sizeof(out->bytes));
	return true;
}

static bool
is_in(const struct network *n, const struct address *a)
{
	for (int bit = 0; bit < n->bits; bit += 8) {
		int left = n->bits - bit < 8 ? n->bits - bit : 8;
		int mask = 0xff << (8 - left);

		if (((n->at.bytes[bit / 8] ^ a->bytes[bit / 8]) & mask) != 0)
			return false;
	}
	return true;
}

static bool
has(const struct addresses *a, const struct address *one)
{
	for (int i = 0; i < a->n; i++)
		if (is_in(&a->networks[i], one))
			return true;
	return false;
}

bool
addresses_has(const struct addresses *a, const struct sockaddr *address)
{
	struct address one;

	return of_sockaddr(address, &one) && has(a, &one);
}

static void
format(char *out, size_t size, const struct address *a)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
	bool is_v4 = memcmp(a->bytes, prefix, sizeof(prefix)) == 0;

	if (inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? a->bytes + 12 : a->bytes, out,
		(socklen_t)size) == NULL)
		str_copy(out, size, STR("unknown"));
}

/* Takes the last element of "a, b, c" off. */
static struct str
take_last(struct str *list)
{
	size_t end = list->len, at;

	while (end > 0 && list->ptr[end - 1] == ' ')
		end--;
	for (at = end; at > 0 && list->ptr[at - 1] != ','; at--)
		;
	list->len = at > 0 ? at - 1 : 0;
	while (at < end && list->ptr[at] == ' ')
		at++;
	return (struct str){list->ptr + at, end - at};
}

void
address_of_client(char *out, size_t size, const struct addresses *proxies,
    const struct sockaddr *peer, struct str forwarded)
{
	struct address at;
	char text[TEXT_MAX];
	bool is_v4;

	str_copy(out, size, STR("unknown"));
	if (peer == NULL || !of_sockaddr(peer, &at))
		return;
	while (has(proxies, &at) && forwarded.len > 0) {
		struct address before;

		if (!str_copy(text, sizeof(text), take_last(&forwarded)) ||
		    !parse(text, &before, &is_v4))
			break;
		at = before;
	}
	format(out, size, &at);
}

bool
address_parse_listen(struct sockaddr_storage *out, const char *text, struct err *e)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	char host[TEXT_MAX];
	int port;

	if (colon == NULL || !parse_bits(colon + 1, UINT16_MAX, &port) ||
	    !str_copy(host, sizeof(host), (struct str){text, (size_t)(colon - text)}))
		return fail(e, ERR_INPUT, "\"%.60s\" is not ADDRESS:PORT", text);
	memset(out, 0, sizeof(*out));
	four.sin_port = six.sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
		memcpy(out, &four, sizeof(four));
		return true;
	}
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		if (inet_pton(AF_INET6, host + 1, &six.sin6_addr) == 1) {
			memcpy(out, &six, sizeof(six));
			return true;
		}
	}
	return fail(e, ERR_INPUT,
	    "\"%.60s\": the address must be one of IPv4, or of IPv6 in "
	    "brackets",
	    text);
}
