#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SET(easy, option, value) must(curl_easy_setopt(easy, option, value) == CURLE_OK)

/* Whether some line of `f` begins a certificate in PEM, of whatever kind. */
static bool
has_certificate(FILE *f)
{
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	while (!found && getline(&line, &cap, f) >= 0)
		found = str_starts_with(str_of(line), STR("-----BEGIN ")) &&
		        strstr(line, "CERTIFICATE-----");
	free(line);
	return found;
}

/* Said once and at the start; libcurl would say it of each request. */
static bool
ca_check(const char *path, struct err *e)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return fail(
		    e, ERR_SETUP, "certificates to trust, %s: %s", path, strerror(errno));
	errno = 0;
	ok = has_certificate(f);
	if (!ok)
		(void)fail(e, ERR_SETUP, "certificates to trust, %s: %s", path,
		    ferror(f) ? strerror(errno) : "has none, in PEM");
	fclose(f);
	return ok;
}

bool
tls_init(struct tls *tls, const char *ca_file, struct err *e)
{
	*tls = (struct tls){.ca_file = ca_file ? ca_file : ""};
	if (tls->ca_file[0] && !ca_check(tls->ca_file, e))
		return false;
	tls->sessions = curl_share_init();
	must(tls->sessions); /* out of memory */
	must(curl_share_setopt(tls->sessions, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) ==
	     CURLSHE_OK);
	return true;
}

void
tls_fini(struct tls *tls)
{
	if (tls->sessions)
		must(curl_share_cleanup(tls->sessions) == CURLSHE_OK);
}

static bool
has_default_file(CURL *easy)
{
	const char *path = NULL;

	return curl_easy_getinfo(easy, CURLINFO_CAINFO, &path) == CURLE_OK && path;
}

void
tls_set_options(const struct tls *tls, CURL *easy)
{
	SET(easy, CURLOPT_SHARE, tls->sessions);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (tls->ca_file[0])
		SET(easy, CURLOPT_CAINFO, tls->ca_file);
	if (tls->ca_file[0] || has_default_file(easy))
		SET(easy, CURLOPT_CAPATH, NULL);
}
