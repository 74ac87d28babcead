/*
 * An HTTPS server on a random loopback port, a thread a connection, that answers {"ok":true} to
 * whatever is posted; and an authority that vouches for it, made anew by each test program. All
 * in this header, since a test is one program of one file.
 */
#pragma once

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "carillon/base/base.h"

enum { TLS_CONNECTIONS_MAX = 512, TLS_PEM_MAX = 4096 };

#define GNUTLS_OK(call) must((call) >= 0)

/* A certificate with its key. */
struct identity {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

struct tls_server {
	int listener, port;
	const char *priority; /* GnuTLS's words for what is spoken */
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t ticket_key;
	pthread_t acceptor;
	pthread_t threads[TLS_CONNECTIONS_MAX];
	int fds[TLS_CONNECTIONS_MAX];
	atomic_bool ends, stalls; /* stalls: begins no handshake */
	atomic_int connections;   /* accepted */
	atomic_int handshakes;    /* done */
	atomic_int resumed;       /* of them, with a session of an earlier one */
	atomic_int requests;
	atomic_int ended;        /* connections that the server has shut */
	atomic_int answers_from; /* so many must have come before one is answered */
};

struct tls_connection {
	struct tls_server *server;
	int fd;
};

/* `issuer` NULL: an authority that vouches for itself. */
static struct identity
identity_new(const char *name, const struct identity *issuer)
{
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	static uint8_t serial;
	struct identity id;
	uint8_t key_id[64];
	size_t key_id_len = sizeof(key_id);

	GNUTLS_OK(gnutls_x509_privkey_init(&id.key));
	GNUTLS_OK(gnutls_x509_privkey_generate(
	    id.key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
	GNUTLS_OK(gnutls_x509_crt_init(&id.crt));
	GNUTLS_OK(gnutls_x509_crt_set_version(id.crt, 3));
	serial++;
	GNUTLS_OK(gnutls_x509_crt_set_serial(id.crt, &serial, 1));
	GNUTLS_OK(gnutls_x509_crt_set_dn_by_oid(
	    id.crt, GNUTLS_OID_X520_COMMON_NAME, 0, name, (unsigned)strlen(name)));
	GNUTLS_OK(gnutls_x509_crt_set_activation_time(id.crt, time(NULL) - 3600));
	GNUTLS_OK(gnutls_x509_crt_set_expiration_time(id.crt, time(NULL) + 86400));
	GNUTLS_OK(gnutls_x509_crt_set_key(id.crt, id.key));
	GNUTLS_OK(gnutls_x509_crt_get_key_id(id.crt, 0, key_id, &key_id_len));
	GNUTLS_OK(gnutls_x509_crt_set_subject_key_id(id.crt, key_id, key_id_len));
	GNUTLS_OK(gnutls_x509_crt_set_basic_constraints(id.crt, issuer == NULL, -1));
	GNUTLS_OK(gnutls_x509_crt_set_key_usage(
	    id.crt, issuer ? GNUTLS_KEY_DIGITAL_SIGNATURE : GNUTLS_KEY_KEY_CERT_SIGN));
	if (issuer)
		GNUTLS_OK(gnutls_x509_crt_set_subject_alt_name(
		    id.crt, GNUTLS_SAN_IPADDRESS, loopback, sizeof(loopback), GNUTLS_FSAN_SET));
	GNUTLS_OK(gnutls_x509_crt_sign2(id.crt, issuer ? issuer->crt : id.crt,
	    issuer ? issuer->key : id.key, GNUTLS_DIG_SHA256, 0));
	return id;
}

static void
identity_free(struct identity *id)
{
	gnutls_x509_crt_deinit(id->crt);
	gnutls_x509_privkey_deinit(id->key);
}

static void
identity_write(const struct identity *id, FILE *f)
{
	char pem[TLS_PEM_MAX];
	size_t len = sizeof(pem);

	GNUTLS_OK(gnutls_x509_crt_export(id->crt, GNUTLS_X509_FMT_PEM, pem, &len));
	must(fwrite(pem, 1, len, f) == len);
}

/* Reads until the end of a request whose body ends with a brace. */
static bool
tls_read_request(gnutls_session_t session)
{
	char text[8192];
	size_t len = 0;

	while (len < sizeof(text) - 1) {
		ssize_t got = gnutls_record_recv(session, text + len, sizeof(text) - 1 - len);

		if (got <= 0)
			return false;
		len += (size_t)got;
		text[len] = '\0';
		if (strstr(text, "\r\n\r\n") && text[len - 1] == '}')
			return true;
	}
	return false;
}

static void
tls_converse(struct tls_server *s, gnutls_session_t session)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";

	s->handshakes++;
	s->resumed += gnutls_session_is_resumed(session) != 0;
	while (tls_read_request(session)) {
		s->requests++;
		while (s->requests < s->answers_from && !s->ends)
			usleep(500);
		if (gnutls_record_send(session, ok, sizeof(ok) - 1) < 0)
			return;
	}
}

static void *
tls_connection_run(void *arg)
{
	struct tls_connection *c = arg;
	struct tls_server *s = c->server;
	gnutls_session_t session;
	int r;

	GNUTLS_OK(gnutls_init(&session, GNUTLS_SERVER));
	GNUTLS_OK(gnutls_priority_set_direct(session, s->priority, NULL));
	GNUTLS_OK(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, s->credentials));
	GNUTLS_OK(gnutls_session_ticket_enable_server(session, &s->ticket_key));
	gnutls_transport_set_int(session, c->fd);
	while (s->stalls && !s->ends)
		usleep(500);
	do
		r = gnutls_handshake(session);
	while (r < 0 && !gnutls_error_is_fatal(r));
	if (r == 0)
		tls_converse(s, session);
	gnutls_deinit(session);
	shutdown(c->fd, SHUT_RDWR); /* closed when the server stops: its number stays ours */
	s->ended++;
	free(c);
	return NULL;
}

static void *
tls_acceptor_run(void *arg)
{
	struct tls_server *s = arg;
	int fd;

	while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
		struct tls_connection *c = calloc(1, sizeof(*c));
		int n = s->connections;

		must(c && n < TLS_CONNECTIONS_MAX);
		*c = (struct tls_connection){s, fd};
		s->fds[n] = fd;
		s->connections++; /* before it can be seen to do anything */
		must(pthread_create(&s->threads[n], NULL, tls_connection_run, c) == 0);
	}
	return NULL;
}

