#include "carillon/base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { NETWORKS_MAX = 64, V4_AT = 12, V4_BITS = 32, BITS = 128 };

struct network {
	struct address at;
	int bits;
};
struct networks {
	struct network list[NETWORKS_MAX];
	int n;
};

static const uint8_t mapped[V4_AT] = {[10] = 0xff, [11] = 0xff};

static void
map_v4(struct address *out, const void *four)
{
	memcpy(out->bytes, mapped, sizeof(mapped));
	memcpy(out->bytes + V4_AT, four, 4);
}

bool
address_of_socket(const struct sockaddr *s, struct address *out)
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

bool
address_parse(const char *text, struct address *out)
{
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) != 1)
		return inet_pton(AF_INET6, text, out->bytes) == 1;
	map_v4(out, &four);
	return true;
}

bool
address_is_v4(const struct address *a)
{
	return memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

void
address_text(const struct address *a, char out[static ADDRESS_TEXT_SIZE])
{
	bool is_v4 = address_is_v4(a);

	must(inet_ntop(is_v4 ? AF_INET : AF_INET6, a->bytes + (is_v4 ? V4_AT : 0), out,
		 ADDRESS_TEXT_SIZE) != NULL);
}

bool
address_is_within(const struct address *a, const struct address *network, int bits)
{
	for (int bit = 0; bit < bits; bit += 8) {
		int left = bits - bit < 8 ? bits - bit : 8;
		int mask = 0xff << (8 - left);

		if (((network->bytes[bit / 8] ^ a->bytes[bit / 8]) & mask) != 0)
			return false;
	}
	return true;
}

static bool
parse_number(const char *text, int most, int *number)
{
	char *end;
	long n = strtol(text, &end, 10);

	*number = (int)n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n <= most;
}

static bool
parse_network(struct str part, struct network *out)
{
	char text[ADDRESS_TEXT_SIZE], *slash;
	int bits;

	if (!str_copy(text, sizeof(text), part))
		return false;
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash = '\0';
	if (!address_parse(text, &out->at))
		return false;
	bits = strchr(text, ':') == NULL ? V4_BITS : BITS;
	out->bits = BITS - bits;
	if (slash != NULL && !parse_number(slash + 1, bits, &bits))
		return false;
	out->bits += bits;
	return true;
}

bool
networks_parse(struct networks **out, const char *name, const char *text, struct err *e)
{
	struct networks *all = calloc(1, sizeof(*all));

	must(all != NULL); /* out of memory */
	*out = all;
	while (*text != '\0') {
		size_t n = strcspn(text, ", ");

		if (n > 0 && (all->n == NETWORKS_MAX ||
				 !parse_network((struct str){text, n}, &all->list[all->n++])))
			return fail(e, ERR_INPUT, "%s: %.*s is no address and no network", name,
			    (int)n, text);
		text += n + strspn(text + n, ", ");
	}
	return true;
}

void
networks_free(struct networks *n)
{
	free(n);
}

bool
networks_have(const struct networks *n, const struct address *a)
{
	for (int i = 0; i < n->n; i++)
		if (address_is_within(a, &n->list[i].at, n->list[i].bits))
			return true;
	return false;
}

/* --- ports --- */

static bool
parse_port(struct str part, uint16_t *out)
{
	char text[8];
	int n;

	if (!str_copy(text, sizeof(text), part) || !parse_number(text, UINT16_MAX, &n) ||
	    n == 0)
		return false;
	*out = (uint16_t)n;
	return true;
}

bool
ports_parse(struct ports *out, const char *name, const char *text, struct err *e)
{
	*out = (struct ports){0};
	while (*text != '\0') {
		size_t n = strcspn(text, ", ");

		if (n > 0 && (out->n == PORTS_MAX ||
				 !parse_port((struct str){text, n}, &out->list[out->n++])))
			return fail(e, ERR_INPUT, "%s: %.*s is no port", name, (int)n, text);
		text += n + strspn(text + n, ", ");
	}
	return true;
}

bool
ports_have(const struct ports *p, int port)
{
	for (int i = 0; i < p->n; i++)
		if (p->list[i] == port)
			return true;
	return false;
}
