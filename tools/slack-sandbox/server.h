/* The HTTP side: connections, bodies, answers and the ways an answer may fail. */
#pragma once

#include "carillon/base/base.h"

struct sandbox;
struct server;

struct server_settings {
	int port; /* 0: any */
	int threads;
	const char *tls_cert, *tls_key; /* files in PEM, or both NULL: plain HTTP */
};

/* Listens on 127.0.0.1. NULL on failure. */
struct server *server_start(
    struct sandbox *s, const struct server_settings *settings, struct err *e);
int server_port(const struct server *srv);
/* Ends every connection, waiting ones too, and frees. */
void server_stop(struct server *srv);