static void
tls_server_start(struct tls_server *s, const struct identity *id, const char *priority)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	gnutls_x509_crt_t chain = id->crt;
	socklen_t len = sizeof(a);

	memset(s, 0, sizeof(*s));
	s->priority = priority;
	GNUTLS_OK(gnutls_certificate_allocate_credentials(&s->credentials));
	GNUTLS_OK(gnutls_certificate_set_x509_key(s->credentials, &chain, 1, id->key));
	GNUTLS_OK(gnutls_session_ticket_key_generate(&s->ticket_key));
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	must(bind(s->listener, (struct sockaddr *)&a, len) == 0);
	must(listen(s->listener, 512) == 0);
	must(getsockname(s->listener, (struct sockaddr *)&a, &len) == 0);
	s->port = ntohs(a.sin_port);
	must(pthread_create(&s->acceptor, NULL, tls_acceptor_run, s) == 0);
}

/* Ends every connection and waits for the threads. */
static void
tls_server_stop(struct tls_server *s)
{
	s->ends = true;
	shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->acceptor, NULL);
	for (int i = 0; i < s->connections; i++)
		shutdown(s->fds[i], SHUT_RDWR);
	for (int i = 0; i < s->connections; i++) {
		pthread_join(s->threads[i], NULL);
		close(s->fds[i]);
	}
	close(s->listener);
	gnutls_certificate_free_credentials(s->credentials);
	gnutls_free(s->ticket_key.data);
}
