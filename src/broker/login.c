/* Who we are to the server, and what it means when it does not let us in. */
#include "broker/login.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/probe.h"

static bool
is_set(const char *text)
{
	return text != NULL && *text != '\0';
}

/* --- files --- */

/* A FIFO must not hang us. */
static int
file_open(const char *setting, const char *path, struct stat *st, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	(void)fail(e, ERR_SETUP, "%s: cannot read %s: %s", setting, path,
	    fd < 0 ? strerror(errno) : "it is no regular file");
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
file_is_readable(const char *setting, const char *path, struct err *e)
{
	struct stat st;
	int fd = file_open(setting, path, &st, e);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool
is_private(const char *setting, const char *path, const struct stat *st, struct err *e)
{
	return (st->st_mode & 0007) == 0 ||
	       fail(e, ERR_SETUP, "%s: anybody may use %s (mode %04o); run: chmod 600 %s",
		   setting, path, (unsigned)st->st_mode & 07777, path);
}

static bool
file_is_private(const char *setting, const char *path, struct err *e)
{
	struct stat st;
	int fd = file_open(setting, path, &st, e);
	bool ok = fd >= 0 && is_private(setting, path, &st, e);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* A file that has no credential would be told as a server that does not answer. */
static bool
creds_are_there(const char *path, struct err *e)
{
	enum { CREDS_MAX = 16 * 1024 };
	char text[CREDS_MAX + 1];
	struct stat st;
	int fd = file_open("nats_creds", path, &st, e);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, text, CREDS_MAX);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	bool ok = strstr(text, "BEGIN NATS USER JWT") && strstr(text, "BEGIN USER NKEY SEED");
	explicit_bzero(text, sizeof text);
	if (!ok)
		return fail(e, ERR_SETUP,
		    "nats_creds: %s is no credentials file: it needs a NATS USER JWT and a "
		    "USER NKEY SEED",
		    path);
	return is_private("nats_creds", path, &st, e);
}

/* --- options --- */

static bool
set_who(natsOptions *o, const struct broker_options *from, struct err *e)
{
	natsStatus s = NATS_OK;

	if (is_set(from->creds)) {
		if (!creds_are_there(from->creds, e))
			return false;
		s = natsOptions_SetUserCredentialsFromFiles(o, from->creds, NULL);
	} else if (is_set(from->nkey)) {
		s = natsOptions_SetNKeyFromSeed(o, from->nkey, from->nkey_file);
	} else if (is_set(from->user)) {
		s = natsOptions_SetUserInfo(o, from->user, from->password);
	} else if (is_set(from->token)) {
		s = natsOptions_SetToken(o, from->token);
	}
	return s == NATS_OK || fail(e, ERR_SETUP, "nats: %s", natsStatus_GetText(s));
}

static bool
set_certificate(natsOptions *o, const struct broker_options *from, struct err *e)
{
	if (!is_set(from->cert))
		return true;
	if (!file_is_readable("nats_cert", from->cert, e) ||
	    !file_is_private("nats_key", from->key, e))
		return false;
	return natsOptions_LoadCertificatesChain(o, from->cert, from->key) == NATS_OK ||
	       fail(e, ERR_SETUP,
		   "nats_cert, nats_key: %s and %s are no certificate and its key, both in PEM",
		   from->cert, from->key);
}

bool
login_set(natsOptions *o, const struct broker_options *from, bool has_tls, struct err *e)
{
	bool wants_tls = has_tls || is_set(from->ca) || is_set(from->cert);

	if (!set_who(o, from, e))
		return false;
	if (is_set(from->ca) && !file_is_readable("nats_ca", from->ca, e))
		return false;
	if (wants_tls && natsOptions_SetSecure(o, true) != NATS_OK)
		return fail(e, ERR_SETUP, "nats: this libnats was built without TLS");
	if (is_set(from->ca) && natsOptions_LoadCATrustedCertificates(o, from->ca) != NATS_OK)
		return fail(e, ERR_SETUP, "nats_ca: no PEM certificates in %s", from->ca);
	return set_certificate(o, from, e);
}

void
broker_options_as(struct broker_options *o, const char *creds)
{
	o->creds = creds;
	o->user = o->password = o->token = o->nkey = o->nkey_file = "";
}

/* --- why not --- */

static bool
fail_refused(const struct broker_options *from, const char *shown, struct err *e)
{
	if (is_set(from->creds))
		return fail(e, ERR_DENIED,
		    "nats at %s refused our credentials of nats_creds, %s: they are revoked, "
		    "have expired, or are of another server",
		    shown, from->creds);
	if (is_set(from->nkey))
		return fail(e, ERR_DENIED,
		    "nats at %s refused the key of nats_nkey_file, %s: its server must know "
		    "the public key %s",
		    shown, from->nkey_file, from->nkey);
	if (is_set(from->user))
		return fail(e, ERR_DENIED,
		    "nats at %s refused user \"%s\": check nats_user and nats_password_file",
		    shown, from->user);
	if (is_set(from->token))
		return fail(
		    e, ERR_DENIED, "nats at %s refused the token of nats_token_file", shown);
	if (strchr(from->url, '@') != NULL)
		return fail(e, ERR_DENIED,
		    "nats at %s refused our credentials: the user and the password in nats_url",
		    shown);
	return fail(e, ERR_DENIED,
	    "nats at %s wants to know who we are, and nothing says it: set nats_creds, or "
	    "nats_user and nats_password_file, nats_token_file or nats_nkey_file",
	    shown);
}

static bool
fail_silent(
    const struct broker_options *from, const char *shown, const char *why, struct err *e)
{
	struct probe p;

	probe_server(from->url, &p);
	switch (p.found) {
	case PROBE_NO_NAME:
		return fail(
		    e, ERR_TEMP, "nats_url: the name in %s is not known: %s", shown, p.why);
	case PROBE_NOBODY:
		return fail(e, ERR_TEMP,
		    "no nats server answers at %s (%s): start it, or set nats_url", shown,
		    p.why);
	case PROBE_OTHER:
		return fail(e, ERR_TEMP,
		    "what answers at %s is no nats server: check the port in nats_url", shown);
	case PROBE_SERVER: break;
	}
	if (p.wants_certificate && !is_set(from->cert))
		return fail(e, ERR_SETUP,
		    "nats at %s wants a certificate of us: set nats_cert and nats_key", shown);
	if (p.wants_certificate)
		return fail(e, ERR_SETUP,
		    "nats at %s did not take the certificate of nats_cert, %s (%s)", shown,
		    from->cert, why);
	return fail(e, ERR_TEMP, "nats at %s does not let us in (%s)", shown, why);
}

bool
login_failed(natsStatus s, const struct broker_options *from, const char *shown, struct err *e)
{
	const char *why = nats_GetLastError(NULL);

	if (!why || !*why)
		why = natsStatus_GetText(s);
	switch (s) {
	case NATS_CONNECTION_AUTH_FAILED:
	case NATS_NOT_PERMITTED: return fail_refused(from, shown, e);
	case NATS_SSL_ERROR:
		return fail(
		    e, ERR_SETUP, "TLS with nats at %s failed (%s): check nats_ca", shown, why);
	case NATS_SECURE_CONNECTION_WANTED:
		return fail(
		    e, ERR_SETUP, "nats at %s speaks no TLS: use nats:// in nats_url", shown);
	case NATS_SECURE_CONNECTION_REQUIRED:
		return fail(
		    e, ERR_SETUP, "nats at %s wants TLS: use tls:// in nats_url", shown);
	default: return fail_silent(from, shown, why, e);
	}
}
