/* Who a request comes from: its peer, or the client that a trusted proxy names. */
#pragma once

#include "carillon/base/base.h"

struct addresses;
struct sockaddr;

/* "10.0.0.0/8, ::1". ERR_INPUT: it is no such list. */
MUST_USE bool addresses_parse(struct addresses **out, const char *text, struct err *e);
void addresses_free(struct addresses *a); /* NULL is fine */
bool addresses_has(const struct addresses *a, const struct sockaddr *address);
/*
 * The address as text: of the peer, unless that is one of `proxies`; then the last one in
 * `forwarded` (X-Forwarded-For) that is none of them.
 */
void address_of_client(char *out, size_t size, const struct addresses *proxies,
    const struct sockaddr *peer, struct str forwarded);

/* "127.0.0.1:8080" or "[::1]:8080" as an address to listen on. */
struct sockaddr_storage;
MUST_USE bool address_parse_listen(
    struct sockaddr_storage *out, const char *text, struct err *e);
