/*
 * Addresses of machines, and lists of the networks that they are in, and of ports. An address
 * of IPv4 is kept as it is mapped into IPv6, so that there is one form: ::ffff:10.0.0.1
 * is 10.0.0.1. Plain values; any thread.
 */
#pragma once

#include "carillon/base/base.h"

struct sockaddr;

enum { ADDRESS_BYTES = 16, ADDRESS_TEXT_SIZE = 64 };

struct address {
	uint8_t bytes[ADDRESS_BYTES];
};

/* False: it is of neither IPv4 nor IPv6. */
MUST_USE bool address_of_socket(const struct sockaddr *s, struct address *out);
/* "10.0.0.1", "2001:db8::1". False: it is no address. */
MUST_USE bool address_parse(const char *text, struct address *out);
bool address_is_v4(const struct address *a);
void address_text(const struct address *a, char out[static ADDRESS_TEXT_SIZE]);

/* Whether the first `bits` (of 128; of IPv4 96 and its own) of both are the same. */
bool address_is_within(const struct address *a, const struct address *network, int bits);

struct networks;

/* "10.0.0.0/8, ::1". ERR_INPUT: it is no such list; `name` says which, as a setting is named.
 */
MUST_USE bool networks_parse(
    struct networks **out, const char *name, const char *text, struct err *e);
void networks_free(struct networks *n); /* NULL is fine */
bool networks_have(const struct networks *n, const struct address *a);

enum { PORTS_MAX = 16 };

struct ports {
	uint16_t list[PORTS_MAX];
	int n;
};

/* "443, 8443". ERR_INPUT as networks_parse. */
MUST_USE bool ports_parse(struct ports *out, const char *name, const char *text, struct err *e);
bool ports_have(const struct ports *p, int port);
