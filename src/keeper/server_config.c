#include "carillon/keeper/server_config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "private.h"

enum { CLIENT_PORT = 4222, ROUTE_PORT = 6222 };

/* --- the plan --- */

static bool
take_port(struct str *rest, uint16_t *port)
{
	uint64_t n = 0;
	size_t at = 1;

	if (rest->len == 0)
		return true;
	while (at < rest->len && isdigit((unsigned char)rest->ptr[at]) && n <= UINT16_MAX)
		n = n * 10 + (uint64_t)(rest->ptr[at++] - '0');
	if (rest->ptr[0] != ':' || at == 1 || n == 0 || n > UINT16_MAX)
		return false;
	*port = (uint16_t)n;
	*rest = (struct str){rest->ptr + at, rest->len - at};
	return true;
}

static bool
node_parse(struct server_node *n, struct str text)
{
	size_t len = 0;

	n->port = CLIENT_PORT;
	n->route_port = ROUTE_PORT;
	while (len < text.len &&
	       (isalnum((unsigned char)text.ptr[len]) || strchr(".-_", text.ptr[len]) != NULL))
		len++;
	if (len == 0 || !str_copy(n->host, sizeof(n->host), (struct str){text.ptr, len}))
		return false;
	text = (struct str){text.ptr + len, text.len - len};
	return take_port(&text, &n->port) && take_port(&text, &n->route_port) && text.len == 0;
}

bool
server_plan_parse(struct server_plan *p, struct str hosts, struct err *e)
{
	p->n = 0;
	while (hosts.len > 0) {
		const char *comma = memchr(hosts.ptr, ',', hosts.len);
		struct str one = {hosts.ptr, comma ? (size_t)(comma - hosts.ptr) : hosts.len};
		struct server_node *n = &p->nodes[p->n];
		size_t taken = one.len + (comma != NULL);

		if (p->n == SERVER_NODES_MAX)
			return fail(e, ERR_INPUT, "more than %d servers", SERVER_NODES_MAX);
		if (!node_parse(n, one))
			return fail(e, ERR_INPUT,
			    "\"%.*s\": write a server as HOST, HOST:PORT or "
			    "HOST:PORT:ROUTE_PORT, and a comma between two",
			    STR_ARG(one));
		snprintf(n->name, sizeof(n->name), "n%zu", ++p->n);
		hosts = (struct str){hosts.ptr + taken, hosts.len - taken};
	}
	if (p->n == 2 || p->n == 4)
		return fail(e, ERR_INPUT,
		    "%zu servers agree no better than %zu: give 1, 3 or 5", p->n, p->n - 1);
	return p->n > 0 || fail(e, ERR_INPUT, "there is no server");
}

static bool
path_is_plain(const char *path)
{
	for (; *path; path++)
		if (*path == '"' || *path == '\\' || (unsigned char)*path < ' ')
			return false;
	return true;
}

bool
server_plan_check(const struct server_plan *p, struct err *e)
{
	const char *const paths[] = {p->store_dir, p->tls_cert, p->tls_key, p->tls_ca};

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		if (!path_is_plain(paths[i]))
			return fail(e, ERR_INPUT,
			    "%s: a path has no quotes, backslashes or control characters",
			    paths[i]);
	if (!p->tls_cert[0] != !p->tls_key[0])
		return fail(
		    e, ERR_INPUT, "a certificate needs its key: give --tls-cert and --tls-key");
	if (p->n > 1 && p->tls_cert[0] && !p->tls_ca[0])
		return fail(e, ERR_INPUT,
		    "servers of a cluster check each other's certificates: "
		    "give --tls-ca, too");
	return true;
}

/* --- the text --- */

static bool
is_loopback(const struct server_node *n)
{
	return strcmp(n->host, "localhost") == 0 || strncmp(n->host, "127.", 4) == 0;
}

/* Behind a host's name there may be another address than the one that others see. */
static const char *
listen_host(const struct server_node *n)
{
	return is_loopback(n) ? n->host : "0.0.0.0";
}

static void
put_tls(struct buf *out, const struct server_plan *p, const char *indent, bool is_mutual)
{
	if (!p->tls_cert[0])
		return;
	buf_printf(out, "%stls {\n%s  cert_file: \"%s\"\n%s  key_file: \"%s\"\n", indent,
	    indent, p->tls_cert, indent, p->tls_key);
	if (is_mutual)
		buf_printf(
		    out, "%s  ca_file: \"%s\"\n%s  verify: true\n", indent, p->tls_ca, indent);
	buf_printf(out, "%s  timeout: 5\n%s}\n", indent, indent);
}

static void
put_cluster(struct buf *out, const struct server_plan *p, size_t node)
{
	const struct server_node *own = &p->nodes[node];

	buf_printf(out, "cluster {\n  name: carillon\n  listen: \"%s:%u\"\n  routes: [\n",
	    listen_host(own), own->route_port);
	for (size_t i = 0; i < p->n; i++)
		buf_printf(
		    out, "    \"nats://%s:%u\"\n", p->nodes[i].host, p->nodes[i].route_port);
	buf_cstr(out, "  ]\n");
	put_tls(out, p, "  ", true);
	buf_cstr(out, "}\n");
}

