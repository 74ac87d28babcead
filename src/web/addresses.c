#include "addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool
parse_port(const char *text, int *port)
{
	char *end;
	long n = strtol(text, &end, 10);

	*port = (int)n;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && n <= UINT16_MAX;
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
address_of_client(char *out, size_t size, const struct networks *proxies,
    const struct sockaddr *peer, struct str forwarded)
{
	struct address at;
	char text[ADDRESS_TEXT_SIZE];

	str_copy(out, size, STR("unknown"));
	if (peer == NULL || !address_of_socket(peer, &at))
		return;
	while (networks_have(proxies, &at) && forwarded.len > 0) {
		struct address before;

		if (!str_copy(text, sizeof(text), take_last(&forwarded)) ||
		    !address_parse(text, &before))
			break;
		at = before;
	}
	address_text(&at, text);
	str_copy(out, size, str_of(text));
}

bool
address_parse_listen(struct sockaddr_storage *out, const char *text, struct err *e)
{
	const char *colon = strrchr(text, ':');
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	char host[ADDRESS_TEXT_SIZE];
	int port;

	if (colon == NULL || !parse_port(colon + 1, &port) ||
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
