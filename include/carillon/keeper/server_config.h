/* A nats-server's configuration, and the settings of the service that go with it. Any thread.
 */
#pragma once

#include "carillon/keeper/nats_dir.h"

enum { SERVER_NODES_MAX = 5 };

/* One server of a cluster, or the only one. */
struct server_node {
	char name[16];  /* "n1" */
	char host[256]; /* by which others reach it */
	uint16_t port, route_port;
};

struct server_plan {
	struct server_node nodes[SERVER_NODES_MAX];
	size_t n;
	const char *store_dir;                   /* the server's own files */
	const char *tls_cert, *tls_key, *tls_ca; /* paths on the servers; "" for none */
};

/* Fills the nodes from "HOST[:PORT[:ROUTE_PORT]],..."; one is a server alone. ERR_INPUT. */
MUST_USE bool server_plan_parse(struct server_plan *p, struct str hosts, struct err *e);
/* Whether its paths can be written into a configuration. ERR_INPUT. */
MUST_USE bool server_plan_check(const struct server_plan *p, struct err *e);
/* The file of a node: "nats-server.conf", or "n1.conf" in a cluster. */
void server_config_name(char out[static 32], const struct server_plan *p, size_t node);
/* What is in it. `operator_token` is empty with static accounts. */
void server_config_write(struct buf *out, const struct nats_dir *d, const struct server_plan *p,
    size_t node, struct str operator_token);
/* Writes the files of all nodes, and carillon.yaml, into the directory. */
MUST_USE bool server_files_write(const struct nats_dir *d, const struct server_plan *p,
    int64_t now_s, struct arena *a, struct err *e);