static void
put_jetstream(struct buf *out, const struct server_plan *p)
{
	buf_printf(out, "jetstream {\n  store_dir: \"%s\"\n", p->store_dir);
	buf_cstr(out,
	    "  # How much of what was acknowledged a power cut may cost; \"always\": nothing, "
	    "at a\n  # small part of the speed. nats-server 2.9 does not know it, and has "
	    "2m.\n");
	buf_printf(out, "  %ssync_interval: \"2s\"\n}\n", p->n > 1 ? "" : "# ");
}

static void
put_accounts(struct buf *out, const struct nats_dir *d, const struct server_plan *p,
    struct str operator_token)
{
	if (d->is_static) {
		buf_cstr(out, "include \"accounts.conf\"\n");
		return;
	}
	buf_printf(out,
	    "operator: %.*s\nsystem_account: %s\n"
	    "resolver {\n  type: full\n  dir: \"%s/jwt\"\n  allow_delete: false\n"
	    "  interval: \"2m\"\n  limit: 1000\n}\n"
	    "# What the directory has and is newer stays.\n"
	    "resolver_preload { include \"accounts.conf\" }\n",
	    STR_ARG(operator_token), d->accounts.keys[ACCOUNT_KEY_SYSTEM], p->store_dir);
}

void
server_config_name(char out[static 32], const struct server_plan *p, size_t node)
{
	snprintf(out, 32, "%s.conf", p->n == 1 ? "nats-server" : p->nodes[node].name);
}

void
server_config_write(struct buf *out, const struct nats_dir *d, const struct server_plan *p,
    size_t node, struct str operator_token)
{
	const struct server_node *own = &p->nodes[node];

	buf_cstr(out, "# Made by `carillon nats config`, which makes it anew when it is run "
		      "again.\n");
	buf_printf(out, "server_name: %s\nlisten: \"%s:%u\"\nmax_payload: 1MB\n", own->name,
	    listen_host(own), own->port);
	put_tls(out, p, "", false);
	put_jetstream(out, p);
	if (p->n > 1)
		put_cluster(out, p, node);
	put_accounts(out, d, p, operator_token);
}

/* --- files --- */

static bool
write_configs(const struct nats_dir *d, const struct server_plan *p, struct str operator_token,
    struct err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < p->n; i++) {
		struct buf text = {0};
		char name[32];

		server_config_name(name, p, i);
		server_config_write(&text, d, p, i, operator_token);
		ok = dir_write_text(d, name, PUBLIC_MODE, buf_view(&text), e);
		buf_fini(&text);
	}
	return ok;
}

/* In each part what stands before the password, if there is one. */
static size_t
put_urls(struct file_part *parts, const struct server_plan *p, const struct secret *password,
    struct arena *a)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct server_node *before = i > 0 ? &p->nodes[i - 1] : NULL;
		struct buf text = {0};

		if (before != NULL)
			buf_printf(
			    &text, "%s%s:%u,", password ? "@" : "", before->host, before->port);
		buf_printf(&text, "%s://%s", p->tls_cert[0] ? "tls" : "nats",
		    password ? "carillon:" : "");
		parts[i] = (struct file_part){arena_str(a, buf_view(&text)), password};
		buf_fini(&text);
	}
	return p->n;
}

/* The settings end with the URLs, and these with what follows the last password. */
static bool
write_settings(const struct nats_dir *d, const struct server_plan *p,
    const struct secret *password, struct arena *a, struct err *e)
{
	const struct server_node *last = &p->nodes[p->n - 1];
	struct file_part parts[SERVER_NODES_MAX + 2];
	struct buf text = {0};
	size_t n = 1;

	buf_cstr(&text, "# Made by `carillon nats config`: add these to your settings.\n");
	buf_printf(&text, "nats_dir: \"%s\"\n", d->path);
	if (!d->is_static)
		buf_printf(&text, "nats_creds: \"%s/service.creds\"\n", d->path);
	if (p->tls_ca[0])
		buf_printf(&text, "nats_ca: \"%s\"\n", p->tls_ca);
	if (p->n > 1)
		buf_cstr(&text, "replicas: 3\n");
	buf_cstr(&text, "nats_url: \"");
	parts[0] = (struct file_part){.text = arena_str(a, buf_view(&text))};
	n += put_urls(parts + n, p, password, a);
	parts[n++] = (struct file_part){.text = arena_printf(a, "%s%s:%u\"\n",
					    password ? "@" : "", last->host, last->port)};
	buf_fini(&text);
	return dir_write(d, "carillon.yaml", PRIVATE_FILE_MODE, parts, n, e);
}

static bool
write_for_static(
    const struct nats_dir *d, const struct server_plan *p, struct arena *a, struct err *e)
{
	struct secret *password = secret_new(SECRET_MAX);
	bool ok = dir_read_secret(d, SERVICE_PASSWORD_FILE, password, e) &&
	          write_configs(d, p, (struct str){0}, e) &&
	          write_settings(d, p, password, a, e);

	secret_free(password);
	return ok;
}

bool
server_files_write(const struct nats_dir *d, const struct server_plan *p, int64_t now_s,
    struct arena *a, struct err *e)
{
	struct buf token = {0};
	struct nkey operator_;

	if (d->is_static)
		return write_for_static(d, p, a, e);
	if (!nats_dir_key(d, ACCOUNT_KEY_OPERATOR, &operator_, e))
		return false;
	accounts_operator(&token, &d->accounts, &operator_, now_s);
	nkey_fini(&operator_);
	bool ok = write_configs(d, p, buf_view(&token), e) && write_settings(d, p, NULL, a, e);
	buf_fini(&token);
	return ok;
}
