/* The HTTP side: connections, bodies, answers and the ways an answer may fail. */
#pragma once

#include "carillon/base/base.h"

struct sandbox;
struct server;

/* Listens on 127.0.0.1; `port` 0 takes any. NULL on failure. */
struct server *server_start(struct sandbox *s, int port, int threads, struct err *e);
int server_port(const struct server *srv);
/* Ends every connection, waiting ones too, and frees. */
void server_stop(struct server *srv);
