/* Who a request comes from: its peer, or the client that a trusted proxy names. */
#pragma once

#include "carillon/base/network.h"

/*
 * The address as text: of the peer, unless that is one of `proxies`; then the last one in
 * `forwarded` (X-Forwarded-For) that is none of them.
 */
void address_of_client(char *out, size_t size, const struct networks *proxies,
    const struct sockaddr *peer, struct str forwarded);

/* "127.0.0.1:8080" or "[::1]:8080" as an address to listen on. */
struct sockaddr_storage;
MUST_USE bool address_parse_listen(
    struct sockaddr_storage *out, const char *text, struct err *e);
